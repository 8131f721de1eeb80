package soak

import (
	"errors"

	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// What is read of a screen is what was written on it, in every language that the crew speaks.
func TestScreensAreRead(t *testing.T) {
	w, err := newWords()
	if err != nil {
		t.Fatal(err)
	}
	args := menu.Args{
		Dial: "*384*2050#", Name: "PHONE A. B", Number: "+254723000001", Account: "1234565", Asset: "KES", Amount: "1,250.07 KES", Fee: "1.00 KES",
		Balance: "10.00 KES", Limit: "5.00 KES", Total: "1,251.07 KES", Code: "8XK2M001", Tries: "2", Time: "23:59",
	}
	if len(w.languages) < 3 {
		t.Errorf("only %v", w.languages)
	}
	for _, l := range w.languages {
		for _, key := range []menu.Key{
			menu.Confirm, menu.Paid, menu.PaidNoBalance, menu.Processing, menu.ProcessingBusy, menu.LinePaid, menu.LineProcessing, menu.LineNotMade,
			menu.NotMade, menu.PINWrong, menu.StoppedToday, menu.SendPayee, menu.SendAmountTo, menu.Resume, menu.AmountBalance, menu.DialAgain,
		} {
			s := w.screen(l, w.book.Text(l, key, args)+"\n0 Back")
			want := said{key: key}
			if s.hasAmount {
				want.amount, want.hasAmount = 1_250_07, true
			}
			if want.code = s.code; s.code != "" {
				want.code = "8XK2M001"
			}
			if key == menu.Confirm {
				want.number = "+254723000001"
			}
			if diff := cmp.Diff(want, s, cmp.AllowUnexported(said{})); diff != "" {
				t.Errorf("%s, %s: %s", l, key, diff)
			}
			if m := meanings[key]; (m == isPaid || m == isOpen || m == isNotMade) && key != menu.ConfirmExpired && !s.hasAmount {
				t.Errorf("%s, %s: no amount is read", l, key)
			}
		}
		under := w.screen(l, w.book.Text(l, menu.LinePaid, args)+w.send[l]+"\n2 x")
		if !under.menu || under.key != menu.LinePaid {
			t.Errorf("%s: the main menu is not read: %+v", l, under)
		}
		if found, ok := w.language("x" + w.send[l]); !ok || found != l {
			t.Errorf("%s is taken for %s", l, found)
		}
		if m := w.message(l, w.book.Text(l, menu.SMSPaid, args)); m.key != menu.SMSPaid || m.amount != 1_250_07 {
			t.Errorf("%s: the message is not read: %+v", l, m)
		}
	}
	if s := w.screen("sw", "Hello"); s.key != "" || s.unreadableText != "Hello" {
		t.Errorf("%+v", s)
	}
}

func TestWhatAPersonLearns(t *testing.T) {
	type step struct {
		m    meaning
		code string
		how  way
	}
	for name, c := range map[string]struct {
		steps []step
		want  payment
	}{
		"paid at once":             {[]step{{isPaid, "A", atOnce}, {isPaid, "A", byRedial}}, payment{outcome: paid, how: atOnce, code: "A"}},
		"promised, and then told":  {[]step{{isOpen, "", atOnce}, {isPaid, "A", byText}}, payment{outcome: paid, how: byText, code: "A", promised: true}},
		"told both":                {[]step{{isNotMade, "", atOnce}, {isPaid, "A", byRedial}}, payment{outcome: paid, how: byRedial, code: "A", contradicted: true}},
		"told both, the other way": {[]step{{isPaid, "A", atOnce}, {isNotMade, "", byRedial}}, payment{outcome: notMade, how: byRedial, code: "A", contradicted: true}},
		"two codes":                {[]step{{isPaid, "A", atOnce}, {isPaid, "B", byRedial}}, payment{outcome: paid, how: atOnce, code: "A", contradicted: true}},
		"nothing":                  {[]step{{nothing, "", atOnce}}, payment{}},
	} {
		var p payment
		for _, s := range c.steps {
			p.learn(s.m, said{code: s.code}, s.how)
		}
		if diff := cmp.Diff(c.want, p, cmp.AllowUnexported(payment{})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Everything that must not be is found.
func TestFindings(t *testing.T) {
	crew := &crew{}
	for i := range 3 {
		crew.people = append(crew.people, &person{crew: crew, place: i, account: tx.AccountID{byte(i)}, payments: map[amount.Amount]*payment{}})
	}
	one := crew.people[0]
	told := func(o outcome) *payment {
		return &payment{amount: 100, to: 1, asked: true, tried: true, outcome: o, how: atOnce, code: "A"}
	}
	made := movement{"A", tx.AccountID{1}}
	for name, c := range map[string]struct {
		pay  *payment
		made []movement
		want string
	}{
		"as it should be":      {told(paid), []movement{made}, ""},
		"refused and not made": {told(refused), nil, ""},
		"double":               {told(paid), []movement{made, made}, "double"},
		"lost":                 {told(paid), nil, "lost"},
		"another code":         {told(paid), []movement{{"B", tx.AccountID{1}}}, "otherwise"},
		"another payee":        {told(paid), []movement{{"A", tx.AccountID{2}}}, "otherwise"},
		"told not made":        {told(notMade), []movement{made}, "otherwise"},
		"unknown":              {told(unknown), []movement{made}, "untold"},
		"nobody asked":         {&payment{amount: 100, to: 1}, []movement{made}, "unasked"},
		"not known at all":     {nil, []movement{made}, "unasked"},
		"arrived afterwards":   {told(unreached), []movement{made}, "afterwards"},
	} {
		clear(one.payments)
		if c.pay != nil {
			one.payments[100] = c.pay
		}
		f := &findings{told: map[outcome]map[way]int{}}
		l := movements{out: map[amount.Amount][]movement{}}
		if len(c.made) > 0 {
			l.out[100] = c.made
		}
		f.take(one, l)
		var got string
		for what, n := range map[string]int{
			"double": f.double, "lost": f.lost, "otherwise": f.otherwise, "untold": f.untold, "unasked": f.unasked, "afterwards": f.afterwards,
			"untexted": f.untexted, "unbalanced": f.unbalanced,
		} {
			if n > 0 {
				got += what
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q: %v", name, got, c.want, f.examples)
		}
	}
	f := &findings{told: map[outcome]map[way]int{}}
	one.payments[100] = &payment{amount: 100, to: 1, asked: true, tried: true, outcome: notMade, promised: true}
	if f.take(one, movements{sum: 1, balance: 2}); f.untexted != 1 || f.unbalanced != 1 {
		t.Errorf("%+v", f.examples)
	}
}

// A journal that was cut in the middle of a line goes on behind the last whole one.
func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	var read []entry
	open := func() *journal {
		t.Helper()
		read = nil
		j, err := openJournal(path, func(e entry) error { read = append(read, e); return nil })
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	lines := []entry{
		{Run: &runEntry{"n", 1, 2}}, {Language: &personEntry{1, "sw"}},
		{Payment: &paymentEntry{From: 1, Amount: 100, Asked: true, Outcome: paid, How: byText, Code: "A", Promised: true}},
		{Tally: &counts{Sessions: 3, Plain: histogram{7: 2}, Bites: map[string]int{"late": 1}, Took: time.Second}},
	}
	j := open()
	for _, e := range lines {
		if err := j.write(e); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := j.file.WriteString(`{"payment":{"fr`); err != nil {
		t.Fatal(err)
	}
	j.close()
	j = open()
	if diff := cmp.Diff(lines, read); diff != "" {
		t.Error(diff)
	}
	if err := j.write(lines[0]); err != nil {
		t.Fatal(err)
	}
	j.close()
	open().close()
	if len(read) != len(lines)+1 {
		t.Errorf("%d lines", len(read))
	}
	if err := os.WriteFile(path, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openJournal(path, func(entry) error { return nil }); err == nil || !strings.Contains(err.Error(), ":1: ") {
		t.Errorf("%v", err)
	}
}

func TestPercentiles(t *testing.T) {
	var h histogram
	if h.percentile(99) != 0 {
		t.Error("nothing has a percentile")
	}
	for i := range 1000 {
		h.add(time.Duration(i+1) * time.Millisecond)
	}
	for p, want := range map[float64]time.Duration{50: 500 * time.Millisecond, 99: 990 * time.Millisecond, 100: time.Second} {
		if got := h.percentile(p); got < want*95/100 || got > want*106/100 {
			t.Errorf("p%g is %s, want about %s", p, got, want)
		}
	}
}

func TestOptions(t *testing.T) {
	good := Options{Users: 2, For: time.Second, Parallel: 1}
	if err := good.check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Options){
		"users":    func(o *Options) { o.Users = 1 },
		"for":      func(o *Options) { o.For = 0 },
		"parallel": func(o *Options) { o.Parallel = 0 },
		"pins":     func(o *Options) { o.PINs = 2 },
		"faults":   func(o *Options) { o.Faults = AllFaults(0.2) },
		"rate":     func(o *Options) { o.Rate, o.PINRate = 10, 3 },
		"kill":     func(o *Options) { o.Kill = map[string]time.Duration{"phone": 1} },
	} {
		o := good
		change(&o)
		if err := o.check(); !errors.Is(err, ErrOptions) || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	kill, err := ReadKill([]string{"gateway", "leader:3s"})
	if diff := cmp.Diff(map[string]time.Duration{Gateway: KillEvery[Gateway], Leader: 3 * time.Second}, kill); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	for _, bad := range []string{"phone", "leader:x", "leader:-1s"} {
		if _, err := ReadKill([]string{bad}); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// The same seed makes the same people, and no two of them are alike.
func TestPeople(t *testing.T) {
	numbers, names := map[string]bool{}, map[string]bool{}
	c := &crew{o: Options{Seed: 5}}
	for i := range 1000 {
		a, b := newPerson(c, i), newPerson(c, i)
		if a.number != b.number || a.pin != b.pin || len(a.name()) > 14 {
			t.Fatalf("place %d: %q", i, a.name())
		}
		for range 10 {
			if wrong := a.wrongPIN(); wrong == a.pin || len(wrong) != 4 {
				t.Fatalf("the wrong PIN of place %d is right", i)
			}
		}
		numbers[a.number], names[a.name()] = true, true
	}
	if len(numbers) != 1000 || len(names) != 1000 {
		t.Errorf("%d numbers, %d names", len(numbers), len(names))
	}
}

func TestReceiptCode(t *testing.T) {
	for line, want := range map[string]string{
		"-1.78 Juma O. 7KQ2M9XD":          "7KQ2M9XD",
		"-1.78 Juma O. 7KQ2M9XD ada 1.00": "7KQ2M9XD",
		"-1.78 +254711000179 7KQ2M9XD":    "7KQ2M9XD",
		"-1.78 Juma O.":                   "",
	} {
		if got := receiptCode(line); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}
