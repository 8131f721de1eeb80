package africastalking

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/sms"
)

// LiveURL is where Africa's Talking takes messages.
const LiveURL = "https://api.africastalking.com/version1/messaging"

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 10

// errAnswer means that an answer cannot be read, or says to try again.
var errAnswer = errors.New("africastalking: not sent")

// SenderConfig is what a Sender is made of.
type SenderConfig struct {
	// URL takes the form; empty means LiveURL.
	URL      string
	Username string
	APIKey   pin.Secret
	// From is the sender id or short code; empty sends from the shared one.
	From string
	// Client is used as it is; the deadline is the context's.
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

// answer is the body of a 201.
type answer struct {
	Data struct {
		Message    string      `json:"Message"`
		Recipients []recipient `json:"Recipients"`
	} `json:"SMSMessageData"`
}

type recipient struct {
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
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.config.URL, strings.NewReader(form.Encode()))
	if err != nil {
		return sms.Taken{}, fmt.Errorf("make SMS request: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("apiKey", s.config.APIKey.Reveal())
	response, err := s.config.Client.Do(request)
	if err != nil {
		return sms.Taken{}, fmt.Errorf("send SMS: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return sms.Taken{}, fmt.Errorf("read answer to SMS: %w", err)
	}
	// Whatever is wrong with the account, 401 and the like, is wrong with every message and is mended by people: the
	// messages wait.
	if response.StatusCode != http.StatusCreated && response.StatusCode != http.StatusOK {
		return sms.Taken{}, fmt.Errorf("%w: HTTP status %d", errAnswer, response.StatusCode)
	}
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return sms.Taken{}, fmt.Errorf("%w: answer is not JSON", errAnswer)
	}
	return a.judge(m.To)
}

// judge finds what became of the one message: a 201 may refuse it.
func (a answer) judge(to ussd.Phone) (sms.Taken, error) {
	if len(a.Data.Recipients) == 0 {
		if strings.Contains(a.Data.Message, "InvalidSenderId") {
			return sms.Taken{}, fmt.Errorf("%w: sender id is not valid", errAnswer)
		}
		return sms.Taken{}, fmt.Errorf("%w: no recipient in the answer", errAnswer)
	}
	for _, r := range a.Data.Recipients {
		if r.Number == string(to) || len(a.Data.Recipients) == 1 {
			return sms.Taken{ID: r.MessageID}, codes.judge(r.StatusCode)
		}
	}
	return sms.Taken{}, fmt.Errorf("%w: another recipient in the answer", errAnswer)
}

// verdict is what a status code means for a message.
type verdict int

const (
	taken verdict = iota
	again
	never
)

type code struct {
	name    string
	verdict verdict
}

type codeTable map[int]code

// codes are Africa's Talking's. What concerns the account (402, 405) or is passing is tried again; what concerns the
// number is not.
var codes = codeTable{
	100: {"Processed", taken}, 101: {"Sent", taken}, 102: {"Queued", taken},
	401: {"RiskHold", again}, 402: {"InvalidSenderId", again}, 403: {"InvalidPhoneNumber", never},
	404: {"UnsupportedNumberType", never}, 405: {"InsufficientBalance", again}, 406: {"UserInBlacklist", never},
	407: {"CouldNotRoute", again}, 409: {"DoNotDisturbRejection", again}, 500: {"InternalServerError", again},
	501: {"GatewayError", again}, 502: {"RejectedByGateway", again},
}

func (t codeTable) judge(status int) error {
	c, known := t[status]
	switch {
	case !known:
		return fmt.Errorf("%w: unknown status %d", errAnswer, status)
	case c.verdict == never:
		return fmt.Errorf("%w: %d %s", sms.ErrRefused, status, c.name)
	case c.verdict == again:
		return fmt.Errorf("%w: %d %s", errAnswer, status, c.name)
	}
	return nil
}
