package vectors_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// maker makes vectors in the world of one seed.
type maker struct {
	t testing.TB
	*ledgertest.World
}

func newMaker(t testing.TB) *maker {
	return &maker{t: t, World: ledgertest.Network(t, seed)}
}

// aux signs with zero auxiliary bytes, so that any BIP340 signer makes the same signatures.
type aux struct{ key.Private }

func (a aux) Sign(digest [32]byte) (key.Signature, error) { return a.SignAux(digest, [32]byte{}) }

// must takes a value and its error, and fails the test when what cannot fail did.
func must[T any](value T, err error) func(*maker) T {
	return func(m *maker) T {
		m.t.Helper()
		if err != nil {
			m.t.Fatal(err)
		}
		return value
	}
}

// secret is the scalar of a labelled key of the world, as ledgertest makes it.
func (m *maker) secret(label string) string {
	raw := key.TaggedHash("umoja/test/key "+label, []byte(m.Seed))
	return hx(raw[:])
}

// ed is the public Ed25519 key of a label.
func (m *maker) ed(label string) ed25519.PublicKey {
	return ed25519.NewKeyFromSeed(m.edSeed(label)).Public().(ed25519.PublicKey)
}

// payment is the example of SPEC.md 1: Juma pays Amina 150.00 KES by her number.
func (m *maker) payment() tx.Body {
	return tx.Body{
		Nonce: m.Nonce(1), ExpiresAtUnixMs: ledgertest.GenesisTimeUnixMs + 10*60_000,
		Operations: []tx.Operation{tx.Transfer{
			Debit: m.Juma.Account, Credit: m.Amina.Account, Asset: ledgertest.KES, Amount: 150_00,
			Fee:   &tx.Fee{Provider: m.ProviderAccount, ScheduleVersion: 1, Amount: ledgertest.FlatFee},
			Alias: &m.Amina.Alias,
		}},
	}
}

// founding is what a provider signs when a person registers by phone.
func (m *maker) founding() tx.Body {
	const number = "+254711000003"
	salt := key.TaggedHash("umoja/test/salt "+number, []byte(m.Seed))
	open := tx.OpenAccount{Authority: tx.PhoneAuthority(2), Salt: [16]byte(salt[:16])}
	nonce := key.TaggedHash("umoja/test/seal "+number, []byte(m.Seed))
	sealed := must(m.AliasKey.SealName(bytes.NewReader(nonce[:]), number, "BARAKA MWANGI"))(m)
	return tx.Body{
		Nonce: m.Nonce(2), ExpiresAtUnixMs: ledgertest.GenesisTimeUnixMs + 10*60_000,
		Operations: []tx.Operation{
			open,
			tx.BindAlias{Alias: m.AliasKey.Alias(number), Account: open.Account(), SealedName: sealed},
			tx.IssueGrant{
				Account: open.Account(), Grantee: m.Provider.Public(), Operations: []tx.GrantedOperation{tx.GrantTransfer}, Asset: ledgertest.KES,
				CapTransaction: ledgertest.CapTransaction, CapDay: ledgertest.CapDay, FeeCeiling: ledgertest.FeeCeiling,
				ExpiresAtUnixMs: ledgertest.GrantExpiresAtUnixMs,
			},
		},
	}
}

// issuing is a transaction of the issuer.
func (m *maker) issuing() tx.Body {
	return tx.Body{
		Nonce: m.Nonce(3), ExpiresAtUnixMs: ledgertest.GenesisTimeUnixMs + 3600_000,
		Operations: []tx.Operation{
			tx.Issue{Asset: ledgertest.KES, Credit: m.Amina.Account, Amount: 5_000_00},
			tx.RevokeGrant{Account: m.IssuerAccount, Grantee: m.Provider.Public()},
		},
	}
}

func (m *maker) body(b tx.Body) []byte { return must(b.Encode())(m) }

// seal signs with zero auxiliary bytes.
func (m *maker) seal(b tx.Body, by ...key.Private) *tx.Signed {
	signers := make([]key.Signer, len(by))
	for i, p := range by {
		signers[i] = aux{p}
	}
	return must(tx.Seal(m.Network, m.body(b), signers...))(m)
}

// history runs the real ledger over a few transactions: the founding of an account, the payment of SPEC.md 1, and one
// that is refused.
func (m *maker) history() *ledgertest.Chain {
	c := ledgertest.NewChain(m.t, m.World)
	c.Tick(1000)
	c.Batch(m.t, m.seal(m.founding(), m.Provider).Envelope())
	c.Tick(1000)
	poor := m.payment()
	poor.Nonce = m.Nonce(4)
	transfer := poor.Operations[0].(tx.Transfer)
	transfer.Debit, transfer.Credit, transfer.Alias, transfer.Amount = m.Amina.Account, m.Juma.Account, nil, 4_000_00
	poor.Operations[0] = transfer
	c.Batch(m.t, m.seal(m.payment(), m.Provider).Envelope(), m.seal(poor, m.Provider).Envelope())
	return c
}

// Indexes of the history's leaves.
const (
	leafGenesis = 0
	leafPayment = 3
	leafRefused = 4
)

const cosignTimeUnixS = ledgertest.GenesisTimeUnixMs/1000 + 5

// checkpoint is of the whole history.
func (m *maker) checkpoint(c *ledgertest.Chain) checkpoint.Checkpoint {
	head := c.Memory.Head()
	return checkpoint.Checkpoint{Network: m.Network, Size: head.Size, Root: head.Root}
}

// receipt proves a leaf under the whole history, cosigned by the named validators.
func (m *maker) receipt(c *ledgertest.Chain, index uint64, by ...string) checkpoint.Receipt {
	size := c.Memory.Head().Size
	var r checkpoint.Receipt
	r.LeafIndex = index
	r.Leaf = must(c.Memory.Leaf(index))(m)
	r.Checkpoint = m.note(m.checkpoint(c), m.World, by...)
	for _, h := range must(tlog.ProveRecord(int64(size), int64(index), c.Memory))(m) {
		r.Inclusion = append(r.Inclusion, h)
	}
	return r
}

// note cosigns a checkpoint with keys of a world, which need not be the vectors' own.
func (m *maker) note(c checkpoint.Checkpoint, keys *ledgertest.World, by ...string) []byte {
	var cosigs []checkpoint.Cosignature
	for _, name := range by {
		cosigs = append(cosigs, c.Cosign(name, keys.Validators[name], cosignTimeUnixS))
	}
	return must(c.Seal(m.Set, cosigs))(m)
}

// Bytes of the wire format by hand, for what no encoder writes.

func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func fill(b byte, n int) []byte { return bytes.Repeat([]byte{b}, n) }

// ld is a length-delimited field.
func ld(number byte, value []byte) []byte {
	return cat([]byte{number<<3 | 2}, binary.AppendUvarint(nil, uint64(len(value))), value)
}

// vi is a varint field.
func vi(number byte, value uint64) []byte {
	return cat([]byte{number << 3}, binary.AppendUvarint(nil, value))
}
