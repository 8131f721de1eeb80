package infobip

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/sms"
	"github.com/umoja-ledger/umoja/ussd/sms/carrier"
)

// SMS says how well Infobip's SMS routes are known.
var SMS = carrier.Wire{
	Name: "infobip", Title: "Infobip",
	Sends: "JSON POST of /sms/3/messages", Reports: "JSON POST of results", Receives: "JSON POST of results",
	Source: "nyaruka/courier handlers/infobip with its tests; infobip.com message status codes; other users of /sms/3/messages", Date: "2026-11",
	Doubt: "whether callbackData belongs to webhooks, as here; whether sender is called from; names of rejections",
}

// ErrSMSConfig means that a sender's configuration breaks a rule; the message names the field.
var ErrSMSConfig = errors.New("infobip: bad SMS configuration")

// SenderConfig is what a Sender is made of.
type SenderConfig struct {
	// URL is the account's own base address, such as https://abcde.api.infobip.com.
	URL    string
	APIKey pin.Secret
	// From is the sender id or short code.
	From string
	// ReportURL is where NewSMSReports is reached from Infobip; empty leaves reports to the account's settings.
	ReportURL string
	// Client's redirections are not followed; the deadline is the context's. nil means http.DefaultClient.
	Client *http.Client
}

// Sender sends SMS. It implements sms.Sender.
type Sender struct {
	config SenderConfig
}

var _ sms.Sender = (*Sender)(nil)

// NewSender makes a sender.
func NewSender(c SenderConfig) (*Sender, error) {
	if to, err := url.Parse(c.URL); err != nil || to.Host == "" || to.RawQuery != "" {
		return nil, fmt.Errorf("%w: URL has to be an address such as https://abcde.api.infobip.com", ErrSMSConfig)
	}
	if to, err := url.Parse(c.ReportURL); c.ReportURL != "" && (err != nil || to.Host == "") {
		return nil, fmt.Errorf("%w: ReportURL has to be an address", ErrSMSConfig)
	}
	if c.From == "" {
		return nil, fmt.Errorf("%w: From is empty", ErrSMSConfig)
	}
	if c.Client == nil {
		c.Client = http.DefaultClient
	}
	c.URL = strings.TrimSuffix(c.URL, "/")
	return &Sender{config: c}, nil
}

type smsRequest struct {
	Messages []smsMessage `json:"messages"`
}

type smsMessage struct {
	Sender       string           `json:"sender"`
	Destinations []smsDestination `json:"destinations"`
	Content      smsContent       `json:"content"`
	Webhooks     *smsWebhooks     `json:"webhooks,omitempty"`
}

type smsDestination struct {
	To string `json:"to"`
}

type smsContent struct {
	Text string `json:"text"`
}

type smsWebhooks struct {
	Delivery     smsDelivery `json:"delivery"`
	ContentType  string      `json:"contentType"`
	CallbackData string      `json:"callbackData"`
}

type smsDelivery struct {
	URL                string `json:"url"`
	IntermediateReport bool   `json:"intermediateReport"`
}

// smsStatus is Infobip's word on a message.
type smsStatus struct {
	GroupName string `json:"groupName"`
	ID        int    `json:"id"`
	Name      string `json:"name"`
}

type smsAnswer struct {
	Messages []struct {
		MessageID string    `json:"messageId"`
		Status    smsStatus `json:"status"`
	} `json:"messages"`
}

// Send implements sms.Sender. Our reference travels as callbackData and comes back in the reports; Infobip does not know a message again by
// it, so that one whose answer was lost is sent twice.
func (s *Sender) Send(ctx context.Context, m ussd.Message) (sms.Taken, error) {
	message := smsMessage{
		Sender: s.config.From, Destinations: []smsDestination{{To: strings.TrimPrefix(string(m.To), "+")}}, Content: smsContent{Text: m.Text},
	}
	if s.config.ReportURL != "" {
		message.Webhooks = &smsWebhooks{Delivery: smsDelivery{URL: s.config.ReportURL, IntermediateReport: true},
			ContentType: "application/json", CallbackData: m.Reference}
	}
	raw, err := json.Marshal(smsRequest{Messages: []smsMessage{message}})
	if err != nil {
		return sms.Taken{}, fmt.Errorf("make SMS request: %w: %w", sms.ErrRefused, err)
	}
	request, err := http.NewRequest(http.MethodPost, s.config.URL+"/sms/3/messages", bytes.NewReader(raw))
	if err != nil {
		return sms.Taken{}, fmt.Errorf("make SMS request: %w", sms.ErrDown)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Authorization", "App "+s.config.APIKey.Reveal())
	status, body, err := carrier.Ask(ctx, s.config.Client, request)
	if err == nil {
		err = carrier.Judge(status)
	}
	if err != nil {
		return sms.Taken{}, fmt.Errorf("send SMS: %w", err)
	}
	var a smsAnswer
	if err := json.Unmarshal(body, &a); err != nil || len(a.Messages) != 1 {
		return sms.Taken{}, fmt.Errorf("%w: the answer is not the JSON of one message", carrier.ErrUnknown)
	}
	return sms.Taken{ID: a.Messages[0].MessageID}, a.Messages[0].Status.judge()
}

// smsRejections are those that say more than that this message was not taken now: nobody can have it, or the account is at fault.
var smsRejections = map[string]error{
	"REJECTED_DESTINATION": sms.ErrRefused, "REJECTED_INVALID_DESTINATION": sms.ErrRefused, "REJECTED_PREFIX_MISSING": sms.ErrRefused,
	"REJECTED_NOT_ENOUGH_CREDITS": sms.ErrDown, "REJECTED_PREPAID_PACKAGE_EXPIRED": sms.ErrDown, "REJECTED_SENDER": sms.ErrDown,
	"REJECTED_SOURCE": sms.ErrDown, "REJECTED_ROUTE_NOT_AVAILABLE": sms.ErrDown, "REJECTED_SYSTEM_ERROR": sms.ErrDown,
}

// judge tells what the answer to a send says.
func (s smsStatus) judge() error {
	name := carrier.Word(s.Name, "no name")
	switch s.GroupName {
	case "PENDING", "DELIVERED", "OK":
		return nil
	case "REJECTED":
		if means, known := smsRejections[s.Name]; known {
			return fmt.Errorf("%w: %s", means, name)
		}
		return fmt.Errorf("%w: %s", sms.ErrNotTaken, name)
	case "UNDELIVERABLE", "EXPIRED":
		return fmt.Errorf("%w: %s", sms.ErrNotTaken, name)
	}
	return fmt.Errorf("%w: unknown group of statuses", carrier.ErrUnknown)
}
