package smpp

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/gsm7"
	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/smpp/pdu"
	"github.com/umoja-ledger/umoja/ussd/sms"
)

// Mode says how a link binds.
type Mode string

const (
	// ModeTransceiver is one connection both ways.
	ModeTransceiver Mode = "transceiver"
	// ModePair is a transmitter and a receiver, for peers without transceivers.
	ModePair Mode = "pair"
	// ModeTransmitter only sends; ModeReceiver only receives.
	ModeTransmitter Mode = "transmitter"
	ModeReceiver    Mode = "receiver"
)

// binds are the connections of a mode.
var binds = map[Mode][]pdu.Command{
	ModeTransceiver: {pdu.BindTransceiver},
	ModePair:        {pdu.BindTransmitter, pdu.BindReceiver},
	ModeTransmitter: {pdu.BindTransmitter},
	ModeReceiver:    {pdu.BindReceiver},
}

// IDForm says how the peer writes the id of a message in its answer to submit_sm and in its delivery receipts. The two
// differ with some peers, and the id of sms.Taken and sms.Report is the same whatever they write.
type IDForm string

const (
	// IDText takes ids as they are.
	IDText IDForm = "text"
	// IDHex is hexadecimal in both, perhaps in other cases or with other zeros in front.
	IDHex IDForm = "hex"
	// IDHexDecimal is hexadecimal in the answer and decimal in the receipt, IDDecimalHex the reverse.
	IDHexDecimal IDForm = "hex-decimal"
	IDDecimalHex IDForm = "decimal-hex"
)

// NumberType is a type of number and numbering plan.
type NumberType struct {
	TON, NPI uint8
}

// Service answers USSD turns; *ussd.Service does.
type Service interface {
	Handle(ctx context.Context, turn ussd.Turn) (ussd.Reply, error)
	Ended(ctx context.Context, turn ussd.Turn)
}

var (
	_ Service      = (*ussd.Service)(nil)
	_ sms.Reporter = (*sms.Outbox)(nil)
)

// Config is what a Link is made of.
type Config struct {
	// Name is the route of the link's messages and reports, and the aggregator of its turns is "smpp/" and it.
	Name string
	// Address is host:port.
	Address string
	// TLS is nil for a connection in the clear, which belongs inside a VPN.
	TLS  *tls.Config
	Mode Mode // Empty means ModeTransceiver.
	// SystemID, Password and SystemType are the account; AddressRange what it serves, mostly empty.
	SystemID     string
	Password     pin.Secret
	SystemType   string
	AddressRange string

	// From sends SMS: a number with a plus, a short code, or up to 11 letters and digits. FromType is nil for the usual type of
	// each: 1/1, 0/1, 5/0.
	From     string
	FromType *NumberType
	// Alphabet is what data_coding 0 means to the peer; empty means GSM7.
	Alphabet Alphabet
	// MessageIDs is empty for IDText.
	MessageIDs IDForm
	// NoReceipts leaves delivery receipts out.
	NoReceipts bool
	// CountryCode, such as 254, stands for the 0 of numbers that the peer writes in national form; empty refuses those.
	CountryCode string

	// Receiver takes messages and Reports delivery reports; nil refuses them for good.
	Receiver sms.Receiver
	Reports  sms.Reporter
	// USSD is nil where the link carries none.
	USSD *USSDConfig

	// Window bounds the requests that are unanswered; 0 means 10.
	Window int
	// EnquireEvery is the time between enquire_links, 0 means 30 s; ResponseWait how long an answer may take, 0 means 10 s.
	EnquireEvery time.Duration
	ResponseWait time.Duration
	// FirstRest and LongestRest bound the time before connecting again, 0 means 1 s and 1 minute.
	FirstRest   time.Duration
	LongestRest time.Duration

	// Log gets what an operator has to know; nil discards it.
	Log *slog.Logger
}

// USSDConfig is what a link needs for USSD.
type USSDConfig struct {
	Service Service
	Dialect Dialect
	// ServiceCode is the code that is served, such as *384*2050#.
	ServiceCode string
	// CodeInDestination says that the dialled code stands in destination_addr instead of in short_message.
	CodeInDestination bool
	// Screen is what a phone shows; the zero value is 160 septets or 70 units.
	Screen ussd.Screen
	// DataCoding is sent with texts in the link's default alphabet: 0, or 15 for the operators that want the coding scheme of USSD.
	DataCoding uint8
	// Patience is how long the peer waits for a reply; 0 leaves it to the service.
	Patience time.Duration
}

// withDefaults fills in and checks. The errors name the field and the rule.
func (c Config) withDefaults() (Config, error) {
	orDuration := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	orDuration(&c.EnquireEvery, 30*time.Second)
	orDuration(&c.ResponseWait, 10*time.Second)
	orDuration(&c.FirstRest, time.Second)
	orDuration(&c.LongestRest, time.Minute)
	if c.Mode == "" {
		c.Mode = ModeTransceiver
	}
	if c.Alphabet == "" {
		c.Alphabet = GSM7
	}
	if c.MessageIDs == "" {
		c.MessageIDs = IDText
	}
	if c.Window == 0 {
		c.Window = 10
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.USSD != nil {
		u := *c.USSD
		if u.Screen == (ussd.Screen{}) {
			u.Screen = ussd.Screen{Septets: gsm7.ScreenSeptets, UCS2: 70}
		}
		c.USSD = &u
	}
	return c, c.check()
}

func (c Config) check() error {
	_, _, address := net.SplitHostPort(c.Address)
	_, mode := binds[c.Mode]
	for _, rule := range []struct {
		broken bool
		says   string
	}{
		{sms.CheckRouteName(c.Name) != nil, "Name is 1 to 32 of a-z, 0-9, - and ."},
		{address != nil, "Address is host:port"},
		{!mode, "Mode is transceiver, pair, transmitter or receiver"},
		{c.SystemID == "" || len(c.SystemID) > 15, "SystemID has 1 to 15 bytes"},
		{len(c.Password.Reveal()) > 8, "Password has at most 8 bytes"},
		{len(c.SystemType) > 12, "SystemType has at most 12 bytes"},
		{len(c.AddressRange) > 40, "AddressRange has at most 40 bytes"},
		{strings.ContainsRune(c.SystemID+c.SystemType+c.AddressRange+c.Password.Reveal(), 0), "the account holds no NUL"},
		{!c.Alphabet.known(), "Alphabet is gsm7, latin1 or ascii"},
		{!c.MessageIDs.known(), "MessageIDs is text, hex, hex-decimal or decimal-hex"},
		{len(c.From) > 20, "From has at most 20 bytes"},
		{!digits(c.CountryCode) && c.CountryCode != "", "CountryCode is digits, without a plus"},
		{c.Window < 1 || c.Window > 1000, "Window is 1 to 1000"},
		{c.EnquireEvery < 0 || c.ResponseWait < 0 || c.FirstRest < 0 || c.LongestRest < c.FirstRest, "times are positive, and LongestRest not below FirstRest"},
	} {
		if rule.broken {
			return fmt.Errorf("%w: %s", ErrConfig, rule.says)
		}
	}
	if c.USSD == nil {
		return nil
	}
	return c.USSD.check(c.Mode)
}

func (u *USSDConfig) check(mode Mode) error {
	code, ok := bareCode(u.ServiceCode)
	switch {
	case u.Service == nil:
		return fmt.Errorf("%w: USSD.Service is missing", ErrConfig)
	case !ok || code == "":
		return fmt.Errorf("%w: USSD.ServiceCode is a code such as *384*2050#", ErrConfig)
	case mode == ModeTransmitter || mode == ModeReceiver:
		return fmt.Errorf("%w: USSD takes a link of both ways", ErrConfig)
	case u.Screen.Septets < 40 || u.Screen.Septets > 182 || u.Screen.UCS2 < 20 || u.Screen.UCS2 > 80:
		return fmt.Errorf("%w: USSD.Screen is 40 to 182 septets and 20 to 80 units", ErrConfig)
	case u.Patience < 0:
		return fmt.Errorf("%w: USSD.Patience is positive", ErrConfig)
	}
	return u.Dialect.check()
}

func (f IDForm) known() bool {
	return f == IDText || f == IDHex || f == IDHexDecimal || f == IDDecimalHex
}

func digits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}
