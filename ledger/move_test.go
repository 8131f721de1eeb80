package ledger_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestWhatWaitsIsWhole runs random moves, recoveries and what may come between them, signed by anybody, and looks at the entries after
// every batch: what waits is counted, listed, due and beside its alias exactly once, and is never due before its delay is over. No
// transaction changes more entries than its bytes say.
func TestWhatWaitsIsWhole(t *testing.T) {
	setRapid(t)
	s := newScript(t)
	rapid.Check(t, func(rt *rapid.T) {
		m := &waiting{script: s, chain: ledgertest.NewChain(rt, s.world)}
		m.chain.Audited = 16
		m.chain.Verify = ledgertest.Remember(func(envelope []byte) (*tx.Signed, error) { return tx.Parse(s.world.Network, envelope) })
		m.begin(rt)
		rt.Repeat(map[string]func(*rapid.T){"batch": m.batch, "another batch": m.batch, "": m.check})
	})
}

type waiting struct {
	*script
	chain   *ledgertest.Chain
	numbers []key.Alias
	nonce   uint64
}

var (
	waitingAccounts = []string{"JUMA", "AMINA", "BAKARI"}
	waitingKeys     = []string{"ATTESTOR1", "ATTESTOR2", "ATTESTOR3", "PROVIDER", "RIVAL", "BAKARI", "NEW", "MAMA"}
)

// begin gives three accounts two numbers each: two phones, and one whose owner lets attestors and a guardian act.
func (m *waiting) begin(t *rapid.T) {
	open := tx.OpenAccount{Authority: m.owned("BAKARI"), Salt: salt("BAKARI")}
	m.know("BAKARI", open.Account(), "BAKARI")
	ops := []tx.Operation{open}
	for i, number := range []string{"+254711000001", "+254711000002", "+254711000003", "+254711000004", "+254711000005", "+254711000006"} {
		m.numbers = append(m.numbers, m.world.AliasKey.Alias(number))
		if i >= 2 {
			ops = append(ops, tx.AttestAlias{Alias: m.numbers[i], Account: m.account(waitingAccounts[i%3])})
		}
	}
	m.send(t, ops, []string{"BAKARI", "ATTESTOR1", "ATTESTOR2"})
}

func (m *waiting) owned(owner string) tx.Authority {
	a := tx.SingleKey(m.key(owner).Public())
	a.Attestors = 2
	a.Guardians, a.GuardianThreshold = []tx.AuthorityKey{{Key: m.key("MAMA").Public(), Weight: 1}}, 1
	return a
}

// send applies a batch of one transaction.
func (m *waiting) send(t *rapid.T, ops []tx.Operation, signers []string) {
	m.nonce++
	raw, err := tx.Body{Nonce: m.world.Nonce(m.nonce), ExpiresAtUnixMs: m.chain.TimeUnixMs, Operations: ops}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var signatures []tx.Signature
	for _, name := range signers {
		signatures = append(signatures, tx.Signature{Signer: m.key(name).Public()})
	}
	signed, err := tx.Pack(m.world.Network, raw, signatures)
	if err != nil {
		t.Fatal(err)
	}
	fx := m.chain.Batch(t, signed.Envelope())
	if len(fx.Leaves) > 2 {
		return // Something was due.
	}
	changed := 0
	for _, c := range fx.Changes {
		if c.Before == nil || c.After != nil || c.Key[0] != 'x' { // Ids are forgotten by the batch, not by the transaction.
			changed++
		}
	}
	if changed > signed.Body.Entries() {
		t.Fatalf("%d entries changed, %d announced, by %v", changed, signed.Body.Entries(), ops)
	}
}

// batch lets some time pass and has somebody do something, mostly with the signatures that it needs.
func (m *waiting) batch(t *rapid.T) {
	const hour = 3600 * 1000
	m.chain.Tick(rapid.SampledFrom([]uint64{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, hour, hour, 23 * hour, 24 * hour, 24*hour + 1, 72 * hour, 8 * 24 * hour}).Draw(t, "passes"))
	ops := []tx.Operation{m.operation(t)}
	if rapid.IntRange(0, 3).Draw(t, "two") == 0 {
		ops = append(ops, m.operation(t))
	}
	var signers []string
	for _, op := range ops {
		signers = append(signers, rapid.SampledFrom(m.suited(op)).Draw(t, "signers")...)
	}
	signers = append(signers, rapid.SliceOfNDistinct(rapid.SampledFrom(waitingKeys), 0, 2, rapid.ID[string]).Draw(t, "others")...)
	m.send(t, ops, slices.Compact(slices.Sorted(slices.Values(signers))))
}

// suited are who can sign an operation, if anybody can.
func (m *waiting) suited(op tx.Operation) [][]string {
	attestors, owners := []string{"ATTESTOR1", "ATTESTOR2"}, []string{"BAKARI", "NEW"}
	switch o := op.(type) {
	case tx.StartMove:
		sets := [][]string{attestors, attestors, owners, append(owners, attestors...)}
		for i := range sets {
			if o.Grant != nil && o.Grant.Grantee == m.key("RIVAL").Public() {
				sets[i] = append(slices.Clone(sets[i]), "RIVAL")
			} else {
				sets[i] = append(slices.Clone(sets[i]), "PROVIDER")
			}
		}
		return sets
	case tx.CancelMove, tx.CancelRecovery:
		return [][]string{{"PROVIDER"}, {"PROVIDER"}, {"RIVAL"}, {"RIVAL"}, attestors, owners}
	case tx.SetAuthority:
		return [][]string{owners}
	case tx.StartRecovery, tx.CompleteRecovery:
		return [][]string{attestors, {"MAMA"}}
	case tx.RevokeGrant:
		return [][]string{{"PROVIDER"}, {"RIVAL"}, owners}
	}
	return [][]string{attestors, append(owners, attestors...)}
}

func (m *waiting) operation(t *rapid.T) tx.Operation {
	number := rapid.SampledFrom(m.numbers).Draw(t, "number")
	if moving := m.scan(t, 'm'); len(moving) > 0 && rapid.Bool().Draw(t, "moving") {
		number = key.Alias(rapid.SampledFrom(moving).Draw(t, "which").Key[1:])
	}
	account := m.account(rapid.SampledFrom(waitingAccounts).Draw(t, "account"))
	if bound, err := m.chain.State().Alias(number); err != nil {
		t.Fatal(err)
	} else if bound != nil && rapid.IntRange(0, 7).Draw(t, "of another") > 0 {
		account = bound.Account
	}
	grantee := func(label string) key.Public {
		return m.key(rapid.SampledFrom([]string{"PROVIDER", "RIVAL"}).Draw(t, label)).Public()
	}
	verbs := []string{"move", "move", "move", "move", "attest", "attest", "release", "recover", "authority", "revoke"}
	if m.waits(t, number, account) {
		verbs = append(verbs, "cancel", "confirm", "stop", "complete", "cancel", "confirm", "stop", "complete")
	}
	switch rapid.SampledFrom(verbs).Draw(t, "operation") {
	case "move":
		old := grantee("old")
		o := tx.StartMove{Alias: number, From: account, To: account, OldGrantee: &old, Grant: &tx.IssueGrant{
			Account: account, Grantee: grantee("new"), Operations: tx.GrantAll(), Asset: ledgertest.KES, CapTransaction: 1, CapDay: 1,
			ExpiresAtUnixMs: m.chain.TimeUnixMs + 30*24*3600*1000,
		}}
		if rapid.IntRange(0, 3).Draw(t, "to another") == 0 {
			o.To = m.account(rapid.SampledFrom(waitingAccounts).Draw(t, "to"))
			o.Grant.Account = o.To
		}
		if rapid.Bool().Draw(t, "no grant") && o.To != o.From {
			o.Grant = nil
		}
		if rapid.IntRange(0, 2).Draw(t, "no old") == 0 && (o.Grant != nil || o.To != o.From) {
			o.OldGrantee = nil
		}
		return o
	case "cancel":
		return tx.CancelMove{Alias: number, Account: account}
	case "confirm":
		return tx.ConfirmMove{Alias: number, Account: account}
	case "attest":
		return tx.AttestAlias{Alias: number, Account: account}
	case "release":
		return tx.ReleaseAlias{Alias: number, Account: account}
	case "recover":
		return tx.StartRecovery{Account: account, Authority: m.owned("NEW")}
	case "stop":
		return tx.CancelRecovery{Account: account}
	case "complete":
		return tx.CompleteRecovery{Account: account}
	case "authority":
		return tx.SetAuthority{Account: account, Authority: m.owned("BAKARI")}
	default:
		return tx.RevokeGrant{Account: account, Grantee: grantee("revoked")}
	}
}

// waits says whether there is anything to cancel or confirm; now and then it says so when there is not.
func (m *waiting) waits(t *rapid.T, number key.Alias, account tx.AccountID) bool {
	move, err := m.chain.State().Move(number)
	recovery, err2 := m.chain.State().Recovery(account)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	return move != nil || recovery != nil || rapid.IntRange(0, 7).Draw(t, "vainly") == 0
}

func (m *waiting) scan(t *rapid.T, kind byte) []ledger.Entry {
	entries, err := m.chain.Memory.Scan([]byte{kind}, nil, 1<<16)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// check looks at every entry that has to do with what waits.
func (m *waiting) check(t *rapid.T) {
	const day = 24 * 3600 * 1000
	s := ledger.Read(m.chain.Memory)
	queued := make(map[string]bool)
	for _, e := range m.scan(t, 'd') {
		if kind := e.Key[9]; kind == 3 || kind == 4 {
			queued[string(e.Key[1:])] = true
		}
	}
	waits := func(kind byte, subject []byte, w ledger.Wait, delayMs uint64) {
		at := append(append(binary.BigEndian.AppendUint64(nil, w.DueUnixMs), kind), subject...)
		if !queued[string(at)] {
			t.Fatalf("%x waits and is not due", subject)
		}
		delete(queued, string(at))
		ends := w.DueUnixMs
		if w.State == ledger.WaitHeld {
			ends = w.HeldUntilUnixMs
		}
		if ends < w.StartedUnixMs+delayMs || w.DueUnixMs < m.chain.Memory.Head().TimeUnixMs {
			t.Fatalf("%x waits as %+v", subject, w)
		}
	}
	pending := make(map[tx.AccountID]uint8)
	for _, e := range m.scan(t, 'm') {
		alias := key.Alias(e.Key[1:])
		move, err := s.Move(alias)
		if err != nil {
			t.Fatal(err)
		}
		waits(3, alias[:], move.Wait, day)
		bound, err := s.Alias(alias)
		if err != nil || bound == nil || bound.Status != ledger.AliasAttested || bound.Account != move.From {
			t.Fatalf("alias %x is %+v while it moves: %v", alias, bound, err)
		}
		if want := move.DueUnixMs; move.State == ledger.WaitHeld && bound.MovesAtUnixMs != 0 || move.State != ledger.WaitHeld && bound.MovesAtUnixMs != want {
			t.Fatalf("alias %x moves at %d, not %d", alias, bound.MovesAtUnixMs, want)
		}
		listed, err := s.Moves(move.From)
		if err != nil || !slices.Contains(listed, alias) {
			t.Fatalf("move of %x is not listed: %v", alias, err)
		}
		pending[move.From]++
	}
	for _, e := range m.scan(t, 'c') {
		id := tx.AccountID(e.Key[1:])
		r, err := s.Recovery(id)
		if err != nil {
			t.Fatal(err)
		}
		waits(4, id[:], r.Wait, 3*day)
		pending[id]++
	}
	for _, e := range m.scan(t, 'a') {
		id := tx.AccountID(e.Key[1:])
		a, err := s.Account(id)
		listed, err2 := s.Moves(id)
		if err != nil || err2 != nil || a.Pending != pending[id] || len(listed) > int(pending[id]) || len(listed) > 4 {
			t.Fatalf("%v counts %d that wait and lists %d moves; %d wait: %v %v", id, a.Pending, len(listed), pending[id], err, err2)
		}
	}
	for _, e := range m.scan(t, 'l') {
		bound, err := s.Alias(key.Alias(e.Key[1:]))
		if move, err2 := s.Move(key.Alias(e.Key[1:])); err != nil || err2 != nil || move == nil && bound.MovesAtUnixMs != 0 {
			t.Fatalf("alias %x moves at %d without a move: %v %v", e.Key[1:], bound.MovesAtUnixMs, err, err2)
		}
	}
	if len(queued) > 0 {
		t.Fatalf("%d are due and do not wait", len(queued))
	}
	for _, e := range m.scan(t, 'M') {
		if len(e.Value) == 0 {
			t.Fatalf("empty list of moves")
		}
	}
}
