package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
	"github.com/umoja-ledger/umoja/sdk"
)

func TestEveryRuleHasWords(t *testing.T) {
	known := 0
	for code := tx.OK + 1; code < tx.OK+200; code++ {
		if strings.Trim(code.String(), "0123456789") == "" {
			continue // No such code.
		}
		known++
		if ruleWords[code] == "" {
			t.Errorf("%s has no words", code)
		}
		if got := reasonText(code.String()); got != ruleText(code) {
			t.Errorf("%s as a validator's reason: %q", code, got)
		}
	}
	if known != len(ruleWords) {
		t.Errorf("%d codes, words for %d", known, len(ruleWords))
	}
	if got := reasonText("SOMETHING_NEW"); got != "SOMETHING_NEW" {
		t.Errorf("a reason of a later version: %q", got)
	}
}

// Every operation and everything that ledger time does has its words: the names are those of the protocol.
func TestEveryActHasWords(t *testing.T) {
	fields := (&umojav1.Operation{}).ProtoReflect().Descriptor().Oneofs().Get(0).Fields()
	for i := range fields.Len() {
		if name := string(fields.Get(i).Name()); actWords[name] == "" {
			t.Errorf("%s has no words", name)
		}
	}
	if fields.Len() != len(actWords) {
		t.Errorf("%d operations, words for %d", fields.Len(), len(actWords))
	}
	for number, name := range umojav1.EffectKind_name {
		if number != 0 && effectWords[tx.EffectKind(number)] == "" {
			t.Errorf("%s has no words", name)
		}
	}
}

// What ledger time did reads as a line of the history of everybody whom it concerns.
func TestMovementsByTime(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	juma, amina := w.Juma.Account, w.Amina.Account
	hold := make([]byte, 16)
	for name, try := range map[string]struct {
		account tx.AccountID
		effect  tx.Effect
		want    string
	}{
		"payer of a hold given back":    {juma, tx.Effect{Kind: tx.HoldReturned, Subject: hold, Debit: &juma, Asset: 1, Amount: 10_00, Accounts: []tx.AccountID{amina}}, "(10.00 KES) " + amina.String() + " hold 00000000000000000000000000000000 ended and was given back"},
		"its payee":                     {amina, tx.Effect{Kind: tx.HoldReturned, Subject: hold, Debit: &juma, Asset: 1, Amount: 10_00, Accounts: []tx.AccountID{amina}}, "(10.00 KES) " + juma.String() + " hold 00000000000000000000000000000000 ended and was given back"},
		"payer of a hold to nobody yet": {juma, tx.Effect{Kind: tx.HoldReturned, Subject: hold, Debit: &juma, Asset: 1, Amount: 10_00}, "(10.00 KES) hold 00000000000000000000000000000000 ended and was given back"},
		"payee of a hold that was paid": {amina, tx.Effect{Kind: tx.HoldCompleted, Subject: hold, Debit: &juma, Credit: &amina, Asset: 1, Amount: 10_00}, "+10.00 KES " + juma.String() + " hold 00000000000000000000000000000000 ended and was paid"},
		"a grant":                       {juma, tx.Effect{Kind: tx.GrantExpired, Subject: make([]byte, 48), Accounts: []tx.AccountID{juma}}, "a grant expired"},
		"a kind of a later version":     {juma, tx.Effect{Kind: 99}, "effect 99"},
	} {
		document := historyDocument{Entries: []historyDocEntry{{Movements: movementsByTime(unitsOf(w.Genesis), try.account, &try.effect), State: "final", ReceiptCode: "CODE"}}}
		var out strings.Builder
		check(t, printHistory(&out, document))
		got := strings.Join(strings.Fields(out.String())[2:], " ")
		if got = strings.Replace(strings.Replace(got, " CODE final", "", 1), "CODE final ", "", 1); got != try.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, try.want)
		}
	}
}

// What a submission ended with, and what the person is told.
func TestSettledSaysWhatHappened(t *testing.T) {
	p := &purse{flags: &walletFlags{networkFlags: networkFlags{dir: "a b"}, keyPath: "wallet.key"}}
	id := tx.ID{1}
	for name, try := range map[string]struct {
		outcome sdk.Outcome
		err     error
		says    []string // nothing: no error
		again   bool     // how to ask again is said
	}{
		"final":             {outcome: sdk.Outcome{ID: id, Final: true, Result: tx.Result{Code: tx.OK}}},
		"refused by a rule": {outcome: sdk.Outcome{ID: id, Final: true, Result: tx.Result{Code: tx.CapDay}}, says: []string{"left for today", "CAP_DAY", "no money moved"}},
		"expired":           {outcome: sdk.Outcome{ID: id, Expired: true}, says: []string{"not taken in time", "no money moved"}},
		"not taken":         {outcome: sdk.Outcome{ID: id}, err: &sdk.RefusedError{Reason: "UNAUTHORISED"}, says: []string{"UNAUTHORISED", "no money moved"}},
		"not taken after a lost answer": {
			outcome: sdk.Outcome{ID: id}, err: &sdk.RefusedError{Reason: "UNAUTHORISED", Unsettled: true}, says: []string{"UNAUTHORISED"}, again: true,
		},
		"unknown":   {outcome: sdk.Outcome{ID: id}, err: errors.Join(sdk.ErrUnknown, errors.New("more")), says: []string{"not known yet; more"}, again: true},
		"not sent":  {err: sdk.ErrUnavailable, says: []string{"nothing was sent and no money moved"}},
		"not found": {err: sdk.ErrUnknownAlias, says: []string{"phone number has no account", "nothing was sent"}},
	} {
		var notes strings.Builder
		err := p.settled(&notes, "pay 1.00 KES", try.outcome, try.err)
		if (err != nil) != (try.says != nil) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, says := range try.says {
			if !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %q is not one line with %q", name, err, says)
			}
		}
		if try.again == strings.Contains(errorText(err), "no money moved") && err != nil {
			t.Errorf("%s: %q claims what is not known, or leaves out what is", name, err)
		}
		again := strings.Contains(notes.String(), "umoja pay --resume --key wallet.key --dir 'a b'\n") &&
			strings.Contains(notes.String(), "umoja receipt get "+id.String()+" --out FILE --dir 'a b'\n")
		if again != try.again {
			t.Errorf("%s: how to ask again: %q", name, notes.String())
		}
	}
}

// The hint of a command leads to the same network as the command itself.
func TestAgainNamesTheSameNetwork(t *testing.T) {
	f := networkFlags{dir: defaultDir, genesis: "g.json", validators: []string{"a:1", "b:2"}, tls: "our roots.pem"}
	if got, want := f.again(), " --genesis g.json --validator a:1 --validator b:2 --tls 'our roots.pem'"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	f = networkFlags{dir: defaultDir}
	if got := f.again(); got != "" {
		t.Errorf("the default sandbox needs no words, got %q", got)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestMovements(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	body := tx.Body{Operations: []tx.Operation{
		tx.Transfer{
			Debit: w.Juma.Account, Credit: w.Amina.Account, Asset: ledgertest.KES, Amount: 1500_00, Reference: "a\x1b[2J",
			Fee: &tx.Fee{Provider: w.ProviderAccount, ScheduleVersion: 1, Amount: 100},
		},
		tx.Issue{Asset: 7, Credit: w.Amina.Account, Amount: 5},
		tx.RevokeGrant{Account: w.Juma.Account},
	}}
	for name, try := range map[string]struct {
		account tx.AccountID
		want    string
	}{
		"payer":    {w.Juma.Account, `-1,500.00 KES ` + w.Amina.Account.String() + ` fee 1.00 KES "a\x1b[2J"|revoke_grant`},
		"payee":    {w.Amina.Account, `+1,500.00 KES ` + w.Juma.Account.String() + ` "a\x1b[2J"|+5 asset-7 issue`},
		"provider": {w.ProviderAccount, `+1.00 KES ` + w.Juma.Account.String() + ` fee`},
		"nobody":   {w.IssuerAccount, ``},
	} {
		var out strings.Builder
		document := historyDocument{Entries: []historyDocEntry{{Movements: movementsOf(unitsOf(w.Genesis), try.account, body, tx.Result{Code: tx.OK}), State: "final", ReceiptCode: "CODE"}}}
		check(t, printHistory(&out, document))
		var lines []string
		for line := range strings.Lines(out.String()) {
			fields := strings.Fields(line)[2:] // Without the time.
			lines = append(lines, strings.ReplaceAll(strings.Join(fields, " "), "CODE final ", ""))
		}
		got := strings.TrimSuffix(strings.ReplaceAll(strings.Join(lines, "|"), " CODE final", ""), " ")
		if got != try.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, try.want)
		}
	}
}

func TestAuthorityInWords(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	a, b := w.Key(t, "a").Public(), w.Key(t, "b").Public()
	for want, authority := range map[string]tx.Authority{
		"a phone account: no key, 2 attestors together recover it": tx.PhoneAuthority(2),
		"one key: " + a.String():                                   tx.SingleKey(a),
		"2 of 2 keys together: " + a.String() + ", " + b.String():  {Keys: keysOf(1, a, b), Threshold: 2},
		"keys of weight 3 together: " + a.String() + " (weight 2), " + b.String() + " (weight 2)": {
			Keys: keysOf(2, a, b), Threshold: 3,
		},
	} {
		if got := authorityText(authority); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func keysOf(weight uint32, keys ...key.Public) []tx.AuthorityKey {
	var all []tx.AuthorityKey
	for _, k := range keys {
		all = append(all, tx.AuthorityKey{Key: k, Weight: weight})
	}
	return all
}

func TestMoneyIsNeverAFloat(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	m := unitsOf(w.Genesis).money(ledgertest.KES, amount.Max)
	var out strings.Builder
	check(t, printJSON(&out, m))
	if want := "{\n  \"asset\": \"KES\",\n  \"amount\": \"92233720368547758.07\"\n}\n"; out.String() != want {
		t.Errorf("got %s", out.String())
	}
	if m.String() != "92,233,720,368,547,758.07 KES" {
		t.Errorf("got %s", m)
	}
}

func TestShellWord(t *testing.T) {
	for word, want := range map[string]string{
		"wallet.key": "wallet.key", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "$HOME": "'$HOME'", "~/x": "'~/x'", "+254711000001": "+254711000001",
	} {
		if got := shellWord(word); got != want {
			t.Errorf("%q: got %s, want %s", word, got, want)
		}
	}
}
