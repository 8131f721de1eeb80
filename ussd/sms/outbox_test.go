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

// carrier is a Sender that answers as told and remembers what it was given.
type carrier struct {
	mu      sync.Mutex
	answers []error
	got     []string
	at      []time.Time
	// hang makes it answer nothing until the caller gives up.
	hang bool
	// before runs when it has a message, before it answers.
	before func()
}

func (c *carrier) Send(ctx context.Context, m ussd.Message) (Taken, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, m.Reference)
	c.at = append(c.at, time.Now())
	if c.before != nil {
		c.before()
	}
	if c.hang {
		c.mu.Unlock()
		<-ctx.Done()
		c.mu.Lock()
		return Taken{}, ctx.Err()
	}
	if len(c.answers) == 0 {
		return Taken{ID: "id-" + m.Reference}, nil
	}
	answer := c.answers[0]
	c.answers = c.answers[1:]
	return Taken{}, answer
}

func outbox(c *carrier, limit int) (*Outbox, *ussdtest.Store) {
	store := ussdtest.NewStore()
	o, err := New(Config{Store: store, Routes: []Route{{Name: "a", Sender: c}}, Log: slog.New(slog.DiscardHandler), MaxWaiting: limit})
	if err != nil {
		panic(err)
	}
	return o, store
}

func enqueue(o *Outbox, references ...string) error {
	return o.store.Update(context.Background(), func(w ussd.Writer) error {
		for _, reference := range references {
			err := o.Enqueue(w, ussd.Message{Reference: reference, To: "+254711000001", Text: "You received 150.00 KES"}, nowUnixMs())
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// run runs the outbox for a time of the bubble's clock.
func run(t *testing.T, o *Outbox, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	if err := o.Run(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestTheSameReferenceIsSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &carrier{}
		o, _ := outbox(c, 0)
		if err := errors.Join(enqueue(o, "a", "a"), enqueue(o, "a", "b")); err != nil {
			t.Fatal(err)
		}
		run(t, o, time.Second)
		if err := enqueue(o, "a"); err != nil {
			t.Fatal(err)
		}
		run(t, o, time.Hour)
		if len(c.got) != 2 {
			t.Errorf("sent %q", c.got)
		}
		if waiting, err := o.Waiting(context.Background()); waiting != 0 || err != nil {
			t.Errorf("%d wait, %v", waiting, err)
		}
	})
}

func TestATransactionThatFailsSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &carrier{}
		o, store := outbox(c, 0)
		store.Interrupt(func() error { return errors.New("disk") }, nil)
		if err := enqueue(o, "a"); err == nil {
			t.Fatal("the transaction succeeded")
		}
		store.Interrupt(nil, nil)
		run(t, o, time.Minute)
		if c.got != nil {
			t.Errorf("sent %q", c.got)
		}
	})
}

func TestAFailureIsTriedAgainLaterEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("503")
		c := &carrier{answers: []error{down, down, down, down}}
		o, _ := outbox(c, 0)
		if err := enqueue(o, "a"); err != nil {
			t.Fatal(err)
		}
		run(t, o, 10*time.Minute)
		if len(c.got) != 5 {
			t.Fatalf("tried %d times", len(c.got))
		}
		for i := 2; i < len(c.at); i++ {
			if c.at[i].Sub(c.at[i-1]) <= c.at[i-1].Sub(c.at[i-2]) {
				t.Errorf("try %d came after %s, the one before after %s", i, c.at[i].Sub(c.at[i-1]), c.at[i-1].Sub(c.at[i-2]))
			}
		}
	})
}

func TestARefusalAndAnOldMessageAreGivenUpAndListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		c := &carrier{answers: []error{fmt.Errorf("403: %w", ErrRefused)}}
		o, _ := outbox(c, 0)
		o.log = slog.New(slog.NewTextHandler(&log, nil))
		if err := enqueue(o, "refused"); err != nil {
			t.Fatal(err)
		}
		run(t, o, time.Minute)
		for range 1000 {
			c.answers = append(c.answers, errors.New("503"))
		}
		if err := enqueue(o, "old"); err != nil {
			t.Fatal(err)
		}
		run(t, o, 26*time.Hour)
		records, err := o.GivenUp(context.Background(), 10)
		if err != nil {
			t.Fatal(err)
		}
		var references []string
		for _, r := range records {
			references = append(references, r.Reference)
		}
		if diff := cmp.Diff([]string{"refused", "old"}, references); diff != "" {
			t.Error(diff)
		}
		if strings.Count(log.String(), "SMS given up") != 2 || strings.Contains(log.String(), "711000001") {
			t.Errorf("log: %s", log.String())
		}
	})
}

func TestAFullOutboxFailsTheTransaction(t *testing.T) {
	o, _ := outbox(&carrier{}, 2)
	if err := enqueue(o, "a", "b"); err != nil {
		t.Fatal(err)
	}
	if err := enqueue(o, "c"); !errors.Is(err, ussd.ErrOutboxFull) {
		t.Errorf("got %v", err)
	}
	if err := enqueue(o, "a"); err != nil {
		t.Errorf("a message that is queued already: %v", err)
	}
}

func TestACrashAfterSendingSendsAgainAndNeverLoses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &carrier{}
		o, store := outbox(c, 0)
		if err := enqueue(o, "a"); err != nil {
			t.Fatal(err)
		}
		store.Interrupt(func() error {
			c.mu.Lock()
			defer c.mu.Unlock()
			if len(c.got) == 1 { // The carrier has it, and the answer is not recorded.
				return errors.New("crash")
			}
			return nil
		}, nil)
		if err := o.Run(context.Background()); err == nil {
			t.Fatal("the crash went unnoticed")
		}
		store.Interrupt(nil, nil)
		run(t, o, time.Hour)
		if len(c.got) != 2 {
			t.Errorf("sent %d times", len(c.got))
		}
	})
}

func TestOldRecordsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, store := outbox(&carrier{}, 0)
		if err := enqueue(o, "a", "b"); err != nil {
			t.Fatal(err)
		}
		run(t, o, time.Second)
		time.Sleep(keepFor + time.Hour)
		run(t, o, time.Second)
		if dump := store.Dump(); strings.Contains(dump, "sms/message") || strings.Contains(dump, "sms/done") {
			t.Error(dump)
		}
	})
}

func TestABadMessageIsRefused(t *testing.T) {
	o, store := outbox(&carrier{}, 0)
	for name, m := range map[string]ussd.Message{
		"no reference":      {To: "+254711000001", Text: "x"},
		"no text":           {Reference: "a", To: "+254711000001"},
		"no number":         {Reference: "a", To: "0711000001", Text: "x"},
		"too long":          {Reference: "a", To: "+254711000001", Text: strings.Repeat("a", 3*153+1)},
		"too long in UCS-2": {Reference: "a", To: "+254711000001", Text: strings.Repeat("ሰ", 3*67+1)},
		"not UTF-8":         {Reference: "a", To: "+254711000001", Text: "\xff"},
	} {
		err := store.Update(context.Background(), func(w ussd.Writer) error { return o.Enqueue(w, m, 1) })
		if !errors.Is(err, ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
