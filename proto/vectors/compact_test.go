package vectors_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/compact"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// rulesOfCompact are the rules of SPEC.md 10.
var rulesOfCompact = map[string]string{
	"text": `not a transfer in short form`, "checksum": `checksum does not match`, "template": `unknown template`, "field": `not a possible transfer`,
	"account": `account is unknown`, "single-key": `not under one owner key$`, "signature": `signature does not verify`, "carry": `short form cannot carry it`,
}

// directory is what the cases know of the ledger: accounts with numbers and authorities.
type directory []listed

type listed struct {
	number    tx.AccountNumber
	id        tx.AccountID
	authority tx.Authority
}

func (d directory) AccountByNumber(number tx.AccountNumber) (tx.AccountID, tx.Authority, bool, error) {
	for _, l := range d {
		if l.number == number {
			return l.id, l.authority, true, nil
		}
	}
	return tx.AccountID{}, tx.Authority{}, false, nil
}

func (d directory) NumberOf(id tx.AccountID) (tx.AccountNumber, bool, error) {
	for _, l := range d {
		if l.id == id {
			return l.number, true, nil
		}
	}
	return 0, false, nil
}

// text is a line for each account: number, id and authority.
func (d directory) text() string {
	var lines []string
	for _, l := range d {
		lines = append(lines, fmt.Sprintf("%d %x %x", l.number, l.id[:], l.authority.Encode()))
	}
	return strings.Join(lines, "\n")
}

func parseDirectory(text string) (directory, error) {
	var d directory
	for line := range strings.Lines(text) {
		var l listed
		var id, authority string
		if _, err := fmt.Sscanf(line, "%d %s %s", &l.number, &id, &authority); err != nil {
			return nil, err
		}
		raw, err1 := hex.DecodeString(id)
		encoded, err2 := hex.DecodeString(authority)
		if err := errors.Join(err1, err2); err != nil || len(raw) != 16 {
			return nil, errors.Join(errDiffers, err)
		}
		l.id = tx.AccountID(raw)
		var err error
		if l.authority, err = tx.ParseAuthority(encoded); err != nil {
			return nil, err
		}
		d = append(d, l)
	}
	return d, nil
}

// sms is a payer with a key, a payee with a phone and a provider, and what they are numbered.
type sms struct {
	*maker
	payer  key.Private
	ids    [3]tx.AccountID
	listed directory
}

func (m *maker) sms(payer, payee, provider tx.AccountNumber) *sms {
	s := &sms{maker: m, payer: m.Key(m.t, "payer by sms")}
	for i, a := range []tx.Authority{tx.SingleKey(s.payer.Public()), tx.PhoneAuthority(2), tx.SingleKey(m.Provider.Public())} {
		s.ids[i] = tx.OpenAccount{Authority: a, Salt: [16]byte(fill(byte(i+1), 16))}.Account()
		s.listed = append(s.listed, listed{[]tx.AccountNumber{payer, payee, provider}[i], s.ids[i], a})
	}
	return s
}

// transfer is that of SPEC.md 10.
func (s *sms) transfer() tx.Transfer {
	return tx.Transfer{Debit: s.ids[0], Credit: s.ids[1], Asset: 1, Amount: 150_00, Fee: &tx.Fee{Provider: s.ids[2], ScheduleVersion: 1, Amount: 1_00}}
}

func (s *sms) signed(o tx.Operation, by ...key.Private) *tx.Signed {
	if by == nil {
		by = []key.Private{s.payer}
	}
	return s.seal(tx.Body{Nonce: [8]byte{1, 2, 3, 4, 5, 6, 7, 8}, ExpiresAtUnixMs: now + 10*minute, Operations: []tx.Operation{o}}, by...)
}

func makeCompact(m *maker) []vectors.Vector {
	s := m.sms(7, 1234, 3)
	wide := m.sms(math.MaxUint32, math.MaxUint32-1, math.MaxUint32-2)
	widest := wide.transfer()
	widest.Asset, widest.Amount, widest.Fee.ScheduleVersion, widest.Fee.Amount = 1<<16-1, 1<<40-1, 1<<16-1, 1<<32-1
	free := s.transfer()
	free.Fee = nil
	gratis := s.transfer()
	gratis.Fee.Amount = 0
	oneself := s.transfer()
	oneself.Credit, oneself.Fee = oneself.Debit, nil
	text := func(o tx.Transfer) string { return must(compact.Of(s.signed(o), s.listed))(m).String() }
	good := text(s.transfer())
	all := []vectors.Vector{
		m.read("payment", "The transfer of SPEC.md 10, signed on the network of the vectors.", good),
		m.read("widest", "Every field as wide as it can be, in 159 letters all the same.", must(compact.Of(wide.widest(widest), wide.listed))(m).String()),
		m.read("without-fee", "Provider, version and amount of the fee are all zero.", text(free)),
		m.read("fee-of-nothing", "A fee may be zero; it names provider and schedule.", text(gratis)),
		m.read("oneself", "Payer and payee are one: the form does not compare them, the ledger refuses it.", text(oneself)),
		m.read("in-lower-case", "Phones choose the case by themselves.", strings.ToLower(good)),
		m.read("folded-by-a-carrier", "Lines of forty letters, with CR and LF.", folded(good, "\r\n")),
		m.read("in-groups-of-six", "As people type it; spaces and tabs are skipped.", spaced(good)),
		m.read("space-around", "Before and behind.", " \n"+good+"\t\n"),
	}
	return append(all, slicesOf(m.unreadable(s, good), m.rebuilding(s, good), m.shortening(s))...)
}

func slicesOf(lists ...[]vectors.Vector) (all []vectors.Vector) {
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

// widest signs a body whose nonce and expiry have all bits set.
func (s *sms) widest(o tx.Operation) *tx.Signed {
	return s.seal(tx.Body{Nonce: [8]byte(fill(0xff, 8)), ExpiresAtUnixMs: 1<<48 - 1, Operations: []tx.Operation{o}}, s.payer)
}

func folded(text, end string) (out string) {
	for at := 0; at < len(text); at += 40 {
		out += text[at:min(at+40, len(text))] + end
	}
	return out
}

func spaced(text string) (out string) {
	for i, at := 0, 0; at < len(text); i, at = i+1, at+6 {
		out += text[at:min(at+6, len(text))] + []string{" ", "  ", "\t"}[i%3]
	}
	return out
}

// read is a text that Parse reads.
func (m *maker) read(name, comment, text string) vectors.Vector {
	return accept(name, comment, fields{"text": text}, messageOut(must(compact.Parse(text))(m)))
}

func messageOut(c compact.Message) fields {
	nonce, signature := c.Nonce(), c.Signature()
	fee, _ := c.Fee()
	return fields{
		"template": "1", "nonce": hx(nonce[:]), "expires_at_unix_ms": dec(c.ExpiresAtUnixMs()), "payer": dec(uint64(c.Payer())), "payee": dec(uint64(c.Payee())),
		"asset": dec(uint64(c.Asset())), "amount": dec(uint64(c.Amount())), "provider": dec(uint64(fee.Provider)),
		"schedule_version": dec(uint64(fee.ScheduleVersion)), "fee": dec(uint64(fee.Amount)), "signature": hx(signature[:]), "text": c.String(),
	}
}

// sheet is a message's bytes by field, in hexadecimal, for what no writer writes.
type sheet struct {
	template, nonce, expiry, payer, payee, asset, amount, provider, schedule, fee string
}

// plainSheet is the payment with a signature of no key, which a reader does not mind.
func plainSheet() sheet {
	return sheet{"01", "0102030405060708", "019b76e3cfc0", "00000007", "000004d2", "0001", "0000003a98", "00000003", "0001", "00000064"}
}

// text writes bytes and checksum in letters, as SPEC.md 10.1 says.
func (s sheet) text(m *maker) string {
	raw := must(hexBytes(s.template + s.nonce + s.expiry + s.payer + s.payee + s.asset + s.amount + s.provider + s.schedule + s.fee + strings.Repeat("5a", 64)))(m)
	crc := uint16(0xffff)
	for _, b := range raw {
		crc ^= uint16(b) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	raw = append(raw, byte(crc>>8), byte(crc))
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ=,%*+-./:"
	var letters []byte
	for i := 0; i < len(raw); i += 2 {
		n := 256*int(raw[i]) + int(raw[i+1])
		letters = append(letters, alphabet[n%45], alphabet[n/45%45], alphabet[n/2025])
	}
	return string(letters)
}

// unreadable texts break a rule that needs no ledger.
func (m *maker) unreadable(s *sms, good string) []vectors.Vector {
	no := func(name, rule, comment, text string) vectors.Vector {
		return reject(name, rule, comment, fields{"text": text})
	}
	field := func(name, comment string, change func(*sheet)) vectors.Vector {
		f := plainSheet()
		change(&f)
		return no(name, "field", comment, f.text(m))
	}
	other := func(c byte) string {
		if c == 'A' {
			return "B"
		}
		return "A"
	}
	return []vectors.Vector{
		no("nothing", "text", "No letter at all.", ""),
		no("a-menus-answer", "text", "Some other message.", "1*2*150"),
		no("a-letter-lost", "text", "158 letters.", good[:80]+good[81:]),
		no("a-letter-doubled", "text", "160 letters.", good[:80]+good[79:]),
		no("twice", "text", "The message behind itself.", good+good),
		no("dollar-of-rfc-9285", "text", "The RFC's alphabet has it; here a comma stands for it, because links change it.", "$"+good[1:]),
		no("no-break-space", "text", "It is no space of this form: two bytes that no carrier adds.", good[:80]+"\u00a0"+good[80:]),
		no("full-width-letter", "text", "It only looks like one.", "\uff21"+good[1:]),
		no("quoted", "text", "Quotes are no letters.", `"`+good+`"`),
		no("white-space-without-end", "text", "At most 1,024 bytes are looked at.", good+strings.Repeat(" ", 1024)),
		no("group-above-two-bytes", "text", "Three letters stand for at most 65,535: this is the largest group.", good[:3]+":::"+good[6:]),
		no("group-of-65536", "text", "And this the smallest that is too large.", good[:3]+"GGW"+good[6:]),
		no("one-letter-changed", "checksum", "Any one letter: found without the ledger.", good[:40]+other(good[40])+good[41:]),
		no("groups-exchanged", "checksum", "Two groups in each other's place.", good[3:6]+good[:3]+good[6:]),
		no("checksum-of-zeros", "checksum", "The checksum is not optional.", good[:156]+"000"),
		no("template-2", "template", "A later template.", func() string { f := plainSheet(); f.template = "02"; return f.text(m) }()),
		field("expiry-0", "No transfer is without expiry.", func(f *sheet) { f.expiry = "000000000000" }),
		field("payer-0", "Accounts are numbered from 1.", func(f *sheet) { f.payer = "00000000" }),
		field("payee-0", "The payee too.", func(f *sheet) { f.payee = "00000000" }),
		field("asset-0", "Assets are numbered from 1.", func(f *sheet) { f.asset = "0000" }),
		field("amount-0", "Nothing cannot be paid.", func(f *sheet) { f.amount = "0000000000" }),
		field("fee-without-provider", "A fee goes to somebody.", func(f *sheet) { f.provider = "00000000" }),
		field("fee-without-schedule", "And names its price list.", func(f *sheet) { f.schedule = "0000" }),
		field("amount-of-a-fee-alone", "No fee at all is all zero.", func(f *sheet) { f.provider, f.schedule = "00000000", "0000" }),
	}
}

// rebuilding makes envelopes of messages with what the ledger knows.
func (m *maker) rebuilding(s *sms, good string) []vectors.Vector {
	in := func(text string, network tx.NetworkID, d directory) fields {
		return fields{"text": text, "network": network.String(), "accounts": d.text()}
	}
	without := func(i int) directory { return append(append(directory{}, s.listed[:i]...), s.listed[i+1:]...) }
	under := func(a tx.Authority) directory {
		d := append(directory{}, s.listed...)
		d[0].authority = a
		return d
	}
	other := m.Network
	other[0] ^= 1
	renumbered := append(directory{}, s.listed...)
	renumbered[1].number, renumbered[2].number = 3, 1234
	two := tx.Authority{Keys: weighted(m.publics("payer by sms", "another")), Threshold: 1}
	heavy := tx.Authority{Keys: weighted(m.publics("payer by sms")), Threshold: 1, Attestors: 2, Guardians: weighted(m.publics("another")), GuardianThreshold: 1}
	signed := s.signed(s.transfer())
	id := signed.ID()
	out := fields{"envelope": hx(signed.Envelope()), "id": hx(id[:])}
	return []vectors.Vector{
		accept("rebuilt", "The envelope that the payer signed, byte for byte.", in(good, m.Network, s.listed), out),
		accept("rebuilt-of-an-account-with-guardians", "Who may recover the account does not matter: it has one owner key.", in(good, m.Network, under(heavy)), out),
		reject("payer-not-open", "account", "A number that this ledger does not know (yet).", in(good, m.Network, without(0))),
		reject("payee-not-open", "account", "The payee's number.", in(good, m.Network, without(1))),
		reject("provider-not-open", "account", "The provider's.", in(good, m.Network, without(2))),
		reject("payer-of-two-keys", "single-key", "The message does not say which of them signed.", in(good, m.Network, under(two))),
		reject("payer-of-no-key", "single-key", "A phone account signs nothing.", in(good, m.Network, under(tx.PhoneAuthority(2)))),
		reject("key-replaced", "signature", "The payer has another key by now; the ledger would refuse the old one too.", in(good, m.Network, under(tx.SingleKey(m.Provider.Public())))),
		reject("another-network", "signature", "The network was signed.", in(good, other, s.listed)),
		reject("numbers-of-others", "signature", "A directory that lies leads no money elsewhere: the ids were signed.", in(good, m.Network, renumbered)),
		reject("signed-by-nobody", "signature", "A message that is well formed and was never signed.", in(plainSheet().text(m), m.Network, s.listed)),
	}
}

// shortening writes envelopes as messages.
func (m *maker) shortening(s *sms) []vectors.Vector {
	other := m.Key(m.t, "another")
	in := func(signed *tx.Signed, d directory) fields {
		return fields{"envelope": hx(signed.Envelope()), "network": m.Network.String(), "accounts": d.text()}
	}
	no := func(name, comment string, change func(o *tx.Transfer)) vectors.Vector {
		o := s.transfer()
		change(&o)
		return reject(name, "carry", comment, in(s.signed(o), s.listed))
	}
	good := s.signed(s.transfer())
	large := append(directory{}, s.listed...)
	large[1].number = 1 << 32
	far := s.seal(tx.Body{Nonce: [8]byte{1}, ExpiresAtUnixMs: 1 << 48, Operations: []tx.Operation{s.transfer()}}, s.payer)
	several := s.seal(tx.Body{Nonce: [8]byte{1}, ExpiresAtUnixMs: now, Operations: []tx.Operation{s.transfer(), s.transfer()}}, s.payer)
	broken := good.Signatures[0]
	broken.Signature[63] ^= 1
	forged := must(tx.Pack(m.Network, good.RawBody(), []tx.Signature{broken}))(m)
	shared := append(directory{}, s.listed...)
	shared[0].authority = tx.Authority{Keys: weighted(m.publics("payer by sms", "another")), Threshold: 1}
	return []vectors.Vector{
		accept("shortened", "What is carried comes back as it was.", in(good, s.listed), fields{"text": must(compact.Of(good, s.listed))(m).String()}),
		no("with-an-alias", "The alias has no place, and was signed: the transfer travels by another way.", func(o *tx.Transfer) { o.Alias = &m.Amina.Alias }),
		no("with-a-reference", "Nor has a reference.", func(o *tx.Transfer) { o.Reference = "kodi" }),
		no("paying-a-request", "Nor has a request.", func(o *tx.Transfer) { o.Request = &tx.RequestID{7} }),
		no("asset-of-17-bits", "Two bytes hold the asset.", func(o *tx.Transfer) { o.Asset = 1 << 16 }),
		no("amount-of-41-bits", "Five hold the amount.", func(o *tx.Transfer) { o.Amount = 1 << 40 }),
		no("version-of-17-bits", "Two hold the schedule's version.", func(o *tx.Transfer) { o.Fee.ScheduleVersion = 1 << 16 }),
		no("fee-of-33-bits", "Four hold the fee; of an amount of one, for the case.", func(o *tx.Transfer) { o.Amount, o.Fee.Amount = 1, amount.Amount(1<<32) }),
		reject("expiry-of-49-bits", "carry", "Six hold the expiry.", in(far, s.listed)),
		reject("number-of-33-bits", "carry", "Four hold the payee's number.", in(good, large)),
		reject("two-transfers", "carry", "A message is one transfer.", in(several, s.listed)),
		reject("another-operation", "carry", "And nothing else.", in(s.signed(tx.CancelRecovery{Account: s.ids[0]}), s.listed)),
		reject("two-signatures", "carry", "It has room for one signature.", in(s.signed(s.transfer(), s.payer, other), s.listed)),
		reject("signed-under-a-grant", "carry", "The payer's account does not name the signer.", in(s.signed(s.transfer(), m.Provider), s.listed)),
		reject("signed-by-one-of-two-keys", "carry", "Nor does an account of two keys.", in(good, shared)),
		reject("payee-unknown", "account", "Who is not open has no number.", in(good, s.listed[:1])),
		reject("signature-forged", "signature", "Nobody could rebuild it.", in(forged, s.listed)),
	}
}

func checkCompact(t *testing.T, v vectors.Vector) (fields, error) {
	if _, whole := v.In["accounts"]; !whole {
		c, err := compact.Parse(v.In["text"])
		if err != nil {
			return nil, err
		}
		if c.String() != strings.ToUpper(strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "").Replace(v.In["text"])) {
			return nil, errDiffers
		}
		return messageOut(c), nil
	}
	d, err := parseDirectory(v.In["accounts"])
	if err != nil {
		t.Fatal(err)
	}
	network := tx.NetworkID(b32(t, v, "network"))
	if _, short := v.In["text"]; short {
		c, err := compact.Parse(v.In["text"])
		if err != nil {
			return nil, err
		}
		signed, err := c.Rebuild(network, d)
		if err != nil {
			return nil, err
		}
		id := signed.ID()
		return fields{"envelope": hx(signed.Envelope()), "id": hx(id[:])}, nil
	}
	signed, err := tx.Parse(network, unhex(t, v, "envelope"))
	if err != nil {
		return nil, err
	}
	c, err := compact.Of(signed, d)
	if err != nil {
		return nil, err
	}
	rebuilt, err := c.Rebuild(network, d)
	if err != nil || !bytes.Equal(rebuilt.Envelope(), signed.Envelope()) {
		return nil, errors.Join(errDiffers, err)
	}
	return fields{"text": c.String()}, nil
}
