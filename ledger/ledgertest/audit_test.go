package ledgertest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// complaints is a TB that collects instead of failing; a fatal one ends the audit.
type complaints struct{ all []string }

type fatal struct{}

func (c *complaints) Helper() {}
func (c *complaints) Errorf(format string, a ...any) {
	c.all = append(c.all, fmt.Sprintf(format, a...))
}
func (c *complaints) Fatal(a ...any)                 { c.all = append(c.all, fmt.Sprint(a...)); panic(fatal{}) }
func (c *complaints) Fatalf(format string, a ...any) { c.Errorf(format, a...); panic(fatal{}) }
func (c *complaints) audit(m *Memory, n tx.NetworkID) {
	defer func() {
		if r := recover(); r != nil && r != (fatal{}) {
			panic(r)
		}
	}()
	Audit(c, m, m.Leaf, m.Head(), n)
}

// paid is a ledger after one payment.
func paid(t *testing.T) *Chain {
	t.Helper()
	w := Network(t, "audit")
	c := NewChain(t, w)
	body, err := tx.Body{ExpiresAtUnixMs: c.TimeUnixMs, Operations: []tx.Operation{tx.Transfer{
		Debit: w.Juma.Account, Credit: w.Amina.Account, Asset: KES, Amount: 5_00,
		Fee: &tx.Fee{Provider: w.ProviderAccount, ScheduleVersion: 1, Amount: FlatFee},
	}}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	s, err := tx.Seal(w.Network, body, w.Provider)
	if err != nil {
		t.Fatal(err)
	}
	if fx := c.Batch(t, s.Envelope()); fx.Outcomes[0].Result.Code != tx.OK {
		t.Fatal(fx.Outcomes[0].Result)
	}
	return c
}

// TestAuditFindsWhatIsWrong damages a ledger in every way that the audit promises to find.
func TestAuditFindsWhatIsWrong(t *testing.T) {
	balance := func(m *Memory, id tx.AccountID) []byte { return m.entries["b"+string(id[:])+"\x00\x00\x00\x01"] }
	for _, row := range []struct {
		name   string
		damage func(c *Chain, m *Memory)
		want   string
	}{
		{"nothing", func(*Chain, *Memory) {}, ""},
		{"a cent appears", func(c *Chain, m *Memory) { balance(m, c.World.Juma.Account)[7]++ }, "its supply is"},
		{"a cent moves", func(c *Chain, m *Memory) {
			balance(m, c.World.Juma.Account)[7]++
			balance(m, c.World.Amina.Account)[7]--
		}, "its last leaf says"},
		{"a balance forgets its leaf", func(c *Chain, m *Memory) { balance(m, c.World.Juma.Account)[23] = 0 }, "the history says 1"},
		{"more is held than there is", func(c *Chain, m *Memory) { balance(m, c.World.Juma.Account)[8] = 0x7f }, "state is corrupt"},
		{"an entry is lost", func(c *Chain, m *Memory) { m.set([]byte("l"+string(c.World.Juma.Alias[:])), nil) }, "not that of a full scan"},
		{"the state hash is another", func(_ *Chain, m *Memory) { m.head.State[7]++ }, "not that of a full scan"},
		{"the root is another", func(_ *Chain, m *Memory) { m.head.Root[0] ^= 1 }, "the root is not that of all"},
		{"a leaf is another", func(_ *Chain, m *Memory) { m.leaves[1][20] ^= 1 }, "the root is not that of all"},
		{"two leaves change places", func(_ *Chain, m *Memory) { m.leaves[1], m.leaves[2] = m.leaves[2], m.leaves[1] }, "the last leaf is no header"},
		{"time is another", func(_ *Chain, m *Memory) { m.head.TimeUnixMs++ }, "is not the head's"},
		{"the batch is another", func(_ *Chain, m *Memory) { m.head.Batch++ }, "is not the head's"},
		{"a number leads nowhere", func(_ *Chain, m *Memory) { m.set([]byte("#\x00\x00\x00\x00\x00\x00\x00\x02"), nil) }, "leads nowhere"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := paid(t)
			row.damage(c, c.Memory)
			var found complaints
			found.audit(c.Memory, c.World.Network)
			all := strings.Join(found.all, "\n")
			if (row.want == "") != (all == "") || !strings.Contains(all, row.want) {
				t.Errorf("the audit says %q, not %q", all, row.want)
			}
		})
	}
}

// TestMemoryRefusesEffectsOfAnotherState: what does not fit changes nothing.
func TestMemoryRefusesEffectsOfAnotherState(t *testing.T) {
	c := paid(t)
	fx := c.Batch(t)
	before := c.Memory.Export()
	if c.Memory.Commit(fx) == nil {
		t.Error("effects were committed twice")
	}
	if !bytes.Equal(before, c.Memory.Export()) {
		t.Error("refused effects left a trace")
	}
	if err := c.Memory.Undo(fx); err != nil {
		t.Fatal(err)
	}
	if c.Memory.Undo(fx) == nil {
		t.Error("effects were taken back twice")
	}
}
