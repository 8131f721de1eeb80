package vectors_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/bech32"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

func hx32(h [32]byte) string { return hx(h[:]) }

var rulesOfAccount = map[string]string{"text": "not an account", "authority": "malformed", "form": "not in canonical form"}

func makeAccount(m *maker) []vectors.Vector {
	salt := [16]byte(fill(9, 16))
	low, high := m.Provider.Public(), m.Issuer.Public()
	if bytes.Compare(low[:], high[:]) > 0 {
		low, high = high, low
	}
	two := tx.Authority{Keys: []tx.AuthorityKey{{Key: low, Weight: 1}, {Key: high, Weight: 2}}, Threshold: 3}
	found := func(name, comment string, a tx.Authority) vectors.Vector {
		id := tx.OpenAccount{Authority: a, Salt: salt}.Account()
		return accept(name, comment, fields{"authority": hx(a.Encode()), "salt": hx(salt[:])}, fields{"account": hx(id[:]), "text": id.String()})
	}
	refuse := func(name, rule, comment string, authority []byte) vectors.Vector {
		return reject(name, rule, comment, fields{"authority": hx(authority), "salt": hx(salt[:])})
	}
	k := func(public key.Public, weight uint64) []byte { return ld(1, cat(ld(1, public[:]), vi(2, weight))) }
	guardian := func(public key.Public) []byte { return ld(4, cat(ld(1, public[:]), vi(2, 1))) }
	id := m.Juma.Account
	text := id.String()
	read := func(name, comment, text string) vectors.Vector {
		return accept(name, comment, fields{"text": text}, fields{"account": hx(id[:]), "text": id.String()})
	}
	bad := func(name, comment, text string) vectors.Vector {
		return reject(name, "text", comment, fields{"text": text})
	}
	groups := must(bech32.ConvertBits(id[:], 8, 5, true))(m)
	spare := append([]byte(nil), groups...)
	spare[25] |= 1
	return []vectors.Vector{
		found("phone", "An account of two attestors and no key, as a feature phone has.", tx.PhoneAuthority(2)),
		found("one-key", "A wallet's account.", tx.SingleKey(m.Provider.Public())),
		found("two-keys-with-weights", "Both must sign: the weights reach the threshold together.", two),
		found("keys-attestors-and-guardians", "Who may act, and who may recover: all of it is in the id.", m.family()),
		refuse("keys-descend", "authority", "Keys ascend, else one authority would have two ids.", cat(k(high, 1), k(low, 1), vi(2, 1))),
		refuse("key-twice", "authority", "A key that stands twice would count twice.", cat(k(low, 1), k(low, 1), vi(2, 2))),
		refuse("threshold-out-of-reach", "authority", "Nobody could ever act on the account.", cat(k(low, 1), vi(2, 2))),
		refuse("nobody", "authority", "No key and no attestor.", nil),
		refuse("nine-attestors", "authority", "Eight are the most.", vi(3, 9)),
		refuse("guardians-without-threshold", "authority", "Anybody could recover the account.", cat(k(low, 1), vi(2, 1), guardian(high))),
		refuse("authority-out-of-order", "form", "The hash is of canonical bytes only.", cat(vi(3, 2), vi(2, 1))),

		read("text", "The text as people copy it.", text),
		read("text-in-upper-case", "As QR codes write it, in fewer modules.", strings.ToUpper(text)),
		bad("text-in-mixed-case", "bech32m forbids mixed case.", "Umoja"+text[5:]),
		bad("text-with-a-wrong-letter", "The checksum finds any one wrong letter.", text[:12]+otherLetter(text[12])+text[13:]),
		bad("text-of-bech32", "The older checksum has a known weakness.", must(bech32.Encode("umoja", groups))(m)),
		bad("text-of-another-prefix", "A text of another system.", must(bech32.EncodeM("umojax", groups))(m)),
		bad("text-with-spare-bits-set", "130 bits hold 128: the last two are zero, else an account would have four texts.", must(bech32.EncodeM("umoja", spare))(m)),
		bad("text-of-15-bytes", "Too short, and its checksum is right.", must(bech32.EncodeM("umoja", must(bech32.ConvertBits(id[:15], 8, 5, true))(m)))(m)),
	}
}

func otherLetter(c byte) string {
	if c == 'q' {
		return "p"
	}
	return "q"
}

func checkAccount(t *testing.T, v vectors.Vector) (fields, error) {
	var id tx.AccountID
	if text, ok := v.In["text"]; ok {
		var err error
		if id, err = tx.ParseAccountID(text); err != nil {
			return nil, err
		}
	} else {
		raw := unhex(t, v, "authority")
		a, err := tx.ParseAuthority(raw)
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(a.Encode(), raw) {
			return nil, errDiffers
		}
		id = tx.OpenAccount{Authority: a, Salt: [16]byte(unhex(t, v, "salt"))}.Account()
	}
	return fields{"account": hx(id[:]), "text": id.String()}, nil
}

var rulesOfNumber = map[string]string{"check-digit": "check digit", "digits": "account number: (not an account|digits pass)"}

// beyond64 is 2^64 and its check digit, worked out by hand from the table of SPEC.md 3.3.
const beyond64 = "18446744073709551616" + "3"

func makeNumber(*maker) []vectors.Vector {
	ok := func(name, comment, text string) vectors.Vector {
		n, err := tx.ParseAccountNumber(text)
		if err != nil {
			panic(err)
		}
		return accept(name, comment, fields{"text": text}, fields{"number": dec(uint64(n)), "text": text})
	}
	no := func(name, rule, comment, text string) vectors.Vector {
		return reject(name, rule, comment, fields{"text": text})
	}
	return []vectors.Vector{
		ok("example-of-damm", "The example of Damm's own thesis: 572 has the check digit 4.", "5724"),
		ok("first-account", "Numbers count from 1.", tx.AccountNumber(1).Text()),
		ok("widest", "2^64 - 1 and its check digit are 21 digits.", tx.AccountNumber(1<<64-1).Text()),
		no("wrong-digit", "check-digit", "One digit mistyped.", "5774"),
		no("neighbours-swapped", "check-digit", "The other common slip.", "7524"),
		no("beyond-64-bits", "digits", "2^64, with the check digit that belongs to it.", beyond64),
		no("zero-before", "digits", "A number has one text; 0 swallows its place in the check too.", "05724"),
		no("check-digit-alone", "digits", "No number is left.", "4"),
		no("other-digits", "digits", "Digits are ASCII.", "٥٧٢٤"),
		no("separated", "digits", "Programs that show groups remove the spaces before they read.", "5 724"),
	}
}

func checkNumber(t *testing.T, v vectors.Vector) (fields, error) {
	n, err := tx.ParseAccountNumber(v.In["text"])
	return fields{"number": dec(uint64(n)), "text": n.Text()}, err
}

var rulesOfAlias = map[string]string{"seal": "sealed name does not open", "plain-text": "not plain text"}

func makeAlias(m *maker) []vectors.Vector {
	nonce := fill(6, 12)
	seal := func(name string) key.SealedName {
		return must(m.AliasKey.SealName(bytes.NewReader(nonce), m.Juma.Number, name))(m)
	}
	in := func(number string, sealed key.SealedName) fields {
		return fields{"alias_key": m.AliasKey.Text(), "number": number, "sealed_name": hx(sealed[:])}
	}
	open := func(name, comment, plain string) vectors.Vector {
		return accept(name, comment, in(m.Juma.Number, seal(plain)), fields{
			"alias": m.Juma.Alias.String(), "name": plain, "nonce": hx(nonce),
		})
	}
	flipped := seal("JUMA OTIENO")
	flipped[59] ^= 1
	return []vectors.Vector{
		open("name", "A name that is padded with zeros to 32 bytes.", "JUMA OTIENO"),
		open("name-of-14-wide-letters", "14 letters of two bytes.", "ÑÉÜÅØÆÇÑÉÜÅØÆÇ"),
		open("name-that-fills-the-seal", "32 bytes: no padding at all.", "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"),
		reject("another-number", "seal", "The seal opens only to who knows the number.", in(m.Amina.Number, seal("JUMA OTIENO"))),
		reject("a-bit-flipped", "seal", "AES-GCM authenticates.", in(m.Juma.Number, flipped)),
		reject("a-name-turned-around", "plain-text", "U+202E turns the digits behind it around.", in(m.Juma.Number, key.SealedName(m.sealedByHand("JUMA\u202e001")))),
		reject("a-name-of-no-width", "plain-text", "U+200D is not seen.", in(m.Juma.Number, key.SealedName(m.sealedByHand("JU\u200dMA")))),
		reject("a-name-of-latin-1-controls", "plain-text", "U+0085 is a next line.", in(m.Juma.Number, key.SealedName(m.sealedByHand("JUMA\u0085PAID")))),
		reject("a-name-of-nothing", "plain-text", "A seal of 32 zeros holds no name.", in(m.Juma.Number, key.SealedName(m.sealedByHand("")))),
		reject("a-name-not-utf8", "plain-text", "0xff is no letter.", in(m.Juma.Number, key.SealedName(m.sealedByHand("JUMA\xff")))),
		reject("a-line-break-inside", "plain-text", "A provider may seal anything; a reader shows plain text only.", in(m.Juma.Number, key.SealedName(m.sealedByHand("JUMA\nPAID 500")))),
	}
}

// sealedByHand seals what SealName refuses, as SPEC.md 4 says how.
func (m *maker) sealedByHand(name string) []byte {
	aead := nameCipher(m.t, m.AliasKey, m.Juma.Number)
	plain := make([]byte, 32)
	copy(plain, name)
	return aead.Seal(fill(6, 12), fill(6, 12), plain, nil)
}

func checkAlias(t *testing.T, v vectors.Vector) (fields, error) {
	k, err := key.ParseAliasKey(v.In["alias_key"])
	if err != nil {
		return nil, err
	}
	number := v.In["number"]
	sealed := key.SealedName(unhex(t, v, "sealed_name"))
	name, err := k.OpenName(number, sealed)
	if err != nil {
		return nil, err
	}
	again, err := k.SealName(bytes.NewReader(sealed[:12]), number, name)
	if err != nil || again != sealed {
		return nil, fmt.Errorf("sealed again: %w", errors.Join(errDiffers, err))
	}
	alias := k.Alias(number)
	return fields{"alias": alias.String(), "name": name, "nonce": hx(sealed[:12])}, nil
}
