package pin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

func TestWeakPINsAreRefused(t *testing.T) {
	for _, weak := range []string{"1234", "4321", "0123", "7890", "0987", "2468", "8642", "0000", "9999", "1212", "1122",
		"1221", "1112", "2111", "2580", "0852", "1470", "0741", "3690", "0963", "1590", "3570", "1478", "1397", "1984", "2007",
		"1231", "4564", "7417", "7410", "0147", "9630", "0369"} {
		if err := Check(NewSecret(weak)); !errors.Is(err, ErrWeak) {
			t.Errorf("%s: %v, want ErrWeak", weak, err)
		}
	}
	for _, good := range []string{"4071", "8306", "2917", "6052", "9146", "5283", "7304"} {
		if err := Check(NewSecret(good)); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, malformed := range []string{"", "123", "12345", "12a4", " 407", "٤٠٧١", "40-1", "4071 "} {
		if err := Check(NewSecret(malformed)); !errors.Is(err, ErrForm) {
			t.Errorf("%q: %v, want ErrForm", malformed, err)
		}
	}
}

func TestRulesLeaveMostPINs(t *testing.T) {
	left := 0
	for n := range 10000 {
		if Check(NewSecret(fmt.Sprintf("%04d", n))) == nil {
			left++
		}
	}
	if left < 8000 {
		t.Errorf("only %d of 10,000 PINs are allowed", left)
	}
}

func TestASecretPrintsAsRedacted(t *testing.T) {
	secret := NewSecret("4071")
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("turn", "text", secret, "in", struct{ S Secret }{secret})
	inJSON, err := json.Marshal(map[string]any{"text": secret, "in": []Secret{secret}})
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{fmt.Sprint(secret), fmt.Sprintf("%v %+v %#v %s %q", secret, secret, secret, secret, secret),
		fmt.Sprintf("%#v", []Secret{secret}), fmt.Sprintf("%+v", struct{ Text Secret }{secret}), log.String(), string(inJSON)} {
		if strings.Contains(printed, "4071") || !strings.Contains(printed, redacted) {
			t.Errorf("printed %s", printed)
		}
	}
	if printed := fmt.Sprintf("%v %+v", struct{ text Secret }{secret}, &struct{ text Secret }{secret}); strings.Contains(printed, "4071") {
		t.Errorf("an unexported field printed %s", printed)
	}
	if secret.Reveal() != "4071" {
		t.Error("the secret is lost")
	}
}

func TestThreeWrongStopSendingForAnHourThenForADay(t *testing.T) {
	now := uint64(1_000_000)
	var a Attempts
	for want := 2; want > 0; want-- {
		a = a.Count(now)
		if a.Left() != want || a.Stopped(now) {
			t.Fatalf("left %d stopped %v, want %d", a.Left(), a.Stopped(now), want)
		}
	}
	a = a.Count(now)
	if !a.Stopped(now) || !a.Stopped(now+3_599_999) || a.Stopped(now+3_600_000) {
		t.Fatalf("first stop until %d", a.StoppedUntilUnixMs)
	}
	now += 3_600_000
	for range Tries {
		a = a.Count(now)
	}
	if want := now + uint64((24 * time.Hour).Milliseconds()); a.StoppedUntilUnixMs != want {
		t.Fatalf("second stop until %d, want %d", a.StoppedUntilUnixMs, want)
	}
	if a = a.Reset(); a != (Attempts{}) {
		t.Fatalf("a right PIN left %+v", a)
	}
}

func TestARecordVerifiesOnlyItsOwnPINAccountAndPepper(t *testing.T) {
	ctx := context.Background()
	hasher := NewHasher([32]byte{1}, 0)
	account, stranger := tx.AccountID{1}, tx.AccountID{2}
	record, err := hasher.Hash(ctx, account, NewSecret("4071"), [16]byte{9})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		hasher  *Hasher
		account tx.AccountID
		pin     string
		want    bool
	}{
		{"the PIN", hasher, account, "4071", true},
		{"another PIN", hasher, account, "4072", false},
		{"another account", hasher, stranger, "4071", false},
	} {
		got, err := c.hasher.Verify(ctx, c.account, NewSecret(c.pin), record)
		if err != nil || got != c.want {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
}

func TestARecordWithOtherCostsIsRefused(t *testing.T) {
	hasher := NewHasher([32]byte{1}, 0)
	good, err := hasher.Hash(context.Background(), tx.AccountID{}, NewSecret("4071"), [16]byte{})
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range []Record{"", "4071", Record(strings.Replace(string(good), "m=19456", "m=4194304", 1)),
		good + "A", good[:len(good)-2], Record(prefix), Record(strings.Replace(string(good), "keyid=", "keyid=A", 1)), good + "\n",
		Record(strings.Replace(string(good), "keyid", "data", 1)), good + "$"} {
		if _, err := hasher.Verify(context.Background(), tx.AccountID{}, NewSecret("4071"), record); !errors.Is(err, ErrRecord) {
			t.Errorf("%q: %v", record, err)
		}
	}
}

func FuzzRecord(f *testing.F) {
	f.Add(prefix + "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add(prefix + ",keyid=AAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Record(text).parse()
		if err == nil && (len(p.salt) != saltBytes || len(p.hash) != hashBytes || string(p.record()) != text) {
			t.Fatalf("took %q", text)
		}
	})
}
