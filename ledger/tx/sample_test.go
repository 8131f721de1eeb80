package tx_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// One good value of each operation, with every field set. The tests of rules change one thing in them.

var (
	testAlias = key.Alias(fill(4, 32))
	testSeal  = key.SealedName(fill(5, 60))
	testHash  = [32]byte(fill(6, 32))
	testExp   = uint64(1_767_225_600_000)
)

func ptr[T any](v T) *T { return &v }

// testKeys are the keys of these labels in ascending order.
func testKeys(n int) []key.Public {
	var keys []key.Public
	for i := range n {
		keys = append(keys, testKey(fmt.Sprintf("key %d", i)).Public())
	}
	slices.SortFunc(keys, func(a, b key.Public) int { return bytes.Compare(a[:], b[:]) })
	return keys
}

// weights gives each key a weight of one.
func weights(keys []key.Public) []tx.AuthorityKey {
	var list []tx.AuthorityKey
	for _, k := range keys {
		list = append(list, tx.AuthorityKey{Key: k, Weight: 1})
	}
	return list
}

func fullAuthority() tx.Authority {
	keys := testKeys(5)
	return tx.Authority{
		Keys: weights(keys[:3]), Threshold: 2, Attestors: 2, Guardians: weights(keys[3:]), GuardianThreshold: 2,
	}
}

func sampleGrant() tx.IssueGrant {
	return tx.IssueGrant{
		Account: account(1), Grantee: testPublic, Operations: tx.GrantAll(), Asset: 1,
		CapTransaction: 10, CapDay: 20, FeeCeiling: 1, ExpiresAtUnixMs: testExp,
	}
}

func sampleFee() *tx.Fee { return &tx.Fee{Provider: account(3), ScheduleVersion: 1, Amount: 100} }

func sampleTransfer() tx.Transfer {
	return tx.Transfer{
		Debit: account(1), Credit: account(2), Asset: 1, Amount: 15_000, Fee: sampleFee(), Alias: &testAlias,
		Reference: "kodi ya Machi", Request: &tx.RequestID{7},
	}
}

func sampleBulk() tx.BulkTransfer {
	return tx.BulkTransfer{
		Debit: account(1), Asset: 1, Mode: tx.Each, Fee: sampleFee(), Reference: "mishahara",
		Legs: []tx.BulkLeg{{Credit: account(2), Amount: 5}, {Credit: account(4), Amount: 6, Alias: &testAlias}},
	}
}

func sampleHold() tx.PlaceHold {
	return tx.PlaceHold{
		Debit: account(1), Credit: ptr(account(2)), Alias: &testAlias, Asset: 1, Amount: 15_000, Fee: sampleFee(),
		OnExpiry: tx.ExpiryCompletes, ExpiresAtUnixMs: testExp, Hashlock: &testHash, PayerMayRelease: true, Reference: "amana",
	}
}

func sampleAsset() tx.DefineAsset {
	return tx.DefineAsset{
		Issuer: account(1), Code: "KES", Scale: 2, Kind: tx.Voucher, SpendUntilUnixMs: testExp, Arbiter: ptr(account(2)),
		Limits: sampleLimits(), ProvisionalInflowDay: 1000,
	}
}

func sampleLimits() []tx.TierLimit {
	return []tx.TierLimit{{Tier: 0, CapTransaction: 10, CapDay: 10}, {Tier: 9, CapTransaction: 100, CapDay: 200}}
}

func sampleProvider() tx.RegisterProvider {
	return tx.RegisterProvider{
		Account: account(1), Key: testPublic, Name: "Mama Njeri Pesa", Codes: []string{"*384*1#"}, Languages: []string{"sw", "en-KE"},
		Endpoints: []string{"https://pesa.example/"}, Telephone: "+254700000000",
	}
}

func sampleFees() tx.PublishFees {
	return tx.PublishFees{
		Provider: account(1), Asset: 1, Version: 1, EffectiveAtUnixMs: testExp,
		Bands: []tx.FeeBand{{UpTo: 100}, {UpTo: 1000, Flat: 5}, {Flat: 10, BasisPoints: 50}},
	}
}

func sampleAttestor() tx.Attestor {
	return tx.Attestor{
		Account: account(1), Key: testPublic, Name: "Posta", Provider: ptr(account(2)), Endpoints: []string{"https://posta.example/"},
	}
}

// sampleSet is n validators with keys of their own.
func sampleSet(n int) tx.SetValidators {
	var set tx.SetValidators
	for i := range n {
		set.Validators = append(set.Validators, tx.Governor{
			Name: fmt.Sprintf("v%02d.coop", i), Key: ed25519.PublicKey(fill(byte(i+1), 32)),
			TLSKeyHash: [32]byte(fill(byte(i+101), 32)), Account: account(byte(i + 1)),
		})
	}
	return set
}

// decisions has each decision once.
func decisions() []tx.Decision {
	return []tx.Decision{
		sampleSet(4),
		tx.SetParameter{Parameter: tx.MoveDelayMs, Value: 1000},
		tx.SetRules{Version: 2},
		tx.SetIssuer{Account: account(1), Issuer: true},
		tx.SetAttestor{Attestor: sampleAttestor()},
		tx.RemoveAttestor{Account: account(1)},
		tx.Freeze{Account: account(1), UntilUnixMs: testExp, EvidenceHash: testHash},
		tx.SetPool{Provider: account(1), Shares: 5},
	}
}

func propose(d tx.Decision) tx.Propose {
	return tx.Propose{Validator: "v01.coop", Decision: d, ExpiresAtUnixMs: testExp, EffectiveAtUnixMs: testExp, EvidenceHash: &testHash}
}

// operations has each operation once, a proposal for each decision.
func operations() []tx.Operation {
	all := []tx.Operation{
		tx.OpenAccount{Authority: fullAuthority(), Salt: [16]byte(fill(9, 16))},
		sampleGrant(),
		tx.RevokeGrant{Account: account(1), Grantee: testPublic},
		tx.BindAlias{Alias: testAlias, Account: account(1), SealedName: testSeal},
		tx.Issue{Asset: 1, Credit: account(2), Amount: 5},
		sampleTransfer(),
		tx.SetAuthority{Account: account(1), Authority: fullAuthority()},
		tx.SetTier{Account: account(1), Tier: 3, CheckedAtUnixMs: testExp, EvidenceHash: testHash},
		tx.StartRecovery{Account: account(1), Authority: fullAuthority()},
		tx.CancelRecovery{Account: account(1)},
		tx.CompleteRecovery{Account: account(1)},
		tx.AttestAlias{Alias: testAlias, Account: account(1), SealedName: testSeal},
		tx.ReleaseAlias{Alias: testAlias, Account: account(1)},
		sampleMove(),
		tx.CancelMove{Alias: testAlias, Account: account(1)},
		tx.ConfirmMove{Alias: testAlias, Account: account(1)},
		sampleAsset(),
		tx.SetLimits{Asset: 1, Issuer: account(1), Limits: sampleLimits(), ProvisionalInflowDay: 1000},
		tx.ListPayee{Asset: 1, Issuer: account(1), Payee: account(2), Listed: true},
		tx.Redeem{Asset: 1, Issuer: account(1), Amount: 5},
		tx.StateReserve{Asset: 1, Issuer: account(1), Reserve: 100, AsOfUnixMs: testExp, EvidenceHash: testHash},
		sampleBulk(),
		sampleHold(),
		tx.CaptureHold{Hold: tx.HoldID{7}, Debit: account(1), Credit: account(2), Asset: 1, Amount: 5, Preimage: &testHash, ReleaseRest: true},
		tx.ReleaseHold{Hold: tx.HoldID{7}, Debit: account(1)},
		sampleRequest(),
		tx.DeclineRequest{Request: tx.RequestID{7}, Account: account(1)},
		sampleReturn(),
		sampleProvider(),
		sampleFees(),
		tx.Vote{Ballot: tx.BallotID{7}, Validator: "v01.coop", Yes: true},
	}
	for _, d := range decisions() {
		all = append(all, propose(d))
	}
	return all
}

func sampleMove() tx.StartMove {
	grant := sampleGrant()
	grant.Account = account(2)
	return tx.StartMove{
		Alias: testAlias, From: account(1), To: account(2), OldGrantee: &testPublic, Grant: &grant, SealedName: &testSeal,
	}
}

func sampleRequest() tx.RequestPayment {
	return tx.RequestPayment{
		Credit: account(1), Debit: account(2), Asset: 1, Amount: 5, ExpiresAtUnixMs: testExp, Reference: "mandazi",
	}
}

func sampleReturn() tx.Return {
	return tx.Return{
		LeafIndex: 7, Leaf: []byte("a leaf"), Operation: 1, Debit: account(1), Credit: account(2), Asset: 1, Amount: 5,
		Carrier: ptr(account(3)),
	}
}

// rule is an operation that is accepted, or refused with an error that says so.
type rule struct {
	name string
	op   tx.Operation
	says string // empty: accepted
}

// but changes one thing in a good operation.
func but[T any](op T, change func(*T)) T {
	change(&op)
	return op
}

// checkRules: Encode and ParseBody refuse alike, so nobody signs what a validator would refuse.
func checkRules(t *testing.T, rules []rule) {
	t.Helper()
	for _, row := range rules {
		t.Run(row.name, func(t *testing.T) {
			b := tx.Body{ExpiresAtUnixMs: 1, Operations: []tx.Operation{row.op}}
			_, encodeErr := b.Encode()
			raw, err := b.EncodeUnchecked()
			parseErr := encodeErr
			if err == nil { // The library writes no string that is not UTF-8.
				_, parseErr = tx.ParseBody(raw)
			}
			if row.says == "" {
				if encodeErr != nil || parseErr != nil {
					t.Fatalf("refused: Encode %v, ParseBody %v", encodeErr, parseErr)
				}
				return
			}
			if !errors.Is(encodeErr, tx.ErrMalformed) || !strings.Contains(encodeErr.Error(), row.says) {
				t.Errorf("Encode: got %v, want ErrMalformed with %q", encodeErr, row.says)
			}
			// An unknown enum value is no canonical form, which is looked at first.
			if !errors.Is(parseErr, tx.ErrNotCanonical) && (!errors.Is(parseErr, tx.ErrMalformed) || !strings.Contains(parseErr.Error(), row.says)) {
				t.Errorf("ParseBody: got %v, want ErrMalformed with %q", parseErr, row.says)
			}
		})
	}
}
