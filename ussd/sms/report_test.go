package sms

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ussd/ussdtest"
)

var (
	delivered = Report{Route: "a", ID: "id-m", State: ReportDelivered}
	failed    = Report{Route: "a", ID: "id-m", State: ReportFailed, Reason: "UNDELIV"}
	buffered  = Report{Route: "a", ID: "id-m", State: ReportBuffered}
)

func byReference(r Report) Report {
	r.ID, r.Reference = "", "m"
	return r
}

func report(t *testing.T, o *Outbox, reports ...Report) {
	t.Helper()
	for _, r := range reports {
		if err := o.Report(context.Background(), r); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReportsOfAMessageThatWasSent(t *testing.T) {
	elsewhere := func(r Report) Report { r.Route = "b"; return r }
	other := func(r Report) Report { r.ID = "other"; return r }
	type counts struct{ delivered, failed, buffered, repeated, unmatched uint64 }
	for _, c := range []struct {
		name    string
		reports []Report
		want    ReportState
		visible bool
		counts  counts
	}{
		{"none", nil, "", false, counts{}},
		{"delivered", []Report{delivered}, ReportDelivered, false, counts{delivered: 1}},
		{"buffered, then delivered", []Report{buffered, delivered}, ReportDelivered, false, counts{buffered: 1, delivered: 1}},
		{"out of order", []Report{delivered, buffered}, ReportDelivered, false, counts{delivered: 1, repeated: 1}},
		{"the same three times", []Report{delivered, delivered, byReference(delivered)}, ReportDelivered, false, counts{delivered: 1, repeated: 2}},
		{"failed", []Report{buffered, failed, failed}, ReportFailed, true, counts{buffered: 1, failed: 1, repeated: 1}},
		{"failed, then delivered after all", []Report{failed, delivered}, ReportDelivered, false, counts{failed: 1, delivered: 1}},
		{"delivered, then failed", []Report{delivered, failed}, ReportDelivered, false, counts{delivered: 1, repeated: 1}},
		{"by our reference", []Report{byReference(failed)}, ReportFailed, true, counts{failed: 1}},
		{"by another route's id", []Report{elsewhere(failed)}, "", false, counts{}},
		{"by our reference, failed elsewhere", []Report{elsewhere(byReference(failed))}, "", false, counts{unmatched: 1}},
		{"by our reference, delivered elsewhere", []Report{elsewhere(byReference(delivered))}, ReportDelivered, false, counts{delivered: 1}},
		{"a reference nobody knows, and the id", []Report{{Route: "a", ID: "id-m", Reference: "x", State: ReportFailed}}, ReportFailed, true, counts{failed: 1}},
		{"an id nobody knows", []Report{other(delivered)}, "", false, counts{}},
		{"a reference nobody knows", []Report{{Reference: "x", State: ReportDelivered}}, "", false, counts{unmatched: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := outboxOf(t, ussdtest.NewStore(), &carrier{}, &carrier{})
				if err := enqueue(o, "m"); err != nil {
					t.Fatal(err)
				}
				run(t, o, time.Second)
				report(t, o, c.reports...)
				record := message(t, o, "m")
				undelivered, err := o.Undelivered(context.Background(), 10)
				if err != nil || record.Delivery != c.want || record.State != StateSent || (len(undelivered) == 1) != c.visible {
					t.Errorf("%q, %s, %d undelivered, %v", record.Delivery, record.State, len(undelivered), err)
				}
				s := o.Stats()
				if got := (counts{s.Delivered, s.Failed, s.Buffered, s.Repeated, s.Unmatched}); got != c.counts {
					t.Errorf("counts %+v, want %+v", got, c.counts)
				}
			})
		})
	}
}

// The answer was lost, and the report says that the carrier has the message: it is not sent again.
func TestAReportSettlesWhatNobodyKnew(t *testing.T) {
	for _, r := range []Report{byReference(delivered), byReference(failed), byReference(buffered)} {
		t.Run(string(r.State), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &carrier{answers: []error{errLost}}
				o := outboxOf(t, ussdtest.NewStore(), a, &carrier{})
				if err := enqueue(o, "m"); err != nil {
					t.Fatal(err)
				}
				run(t, o, time.Second)
				report(t, o, r)
				run(t, o, time.Hour)
				record := message(t, o, "m")
				waiting, err := o.Waiting(context.Background())
				if len(a.got) != 1 || record.State != StateSent || record.Delivery != r.State || waiting != 0 || err != nil {
					t.Errorf("sent %d times, %s, %s, %d wait, %v", len(a.got), record.State, record.Delivery, waiting, err)
				}
			})
		})
	}
}

func TestAReportAboutAMessageThatWasNotTriedIsDropped(t *testing.T) {
	o := outboxOf(t, ussdtest.NewStore(), &carrier{})
	if err := enqueue(o, "m"); err != nil {
		t.Fatal(err)
	}
	report(t, o, byReference(delivered))
	if record := message(t, o, "m"); record.State != StateWaiting || o.Stats().Unmatched != 1 {
		t.Errorf("%s", record.State)
	}
}

func TestAReportAfterGivingUpTakesTheMessageOffThatList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &carrier{}
		for range 1000 {
			a.answers = append(a.answers, errLost)
		}
		o := outboxOf(t, ussdtest.NewStore(), a)
		if err := enqueue(o, "m"); err != nil {
			t.Fatal(err)
		}
		run(t, o, giveUpAfter+time.Hour)
		if records, err := o.GivenUp(context.Background(), 9); err != nil || len(records) != 1 {
			t.Fatalf("%d given up, %v", len(records), err)
		}
		report(t, o, byReference(delivered))
		records, err := o.GivenUp(context.Background(), 9)
		if record := message(t, o, "m"); err != nil || len(records) != 0 || record.State != StateSent {
			t.Errorf("%d given up, %s, %v", len(records), record.State, err)
		}
	})
}

func TestAReportThatComesBeforeTheAnswerIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &carrier{}
		o := outboxOf(t, ussdtest.NewStore(), a)
		a.before = func() { report(t, o, buffered, failed) }
		if err := enqueue(o, "m"); err != nil {
			t.Fatal(err)
		}
		run(t, o, time.Second)
		if record := message(t, o, "m"); record.Delivery != ReportFailed || record.CarrierID != "id-m" {
			t.Errorf("%q %q", record.Delivery, record.CarrierID)
		}
	})
}

func TestEarlyReportsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := outboxOf(t, ussdtest.NewStore(), &carrier{})
		for range earlyReports + 10 {
			report(t, o, Report{Route: "a", ID: "nobody's", State: ReportDelivered})
		}
		if len(o.early.reports) != earlyReports || o.Stats().Unmatched != 10 {
			t.Errorf("%d kept, %d dropped", len(o.early.reports), o.Stats().Unmatched)
		}
		time.Sleep(earlyFor + time.Second)
		report(t, o, Report{Route: "a", ID: "another", State: ReportDelivered})
		if len(o.early.reports) != 1 {
			t.Errorf("%d kept", len(o.early.reports))
		}
	})
}

func TestReportsSurviveARestartAndAreForgottenWithTheirMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := ussdtest.NewStore()
		o := outboxOf(t, store, &carrier{})
		if err := enqueue(o, "m", "n"); err != nil {
			t.Fatal(err)
		}
		run(t, o, time.Second)
		report(t, o, failed)
		o = outboxOf(t, store, &carrier{})
		report(t, o, failed, Report{Route: "a", ID: "id-n", State: ReportDelivered})
		if s := o.Stats(); s.Repeated != 1 || s.Delivered != 1 {
			t.Errorf("%+v", s)
		}
		time.Sleep(keepFor + time.Hour)
		run(t, o, time.Second)
		var references []string
		undelivered, err := o.Undelivered(context.Background(), 9)
		for _, r := range undelivered {
			references = append(references, r.Reference)
		}
		if diff := cmp.Diff([]string{"m"}, references); diff != "" || err != nil || strings.Contains(store.Dump(), "id-n") {
			t.Errorf("%s %v %s", diff, err, store.Dump())
		}
		time.Sleep(keepFailedFor)
		run(t, o, time.Second)
		if dump := strings.TrimSpace(store.Dump()); strings.Count(dump, "\n") != 0 || !strings.HasPrefix(dump, `"sms/waiting"`) {
			t.Error(dump)
		}
	})
}

func TestBadReportsAreRefused(t *testing.T) {
	o := outboxOf(t, ussdtest.NewStore(), &carrier{})
	for name, r := range map[string]Report{
		"nothing named":  {State: ReportDelivered},
		"no route":       {ID: "1", State: ReportDelivered},
		"no state":       {Reference: "m"},
		"another state":  {Reference: "m", State: "lost"},
		"long id":        {Route: "a", ID: strings.Repeat("1", maxCarrierID+1), State: ReportDelivered},
		"long reference": {Reference: strings.Repeat("1", maxReference+1), State: ReportDelivered},
	} {
		if err := o.Report(context.Background(), r); !errors.Is(err, ErrReport) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAFailureIsLoggedWithoutTheNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		o := outboxOf(t, ussdtest.NewStore(), &carrier{})
		o.log = slog.New(slog.NewTextHandler(&log, nil))
		if err := enqueue(o, "m"); err != nil {
			t.Fatal(err)
		}
		run(t, o, time.Second)
		report(t, o, failed)
		if !strings.Contains(log.String(), "SMS not delivered") || !strings.Contains(log.String(), "UNDELIV") || strings.Contains(log.String(), "711000001") {
			t.Error(log.String())
		}
	})
}
