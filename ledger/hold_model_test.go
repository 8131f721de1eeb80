package ledger_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestHoldsAgreeWithModel runs random placings, captures and releases by anybody, with time passing, through the ledger and through a model
// that keeps a list of holds and a number for each purse. The codes and the purses are the same after every batch, so that no unit is paid
// twice, lost, or taken by who may not.
func TestHoldsAgreeWithModel(t *testing.T) {
	setRapid(t)
	s := newScript(t)
	people := []string{"BAKARI", "CHEBET", "DADA"}
	rapid.Check(t, func(rt *rapid.T) {
		m := &holdModel{script: s, people: people, purses: make(map[string]*purse), numbers: map[string]string{"+254711000011": "CHEBET", "+254711000012": ""}}
		m.chain = ledgertest.NewChain(rt, s.world)
		m.chain.Verify = ledgertest.Remember(func(envelope []byte) (*tx.Signed, error) { return tx.Parse(s.world.Network, envelope) })
		m.begin(rt)
		rt.Repeat(map[string]func(*rapid.T){
			"batch": m.batch,
			"time":  func(t *rapid.T) { m.chain.Tick(rapid.Uint64Range(1, 90_000).Draw(t, "ms")) },
			"":      m.check,
		})
	})
}

// holdModel is the ledger and what it should be.
type holdModel struct {
	*script
	chain  *ledgertest.Chain
	people []string
	purses map[string]*purse
	// numbers says who is attested; "" is nobody yet.
	numbers map[string]string
	holds   []*heldUnits
	nonce   uint64
}

type purse struct{ posted, held amount.Amount }

// heldUnits is a hold; who names the payee, or a number.
type heldUnits struct {
	id         tx.HoldID
	debit, who string
	left, fee  amount.Amount
	expires    uint64
	completes  bool
	releasable bool
	lock       string
	over       bool
}

func (m *holdModel) purse(name string) *purse {
	if m.purses[name] == nil {
		m.purses[name] = new(purse)
	}
	return m.purses[name]
}

func (m *holdModel) begin(t *rapid.T) {
	var all [][]byte
	for _, name := range m.people {
		open := tx.OpenAccount{Authority: tx.SingleKey(m.key(name).Public()), Salt: salt(name)}
		m.know(name, open.Account(), name)
		all = append(all, m.envelope(t, open, name).Envelope(),
			m.envelope(t, tx.Issue{Asset: 2, Credit: open.Account(), Amount: 300_00}, "ISSUER").Envelope())
		m.purse(name).posted = 300_00
	}
	all = append(all, m.envelope(t, tx.AttestAlias{
		Alias: m.world.AliasKey.Alias("+254711000011"), Account: m.account("CHEBET"), SealedName: m.world.Genesis.Aliases[0].SealedName,
	}, "CHEBET", "ATTESTOR1", "ATTESTOR2").Envelope())
	for i, o := range m.chain.Batch(t, all...).Outcomes {
		if o.Result.Code != tx.OK {
			t.Fatalf("beginning %d: %v", i, o.Result.Code)
		}
	}
}

// envelope packs an operation with signatures that nobody checks.
func (m *holdModel) envelope(t *rapid.T, op tx.Operation, signers ...string) *tx.Signed {
	m.nonce++
	raw, err := tx.Body{Nonce: m.world.Nonce(m.nonce), ExpiresAtUnixMs: m.chain.TimeUnixMs + 60_000, Operations: []tx.Operation{op}}.Encode()
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
	return signed
}

// batch draws a few operations and compares their codes.
func (m *holdModel) batch(t *rapid.T) {
	m.pass()
	var envelopes [][]byte
	var want []tx.Code
	for range rapid.IntRange(1, 6).Draw(t, "transactions") {
		var signed *tx.Signed
		var code tx.Code
		switch rapid.SampledFrom([]string{"place", "place", "capture", "capture", "capture", "release", "attest"}).Draw(t, "what") {
		case "place":
			signed, code = m.place(t)
		case "capture":
			signed, code = m.capture(t)
		case "release":
			signed, code = m.release(t)
		case "attest":
			signed, code = m.attest(t)
		}
		envelopes, want = append(envelopes, signed.Envelope()), append(want, code)
		if rapid.IntRange(0, 4).Draw(t, "twice") == 0 && code.Decides() {
			envelopes, want = append(envelopes, signed.Envelope()), append(want, code)
		}
	}
	for i, o := range m.chain.Batch(t, envelopes...).Outcomes {
		if o.Result.Code != want[i] {
			t.Errorf("transaction %d: %v, the model says %v", i, o.Result.Code, want[i])
		}
	}
}

// pass ends what is over.
func (m *holdModel) pass() {
	for _, h := range m.holds {
		if h.over || h.expires >= m.chain.TimeUnixMs {
			continue
		}
		if payee := m.payee(h); h.completes && payee != "" && payee != h.debit {
			m.move(h, payee, h.left)
		}
		m.end(h)
	}
}

func (m *holdModel) payee(h *heldUnits) string {
	if h.who[0] == '+' {
		return m.numbers[h.who]
	}
	return h.who
}

func (m *holdModel) move(h *heldUnits, payee string, sum amount.Amount) {
	from := m.purse(h.debit)
	from.posted, from.held = from.posted-sum-h.fee, from.held-sum-h.fee
	m.purse(payee).posted += sum
	m.purse("PROVIDER").posted += h.fee
	h.left, h.fee = h.left-sum, 0
}

func (m *holdModel) end(h *heldUnits) {
	m.purse(h.debit).held -= h.left + h.fee
	h.over = true
}

func (m *holdModel) place(t *rapid.T) (*tx.Signed, tx.Code) {
	h := &heldUnits{
		debit: rapid.SampledFrom(m.people).Draw(t, "debit"),
		who:   rapid.SampledFrom([]string{"BAKARI", "CHEBET", "DADA", "+254711000011", "+254711000012"}).Draw(t, "payee"),
		left:  amount.Amount(rapid.Uint64Range(1, 120_00).Draw(t, "amount")),
	}
	ahead := rapid.SampledFrom([]uint64{0, 1, 59_999, 60_000, 60_001, 100_000, ledger.MaxAheadMs, ledger.MaxAheadMs + 1}).Draw(t, "ahead")
	h.expires, h.completes, h.releasable = m.chain.TimeUnixMs+ahead, rapid.Bool().Draw(t, "completes"), rapid.Bool().Draw(t, "releasable")
	op := tx.PlaceHold{
		Debit: m.account(h.debit), Asset: 2, Amount: h.left, OnExpiry: tx.ExpiryReturns, ExpiresAtUnixMs: h.expires, PayerMayRelease: h.releasable,
	}
	if h.completes {
		op.OnExpiry = tx.ExpiryCompletes
	}
	if h.lock = rapid.SampledFrom([]string{"", "", "A", "B"}).Draw(t, "lock"); h.lock != "" {
		lock := hashlock(h.lock)
		op.Hashlock = &lock
	}
	if rapid.Bool().Draw(t, "fee") {
		h.fee = 5_00
		op.Fee = &tx.Fee{Provider: m.account("PROVIDER"), ScheduleVersion: 4, Amount: h.fee}
	}
	if h.who[0] == '+' {
		alias := m.world.AliasKey.Alias(h.who)
		op.Alias = &alias
	} else {
		credit := m.account(h.who)
		op.Credit = &credit
	}
	signed := m.envelope(t, op, h.debit)
	from := m.purse(h.debit)
	switch {
	case h.who == h.debit:
		return signed, tx.SelfTransfer
	case ahead == 0 || ahead > ledger.MaxAheadMs || h.lock != "" && ahead < ledger.MinHashlockMs:
		return signed, tx.TimeNotValid
	case from.posted-from.held < h.left+h.fee:
		return signed, tx.InsufficientBalance
	}
	from.held += h.left + h.fee
	h.id = tx.NewHoldID(signed.ID(), 0)
	m.holds = append(m.holds, h)
	return signed, tx.OK
}

// one draws a hold; one that nobody placed when there is none.
func (m *holdModel) one(t *rapid.T) *heldUnits {
	if len(m.holds) == 0 {
		return &heldUnits{debit: "BAKARI", who: "CHEBET", over: true}
	}
	// Mostly one that is open.
	open := slices.DeleteFunc(slices.Clone(m.holds), func(h *heldUnits) bool { return h.over })
	if len(open) > 0 && rapid.IntRange(0, 5).Draw(t, "open") > 0 {
		return rapid.SampledFrom(open).Draw(t, "hold")
	}
	return rapid.SampledFrom(m.holds).Draw(t, "hold")
}

// String names the hold in a failure.
func (h *heldUnits) String() string { return fmt.Sprintf("%v %s->%s %d", h.id, h.debit, h.who, h.left) }

func (m *holdModel) capture(t *rapid.T) (*tx.Signed, tx.Code) {
	h := m.one(t)
	payee := m.payee(h)
	credit := rapid.SampledFrom([]string{"BAKARI", "CHEBET", "DADA", payee, payee, payee, payee}).Draw(t, "credit")
	if credit == "" {
		credit = "DADA"
	}
	op := tx.CaptureHold{
		Hold: h.id, Debit: m.account(h.debit), Credit: m.account(credit), Asset: 2,
		Amount:      amount.Amount(rapid.Uint64Range(1, uint64(h.left)+1).Draw(t, "amount")),
		ReleaseRest: rapid.IntRange(0, 4).Draw(t, "rest") == 0,
	}
	shows := rapid.SampledFrom([]string{h.lock, h.lock, h.lock, "A", ""}).Draw(t, "secret")
	if shows != "" {
		s := secret(shows)
		op.Preimage = &s
	}
	signer := rapid.SampledFrom([]string{credit, credit, credit, credit, "BAKARI", "STRANGER"}).Draw(t, "signer")
	signed := m.envelope(t, op, signer)
	switch {
	case signer != credit:
		return signed, tx.Unauthorised
	case h.over:
		return signed, tx.HoldUnknown
	case credit == h.debit:
		return signed, tx.SelfTransfer
	case credit != payee && h.who[0] == '+':
		return signed, tx.AliasNotBoundToPayee
	case credit != payee:
		return signed, tx.HoldMismatch
	case shows != h.lock:
		return signed, tx.PreimageMismatch
	case op.Amount > h.left:
		return signed, tx.CaptureAboveHold
	}
	if m.move(h, payee, op.Amount); h.left == 0 || op.ReleaseRest {
		m.end(h)
	}
	return signed, tx.OK
}

func (m *holdModel) release(t *rapid.T) (*tx.Signed, tx.Code) {
	h := m.one(t)
	signer := rapid.SampledFrom([]string{"BAKARI", "CHEBET", "DADA", "STRANGER"}).Draw(t, "signer")
	signed := m.envelope(t, tx.ReleaseHold{Hold: h.id, Debit: m.account(h.debit)}, signer)
	switch {
	case h.over && signer == h.debit:
		return signed, tx.HoldUnknown
	case h.over || signer == h.debit && !h.releasable || signer != h.debit && signer != m.payee(h):
		return signed, tx.Unauthorised
	}
	m.end(h)
	return signed, tx.OK
}

// attest binds the second number, once.
func (m *holdModel) attest(t *rapid.T) (*tx.Signed, tx.Code) {
	const number = "+254711000012"
	name := rapid.SampledFrom(m.people).Draw(t, "attested")
	signed := m.envelope(t, tx.AttestAlias{
		Alias: m.world.AliasKey.Alias(number), Account: m.account(name), SealedName: m.world.Genesis.Aliases[0].SealedName,
	}, name, "ATTESTOR1", "ATTESTOR2")
	switch m.numbers[number] {
	case "":
		m.numbers[number] = name
		return signed, tx.OK
	case name:
		return signed, tx.NothingToChange
	}
	return signed, tx.AliasTaken
}

// check compares the purses. What is over by now is not over in the ledger before its next batch.
func (m *holdModel) check(t *rapid.T) {
	for name, want := range m.purses {
		got, err := m.chain.State().Balance(m.account(name), 2)
		if err != nil {
			t.Fatal(err)
		}
		if got.Posted != want.posted || got.Held != want.held {
			t.Errorf("%s has %d, %d of it held; the model says %d, %d", name, got.Posted, got.Held, want.posted, want.held)
		}
	}
}
