package route

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/africastalking"
	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/sms"
)

// Loopback sends the sandbox's messages to the carrier of this very process, over HTTP and in the aggregator's form, and
// adds the reference of each.
type Loopback struct {
	*africastalking.Sender
	transport *http.Transport
}

type referenceKey struct{}

// NewLoopback makes a sender to the carrier behind a listener's address.
func NewLoopback(self net.Addr) *Loopback {
	l := &Loopback{transport: &http.Transport{MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute}} // No proxy is asked.
	l.Sender = africastalking.NewSender(africastalking.SenderConfig{
		URL: "http://" + dialled(self) + carrierPath, Username: "sandbox", APIKey: pin.NewSecret("sandbox"), Client: &http.Client{Transport: l},
	})
	return l
}

// Close lets go of idle connections.
func (l *Loopback) Close() { l.transport.CloseIdleConnections() }

// Send implements sms.Sender.
func (l *Loopback) Send(ctx context.Context, m ussd.Message) (sms.Taken, error) {
	return l.Sender.Send(context.WithValue(ctx, referenceKey{}, m.Reference), m)
}

// RoundTrip implements http.RoundTripper.
func (l *Loopback) RoundTrip(req *http.Request) (*http.Response, error) {
	if reference, ok := req.Context().Value(referenceKey{}).(string); ok {
		req = req.Clone(req.Context())
		req.Header.Set(referenceHeader, reference)
	}
	return l.transport.RoundTrip(req)
}

// dialled is how this machine reaches its own listener, which may listen on all its addresses.
func dialled(self net.Addr) string {
	if tcp, ok := self.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("localhost", fmt.Sprint(tcp.Port))
	}
	return self.String()
}
