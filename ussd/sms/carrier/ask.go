package carrier

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"

	"github.com/umoja-ledger/umoja/ussd/sms"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 10

// ErrUnknown means that a carrier may have taken a message.
var ErrUnknown = errors.New("carrier: may have taken the message")

// Ask makes a request and returns the answer's status and body. An error is sms.ErrDown when the request surely was not sent, because there was
// no connection to send it on, and ErrUnknown otherwise. It follows no redirection, which would carry the key elsewhere, and its errors have
// no address, which can hold a password.
func Ask(ctx context.Context, client *http.Client, request *http.Request) (status int, body []byte, err error) {
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}
	strict := *client
	if request.Method == http.MethodGet {
		// A GET that got no answer on a connection that was used before is sent again by net/http itself, and so would be the message.
		request.Close = true
	}
	strict.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := strict.Do(request.WithContext(httptrace.WithClientTrace(ctx, trace)))
	if err != nil {
		var withAddress *url.Error
		if errors.As(err, &withAddress) {
			err = withAddress.Err
		}
		if !connected.Load() {
			return 0, nil, fmt.Errorf("%w: connect: %w", sms.ErrDown, err)
		}
		return 0, nil, fmt.Errorf("%w: no answer: %w", ErrUnknown, err)
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return 0, nil, fmt.Errorf("%w: the answer broke off: %w", ErrUnknown, err)
	}
	return response.StatusCode, body, nil
}

// Judge tells what a status says of a message: nil for 2xx, and otherwise whether the carrier can have taken it. The other 4xx are about
// this request; the message may go to another route at once.
func Judge(status int) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusUnauthorized, status == http.StatusPaymentRequired, status == http.StatusForbidden,
		status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status == http.StatusTooManyRequests,
		status == http.StatusServiceUnavailable, status >= 300 && status < 400:
		return fmt.Errorf("%w: HTTP status %d", sms.ErrDown, status)
	case status >= 400 && status < 500 && status != http.StatusRequestTimeout:
		return fmt.Errorf("%w: HTTP status %d", sms.ErrNotTaken, status)
	}
	return fmt.Errorf("%w: HTTP status %d", ErrUnknown, status)
}
