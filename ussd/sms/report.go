package sms

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/umoja-ledger/umoja/ussd"
)

// ReportState is what a carrier says of a message that it took.
type ReportState string

// The states of delivery. Buffered is not the last word; the others are.
const (
	ReportDelivered ReportState = "delivered"
	ReportFailed    ReportState = "failed"
	ReportBuffered  ReportState = "buffered"
)

// ErrReport means that a report names no message or no state.
var ErrReport = errors.New("sms: bad delivery report")

const (
	// maxReason bounds the carrier's word for a failure.
	maxReason = 100
	// earlyReports bounds the reports that came before the answer which tells the message's id, and earlyFor how long one is kept.
	earlyReports = 1024
	earlyFor     = time.Minute
)

// Report is a carrier's delivery report. Reference, or else Route and ID, names the message.
type Report struct {
	Route     string
	ID        string
	Reference string
	State     ReportState
	// Reason is the carrier's word for a failure. It holds no number and no text.
	Reason string
}

// Reporter takes delivery reports; *Outbox does. A carrier is answered only after Report returned nil.
type Reporter interface {
	Report(ctx context.Context, report Report) error
}

func (r Report) check() error {
	switch {
	case r.Reference == "" && (r.Route == "" || r.ID == ""):
		return fmt.Errorf("%w: neither a reference nor a route and an id", ErrReport)
	case len(r.Reference) > maxReference || len(r.ID) > maxCarrierID:
		return fmt.Errorf("%w: the reference has more than %d bytes or the id more than %d", ErrReport, maxReference, maxCarrierID)
	case r.State != ReportDelivered && r.State != ReportFailed && r.State != ReportBuffered:
		return fmt.Errorf("%w: unknown state", ErrReport)
	}
	return nil
}

// Report records a delivery report. The same one again changes nothing, and one about no message known here is counted and
// dropped: an error would only make the carrier repeat it. Delivered stands against everything, failed against buffered. A report about a message that
// waits, because nobody knew whether the carrier took it, says that it did: it is not sent again.
func (o *Outbox) Report(ctx context.Context, report Report) error {
	if err := report.check(); err != nil {
		return err
	}
	var record Record
	var known, news bool
	err := o.store.Update(ctx, func(w ussd.Writer) (err error) {
		record, known, err = o.reported(w, report)
		if news = known && err == nil && overrides(record, report.State); !news {
			return err
		}
		record, err = o.deliver(w, record, report)
		return err
	})
	if err != nil {
		return fmt.Errorf("record a delivery report: %w", err)
	}
	c := &o.counters
	switch {
	case !known && record.Reference == "" && report.Route != "" && report.ID != "":
		return o.wait(ctx, report)
	case !known:
		c.unmatched.Add(1)
		o.log.Debug("delivery report about no message known here", "route", report.Route, "state", report.State)
	case !news:
		c.repeated.Add(1)
	case report.State == ReportDelivered:
		c.delivered.Add(1)
	case report.State == ReportBuffered:
		c.buffered.Add(1)
	default:
		c.failed.Add(1)
		o.log.Error("SMS not delivered", "reference", record.Reference, "to", record.To, "route", record.Route, "reason", record.DeliveryReason)
	}
	return nil
}

// wait keeps a report by id until the answer which tells the id is recorded, which can have happened just now.
func (o *Outbox) wait(ctx context.Context, report Report) error {
	dropped := o.early.keep(report)
	o.counters.unmatched.Add(uint64(dropped))
	known := false
	err := o.store.View(ctx, func(r ussd.Reader) (err error) {
		_, known, err = o.reported(r, report)
		return err
	})
	if err != nil || !known {
		return err
	}
	if report, came := o.early.take(report.Route, report.ID); came {
		return o.Report(ctx, report)
	}
	return nil
}

// reported finds the message that a report is about: by our reference or, where the carrier has another one, by its id.
func (o *Outbox) reported(r ussd.Reader, report Report) (Record, bool, error) {
	record, err := load(r, report.Reference)
	if errors.Is(err, ussd.ErrNotFound) && report.Route != "" && report.ID != "" {
		var reference []byte
		if reference, err = r.Get(carrierIDKey(report.Route, report.ID)); err == nil {
			record, err = load(r, string(reference))
		}
	}
	if errors.Is(err, ussd.ErrNotFound) {
		return Record{}, false, nil
	}
	if err != nil {
		return Record{}, false, fmt.Errorf("read the message of a report: %w", err)
	}
	// What was never tried was never taken, and what one route says of another's message counts only if it arrived.
	foreign := report.Route != "" && report.Route != record.Route && report.State != ReportDelivered
	return record, record.Tries > 0 && !foreign, nil
}

// overrides tells whether a state is news about a message.
func overrides(record Record, state ReportState) bool {
	switch record.Delivery {
	case ReportDelivered:
		return false
	case ReportFailed:
		return state == ReportDelivered
	case ReportBuffered:
		return state != ReportBuffered
	}
	return true
}

// deliver writes what a report says into the record of its message.
func (o *Outbox) deliver(w ussd.Writer, record Record, report Report) (Record, error) {
	now := nowUnixMs()
	var err error
	switch record.State {
	case StateWaiting:
		due := record.dueKey()
		record.State, record.Reason = StateSent, ""
		record, err = o.end(w, record, due, now)
	case StateGivenUp:
		err = w.Delete(timedKey(givenUpPrefix, record.NextAtUnixMs, record.Reference))
		record.State, record.Reason = StateSent, ""
	}
	if err != nil {
		return record, err
	}
	if record.Delivery == ReportFailed {
		err = w.Delete(timedKey(undeliveredPrefix, record.ReportedAtUnixMs, record.Reference))
	}
	record.Delivery, record.DeliveryReason, record.ReportedAtUnixMs = report.State, "", now
	if report.State == ReportFailed {
		record.DeliveryReason = strings.ToValidUTF8(report.Reason[:min(len(report.Reason), maxReason)], "")
		err = errors.Join(w.Delete(timedKey(donePrefix, record.ForgetAtUnixMs, record.Reference)),
			w.Set(timedKey(undeliveredPrefix, now, record.Reference), nil))
		record.ForgetAtUnixMs = now + uint64(keepFailedFor.Milliseconds())
		err = errors.Join(err, w.Set(timedKey(donePrefix, record.ForgetAtUnixMs, record.Reference), nil))
	}
	return record, errors.Join(err, put(w, record))
}

// early keeps reports by id that came before the answer which tells the id, in memory only: when the process ends before it has recorded
// the answer, the id is lost as well.
type early struct {
	mu      sync.Mutex
	reports []earlyReport
}

type earlyReport struct {
	Report
	came time.Time
}

// keep keeps a report for a minute. It says how many it dropped: those that are older, and the oldest one when there are too many.
func (e *early) keep(report Report) (dropped int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for dropped < len(e.reports) && (time.Since(e.reports[dropped].came) > earlyFor || len(e.reports)-dropped >= earlyReports) {
		dropped++
	}
	e.reports = append(append(e.reports[:0], e.reports[dropped:]...), earlyReport{report, time.Now()})
	return dropped
}

// take returns the last report about an id, and forgets all about it.
func (e *early) take(route, id string) (last Report, came bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	kept := e.reports[:0]
	for _, r := range e.reports {
		if r.Route != route || r.ID != id {
			kept = append(kept, r)
			continue
		}
		if !came || last.State == ReportBuffered {
			last, came = r.Report, true
		}
	}
	e.reports = kept
	return last, came
}
