package africastalking

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/sms"
	"github.com/umoja-ledger/umoja/ussd/sms/carrier"
)

// LiveURL is where Africa's Talking takes messages.
const LiveURL = "https://api.africastalking.com/version1/messaging"

// SMS says how well Africa's Talking's SMS routes are known.
var SMS = carrier.Wire{
	Name: "africastalking", Title: "Africa's Talking",
	Sends: "form POST with apiKey", Reports: "form POST", Receives: "form POST",
	Source: "nyaruka/courier handlers/africastalking with its tests; status codes of developers.africastalking.com as read by others", Date: "2026-11",
	Doubt: "whether a message with status 401, 500 or 501 can still go out; reports after AbsentSubscriber",
}

// SenderConfig is what a Sender is made of.
type SenderConfig struct {
	// URL takes the form; empty means LiveURL.
	URL      string
	Username string
	APIKey   pin.Secret
	// From is the sender id or short code; empty sends from the shared one.
	From string
	// Client's redirections are not followed; the deadline is the context's. nil means http.DefaultClient.
	Client *http.Client
}

// Sender sends SMS. It implements sms.Sender.
type Sender struct {
	config SenderConfig
}

var _ sms.Sender = (*Sender)(nil)

// NewSender makes a sender.
func NewSender(c SenderConfig) *Sender {
	if c.URL == "" {
		c.URL = LiveURL
	}
	if c.Client == nil {
		c.Client = http.DefaultClient
	}
	return &Sender{config: c}
}

// smsAnswer is the body of a 201.
type smsAnswer struct {
	Data struct {
		Message    string         `json:"Message"`
		Recipients []smsRecipient `json:"Recipients"`
	} `json:"SMSMessageData"`
}

type smsRecipient struct {
	StatusCode int    `json:"statusCode"`
	Number     string `json:"number"`
	Status     string `json:"status"`
	MessageID  string `json:"messageId"`
}

// Send implements sms.Sender. There is no reference in Africa's Talking's form: a message whose answer was lost is sent
// twice.
func (s *Sender) Send(ctx context.Context, m ussd.Message) (sms.Taken, error) {
	form := url.Values{"username": {s.config.Username}, "to": {string(m.To)}, "message": {m.Text}}
	if s.config.From != "" {
		form.Set("from", s.config.From)
	}
	request, err := http.NewRequest(http.MethodPost, s.config.URL, strings.NewReader(form.Encode()))
	if err != nil {
		return sms.Taken{}, fmt.Errorf("make SMS request: %w", sms.ErrDown)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("apiKey", s.config.APIKey.Reveal())
	status, body, err := carrier.Ask(ctx, s.config.Client, request)
	if err == nil {
		err = carrier.Judge(status)
	}
	if err != nil {
		return sms.Taken{}, fmt.Errorf("send SMS: %w", err)
	}
	var a smsAnswer
	if err := json.Unmarshal(body, &a); err != nil {
		return sms.Taken{}, fmt.Errorf("%w: the answer is not the JSON of an answer", carrier.ErrUnknown)
	}
	return a.judge(m.To)
}

// judge finds what became of the one message: a 201 may refuse it.
func (a smsAnswer) judge(to ussd.Phone) (sms.Taken, error) {
	recipients := a.Data.Recipients
	switch {
	case recipients == nil:
		return sms.Taken{}, fmt.Errorf("%w: no recipients in the answer", carrier.ErrUnknown)
	case len(recipients) == 0 && strings.Contains(a.Data.Message, "InvalidSenderId"):
		return sms.Taken{}, fmt.Errorf("%w: InvalidSenderId", sms.ErrDown)
	case len(recipients) == 0:
		return sms.Taken{}, fmt.Errorf("%w: the answer has taken nobody", sms.ErrNotTaken)
	}
	for _, r := range recipients {
		if r.Number == string(to) || len(recipients) == 1 {
			return sms.Taken{ID: r.MessageID}, r.judge()
		}
	}
	return sms.Taken{}, fmt.Errorf("%w: another recipient in the answer", carrier.ErrUnknown)
}

// smsCode is one of Africa's Talking's status codes, and what it means for a message; nil means that it was taken.
type smsCode struct {
	name  string
	means error
}

// smsCodes are sorted by whose fault it is: the account's (402, 405), the number's for good (403, 404, 406) or for now (407, 409, 502). What is
// held or went wrong inside can still go out.
var smsCodes = map[int]smsCode{
	100: {"Processed", nil}, 101: {"Sent", nil}, 102: {"Queued", nil},
	401: {"RiskHold", carrier.ErrUnknown}, 402: {"InvalidSenderId", sms.ErrDown}, 403: {"InvalidPhoneNumber", sms.ErrRefused},
	404: {"UnsupportedNumberType", sms.ErrRefused}, 405: {"InsufficientBalance", sms.ErrDown}, 406: {"UserInBlacklist", sms.ErrRefused},
	407: {"CouldNotRoute", sms.ErrNotTaken}, 409: {"DoNotDisturbRejection", sms.ErrNotTaken}, 500: {"InternalServerError", carrier.ErrUnknown},
	501: {"GatewayError", carrier.ErrUnknown}, 502: {"RejectedByGateway", sms.ErrNotTaken},
}

func (r smsRecipient) judge() error {
	c, known := smsCodes[r.StatusCode]
	switch {
	case r.StatusCode == 0 && r.Status == "Success":
		return nil // An older form has no code.
	case !known:
		return fmt.Errorf("%w: unknown status %d", carrier.ErrUnknown, r.StatusCode)
	case c.means != nil:
		return fmt.Errorf("%w: %d %s", c.means, r.StatusCode, c.name)
	}
	return nil
}
