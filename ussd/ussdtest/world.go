package ussdtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/abuse"
	"github.com/umoja-ledger/umoja/ussd/gsm7"
	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// The two phones that every world begins with, and their PINs.
const (
	Amina    ussd.Phone = "+254711000001"
	Juma     ussd.Phone = "+254711000002"
	AminaPIN            = "4071"
	JumaPIN             = "8306"
	// Dial is the service code of every world.
	Dial = "*384*2050#"
	// TurnsPerMinute is how many turns a phone has.
	TurnsPerMinute = 300
	// ProtectAbove is the sum above which a first payment to a person waits.
	ProtectAbove amount.Amount = 4_500_00
	// LowFloat is below what an agent is told that the float is low.
	LowFloat amount.Amount = 300_00
	// SMSCap and SMSCapDay are what SMS may pay.
	SMSCap    amount.Amount = 500_00
	SMSCapDay amount.Amount = 800_00
)

// Commission are the bands of every world.
var Commission = []tx.FeeBand{{UpTo: 1_000_00, Flat: 10_00}, {UpTo: 2_500_00, Flat: 20_00}, {BasisPoints: 150}}

// World is a gateway with its store, ledger and two people: Amina, English, with 10,000.00 KES, and Juma, Swahili, with
// 500.00 KES.
type World struct {
	t       testing.TB
	Store   *Store
	Ledger  *Ledger
	Service *ussd.Service
	// Attestors are asked once they are set and the gateway has started.
	Attestors *Attestors
	// Invited are those whom the other providers were told of.
	Invited rivals
	// Log is all that the gateway logged.
	Log *bytes.Buffer
	// Protect is the sum above which a first payment to a person waits, from the next Start on; a world begins with ProtectAbove.
	Protect amount.Amount
	// SMSCap is that of the next Start; a world begins with SMSCap.
	SMSCap amount.Amount
	// Telephone is the provider's from the next Start on; a world begins with none.
	Telephone string
	// Commission and Turns are the bands of agents and the turns of a phone in a minute, from the next Start on.
	Commission []tx.FeeBand
	Turns      int

	stop func()
}

// NewWorld makes a world and runs its gateway until the test ends.
func NewWorld(t testing.TB) *World {
	t.Helper()
	w := &World{t: t, Store: NewStore(), Ledger: NewLedger(), Log: new(bytes.Buffer), SMSCap: SMSCap, Protect: ProtectAbove,
		Commission: Commission, Turns: TurnsPerMinute}
	w.Start()
	for _, p := range people {
		id, number := w.Ledger.Open(p.phone, p.name, p.balance)
		w.enrol(p, id, number)
	}
	return w
}

// people are those that every world begins with.
var people = []person{
	{Amina, "Amina Wanjiru", menu.English, AminaPIN, 10_000_00},
	{Juma, "Juma Otieno", menu.Swahili, JumaPIN, 500_00},
}

type person struct {
	phone    ussd.Phone
	name     string
	language menu.Language
	pin      string
	balance  amount.Amount
}

func (w *World) enrol(p person, id tx.AccountID, number tx.AccountNumber) {
	w.t.Helper()
	err := w.Service.Enrol(context.Background(), ussd.Enrolment{Phone: p.phone, Name: p.name, Language: p.language,
		Account: id, Number: number, PIN: pin.NewSecret(p.pin)})
	if err != nil {
		w.t.Fatal(err)
	}
}

// Enrol opens an account for a phone and makes the gateway serve it: in English, with the PIN 6194.
func (w *World) Enrol(phone ussd.Phone, role ussd.Role, name string) error {
	id, number := w.Ledger.Open(phone, name, 0)
	return w.Service.Enrol(context.Background(), ussd.Enrolment{Phone: phone, Name: name, Language: menu.English, Account: id, Number: number,
		PIN: pin.NewSecret("6194"), Role: role})
}

// Speak chooses a language for a user, in the way that users do.
func (w *World) Speak(phone ussd.Phone, language menu.Language) error {
	w.t.Helper()
	number := slices.Index(menu.Languages(), language) + 1
	seen := w.Post(phone, "language "+string(language), fmt.Sprintf("6*1*4*%d", number))
	book, err := allTexts()
	if err == nil && !strings.HasPrefix(seen, "CON "+book.Text(language, menu.LineLanguage, menu.Args{})) {
		err = fmt.Errorf("%s does not speak %q: %q", phone.Short(), language, seen)
	}
	return err
}

// Rival is another provider's gateway on the same ledger, which serves the same people.
func (w *World) Rival() *World {
	w.t.Helper()
	rival := &World{t: w.t, Store: NewStore(), Ledger: w.Ledger, Log: new(bytes.Buffer), Protect: w.Protect, SMSCap: w.SMSCap,
		Commission: w.Commission, Turns: w.Turns}
	rival.Start()
	for _, p := range people {
		payee, err := w.Ledger.ResolvePhone(context.Background(), p.phone)
		if err != nil {
			w.t.Fatal(err)
		}
		rival.enrol(p, payee.Account, payee.Number)
	}
	return rival
}

// Start starts a gateway on the world's store and ledger, in place of the one that runs.
func (w *World) Start() {
	w.t.Helper()
	w.Stop()
	guard, err := abuse.New(abuse.Limits{PhoneTurns: abuse.PerMinute(w.Turns), PhoneSessions: abuse.PerMinute(w.Turns)})
	if err != nil {
		w.t.Fatal(err)
	}
	book, err := allTexts()
	if err != nil {
		w.t.Fatal(err)
	}
	var attestors ussd.Attestors
	if w.Attestors != nil {
		attestors = w.Attestors
	}
	w.Service, err = ussd.New(ussd.Config{
		Attestors: attestors, Rivals: &w.Invited,
		Store: w.Store, Ledger: w.Ledger, Outbox: Outbox{}, Book: book, Hasher: pin.NewHasher([32]byte{7}, 2),
		DigestKey: [32]byte{8}, Rand: rand.Reader,
		Log:   slog.New(slog.NewTextHandler(w.Log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Asset: ussd.Asset{Code: "KES", Scale: 2}, Dial: Dial, Region: "KE", UTCOffsetMinutes: 180,
		Guard: guard, SMSCap: w.SMSCap, SMSCapDay: SMSCapDay, ProtectAbove: w.Protect, Telephone: w.Telephone, Commission: w.Commission, LowFloat: LowFloat,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	service := w.Service
	go func() { done <- service.Run(ctx) }()
	w.stop = func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("gateway: %v", err)
		}
	}
	w.t.Cleanup(w.Stop)
}

// longWait is above what is waited with the gateway running.
const longWait = 30 * time.Minute

// wait lets time pass. For most of a long time the gateway is stopped: its loops look for work every second, and a week of that takes
// minutes of ours.
func (w *World) wait(d time.Duration) {
	if d > longWait {
		w.Stop()
		time.Sleep(d - longWait)
		w.Start()
		d = longWait
	}
	time.Sleep(d)
}

// Stop stops the gateway.
func (w *World) Stop() {
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
}

// Post hands a turn over and returns the screen as a carrier gets it. Screens that do not fit fail the test.
func (w *World) Post(phone ussd.Phone, session, transcript string) string {
	w.t.Helper()
	return w.post(phone, session, transcript, time.Time{})
}

// post is Post through an aggregator that waits until a deadline, if there is one.
func (w *World) post(phone ussd.Phone, session, transcript string, deadline time.Time) string {
	w.t.Helper()
	began := time.Now()
	reply, err := w.Service.Handle(context.Background(), ussd.Turn{Aggregator: "test", SessionID: session, Phone: phone,
		Transcript: pin.NewSecret(transcript), Deadline: deadline})
	if err != nil {
		w.t.Logf("turn of %s: %v", phone.Short(), err)
	}
	if took := time.Since(began); took > 8*time.Second {
		w.t.Errorf("a turn took %s", took)
	}
	prefix := "CON "
	if reply.End {
		prefix = "END "
	}
	screen := prefix + reply.Text
	if !gsm7.FitsScreen(screen, gsm7.ScreenSeptets, ussd.DefaultScreen.UCS2+4) {
		w.t.Errorf("a screen that is too long: %q", screen)
	}
	if strings.Contains(screen, "\n\n") {
		w.t.Errorf("a screen with an empty line: %q", screen)
	}
	return screen
}

// Play posts a whole session, turn by turn, and returns the last screen.
func (w *World) Play(phone ussd.Phone, session string, answers ...string) string {
	w.t.Helper()
	screen := w.Post(phone, session, "")
	for i := range answers {
		screen = w.Post(phone, session, strings.Join(answers[:i+1], "*"))
	}
	return screen
}

// SMS lists what a phone was sent.
func (w *World) SMS(phone ussd.Phone) []string {
	w.t.Helper()
	var texts []string
	err := w.Store.View(context.Background(), func(r ussd.Reader) (err error) {
		texts, err = Inbox(r, phone)
		return err
	})
	if err != nil {
		w.t.Fatal(fmt.Errorf("read inbox: %w", err))
	}
	return texts
}
