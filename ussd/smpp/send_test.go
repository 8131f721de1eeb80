package smpp

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/smpp/pdu"
	"github.com/umoja-ledger/umoja/ussd/sms"
)

func message(text string) ussd.Message {
	return ussd.Message{Reference: "payment/1", To: amina, Text: text}
}

func TestAnSMSIsOneSubmitAndItsIDIsThePeers(t *testing.T) {
	l, s, _, _ := link(t, nil)
	took, err := l.Send(within(t, patience), message("Paid 150.00 KES [QX7] é"))
	if err != nil || took.ID != "m1" {
		t.Fatalf("%+v, %v", took, err)
	}
	want := &pdu.Short{Source: pdu.Address{TON: 0, NPI: 1, Digits: "2050"}, Destination: pdu.Address{TON: 1, NPI: 1, Digits: "254711000001"},
		RegisteredDelivery: 1, Message: []byte("Paid 150.00 KES \x1b<QX7\x1b> \x05")}
	if diff := cmp.Diff(want, await(t, s.submits, "submit_sm")); diff != "" {
		t.Error(diff)
	}
}

func TestTheSenderHasTheUsualNumberTypeOrTheOneGiven(t *testing.T) {
	for _, c := range []struct {
		from string
		kind *NumberType
		want pdu.Address
	}{
		{"2050", nil, pdu.Address{TON: 0, NPI: 1, Digits: "2050"}},
		{"+254700000000", nil, pdu.Address{TON: 1, NPI: 1, Digits: "254700000000"}},
		{"UMOJA", nil, pdu.Address{TON: 5, NPI: 0, Digits: "UMOJA"}},
		{"", nil, pdu.Address{TON: 0, NPI: 1}},
		{"2050", &NumberType{3, 0}, pdu.Address{TON: 3, NPI: 0, Digits: "2050"}},
	} {
		if got := (Config{From: c.from, FromType: c.kind}).source(); got != c.want {
			t.Errorf("%q: %+v, want %+v", c.from, got, c.want)
		}
	}
}

func TestALongSMSGoesInPartsAndTheLastAsksForTheReceipt(t *testing.T) {
	l, s, _, _ := link(t, nil)
	text := strings.Repeat("a", 152) + "€" + strings.Repeat("b", 160)
	took, err := l.Send(within(t, patience), message(text))
	if err != nil || took.ID != "m3" {
		t.Fatalf("%+v, %v", took, err)
	}
	j, whole := newJoiner(), []byte(nil)
	for i := range 3 {
		part := await(t, s.submits, "part")
		octets, at, err := content(part)
		if err != nil || at.total != 3 || int(at.number) != i+1 || part.ESMClass != pdu.ESMHeader || (part.RegisteredDelivery == 1) != (i == 2) {
			t.Fatalf("part %d: %+v, %+v, %v", i+1, part, at, err)
		}
		if len(octets) > 153 {
			t.Errorf("part %d has %d octets", i+1, len(octets))
		}
		whole, _ = j.add(partsKey{reference: at.reference, total: at.total}, at.number, octets)
	}
	if got, err := GSM7.decode(whole); err != nil || got != text {
		t.Errorf("joined: %q, %v", got, err)
	}
}

func TestWhatThePeerRefusesIsSortedForTheOutbox(t *testing.T) {
	for status, want := range map[pdu.Status]error{
		pdu.InvalidDestination: sms.ErrRefused, pdu.InvalidMessageLen: sms.ErrRefused,
		pdu.SystemError: sms.ErrDown, pdu.InvalidSource: sms.ErrDown,
		pdu.SubmitFailed: sms.ErrNotTaken, pdu.Rejected: sms.ErrNotTaken, pdu.Status(0x407): sms.ErrNotTaken,
	} {
		l, s, _, _ := link(t, nil)
		s.answers(func(int, *pdu.Short) *pdu.PDU { return refused(status) })
		_, err := l.Send(within(t, patience), message("hi"))
		if !errors.Is(err, want) || !errors.Is(err, ErrStatus) || !strings.Contains(err.Error(), status.String()) {
			t.Errorf("%s: %v, want %v", status, err, want)
		}
		if strings.Contains(err.Error(), "254711000001") {
			t.Errorf("the error has the number: %v", err)
		}
		if want != sms.ErrRefused && errors.Is(err, sms.ErrRefused) {
			t.Errorf("%s is for good", status)
		}
	}
}

func TestAThrottledPeerGetsTheSameMessageLater(t *testing.T) {
	l, s, _, _ := link(t, nil)
	s.answers(func(n int, _ *pdu.Short) *pdu.PDU {
		switch n {
		case 1:
			return refused(pdu.Throttled)
		case 2:
			return refused(pdu.QueueFull)
		}
		return taken("late")
	})
	began := time.Now()
	took, err := l.Send(within(t, patience), message("hi"))
	if err != nil || took.ID != "late" {
		t.Fatalf("%+v, %v", took, err)
	}
	if rested := time.Since(began); rested < 3*firstPause {
		t.Errorf("rested only %s", rested)
	}
	if got := l.Stats(); got.Throttled != 2 || got.Submitted != 1 {
		t.Errorf("%+v", got)
	}
}

func TestAPeerThatThrottlesForTooLongTookNothing(t *testing.T) {
	l, s, _, _ := link(t, nil)
	s.answers(func(int, *pdu.Short) *pdu.PDU { return refused(pdu.Throttled) })
	if _, err := l.Send(within(t, 100*time.Millisecond), message("hi")); !errors.Is(err, sms.ErrDown) {
		t.Errorf("%v", err)
	}
}

func TestALostAnswerMayHaveBeenTaken(t *testing.T) {
	l, s, _, _ := link(t, func(c *Config) { c.ResponseWait = 50 * time.Millisecond })
	s.answers(func(int, *pdu.Short) *pdu.PDU { return nil })
	_, err := l.Send(within(t, patience), message("hi"))
	if !errors.Is(err, ErrNoAnswer) || errors.Is(err, sms.ErrNotTaken) || errors.Is(err, sms.ErrRefused) {
		t.Errorf("%v", err)
	}
	if got := l.Stats(); got.Unanswered != 1 || !got.Bound {
		t.Errorf("%+v", got)
	}
}

func TestAConnectionThatEndsBeforeTheAnswerMayHaveTakenIt(t *testing.T) {
	l, s, conn, _ := link(t, nil)
	s.answers(func(n int, _ *pdu.Short) *pdu.PDU {
		if n == 1 {
			_ = conn.conn.Close()
			return nil
		}
		return taken("second")
	})
	if _, err := l.Send(within(t, patience), message("hi")); !errors.Is(err, ErrNoAnswer) || errors.Is(err, sms.ErrNotTaken) {
		t.Fatalf("%v", err)
	}
	await(t, s.bound, "second bind")
	if took, err := l.Send(within(t, patience), message("hi")); err != nil || took.ID != "second" {
		t.Errorf("%+v, %v", took, err)
	}
}

func TestPartsThatWereTakenAreNotSentAgain(t *testing.T) {
	l, s, _, _ := link(t, nil)
	s.answers(func(n int, _ *pdu.Short) *pdu.PDU {
		if n == 2 {
			return refused(pdu.SubmitFailed)
		}
		return taken("x")
	})
	long := message(strings.Repeat("a", 200))
	if _, err := l.Send(within(t, patience), long); !errors.Is(err, ErrStatus) || errors.Is(err, sms.ErrNotTaken) {
		t.Fatalf("a message of which a part was taken: %v", err)
	}
	if _, err := l.Send(within(t, patience), long); err != nil {
		t.Fatal(err)
	}
	var numbers []uint8
	references := map[byte]bool{}
	for range 3 {
		part := await(t, s.submits, "part")
		numbers, references[part.Message[3]] = append(numbers, part.Message[5]), true
	}
	if diff := cmp.Diff([]uint8{1, 2, 2}, numbers); diff != "" || len(references) != 1 {
		t.Errorf("%s, references %v", diff, references)
	}
}

func TestAMessageWaitsForTheLinkAndWasNotTakenWithoutOne(t *testing.T) {
	s, a := newSMSC(t), newApp()
	l, err := New(settings(t, s.listener.Addr().String(), a, nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Send(within(t, 20*time.Millisecond), message("hi")); !errors.Is(err, sms.ErrDown) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	sent := make(chan error, 1)
	go func() {
		_, err := l.Send(within(t, patience), message("hi"))
		sent <- err
	}()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	if err := await(t, sent, "answer"); err != nil {
		t.Error(err)
	}
	cancel()
	if err := await(t, ended, "end"); err != nil {
		t.Error(err)
	}
}

func TestTheWindowBoundsWhatIsUnanswered(t *testing.T) {
	l, s, conn, _ := link(t, func(c *Config) { c.Window = 2 })
	s.answers(func(int, *pdu.Short) *pdu.PDU { return nil })
	const all = 5
	sent := make(chan error, all)
	for range all {
		go func() {
			_, err := l.Send(within(t, patience), message("hi"))
			sent <- err
		}()
	}
	await(t, s.submits, "first")
	await(t, s.submits, "second")
	select {
	case <-s.submits:
		t.Error("a third while two are unanswered")
	case <-time.After(50 * time.Millisecond):
	}
	// Answers make room for others.
	s.answers(func(int, *pdu.Short) *pdu.PDU { return taken("later") })
	for n := uint32(1); n <= 3; n++ { // 1 was the bind.
		conn.write(pdu.PDU{Command: pdu.SubmitSMResp, Sequence: n, Body: &pdu.ShortResp{MessageID: "x"}})
	}
	for range all {
		if err := await(t, sent, "end of a Send"); err != nil {
			t.Error(err)
		}
	}
}

// An id that is too long must not send the message again and again.
func TestAnAnswerThatCannotBeReadStillCounts(t *testing.T) {
	l, s, conn, _ := link(t, nil)
	s.answers(func(int, *pdu.Short) *pdu.PDU {
		conn.raw([]byte{0, 0, 0, 18, 0x80, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 2, 'i', 'd'})
		return nil
	})
	if took, err := l.Send(within(t, patience), message("hi")); err != nil || took.ID != "" {
		t.Errorf("%+v, %v", took, err)
	}
}

func TestBadMessagesAreRefusedBeforeThePeer(t *testing.T) {
	l, _, _, _ := link(t, nil)
	for name, m := range map[string]ussd.Message{
		"no text": message(""), "no UTF-8": message("\xff"), "no number": {To: "254", Text: "hi"}, "too long": message(strings.Repeat("a", 5000)),
	} {
		if _, err := l.Send(within(t, patience), m); !errors.Is(err, sms.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
