package ledger_test

import (
	"encoding/binary"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// FuzzApply reads the fuzzer's bytes as batches of transactions by anybody, with amounts near the edges of the bits, and
// applies those that can be encoded: nothing panics, every batch is audited, and only issues change a supply.
func FuzzApply(f *testing.F) {
	c := newCast(f)
	f.Add([]byte{0})
	f.Add([]byte{5, 2, 0, 9, 5, 3, 0, 62, 5, 0, 0, 63, 255, 1})
	f.Add([]byte{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7})
	for seed := range byte(16) {
		raw := make([]byte, 400)
		for i := range raw {
			raw[i] = byte(i)*seed ^ byte(i>>3) ^ seed<<4 // Any bytes that differ will do.
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := &bits{cast: c, rest: raw}
		m := newMachine(t, c)
		m.chain.Audited = 4
		for range 12 {
			m.chain.Tick(r.edge() % (2 * 86_400_000))
			var envelopes [][]byte
			issued := make(map[tx.Asset]amount.Amount)
			var bodies []tx.Body
			for range 1 + r.below(4) {
				if body, envelope, ok := r.transaction(m.chain.TimeUnixMs); ok {
					bodies, envelopes = append(bodies, body), append(envelopes, envelope)
				}
			}
			before := r.supplies(t, m)
			fx := m.chain.Batch(t, envelopes...)
			for i, o := range fx.Outcomes {
				for _, op := range bodies[i].Operations {
					if is, ok := op.(tx.Issue); ok && o.Result.Code == tx.OK && !o.Duplicate {
						issued[is.Asset] += is.Amount
					}
				}
			}
			for asset, supply := range r.supplies(t, m) {
				if supply != before[asset]+issued[asset] {
					t.Fatalf("batch %d: supply of asset %d went from %d to %d, %d were issued", fx.After.Batch, asset, before[asset], supply, issued[asset])
				}
			}
			if len(r.rest) == 0 {
				break
			}
		}
		ledgertest.Audit(t, m.chain.Memory, m.chain.Memory.Leaf, m.chain.Memory.Head(), c.world.Network)
	})
}

// bits reads the fuzzer's bytes as choices; after their end every choice is the first.
type bits struct {
	*cast
	rest  []byte
	nonce uint64
}

func (r *bits) below(n int) int {
	if len(r.rest) == 0 {
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return int(b) % n
}

// edge is a number near a power of two: the power, one less, one more, or with a small number on top.
func (r *bits) edge() uint64 {
	v := uint64(1) << r.below(64)
	switch r.below(4) {
	case 0:
		return v - 1
	case 1:
		return v + 1
	case 2:
		return v + uint64(r.below(256))*100
	}
	return v
}

func (r *bits) supplies(t *testing.T, m *machine) map[tx.Asset]amount.Amount {
	all := make(map[tx.Asset]amount.Amount)
	for asset := tx.Asset(1); asset <= 2; asset++ {
		a, err := m.chain.State().Asset(asset)
		if err != nil {
			t.Fatal(err)
		}
		all[asset] = a.Supply
	}
	return all
}

func (r *bits) account() tx.AccountID { return r.accounts[r.below(len(r.accounts))] }
func (r *bits) key() key.Public       { return r.keys[r.below(len(r.keys))] }
func (r *bits) asset() tx.Asset       { return []tx.Asset{1, 2, 77}[r.below(3)] }

// transaction makes one, or says that it cannot be said. Repeats of a nonce make repeats of an id.
func (r *bits) transaction(now uint64) (tx.Body, []byte, bool) {
	r.nonce += uint64(min(1, r.below(8)))
	body := tx.Body{ExpiresAtUnixMs: now + r.edge()%(2*tx.MaxLifetimeMs)}
	binary.BigEndian.PutUint64(body.Nonce[:], r.nonce)
	for range 1 + r.below(3) {
		body.Operations = append(body.Operations, r.operation(now)...)
	}
	raw, err := body.Encode()
	if err != nil {
		return body, nil, false
	}
	signers := r.below(256) // A set of bits, so that one byte names any of the keys together.
	var signatures []tx.Signature
	for i, k := range r.keys {
		if signers&(1<<i) != 0 || signers == 0 {
			signatures = append(signatures, tx.Signature{Signer: k})
		}
	}
	if len(signatures) == 0 {
		return body, nil, false
	}
	signed, err := tx.Pack(r.world.Network, raw, signatures)
	if err != nil {
		return body, nil, false
	}
	return body, signed.Envelope(), true
}

func (r *bits) operation(now uint64) []tx.Operation {
	switch r.below(8) {
	case 0:
		return []tx.Operation{r.openings[r.below(len(r.openings))]}
	case 1:
		open := r.openings[r.below(len(r.openings))]
		return []tx.Operation{open, tx.BindAlias{Alias: r.aliases[r.below(len(r.aliases))], Account: open.Account()}}
	case 2:
		return []tx.Operation{tx.IssueGrant{
			Account: r.account(), Grantee: r.key(), Operations: []tx.GrantedOperation{tx.GrantTransfer}, Asset: r.asset(),
			CapTransaction: amount.Amount(r.edge()), CapDay: amount.Amount(r.edge()), FeeCeiling: amount.Amount(r.edge()),
			ExpiresAtUnixMs: now + r.edge(),
		}}
	case 3:
		return []tx.Operation{tx.RevokeGrant{Account: r.account(), Grantee: r.key()}}
	case 4:
		return []tx.Operation{tx.Issue{Asset: r.asset(), Credit: r.account(), Amount: amount.Amount(r.edge())}}
	}
	o := tx.Transfer{Debit: r.account(), Credit: r.account(), Asset: r.asset(), Amount: amount.Amount(r.edge())}
	if r.below(2) == 1 {
		o.Fee = &tx.Fee{Provider: r.account(), ScheduleVersion: uint32(r.below(6)), Amount: amount.Amount(r.edge())}
		if r.below(4) > 0 {
			p := r.world.Genesis.Providers[r.below(2)]
			*o.Fee = tx.Fee{Provider: p.Account, ScheduleVersion: 1, Amount: p.Schedules[0].Bands[0].Flat}
		}
	}
	return []tx.Operation{o}
}
