package pin

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

func peppered(t *testing.T, secrets ...byte) *Hasher {
	t.Helper()
	var c Config
	for _, secret := range secrets {
		c.Peppers = append(c.Peppers, NewPepper([32]byte{secret}))
	}
	h, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// A leaked pepper is followed by a new one. Who has not paid since keeps the old record, which compares as ever; the first
// right PIN leaves one under the new pepper.
func TestARightPINRenewsTheRecordUnderTheNewestPepper(t *testing.T) {
	ctx, try := t.Context(), Try{Aggregator: "a", Phone: "+254711000001", Account: tx.AccountID{1}, PIN: NewSecret("4071"), Salt: [16]byte{1}}
	first, both := peppered(t, 1), peppered(t, 2, 1)
	old, err := first.Make(ctx, try)
	if err != nil {
		t.Fatal(err)
	}
	if id, ok := old.Pepper(); !ok || id != NewPepper([32]byte{1}).ID() {
		t.Errorf("the record names %v", id)
	}
	// Before records named their pepper there was one.
	unnamed := Record(strings.Replace(string(old), keyID+strings.Split(strings.Split(string(old), keyID)[1], "$")[0], "", 1))
	if _, ok := unnamed.Pepper(); ok || unnamed == old {
		t.Fatalf("not unnamed: %s", unnamed)
	}
	for _, record := range []Record{old, unnamed} {
		wrong := try
		wrong.PIN = NewSecret("4072")
		if v, err := both.Compare(ctx, wrong, record); err != nil || v != (Verdict{}) {
			t.Errorf("a wrong PIN: %+v %v", v, err)
		}
		again := try
		again.Salt = [16]byte{2}
		v, err := both.Compare(ctx, again, record)
		if err != nil || !v.Right {
			t.Fatalf("the right PIN: %v %v", v.Right, err)
		}
		if id, ok := v.Renewed.Pepper(); !ok || id != NewPepper([32]byte{2}).ID() {
			t.Errorf("renewed under %v", id)
		}
		last, err := peppered(t, 2).Compare(ctx, again, v.Renewed)
		if err != nil || !last.Right || last.Renewed != "" {
			t.Errorf("the renewed record without the old pepper: %v, renewed again %v, %v", last.Right, last.Renewed != "", err)
		}
	}
	if _, err := peppered(t, 2).Compare(ctx, try, old); !errors.Is(err, ErrOldPepper) {
		t.Errorf("a pepper that is gone: %v", err)
	}
	saltless := try
	saltless.Salt = [16]byte{}
	if v, err := both.Compare(ctx, saltless, old); err != nil || !v.Right || v.Renewed != "" {
		t.Errorf("without a salt: %v, renewed %v, %v", v.Right, v.Renewed != "", err)
	}
}

func TestPeppersThatCannotBeRightAreRefused(t *testing.T) {
	one := NewPepper([32]byte{1})
	many := make([]Pepper, MaxPeppers+1)
	for i := range many {
		many[i] = NewPepper([32]byte{byte(i + 1)})
	}
	for name, peppers := range map[string][]Pepper{
		"none": nil, "no pepper": {{}}, "zero": {NewPepper([32]byte{})}, "twice": {one, NewPepper([32]byte{1})}, "too many": many,
	} {
		if _, err := New(Config{Peppers: peppers}); !errors.Is(err, ErrPepper) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPepperPrintsAsRedacted(t *testing.T) {
	p := NewPepper([32]byte{9, 9, 9})
	for _, printed := range []string{
		fmt.Sprint(p), fmt.Sprintf("%v %+v %#v %s %x %d", p, p, p, p, p, p), fmt.Sprintf("%v %+v %#v", struct{ p Pepper }{p}, &struct{ p Pepper }{p}, []Pepper{p}),
	} {
		if strings.Contains(printed, "9 9 9") || strings.Contains(printed, "090909") || strings.Contains(printed, "0x9") {
			t.Error(printed)
		}
	}
}
