package sms

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/ussdtest"
)

// clerk is a handler that notes what it is handed and answers as told.
type clerk struct {
	mu      sync.Mutex
	answers []error
	got     []string
	// work is how long it takes, atOnce how many it had at once.
	work         time.Duration
	now, atOnce  int
	perNumber    map[ussd.Phone]int
	sameAtOnce   bool
	interruptRun func()
}

func (c *clerk) handle(ctx context.Context, m Inbound) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.perNumber == nil {
		c.perNumber = make(map[ussd.Phone]int)
	}
	c.got = append(c.got, fmt.Sprint(m.Number, " ", m.Text))
	c.now++
	c.atOnce = max(c.atOnce, c.now)
	c.perNumber[m.From]++
	c.sameAtOnce = c.sameAtOnce || c.perNumber[m.From] > 1
	if c.interruptRun != nil {
		c.interruptRun()
	}
	if c.work > 0 {
		c.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(c.work):
		}
		c.mu.Lock()
	}
	c.now--
	c.perNumber[m.From]--
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if len(c.answers) == 0 {
		return nil
	}
	answer := c.answers[0]
	c.answers = c.answers[1:]
	return answer
}

func inboxOf(store ussd.Store, c *clerk) *Inbox {
	return NewInbox(InboxConfig{Store: store, Handler: c.handle, Log: slog.New(slog.DiscardHandler)})
}

func received(id, text string) Inbound {
	return Inbound{Route: "a", ID: id, From: "+254711000001", To: "20500", Text: text}
}

func receive(t *testing.T, b *Inbox, messages ...Inbound) {
	t.Helper()
	for _, m := range messages {
		if err := b.Receive(context.Background(), m); err != nil {
			t.Fatal(err)
		}
	}
}

func runInbox(t *testing.T, b *Inbox, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	if err := b.Run(ctx); err != nil {
		t.Fatal(err)
	}
}

// Each step is a message, or a time that passes.
func TestEachMessageIsTakenOnce(t *testing.T) {
	elsewhere, someone := received("1", "BAL"), received("", "BAL")
	elsewhere.Route, someone.From = "b", "+254711000002"
	for _, c := range []struct {
		name  string
		steps []any
		want  []string
	}{
		{"two ids", []any{received("1", "BAL"), received("2", "BAL")}, []string{"1 BAL", "2 BAL"}},
		{"an id again", []any{received("1", "BAL"), received("1", "BAL")}, []string{"1 BAL"}},
		{"an id again with another text", []any{received("1", "BAL"), received("1", "SEND")}, []string{"1 BAL"}},
		{"an id again on another route", []any{received("1", "BAL"), elsewhere}, []string{"1 BAL", "2 BAL"}},
		{"an id within two days", []any{received("1", "BAL"), 48*time.Hour - time.Second, received("1", "BAL")}, []string{"1 BAL"}},
		{"an id after two days", []any{received("1", "BAL"), 48 * time.Hour, received("1", "BAL")}, []string{"1 BAL", "2 BAL"}},
		{"without an id, at once", []any{received("", "BAL"), 3 * time.Second, received("", "BAL")}, []string{"1 BAL"}},
		{"without an id, later", []any{received("", "BAL"), 4 * time.Second, received("", "BAL")}, []string{"1 BAL", "2 BAL"}},
		{"without an id, another text", []any{received("", "BAL"), received("", "LAST")}, []string{"1 BAL", "2 LAST"}},
		{"without an id, of someone else", []any{received("", "BAL"), someone}, []string{"1 BAL", "2 BAL"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, clerk := ussdtest.NewStore(), &clerk{}
				for _, step := range c.steps {
					// Each message meets a process of its own: what is known is in the store.
					b := inboxOf(store, clerk)
					switch step := step.(type) {
					case Inbound:
						receive(t, b, step)
						runInbox(t, b, 100*time.Millisecond)
					case time.Duration:
						time.Sleep(step - 100*time.Millisecond)
						runInbox(t, b, 0)
					}
				}
				if diff := cmp.Diff(c.want, clerk.got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestAFailedHandlerIsRunAgainWithTheSameNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("ledger is away")
		c := &clerk{answers: []error{down, down}}
		b := inboxOf(ussdtest.NewStore(), c)
		receive(t, b, received("1", "BAL"))
		runInbox(t, b, time.Minute)
		if diff := cmp.Diff([]string{"1 BAL", "1 BAL", "1 BAL"}, c.got); diff != "" {
			t.Error(diff)
		}
		if s := b.Stats(); s.Handled != 1 || s.Failed != 2 {
			t.Errorf("%+v", s)
		}
	})
}

func TestACrashBetweenHandlingAndItsRecordHandlesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, c := ussdtest.NewStore(), &clerk{}
		b := inboxOf(store, c)
		receive(t, b, received("1", "BAL"), received("2", "LAST"))
		c.interruptRun = func() {
			store.Interrupt(func() error { return errors.New("crash") }, nil)
		}
		if err := b.Run(context.Background()); err == nil {
			t.Fatal("the crash went unnoticed")
		}
		store.Interrupt(nil, nil)
		c.interruptRun = nil
		before := len(c.got)
		b = inboxOf(store, c)
		runInbox(t, b, time.Minute)
		if got := strings.Join(c.got[before:], ","); !strings.Contains(got, "1 BAL") || !strings.Contains(got, "2 LAST") {
			t.Errorf("before %q, after %q", c.got[:before], got)
		}
		runInbox(t, b, time.Hour)
		if waiting, err := b.Waiting(context.Background()); waiting != 0 || err != nil || len(c.got) > before+2 {
			t.Errorf("%d wait, %v, handled %q", waiting, err, c.got)
		}
	})
}

func TestAMessageThatIsNeverHandledIsGivenUpWithoutItsText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		c := &clerk{}
		for range 100 {
			c.answers = append(c.answers, errors.New("no"))
		}
		store := ussdtest.NewStore()
		b := inboxOf(store, c)
		b.log = slog.New(slog.NewTextHandler(&log, nil))
		receive(t, b, received("1", "SEND 200 1234"))
		runInbox(t, b, 2*handleFor)
		messages, err := b.GivenUp(context.Background(), 10)
		if err != nil || len(messages) != 1 || messages[0].Number != 1 || len(c.got) > maxHandles {
			t.Errorf("%v, %v, %d runs", messages, err, len(c.got))
		}
		if strings.Contains(store.Dump(), "1234") || strings.Contains(log.String(), "1234") || strings.Contains(log.String(), "711000001") {
			t.Errorf("%s\n%s", store.Dump(), log.String())
		}
	})
}

func TestAFloodOfOneNumberIsHandledAtItsRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &clerk{}
		store := ussdtest.NewStore()
		b := inboxOf(store, c)
		var at []time.Time
		for i := range 600 { // One a second, for ten minutes, and again when the process is another one.
			receive(t, b, received(fmt.Sprint(i), "BAL"))
			for len(at) < int(b.Stats().Taken) {
				at = append(at, time.Now())
			}
			time.Sleep(time.Second)
		}
		for i := range at {
			if i >= DefaultPerMinute && at[i].Sub(at[i-DefaultPerMinute]) < time.Minute {
				t.Errorf("message %d came %s after the one %d before", i, at[i].Sub(at[i-DefaultPerMinute]), DefaultPerMinute)
			}
		}
		if s := b.Stats(); s.Taken != 100 || s.Flooded != 500 {
			t.Errorf("%+v", s)
		}
		other := received("x", "BAL")
		other.From = "+254711000002"
		receive(t, inboxOf(store, c), other, received("599", "BAL"))
		runInbox(t, b, time.Minute)
		if len(c.got) != 101 {
			t.Errorf("handled %d", len(c.got))
		}
	})
}

func TestOneNumberIsHandledOneAfterTheOtherAndManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &clerk{work: time.Second}
		b := inboxOf(ussdtest.NewStore(), c)
		for i := range 20 {
			m := received(fmt.Sprint(i), "BAL")
			m.From = ussd.Phone(fmt.Sprintf("+25471100%04d", i/2))
			receive(t, b, m)
		}
		runInbox(t, b, 10*time.Second)
		if len(c.got) != 20 || c.sameAtOnce || c.atOnce < 2 || c.atOnce > handleAtOnce {
			t.Errorf("%d handled, %d at once, of one number at once %v", len(c.got), c.atOnce, c.sameAtOnce)
		}
	})
}

func TestAFullInboxLeavesTheMessageToTheCarrier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &clerk{}
		store := ussdtest.NewStore()
		b := NewInbox(InboxConfig{Store: store, Handler: c.handle, Log: slog.New(slog.DiscardHandler), MaxWaiting: 2})
		receive(t, b, received("1", "a"), received("2", "b"))
		if err := b.Receive(context.Background(), received("3", "c")); !errors.Is(err, ErrInboxFull) {
			t.Errorf("got %v", err)
		}
		runInbox(t, b, time.Second)
		receive(t, b, received("3", "c"))
		runInbox(t, b, time.Second)
		if diff := cmp.Diff([]string{"1 a", "2 b", "3 c"}, c.got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAnInboxForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, c := ussdtest.NewStore(), &clerk{}
		for range 100 {
			c.answers = append(c.answers, errors.New("no"))
		}
		b := inboxOf(store, c)
		receive(t, b, received("1", "a"), received("", "b"))
		runInbox(t, b, 2*handleFor)
		time.Sleep(keepFor + time.Hour)
		runInbox(t, b, time.Second)
		want := "\"sms/inbox/marks\" = \"\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\"\n" +
			"\"sms/inbox/number\" = \"\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\"\n" +
			"\"sms/inbox/waiting\" = \"\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\"\n"
		if diff := cmp.Diff(want, store.Dump()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestBadInboundMessagesAreRefused(t *testing.T) {
	for name, change := range map[string]func(*Inbound){
		"no route":    func(m *Inbound) { m.Route = "" },
		"a bad route": func(m *Inbound) { m.Route = "a/b" },
		"no number":   func(m *Inbound) { m.From = "" },
		"a name":      func(m *Inbound) { m.From = "SAFARICOM" },
		"a long id":   func(m *Inbound) { m.ID = strings.Repeat("1", maxCarrierID+1) },
		"a long to":   func(m *Inbound) { m.To = strings.Repeat("1", maxTo+1) },
		"a long text": func(m *Inbound) { m.Text = strings.Repeat("1", maxInboundText+1) },
		"no UTF-8":    func(m *Inbound) { m.Text = "\xff" },
	} {
		m := received("1", "BAL")
		change(&m)
		if err := inboxOf(ussdtest.NewStore(), &clerk{}).Receive(context.Background(), m); !errors.Is(err, ErrInbound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnInboundMessageIsPrintedWithoutTextAndNumber(t *testing.T) {
	m := received("1", "SEND 200 1234")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if got := fmt.Sprintf(verb, m); strings.Contains(got, "1234") || strings.Contains(got, "711000001") {
			t.Errorf("%s: %s", verb, got)
		}
	}
}
