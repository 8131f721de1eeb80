package gateway

import (
	"testing"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// A number that one provider vouches for becomes the account's by two codes, entered at another dial, after a restart of the gateway; and money
// that was kept for it comes.
func TestANumberIsConfirmedByTwoCodes(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	b := m.old.phone(baraka)
	matches(t, b.play("1", "Baraka", barakaPIN, barakaPIN), `(?s)Welcome Baraka\. You are registered\..*\n1 Confirm my number by SMS\n0 Later`)
	if m.binding(baraka).Attested {
		t.Fatal("the number is attested by one provider's word")
	}
	matches(t, b.typed("1"), `(?s)Codes come by SMS from Attestor 1 and Attestor 2\..*`)
	codes := m.codes(baraka)

	m.old.stop()
	m.old.start()
	b = m.old.phone(baraka)
	matches(t, b.play(codes[1]), `(?s)Now enter the code of 6 digits from Attestor 1\n.*`)
	matches(t, b.typed("000000"), `(?s)That code is not right\. No money was moved\. Tries left: 1\..*`)
	matches(t, b.typed(codes[0]), `Your number is confirmed: .*`)
	if bound := m.binding(baraka); !bound.Attested || bound.Number == 0 {
		t.Errorf("binding %+v", bound)
	}
	matches(t, b.play("6", "1", "1"), `One payment: up to .*`)
}

// A provider that binds numbers which nobody attested gets what it vouches for, and loses it to the person's own word.
func TestARogueBindsWhatNobodyAttested(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	n := m.network
	open := tx.OpenAccount{Authority: tx.PhoneAuthority(2), Salt: [16]byte{66}}
	bind := func(number string) tx.Code {
		t.Helper()
		open.Salt[1]++
		sealed, err := n.AliasKey.SealName(zeros{}, number, "Not You")
		check(t, err)
		return n.Apply(t, []key.Signer{m.nyoka}, open, tx.BindAlias{Alias: n.AliasKey.Alias(number), Account: open.Account(), SealedName: sealed},
			tx.IssueGrant{Account: open.Account(), Grantee: m.nyoka.Public(), Operations: tx.GrantAll(), Asset: ledgertest.KES,
				CapTransaction: ledgertest.CapTransaction, CapDay: ledgertest.CapDay, FeeCeiling: 100, ExpiresAtUnixMs: n.NowUnixMs() + 86_400_000}).Result.Code
	}
	if code := bind(juma); code != tx.AliasTaken {
		t.Fatalf("a number that is attested: %s", code)
	}
	if code := bind(baraka); code != tx.OK {
		t.Fatalf("a number that is nobody's: %s", code)
	}
	rogues := m.binding(baraka).Account
	sealed, err := n.AliasKey.SealName(zeros{}, baraka, "Not You")
	check(t, err)
	o := n.Apply(t, []key.Signer{m.nyoka}, tx.AttestAlias{Alias: n.AliasKey.Alias(baraka), Account: rogues, SealedName: sealed})
	if o.Result.Code == tx.OK {
		t.Fatal("the rogue attested by itself")
	}

	b := m.next.phone(baraka)
	matches(t, b.play("1"), `(?s)Your number has an account with Nyoka, not confirmed\. To keep it, dial \*384\*6666# and confirm it\.\n1 New account here\n0 Back`)
	matches(t, b.typed("1", "Baraka", barakaPIN, barakaPIN), `(?s)Welcome Baraka\. You are registered\..*`)
	if got := m.binding(baraka); got.Account != rogues {
		t.Fatal("the number went to the new account by one provider's word")
	}
	b.typed("1")
	codes := m.codes(baraka)
	matches(t, b.play(codes[0], codes[1]), `Your number is confirmed: .*`)
	if got := m.binding(baraka); got.Account == rogues || !got.Attested {
		t.Errorf("binding %+v", got)
	}
	matches(t, m.old.phone(juma).play("1", "0722000003", "20"), `(?s)Pay 20\.00 KES to Baraka.*`)
}

// zeros are bad random bytes.
type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
