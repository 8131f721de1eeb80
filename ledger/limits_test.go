package ledger_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// crowd is a world with many accounts of one wallet key.
func crowd(t testing.TB, accounts int) (*ledgertest.World, []tx.AccountID, key.Private) {
	t.Helper()
	var ids []tx.AccountID
	var owner key.Private
	w := ledgertest.NetworkOf(t, "crowd", 4, func(w *ledgertest.World, g *genesis.Genesis) {
		owner = w.Key(t, "owner")
		authority := tx.SingleKey(owner.Public())
		for i := range accounts {
			open := tx.OpenAccount{Authority: authority, Salt: salt(fmt.Sprint("crowd ", i))}
			ids = append(ids, open.Account())
			g.Accounts = append(g.Accounts, genesis.Account{ID: open.Account(), Salt: open.Salt[:], Authority: genesis.AuthorityOf(authority)})
			g.Issues = append(g.Issues, genesis.Issue{Asset: ledgertest.KES, Credit: open.Account(), Amount: 1 << 40})
		}
	})
	return w, ids, owner
}

// fill makes the longest transaction whose operations next gives, and that the limits of tx allow.
func fill(t testing.TB, w *ledgertest.World, nonce uint64, expires uint64, signer key.Signer, next func(i int) tx.Operation) *tx.Signed {
	t.Helper()
	encode := func(n int) (*tx.Signed, error) {
		body := tx.Body{Nonce: w.Nonce(nonce), ExpiresAtUnixMs: expires}
		for i := range n {
			body.Operations = append(body.Operations, next(i))
		}
		raw, err := body.Encode()
		if err != nil {
			return nil, err
		}
		return tx.Seal(w.Network, raw, signer)
	}
	var last *tx.Signed
	low, high := 0, tx.MaxOperations+1 // low fits, high does not.
	for high-low > 1 {
		n := (low + high) / 2
		if s, err := encode(n); err == nil {
			low, last = n, s
		} else if errors.Is(err, tx.ErrTooLarge) {
			high = n
		} else {
			t.Fatal(err)
		}
	}
	return last
}

// TestLargestLeafFits: LEAF_TOO_LARGE guards a limit that no transaction of these rules reaches. The most balances that
// 16 KiB can touch, each written as long as it can be, leave room in a leaf.
func TestLargestLeafFits(t *testing.T) {
	w, ids, owner := crowd(t, tx.MaxAccounts)
	c := ledgertest.NewChain(t, w)
	s := fill(t, w, 1, c.TimeUnixMs, owner, func(i int) tx.Operation {
		return tx.Transfer{Debit: ids[2*i%len(ids)], Credit: ids[(2*i+1)%len(ids)], Asset: ledgertest.KES, Amount: 1}
	})
	fx := c.Batch(t, s.Envelope())
	if fx.Outcomes[0].Result.Code != tx.OK {
		t.Fatal(fx.Outcomes[0].Result)
	}
	leaf, err := tx.ParseLeaf(fx.Leaves[0].Raw)
	if err != nil {
		t.Fatal(err)
	}
	touched := len(leaf.Record.PostStates)
	if touched != tx.MaxAccounts {
		t.Errorf("%d operations touch %d balances, not %d", len(s.Body.Operations), touched, tx.MaxAccounts)
	}
}

// TestLargestBulkFits: all legs to different payees; and all but one refused, and recorded.
func TestLargestBulkFits(t *testing.T) {
	w, ids, owner := crowd(t, tx.MaxLegs+1)
	c := ledgertest.NewChain(t, w)
	for _, row := range []struct {
		name   string
		payees func(i int) tx.AccountID
		want   int
	}{
		{"applied", func(i int) tx.AccountID { return ids[1+i] }, 0},
		{"refused", func(i int) tx.AccountID {
			if i == 7 {
				return ids[1]
			}
			return tx.AccountID{1, byte(i), byte(i >> 8)}
		}, tx.MaxLegs - 1},
	} {
		o := tx.BulkTransfer{Debit: ids[0], Asset: ledgertest.KES, Mode: tx.Each}
		for i := range tx.MaxLegs {
			o.Legs = append(o.Legs, tx.BulkLeg{Credit: row.payees(i), Amount: 1})
		}
		body, err := tx.Body{Nonce: w.Nonce(uint64(row.want)), ExpiresAtUnixMs: c.TimeUnixMs, Operations: []tx.Operation{o}}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		s, err := tx.Seal(w.Network, body, owner)
		if err != nil {
			t.Fatal(err)
		}
		fx := c.Batch(t, s.Envelope())
		if result := fx.Outcomes[0].Result; result.Code != tx.OK || len(result.Legs) != row.want {
			t.Errorf("%s: %v with %d refused legs, not %d", row.name, result.Code, len(result.Legs), row.want)
		}
		if size := len(fx.Leaves[0].Raw); size > tx.MaxLeafBytes/2 {
			t.Errorf("%s: the leaf has %d bytes", row.name, size)
		}
		if n := len(fx.Changes); n > s.Body.Entries() {
			t.Errorf("%s: %d changes, the bytes allow %d", row.name, n, s.Body.Entries())
		}
	}
}

// TestNoOperationFillsALeaf: an envelope full of any operation, each touching as many balances as it can and each balance as long as it can
// be, still fits a leaf.
func TestNoOperationFillsALeaf(t *testing.T) {
	// Of a balance in a leaf: two bytes of frame, account, asset, posted, held, previous leaf. Of a refused leg: frame, two numbers, code.
	const balance, leg = 2 + 18 + 6 + 10 + 10 + 11, 2 + 3 + 3 + 3
	account, alias := tx.AccountID{1}, [32]byte{1}
	for _, row := range []struct {
		op       tx.Operation
		balances int
	}{
		{tx.Transfer{Debit: account, Credit: account, Asset: 1, Amount: 1}, 2},
		{tx.Transfer{Debit: account, Credit: account, Asset: 1, Amount: 1, Fee: &tx.Fee{ScheduleVersion: 1}}, 3},
		{tx.Issue{Asset: 1, Credit: account, Amount: 1}, 1},
		{tx.Redeem{Asset: 1, Issuer: account, Amount: 1}, 1},
		{tx.PlaceHold{Debit: account, Credit: &account, Asset: 1, Amount: 1, OnExpiry: 1, ExpiresAtUnixMs: 1}, 1},
		{tx.CaptureHold{Debit: account, Credit: account, Asset: 1, Amount: 1}, 3},
		{tx.ReleaseHold{Debit: account}, 1},
		{tx.Return{LeafIndex: 1, Leaf: alias[:], Debit: account, Credit: account, Asset: 1, Amount: 1}, 2},
	} {
		one, two := bodyLength(t, row.op), bodyLength(t, row.op, row.op)
		most := min(tx.MaxOperations, tx.MaxEnvelopeBytes/(two-one))
		if size := tx.MaxEnvelopeBytes + most*row.balances*balance + 64; size > tx.MaxLeafBytes {
			t.Errorf("%d times %T may make a leaf of %d bytes, above %d: show LEAF_TOO_LARGE in a script", most, row.op, size, tx.MaxLeafBytes)
		}
	}
	legs := func(n int) tx.BulkTransfer {
		return tx.BulkTransfer{Debit: account, Asset: 1, Mode: tx.Each, Legs: slices.Repeat([]tx.BulkLeg{{Credit: account, Amount: 1}}, n)}
	}
	each := bodyLength(t, legs(100)) - bodyLength(t, legs(99))
	if size := tx.MaxEnvelopeBytes + tx.MaxEnvelopeBytes/each*max(balance, leg) + 64; size > tx.MaxLeafBytes {
		t.Errorf("bulk transfers may make a leaf of %d bytes, above %d", size, tx.MaxLeafBytes)
	}
}

func bodyLength(t *testing.T, ops ...tx.Operation) int {
	t.Helper()
	raw, err := tx.Body{ExpiresAtUnixMs: 1, Operations: ops}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return len(raw)
}

// TestBatchDoesBoundedWork: of more than one batch does, the first are done, in order, and what is overdue has ended for the rules: a hold, a
// grant, the old keys of a recovered account, and the old grant and account of a number that has moved.
func TestBatchDoesBoundedWork(t *testing.T) {
	m := newMachine(t, newCast(t, 0))
	m.begin()
	nyoka, neema, juma, shop := m.opening("NYOKA").Account(), m.opening("NEEMA").Account(), m.world.Juma.Account, m.shop()
	old, number := m.named["PROVIDER"], m.aliases[5]
	m.do(t, act{tx.OK, tx.StartRecovery{Account: nyoka, Authority: tx.SingleKey(m.named["GUARDIAN"])}, []string{"ATTESTOR1", "ATTESTOR2"}},
		act{tx.OK, tx.StartMove{Alias: number, From: juma, To: neema, OldGrantee: &old}, []string{"ATTESTOR1", "ATTESTOR2", "RIVAL"}})
	pay := func(from, to tx.AccountID, alias *key.Alias, fee amount.Amount) tx.Transfer {
		o := tx.Transfer{Debit: from, Credit: to, Asset: 1, Amount: 1_00, Alias: alias}
		if fee > 0 {
			o.Fee = &tx.Fee{Provider: m.world.ProviderAccount, ScheduleVersion: 2, Amount: fee}
		}
		return o
	}
	granted := tx.IssueGrant{
		Account: nyoka, Grantee: m.named["SHOP"], Operations: tx.GrantAll(), Asset: 1, CapTransaction: 5_00, CapDay: 5_00, ExpiresAtUnixMs: m.now() + 2*aMinute,
	}
	m.do(t, act{tx.OK, granted, []string{"NYOKA"}}, act{tx.OK, pay(nyoka, neema, nil, 0), []string{"SHOP"}})
	var holds []tx.Operation
	for i := range uint64(ledger.MaxDue + 44) {
		holds = append(holds, tx.PlaceHold{Debit: nyoka, Credit: &shop, Asset: 1, Amount: 1, OnExpiry: tx.ExpiryCompletes, ExpiresAtUnixMs: m.now() + aMinute + i})
	}
	m.need = m.owners(nyoka)
	for part := range slices.Chunk(holds, 100) {
		m.apply(t, m.signedBody(part)...)
	}
	hold := tx.NewHoldID(m.sent[len(m.sent)-1].ID(), 99)
	m.chain.Tick(3 * aDay)
	m.do(t,
		act{tx.HoldUnknown, tx.CaptureHold{Hold: hold, Debit: nyoka, Credit: shop, Asset: 1, Amount: 1}, []string{"SHOP"}},
		act{tx.Unauthorised, pay(nyoka, shop, nil, 0), []string{"NYOKA"}},
		act{tx.OK, pay(nyoka, shop, nil, 0), []string{"GUARDIAN"}},
		act{tx.Unauthorised, pay(nyoka, neema, nil, 0), []string{"SHOP"}},
		act{tx.Unauthorised, pay(juma, shop, nil, 2_00), []string{"PROVIDER"}},
		act{tx.AliasNotBoundToPayee, pay(nyoka, juma, &number, 0), []string{"GUARDIAN"}},
		act{tx.OK, pay(nyoka, neema, &number, 0), []string{"GUARDIAN"}},
	)
	if done := m.seen.effects[tx.HoldCompleted]; done != ledger.MaxDue {
		t.Errorf("one batch does %d of %d", done, len(holds))
	}
	m.do(t)
	if done := m.seen.effects[tx.HoldCompleted]; done != len(holds) || m.seen.effects[tx.MoveCompleted]+m.seen.effects[tx.RecoveryCompleted] != 2 {
		t.Errorf("two batches do %d of %d holds, and %v", done, len(holds), m.seen.effects)
	}
}

// act is an operation by some signers, and the result that is wanted.
type act struct {
	want tx.Code
	op   tx.Operation
	by   []string
}

// do applies each act as a transaction of one batch.
func (m *machine) do(t *testing.T, acts ...act) {
	t.Helper()
	var signed []*tx.Signed
	for _, a := range acts {
		m.need = nil
		for _, name := range a.by {
			m.sign(m.named[name])
		}
		signed = append(signed, m.signedBody([]tx.Operation{a.op})...)
	}
	m.apply(t, signed...)
	for i, a := range acts {
		if got := m.effects[len(m.effects)-1].Outcomes[i].Result.Code; got != a.want {
			t.Errorf("%T by %v: %v, not %v", a.op, a.by, got, a.want)
		}
	}
	m.check(t)
}

// TestBatchOfTooManyEntriesIsVoid: the bound is counted from the bytes alone, so refused transactions count as well.
func TestBatchOfTooManyEntriesIsVoid(t *testing.T) {
	w := ledgertest.Network(t, "entries")
	c := ledgertest.NewChain(t, w)
	var envelopes [][]byte
	entries := 0
	for n := uint64(0); entries <= ledger.MaxBatchEntries; n++ {
		s := fill(t, w, n, c.TimeUnixMs, w.Issuer, func(i int) tx.Operation { // To an account that nobody opened.
			return tx.Transfer{Debit: w.IssuerAccount, Credit: tx.AccountID{1}, Asset: ledgertest.KES, Amount: amount.Amount(i + 1)}
		})
		envelopes = append(envelopes, s.Envelope())
		entries += s.Body.Entries()
	}
	if _, err := c.Apply(t, c.Header(), w.Validators[c.Leader], envelopes...); !errors.Is(err, ledger.ErrVoid) {
		t.Errorf("a batch of up to %d entries: %v, not void", entries, err)
	}
	fx := c.Batch(t, envelopes[:len(envelopes)-1]...)
	for _, o := range fx.Outcomes {
		if o.Result.Code != tx.CreditAccountUnknown {
			t.Fatal(o.Result)
		}
	}
}

// TestBatchForgetsExpiredIDs: a bounded number of ids in each batch, the oldest first, and none that may still come.
func TestBatchForgetsExpiredIDs(t *testing.T) {
	w, ids, owner := crowd(t, 2)
	c := ledgertest.NewChain(t, w)
	c.Verify = ledgertest.Remember(func(envelope []byte) (*tx.Signed, error) { return tx.Parse(w.Network, envelope) })
	const many = ledger.MaxForgotten + 44
	var all []*tx.Signed
	var envelopes [][]byte
	for i := range many {
		body := tx.Body{ExpiresAtUnixMs: c.TimeUnixMs + uint64(i)}
		binary.BigEndian.PutUint64(body.Nonce[:], uint64(i))
		body.Operations = []tx.Operation{tx.Transfer{Debit: ids[0], Credit: ids[1], Asset: ledgertest.KES, Amount: 1}}
		raw, err := body.Encode()
		if err != nil {
			t.Fatal(err)
		}
		s, err := tx.Pack(w.Network, raw, []tx.Signature{{Signer: owner.Public()}})
		if err != nil {
			t.Fatal(err)
		}
		all, envelopes = append(all, s), append(envelopes, s.Envelope())
	}
	for part := range slices.Chunk(envelopes, 700) { // As many as fit a batch.
		c.Batch(t, part...)
	}
	known := func() (n, oldest int) {
		oldest = many
		for i, s := range all {
			if _, _, found, err := c.State().Applied(s.ID(), s.Body.ExpiresAtUnixMs); err != nil {
				t.Fatal(err)
			} else if found {
				n, oldest = n+1, min(oldest, i)
			}
		}
		return n, oldest
	}
	c.Tick(10)
	c.Batch(t)
	if n, oldest := known(); n != many-10 || oldest != 10 {
		t.Errorf("%d ids are known, the oldest is %d; those up to 9 have expired", n, oldest)
	}
	c.Tick(100_000)
	c.Batch(t)
	if n, oldest := known(); n != many-10-ledger.MaxForgotten || oldest != 10+ledger.MaxForgotten {
		t.Errorf("%d ids are known, the oldest is %d; one batch forgets %d", n, oldest, ledger.MaxForgotten)
	}
	c.Batch(t)
	if n, _ := known(); n != 0 {
		t.Errorf("%d ids are known long after they expired", n)
	}
}
