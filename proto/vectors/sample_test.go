package vectors_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// sample is one good operation with every field set.
type sample struct {
	name, comment string
	op            tx.Operation
}

func ptr[T any](v T) *T { return &v }

const (
	minute = 60_000
	day    = 24 * 60 * minute
	now    = ledgertest.GenesisTimeUnixMs
)

// evidence is a hash of papers that the vectors do not have.
func evidence(of string) [32]byte { return key.TaggedHash("umoja/test/evidence", []byte(of)) }

// publics are the keys of these labels, ascending.
func (m *maker) publics(labels ...string) []key.Public {
	var keys []key.Public
	for _, label := range labels {
		keys = append(keys, m.Key(m.t, label).Public())
	}
	slices.SortFunc(keys, func(a, b key.Public) int { return bytes.Compare(a[:], b[:]) })
	return keys
}

// weighted gives the i-th key the weight i+1.
func weighted(keys []key.Public) []tx.AuthorityKey {
	var list []tx.AuthorityKey
	for i, k := range keys {
		list = append(list, tx.AuthorityKey{Key: k, Weight: uint32(i + 1)})
	}
	return list
}

// family is an authority with everything: two keys, attestors, two guardians.
func (m *maker) family() tx.Authority {
	return tx.Authority{
		Keys: weighted(m.publics("amina's card", "amina's phone")), Threshold: 2, Attestors: 2,
		Guardians: weighted(m.publics("amina's brother", "amina's sister")), GuardianThreshold: 3,
	}
}

func (m *maker) sealed(number, name string) key.SealedName {
	nonce := key.TaggedHash("umoja/test/seal "+number, []byte(m.Seed))
	return must(m.AliasKey.SealName(bytes.NewReader(nonce[:]), number, name))(m)
}

// grant lets the provider act on an account.
func (m *maker) grant(account tx.AccountID) tx.IssueGrant {
	return tx.IssueGrant{
		Account: account, Grantee: m.Provider.Public(), Operations: tx.GrantAll(), Asset: ledgertest.KES,
		CapTransaction: ledgertest.CapTransaction, CapDay: ledgertest.CapDay, FeeCeiling: ledgertest.FeeCeiling,
		ExpiresAtUnixMs: ledgertest.GrantExpiresAtUnixMs,
	}
}

func (m *maker) fee() *tx.Fee {
	return &tx.Fee{Provider: m.ProviderAccount, ScheduleVersion: 1, Amount: ledgertest.FlatFee}
}

// samples has each operation once, and a proposal of each decision.
func (m *maker) samples() []sample {
	return slices.Concat(m.authoritySamples(), m.aliasSamples(), m.assetSamples(), m.paymentSamples(), m.directorySamples(), m.ballotSamples())
}

func (m *maker) authoritySamples() []sample {
	juma, provider := m.Juma.Account, m.Provider.Public()
	return []sample{
		{"open-account", "Everything that an authority can say: keys of different weight, attestors, guardians.", tx.OpenAccount{Authority: m.family(), Salt: [16]byte(fill(9, 16))}},
		{"issue-grant", "A grant of all six operations, as a phone's provider needs it.", m.grant(juma)},
		{"revoke-grant", "Account and key name the grant.", tx.RevokeGrant{Account: juma, Grantee: provider}},
		{"set-authority", "Keys, weights, attestors and guardians are replaced at once.", tx.SetAuthority{Account: juma, Authority: m.family()}},
		{"set-tier", "A check of who owns the account, by the hash of its evidence.", tx.SetTier{Account: juma, Tier: 1, CheckedAtUnixMs: now, EvidenceHash: evidence("passport")}},
		{"start-recovery", "The authority to be.", tx.StartRecovery{Account: juma, Authority: m.family()}},
		{"cancel-recovery", "The account names its recovery: there is one at most.", tx.CancelRecovery{Account: juma}},
		{"complete-recovery", "As the cancel of it; the number of the operation alone differs.", tx.CompleteRecovery{Account: juma}},
	}
}

func (m *maker) aliasSamples() []sample {
	juma, amina := m.Juma, m.Amina
	grant := m.grant(amina.Account)
	return []sample{
		{"bind-alias", "A phone number's keyed hash, and the name sealed under it.", tx.BindAlias{Alias: juma.Alias, Account: juma.Account, SealedName: m.sealed(juma.Number, juma.Name)}},
		{"attest-alias", "The same fields as a provisional binding, under another number.", tx.AttestAlias{Alias: juma.Alias, Account: juma.Account, SealedName: m.sealed(juma.Number, juma.Name)}},
		{"release-alias", "Alias and account.", tx.ReleaseAlias{Alias: juma.Alias, Account: juma.Account}},
		{"start-move", "To another account, whose new provider's grant comes with it, under another name.", tx.StartMove{
			Alias: juma.Alias, From: juma.Account, To: amina.Account, OldGrantee: ptr(m.Provider.Public()), Grant: &grant,
			SealedName: ptr(m.sealed(juma.Number, amina.Name)),
		}},
		{"cancel-move", "The alias names its move.", tx.CancelMove{Alias: juma.Alias, Account: juma.Account}},
		{"confirm-move", "As the cancel of it; the number of the operation alone differs.", tx.ConfirmMove{Alias: juma.Alias, Account: juma.Account}},
	}
}

func (m *maker) assetSamples() []sample {
	issuer, amina := m.IssuerAccount, m.Amina.Account
	limits := []tx.TierLimit{{Tier: 0, CapTransaction: 5_000_00, CapDay: 20_000_00}, {Tier: 9, CapTransaction: 50_000_00, CapDay: 50_000_00}}
	return []sample{
		{"define-asset", "Vouchers for seed: a last day, an arbiter, limits of two tiers.", tx.DefineAsset{
			Issuer: issuer, Code: "SEED26", Scale: 2, Kind: tx.Voucher, SpendUntilUnixMs: now + 90*day, Arbiter: &amina, Limits: limits,
			ProvisionalInflowDay: 100_000_00,
		}},
		{"set-limits", "The limits of all tiers are replaced at once.", tx.SetLimits{Asset: ledgertest.KES, Issuer: issuer, Limits: limits, ProvisionalInflowDay: 100_000_00}},
		{"list-payee", "A payee of vouchers; true is the varint 1.", tx.ListPayee{Asset: 2, Issuer: issuer, Payee: amina, Listed: true}},
		{"issue", "It does not name who debits: the issuer of the asset signs.", tx.Issue{Asset: ledgertest.KES, Credit: amina, Amount: 5_000_00}},
		{"redeem", "Only what the issuer has itself is destroyed.", tx.Redeem{Asset: ledgertest.KES, Issuer: issuer, Amount: 5_000_00}},
		{"state-reserve", "The issuer's word, with the hash of a bank's letter.", tx.StateReserve{
			Asset: ledgertest.KES, Issuer: issuer, Reserve: 1_010_500_00, AsOfUnixMs: now, EvidenceHash: evidence("letter of the bank"),
		}},
	}
}

func (m *maker) paymentSamples() []sample {
	juma, amina, provider := m.Juma.Account, m.Amina.Account, m.ProviderAccount
	alias := &m.Amina.Alias
	return []sample{
		{"transfer", "A payment with everything: fee, the payee's number, a reference in Swahili, the request that it pays.", tx.Transfer{
			Debit: juma, Credit: amina, Asset: ledgertest.KES, Amount: 150_00, Fee: m.fee(), Alias: alias, Reference: "kodi ya Machi — nyumba 4",
			Request: &tx.RequestID{7},
		}},
		{"bulk-transfer", "Two legs, one by number; the fee is the sum of theirs.", tx.BulkTransfer{
			Debit: juma, Asset: ledgertest.KES, Mode: tx.Each, Reference: "mishahara",
			Legs: []tx.BulkLeg{{Credit: amina, Amount: 150_00, Alias: alias}, {Credit: provider, Amount: 75_00}},
			Fee:  &tx.Fee{Provider: provider, ScheduleVersion: 1, Amount: 2 * ledgertest.FlatFee},
		}},
		{"place-hold", "A hold with everything: account and number, hashlock, and an expiry that completes.", tx.PlaceHold{
			Debit: juma, Credit: &amina, Alias: alias, Asset: ledgertest.KES, Amount: 150_00, Fee: m.fee(), OnExpiry: tx.ExpiryCompletes,
			ExpiresAtUnixMs: now + 7*day, Hashlock: ptr(evidence("secret")), PayerMayRelease: true, Reference: "amana",
		}},
		{"capture-hold", "Some of a hold, with the secret, and the rest back to the payer.", tx.CaptureHold{
			Hold: tx.HoldID{7}, Debit: juma, Credit: amina, Asset: ledgertest.KES, Amount: 100_00, Preimage: ptr(evidence("preimage")), ReleaseRest: true,
		}},
		{"release-hold", "The payer is named, so that the leaf shows in his history.", tx.ReleaseHold{Hold: tx.HoldID{7}, Debit: juma}},
		{"request-payment", "A bill: the payee comes first.", tx.RequestPayment{
			Credit: amina, Debit: juma, Asset: ledgertest.KES, Amount: 150_00, ExpiresAtUnixMs: now + 7*day, Reference: "mandazi",
		}},
		{"decline-request", "By payer or payee, whichever is named.", tx.DeclineRequest{Request: tx.RequestID{7}, Account: juma}},
		{"return", "It carries the leaf that it gives back; its bytes are not looked at before it is applied.", tx.Return{
			LeafIndex: 3, Leaf: []byte("a leaf"), Operation: 1, Debit: amina, Credit: juma, Asset: ledgertest.KES, Amount: 50_00, Carrier: &provider,
		}},
	}
}

func (m *maker) directorySamples() []sample {
	return []sample{
		{"register-provider", "A directory entry with everything; lists of texts keep their order.", tx.RegisterProvider{
			Account: m.ProviderAccount, Key: m.Provider.Public(), Name: "Mwanga", Codes: []string{"*384*1#", "*483*1#"}, Languages: []string{"sw", "en-KE"},
			Endpoints: []string{"https://mwanga.example/"}, Telephone: "+254700000000",
		}},
		{"publish-fees", "Three bands: free, flat, and flat with a share; the last has no bound.", tx.PublishFees{
			Provider: m.ProviderAccount, Asset: ledgertest.KES, Version: 2, EffectiveAtUnixMs: now + 8*day,
			Bands: []tx.FeeBand{{UpTo: 100_00}, {UpTo: 1_000_00, Flat: 1_00}, {Flat: 2_00, BasisPoints: 50}},
		}},
		{"vote", "A yes; a no has no third field.", tx.Vote{Ballot: tx.BallotID{7}, Validator: "v2", Yes: true}},
	}
}

// governors are n validators with keys of their own.
func (m *maker) governors(n int) tx.SetValidators {
	var set tx.SetValidators
	for i := range n {
		name := fmt.Sprintf("coop-%02d.example", i+1)
		pair := m.ed(name)
		set.Validators = append(set.Validators, tx.Governor{
			Name: name, Key: pair, TLSKeyHash: evidence("tls " + name), Account: m.GovernorAccounts[fmt.Sprintf("v%d", i%4+1)],
		})
	}
	return set
}

func (m *maker) propose(d tx.Decision) tx.Propose {
	return tx.Propose{Validator: "v1", Decision: d, ExpiresAtUnixMs: now + 7*day, EffectiveAtUnixMs: now + 8*day}
}

func (m *maker) proposeOn(hash [32]byte, d tx.Decision) tx.Propose {
	p := m.propose(d)
	p.EvidenceHash = &hash
	return p
}

func (m *maker) attestor() tx.Attestor {
	return tx.Attestor{
		Account: m.AttestorAccounts[0], Key: m.Attestors[0].Public(), Name: "Posta", Provider: &m.ProviderAccount, Endpoints: []string{"https://posta.example/"},
	}
}

func (m *maker) ballotSamples() []sample {
	juma := m.Juma.Account
	return []sample{
		{"propose-validators", "A set of four, each with the account that speaks for it.", m.propose(m.governors(4))},
		{"propose-on-evidence", "The same, and why: the hash of evidence against a validator.", m.proposeOn(evidence("two headers"), m.governors(4))},
		{"propose-parameter", "An enum and a number inside of a oneof inside of a oneof.", m.propose(tx.SetParameter{Parameter: tx.MoveDelayMs, Value: 2 * day})},
		{"propose-rules", "The version after the one in force.", m.propose(tx.SetRules{Version: 2})},
		{"propose-issuer", "An account becomes an issuer; that it stops to be one has no second field.", m.propose(tx.SetIssuer{Account: juma, Issuer: true})},
		{"propose-attestor", "A directory entry of a provider's attestor.", m.propose(tx.SetAttestor{Attestor: m.attestor()})},
		{"propose-attestor-removed", "The account alone.", m.propose(tx.RemoveAttestor{Account: m.AttestorAccounts[0]})},
		{"propose-freeze", "Until a time, for a reason that is hashed.", m.propose(tx.Freeze{Account: juma, UntilUnixMs: now + 30*day, EvidenceHash: evidence("order of the court")})},
		{"propose-pool", "The size of a provider's pool, in shares.", m.propose(tx.SetPool{Provider: m.ProviderAccount, Shares: 50})},
	}
}

// least are good operations from which everything is absent that may be, beside what samples shows.
func (m *maker) least() []sample {
	juma, amina := m.Juma.Account, m.Amina.Account
	move := tx.StartMove{Alias: m.Juma.Alias, From: juma, To: amina}
	hold := tx.PlaceHold{Debit: juma, Asset: ledgertest.KES, Amount: 1, OnExpiry: tx.ExpiryReturns, ExpiresAtUnixMs: now + day}
	toAccount, toNumber := hold, hold
	toAccount.Credit, toNumber.Alias = &amina, &m.Amina.Alias
	band := []tx.FeeBand{{}}
	return []sample{
		{"phone-account", "The authority of a feature phone: two attestors, no key, and so no threshold.", tx.OpenAccount{Authority: tx.PhoneAuthority(2), Salt: [16]byte(fill(8, 16))}},
		{"guardians-who-are-owners", "A key may be an owner's and a guardian's; nothing forbids it.", tx.SetAuthority{Account: juma, Authority: tx.Authority{
			Keys: weighted(m.publics("amina's phone")), Threshold: 1, Guardians: weighted(m.publics("amina's phone")), GuardianThreshold: 1,
		}}},
		{"grant-of-one-operation", "One operation, no fee allowed, and one transaction fills the day.", tx.IssueGrant{
			Account: juma, Grantee: m.Provider.Public(), Operations: []tx.GrantedOperation{tx.GrantCancel}, Asset: 1, CapTransaction: 1, CapDay: 1, ExpiresAtUnixMs: 1,
		}},
		{"tier-zero", "The lowest tier is a zero, and so it is absent.", tx.SetTier{Account: juma, CheckedAtUnixMs: now, EvidenceHash: evidence("withdrawn")}},
		{"move-of-a-number-alone", "To another account, without grants or another name.", move},
		{"move-to-no-provider", "From and to are one account, whose grant ends and none begins.", tx.StartMove{Alias: m.Juma.Alias, From: juma, To: juma, OldGrantee: ptr(m.Provider.Public())}},
		{"money-without-limits", "Money has no last day; a scale of zero is absent.", tx.DefineAsset{Issuer: m.IssuerAccount, Code: "POINTS", Kind: tx.Money}},
		{"asset-of-widest-code", "Twelve letters and digits, and eighteen decimals.", tx.DefineAsset{Issuer: m.IssuerAccount, Code: "ABCDEFGHIJ09", Scale: 18, Kind: tx.Money}},
		{"no-limits", "No list of limits.", tx.SetLimits{Asset: 1, Issuer: m.IssuerAccount}},
		{"limits-of-all-tiers", "Ten tiers, up to the largest amount.", tx.SetLimits{Asset: 1, Issuer: m.IssuerAccount, Limits: allTiers()}},
		{"payee-taken-off", "False is absent.", tx.ListPayee{Asset: 2, Issuer: m.IssuerAccount, Payee: amina}},
		{"reserve-of-nothing", "An issuer that holds nothing says so; the amount is absent.", tx.StateReserve{Asset: 1, Issuer: m.IssuerAccount, AsOfUnixMs: now, EvidenceHash: evidence("nothing")}},
		{"transfer-by-the-owner", "No fee, no number, no reference.", tx.Transfer{Debit: juma, Credit: amina, Asset: 1, Amount: 1<<63 - 1}},
		{"transfer-to-oneself", "The form does not compare accounts: the ledger refuses it, and records that.", tx.Transfer{Debit: juma, Credit: juma, Asset: 1, Amount: 1}},
		{"transfer-with-a-fee-of-nothing", "A fee of zero names the schedule that says so; its amount is absent.", tx.Transfer{
			Debit: juma, Credit: amina, Asset: 1, Amount: 1, Fee: &tx.Fee{Provider: m.ProviderAccount, ScheduleVersion: 1},
		}},
		{"reference-of-64-bytes", "The limit is in bytes: 32 letters of two.", tx.Transfer{Debit: juma, Credit: amina, Asset: 1, Amount: 1, Reference: strings.Repeat("é", 32)}},
		{"atomic-bulk-transfer", "One leg, all or nothing, without fee.", tx.BulkTransfer{Debit: juma, Asset: 1, Mode: tx.Atomic, Legs: []tx.BulkLeg{{Credit: amina, Amount: 1}}}},
		{"hold-for-an-account", "Without number, fee, secret or reference.", toAccount},
		{"hold-for-a-number", "Nobody needs to have that number yet.", toNumber},
		{"capture-without-a-secret", "And the rest stays held.", tx.CaptureHold{Hold: tx.HoldID{7}, Debit: juma, Credit: amina, Asset: 1, Amount: 1}},
		{"return-by-the-owner", "Of all that leaf 0 and operation 0 moved: both are zero and so absent.", tx.Return{Leaf: []byte{1}, Debit: amina, Credit: juma, Asset: 1, Amount: 1}},
		{"provider-of-key-and-name", "Lists and telephone may be absent.", tx.RegisterProvider{Account: m.ProviderAccount, Key: m.Provider.Public(), Name: "M"}},
		{"provider-with-longest-lists", "As many and as long texts as fit.", tx.RegisterProvider{
			Account: m.ProviderAccount, Key: m.Provider.Public(), Name: strings.Repeat("é", 16), Codes: texts(8, 24), Languages: texts(16, 16), Endpoints: texts(8, 128),
			Telephone: "+123456789012345",
		}},
		{"free-of-charge", "One band of nothing: a message that is present and empty.", tx.PublishFees{Provider: m.ProviderAccount, Asset: 1, Version: 1, Bands: band}},
		{"fees-of-sixteen-bands", "The most bands, and the whole amount as a share in the last.", tx.PublishFees{Provider: m.ProviderAccount, Asset: 1, Version: 1, Bands: bands(16)}},
		{"proposal-effective-at-once", "No earliest time of the effect.", tx.Propose{Validator: "v1", Decision: tx.SetRules{Version: 2}, ExpiresAtUnixMs: now + day}},
		{"issuer-no-more", "False is absent.", m.propose(tx.SetIssuer{Account: juma})},
		{"freeze-lifted", "Until no time at all.", m.propose(tx.Freeze{Account: juma, EvidenceHash: evidence("appeal")})},
		{"credits-that-cost-nothing", "A parameter of zero is absent.", m.propose(tx.SetParameter{Parameter: tx.CreditIntervalMs})},
		{"attestor-of-no-provider", "Independent, and found nowhere on the web.", m.propose(tx.SetAttestor{Attestor: tx.Attestor{Account: juma, Key: m.Attestors[0].Public(), Name: "Posta"}})},
		{"set-of-thirty-one", "The largest set of validators.", m.propose(m.governors(31))},
		{"vote-no", "False is absent; and a name of 64 letters.", tx.Vote{Ballot: tx.BallotID{7}, Validator: strings.Repeat("v", 64)}},
	}
}

func allTiers() (all []tx.TierLimit) {
	for tier := range uint32(10) {
		all = append(all, tx.TierLimit{Tier: tier, CapTransaction: 1, CapDay: 1<<63 - 1})
	}
	return all
}

// bands is a schedule of n bands.
func bands(n int) (all []tx.FeeBand) {
	for i := range n - 1 {
		all = append(all, tx.FeeBand{UpTo: 1_00 << i, Flat: 1})
	}
	return append(all, tx.FeeBand{BasisPoints: tx.MaxBasisPoints})
}

// texts is a list of n texts of a length.
func texts(n, length int) (all []string) {
	for i := range n {
		all = append(all, strings.Repeat(string(rune('a'+i)), length))
	}
	return all
}
