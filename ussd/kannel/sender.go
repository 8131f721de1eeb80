package kannel

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf16"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/sms"
	"github.com/umoja-ledger/umoja/ussd/sms/carrier"
)

// SMS says how well Kannel's SMS routes are known.
var SMS = carrier.Wire{
	Name: "kannel", Title: "Kannel smsbox",
	Sends: "GET or POST of /cgi-bin/sendsms", Reports: "GET of dlr-url", Receives: "GET of get-url or POST of post-url",
	Source: "Kannel user guide 1.4.5, and Debian's kannel 1.4.5 with fakesmsc as the network", Date: "2026-11", Confirmed: true,
	Doubt: "what an operator's centre puts into coding and charset of inbound messages",
}

// ErrConfig means that a sender's configuration breaks a rule; the message names the field.
var ErrConfig = errors.New("kannel: bad configuration")

// allReports is dlr-mask: delivered, failed, buffered, submitted, rejected.
const allReports = "31"

// SenderConfig is what a Sender is made of.
type SenderConfig struct {
	// URL is that of sendsms, such as http://127.0.0.1:13013/cgi-bin/sendsms.
	URL      string
	Username string
	Password pin.Secret
	// From is the sender id or short code; empty leaves it to Kannel's default-sender.
	From string
	// Post sends by POST, which keeps password and text out of access logs.
	Post bool
	// ReportURL is where NewReports is reached from Kannel, without a query; empty asks for no reports.
	ReportURL string
	// SMSC names the smsc-id to send by; empty leaves it to Kannel.
	SMSC string
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
		return nil, fmt.Errorf("%w: URL has to be an address without a query, such as http://127.0.0.1:13013/cgi-bin/sendsms", ErrConfig)
	}
	if c.ReportURL != "" {
		if to, err := url.Parse(c.ReportURL); err != nil || to.Host == "" || strings.ContainsAny(c.ReportURL, "%?# ") {
			return nil, fmt.Errorf("%w: ReportURL has to be an address without a query and without percent signs", ErrConfig)
		}
	}
	if c.Username == "" {
		return nil, fmt.Errorf("%w: Username is empty", ErrConfig)
	}
	if c.Client == nil {
		c.Client = http.DefaultClient
	}
	return &Sender{config: c}, nil
}

// field is one thing that sendsms is told: the name in a query and in a header.
type field struct{ query, header, value string }

// Send implements sms.Sender.
func (s *Sender) Send(ctx context.Context, m ussd.Message) (sms.Taken, error) {
	_, ucs2, err := sms.Parts(m.Text)
	if err != nil {
		return sms.Taken{}, fmt.Errorf("send SMS: %w: %w", sms.ErrRefused, err)
	}
	text, coding, charset := m.Text, "0", "UTF-8"
	if ucs2 {
		text, coding, charset = bigEndian(m.Text), "2", "UTF-16BE"
	}
	request, err := s.request(s.fields(m, coding), text, charset)
	if err != nil {
		return sms.Taken{}, fmt.Errorf("make SMS request: %w", sms.ErrDown)
	}
	status, body, err := carrier.Ask(ctx, s.config.Client, request)
	if err == nil {
		err = judge(status, string(body))
	}
	if err != nil {
		return sms.Taken{}, fmt.Errorf("send SMS: %w", err)
	}
	return sms.Taken{}, nil
}

func (s *Sender) fields(m ussd.Message, coding string) []field {
	c := s.config
	fields := []field{
		{"username", "X-Kannel-Username", c.Username}, {"password", "X-Kannel-Password", c.Password.Reveal()},
		{"from", "X-Kannel-From", c.From}, {"to", "X-Kannel-To", string(m.To)}, {"smsc", "X-Kannel-SMSC", c.SMSC},
		{"coding", "X-Kannel-Coding", coding},
	}
	if c.ReportURL != "" {
		fields = append(fields, field{"dlr-mask", "X-Kannel-DLR-Mask", allReports}, field{"dlr-url", "X-Kannel-DLR-URL", s.reportURL(m.Reference)})
	}
	return fields
}

// reportURL is where Kannel reports on a message. %d and %A are Kannel's: the state and the centre's words.
func (s *Sender) reportURL(reference string) string {
	return s.config.ReportURL + "?ref=" + base64.RawURLEncoding.EncodeToString([]byte(reference)) + "&state=%d&reason=%A"
}

func (s *Sender) request(fields []field, text, charset string) (*http.Request, error) {
	if !s.config.Post {
		query := url.Values{"text": {text}}
		if charset == "UTF-8" {
			query.Set("charset", charset) // With coding 2 and no charset the bytes are taken as they are, also by a Kannel without iconv.
		}
		for _, f := range fields {
			if f.value != "" {
				query.Set(f.query, f.value)
			}
		}
		return http.NewRequest(http.MethodGet, s.config.URL+"?"+query.Encode(), nil)
	}
	request, err := http.NewRequest(http.MethodPost, s.config.URL, strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "text/plain; charset="+charset)
	for _, f := range fields {
		if f.value != "" {
			request.Header.Set(f.header, f.value)
		}
	}
	return request, nil
}

// judge tells what an answer says: 202 and a line that begins with 0 (accepted) or 3 (queued).
func judge(status int, body string) error {
	switch {
	case status == http.StatusAccepted && (strings.HasPrefix(body, "0:") || strings.HasPrefix(body, "3:")):
		return nil
	case status == http.StatusAccepted || status == http.StatusOK:
		return fmt.Errorf("%w: the answer is not one of sendsms", carrier.ErrUnknown)
	case status == http.StatusBadRequest && strings.Contains(body, "black-list"):
		return fmt.Errorf("%w: the number is on a list of Kannel's", sms.ErrRefused)
	}
	return carrier.Judge(status)
}

// bigEndian is a text in UTF-16BE.
func bigEndian(text string) string {
	octets := make([]byte, 0, 2*len(text))
	for _, unit := range utf16.Encode([]rune(text)) {
		octets = append(octets, byte(unit>>8), byte(unit))
	}
	return string(octets)
}
