package compact_test

import (
	"encoding/hex"
	"math/big"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/compact"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

var network = tx.NetworkID(key.TaggedHash("umoja/test/network"))

// secret is a key of the tests. It signs with zero auxiliary bytes, so that the texts here are the same for ever.
type secret struct{ key.Private }

func (s secret) Sign(digest [32]byte) (key.Signature, error) { return s.SignAux(digest, [32]byte{}) }

// tester is what of *testing.T, *testing.F and *rapid.T is needed here.
type tester interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func newSecret(t tester, label string) secret {
	t.Helper()
	p, err := key.NewPrivate(key.TaggedHash("umoja/test/key " + label))
	if err != nil {
		t.Fatal(err)
	}
	return secret{p}
}

// entry is an account in a book.
type entry struct {
	number    tx.AccountNumber
	id        tx.AccountID
	authority tx.Authority
}

// book is a directory of a few accounts, in memory.
type book struct {
	entries []entry
	broken  error // what every look-up ends with, if not nil
}

func (b book) AccountByNumber(number tx.AccountNumber) (tx.AccountID, tx.Authority, bool, error) {
	for _, e := range b.entries {
		if e.number == number {
			return e.id, e.authority, true, b.broken
		}
	}
	return tx.AccountID{}, tx.Authority{}, false, b.broken
}

func (b book) NumberOf(id tx.AccountID) (tx.AccountNumber, bool, error) {
	for _, e := range b.entries {
		if e.id == id {
			return e.number, true, b.broken
		}
	}
	return 0, false, b.broken
}

// open adds an account.
func (b *book) open(number tx.AccountNumber, authority tx.Authority) tx.AccountID {
	id := tx.OpenAccount{Authority: authority, Salt: [16]byte{byte(len(b.entries))}}.Account()
	b.entries = append(b.entries, entry{number: number, id: id, authority: authority})
	return id
}

// world is a payer with a key, a payee with a phone, and a provider.
type world struct {
	book                   book
	payerKey               secret
	payer, payee, provider tx.AccountID
}

// newWorld has the accounts 7, 1234 and 3.
func newWorld(t tester) *world { return newWorldOf(t, 7, 1234, 3) }

func newWorldOf(t tester, payer, payee, provider tx.AccountNumber) *world {
	t.Helper()
	w := &world{payerKey: newSecret(t, "payer")}
	w.payer = w.book.open(payer, tx.SingleKey(w.payerKey.Public()))
	w.payee = w.book.open(payee, tx.PhoneAuthority(2))
	w.provider = w.book.open(provider, tx.SingleKey(newSecret(t, "provider").Public()))
	return w
}

// transfer is 150.00 of asset 1 with a fee of 1.00.
func (w *world) transfer() tx.Transfer {
	return tx.Transfer{
		Debit: w.payer, Credit: w.payee, Asset: 1, Amount: 150_00,
		Fee: &tx.Fee{Provider: w.provider, ScheduleVersion: 1, Amount: 1_00},
	}
}

func (w *world) body(operations ...tx.Operation) tx.Body {
	return tx.Body{Nonce: [8]byte{1, 2, 3, 4, 5, 6, 7, 8}, ExpiresAtUnixMs: 1_767_226_200_000, Operations: operations}
}

// seal signs a body, by the payer unless others are named.
func (w *world) seal(t tester, body tx.Body, signers ...key.Signer) *tx.Signed {
	t.Helper()
	if signers == nil {
		signers = []key.Signer{w.payerKey}
	}
	raw, err := body.Encode()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := tx.Seal(network, raw, signers...)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// message is the payment of transfer in short form.
func (w *world) message(t tester) compact.Message {
	t.Helper()
	m, err := compact.Of(w.seal(t, w.body(w.transfer())), w.book)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// fields are a message's bytes by name, in hexadecimal: a second, dumb reading of the form, to hold the package to.
type fields struct {
	template, nonce, expiry, payer, payee, asset, amount, provider, schedule, fee, signature string
}

// plain is the payment of transfer with a signature of no key, which Parse does not mind.
func plain() fields {
	return fields{
		template: "01", nonce: "0102030405060708", expiry: "019b76e3cfc0",
		payer: "00000007", payee: "000004d2", asset: "0001", amount: "0000003a98",
		provider: "00000003", schedule: "0001", fee: "00000064", signature: strings.Repeat("5a", 64),
	}
}

func (f fields) text(t tester) string {
	t.Helper()
	raw, err := hex.DecodeString(f.template + f.nonce + f.expiry + f.payer + f.payee + f.asset + f.amount +
		f.provider + f.schedule + f.fee + f.signature)
	if err != nil {
		t.Fatal(err)
	}
	return lettersOf(append(raw, checksum(raw)...))
}

// checksum is the remainder of a division of polynomials, as the definition of a CRC has it: the data, the first 16
// bits inverted, times x^16, modulo x^16 + x^12 + x^5 + 1.
func checksum(data []byte) []byte {
	n := new(big.Int).SetBytes(data)
	n.Xor(n, new(big.Int).Lsh(big.NewInt(0xffff), uint(8*len(data)-16)))
	n.Lsh(n, 16)
	for n.BitLen() > 16 {
		n.Xor(n, new(big.Int).Lsh(big.NewInt(0x11021), uint(n.BitLen()-17)))
	}
	return n.FillBytes(make([]byte, 2))
}

// lettersOf writes bytes, of even number, in the alphabet.
func lettersOf(raw []byte) string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ=,%*+-./:"
	var b strings.Builder
	for i := 0; i < len(raw); i += 2 {
		n := 256*int(raw[i]) + int(raw[i+1])
		b.WriteByte(alphabet[n%45])
		b.WriteByte(alphabet[n/45%45])
		b.WriteByte(alphabet[n/2025])
	}
	return b.String()
}

// normal is the text as String writes it: without white space, in upper case.
func normal(text string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "\t", "", "\n", "", "\r", "").Replace(text))
}
