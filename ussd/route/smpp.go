package route

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"time"

	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/custody"
	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/smpp"
	"github.com/umoja-ledger/umoja/ussd/sms"
)

// SMPP is one [[smpp]] table: a connection to an operator that carries messages, where an [[sms]] table names it, and USSD, where it has a
// dialect.
type SMPP struct {
	Name    string `toml:"name" comment:"For records and logs: a-z, 0-9, - and ."`
	Address string `toml:"address" comment:"host:port."`
	// TLS is a file of certificates, or "system"; empty is a connection in the clear, which belongs inside a VPN.
	TLS  string `toml:"tls,omitempty" comment:"PEM file of the authorities behind the operator's certificate, or system; empty is in the clear, for a VPN."`
	Mode string `toml:"mode,omitempty" comment:"transceiver, pair, transmitter or receiver."`

	SystemID     string `toml:"system_id"`
	PasswordFile string `toml:"password_file,omitempty"`
	SystemType   string `toml:"system_type,omitempty"`
	AddressRange string `toml:"address_range,omitempty"`

	From        string `toml:"from,omitempty" comment:"The sender that phones show."`
	Alphabet    string `toml:"alphabet,omitempty" comment:"What data coding 0 means: gsm7, latin1 or ascii."`
	MessageIDs  string `toml:"message_ids,omitempty" comment:"text, hex, hex-decimal or decimal-hex."`
	NoReceipts  bool   `toml:"no_receipts,omitempty"`
	CountryCode string `toml:"country_code,omitempty" comment:"Stands for the 0 of numbers in national form, such as 254."`
	Window      int    `toml:"window,omitempty" comment:"How many requests may be unanswered."`

	// USSD is a dialect; empty carries none.
	USSD              string `toml:"ussd,omitempty" comment:"The dialect of USSD: default, sixdee or mica; empty carries none."`
	CodeInDestination bool   `toml:"code_in_destination,omitempty" comment:"The dialled code stands in destination_addr."`
	Septets           int    `toml:"septets,omitempty"`
	UCS2              int    `toml:"ucs2,omitempty"`
	DataCoding        int    `toml:"data_coding,omitempty"`
	PatienceMs        int    `toml:"patience_ms,omitempty" comment:"How long the operator waits for a screen."`
}

// Complete makes paths of files relative to a folder.
func (l *SMPP) Complete(base string) {
	complete(base, &l.PasswordFile)
	if l.TLS != sdk.SystemRoots {
		complete(base, &l.TLS)
	}
}

// check finds what is wrong without opening anything: as at the start, with stand-ins for what is in files.
func (l SMPP) check(serviceCode string) error {
	config, err := l.config(serviceCode, pin.NewSecret("stand-in"), &late{}, true, nil)
	if err != nil {
		return err
	}
	_, err = smpp.New(config)
	return err
}

// config makes the link's configuration.
func (l SMPP) config(serviceCode string, password pin.Secret, parts *late, inbound bool, log *slog.Logger) (smpp.Config, error) {
	c := smpp.Config{
		Name: l.Name, Address: l.Address, Mode: smpp.Mode(l.Mode), SystemID: l.SystemID, Password: password, SystemType: l.SystemType,
		AddressRange: l.AddressRange, From: l.From, Alphabet: smpp.Alphabet(l.Alphabet), MessageIDs: smpp.IDForm(l.MessageIDs), NoReceipts: l.NoReceipts,
		CountryCode: l.CountryCode, Window: l.Window, Reports: parts, Log: log,
	}
	if inbound {
		c.Receiver = parts
	}
	if l.USSD == "" {
		return c, nil
	}
	if serviceCode == "" {
		return c, fmt.Errorf("ussd: this process serves no USSD")
	}
	if l.DataCoding < 0 || l.DataCoding > 255 {
		return c, fmt.Errorf("data_coding must be 0 to 255")
	}
	dialect, err := smpp.DialectNamed(l.USSD)
	if err != nil {
		return c, err
	}
	c.USSD = &smpp.USSDConfig{
		Service: parts, Dialect: dialect, ServiceCode: serviceCode, CodeInDestination: l.CodeInDestination,
		DataCoding: uint8(l.DataCoding), Patience: time.Duration(l.PatienceMs) * time.Millisecond,
	}
	if l.Septets != 0 || l.UCS2 != 0 {
		c.USSD.Screen = ussd.Screen{Septets: l.Septets, UCS2: l.UCS2}
	}
	return c, nil
}

// open makes the link; it connects when it is run.
func (l SMPP) open(serviceCode string, parts *late, inbound bool, log *slog.Logger) (*smpp.Link, error) {
	var password pin.Secret
	if l.PasswordFile != "" {
		text, err := custody.ReadText(l.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("password_file: %w", err)
		}
		password = pin.NewSecret(text)
	}
	config, err := l.config(serviceCode, password, parts, inbound, log)
	if err != nil {
		return nil, err
	}
	if config.TLS, err = sdk.TLS(l.TLS); err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	if config.TLS != nil {
		config.TLS.MinVersion = tls.VersionTLS12 // Operators are slower than we are.
	}
	return smpp.New(config)
}

var _ sms.Sender = (*smpp.Link)(nil)
