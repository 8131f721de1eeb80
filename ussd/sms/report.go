package sms

import "context"

// ReportState is what a carrier says of a message that it took.
type ReportState string

// The states of delivery. Buffered is not the last word; the others are.
const (
	ReportDelivered ReportState = "delivered"
	ReportFailed    ReportState = "failed"
	ReportBuffered  ReportState = "buffered"
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
