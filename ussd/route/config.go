package route

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/umoja-ledger/umoja/ussd/africastalking"
	"github.com/umoja-ledger/umoja/ussd/infobip"
	"github.com/umoja-ledger/umoja/ussd/kannel"
	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/sms"
)

// Config is one [[sms]] table of a configuration: a way to send messages, tried after those above it.
type Config struct {
	Name string `toml:"name" comment:"For records and logs: a-z, 0-9, - and ."`
	Kind string `toml:"kind" comment:"africastalking, infobip, kannel, or smpp."`
	// Link names the [[smpp]] table of a route of that kind, which needs nothing else.
	Link string `toml:"link,omitempty" comment:"For smpp: the name of the [[smpp]] table."`
	URL  string `toml:"url,omitempty" comment:"The carrier's endpoint; empty is Africa's Talking's live one."`
	// Username and KeyFile are the account at the carrier.
	Username string `toml:"username,omitempty"`
	KeyFile  string `toml:"key_file,omitempty" comment:"A file that holds the account's key or password."`
	From     string `toml:"from,omitempty" comment:"The sender that phones show."`
	// PerSecond bounds messages a second; 0 is no bound.
	PerSecond int `toml:"per_second,omitempty"`
	// ReportsPath is where delivery reports come in, ReportsURL how the carrier reaches it, where it is to be told; empty takes none.
	ReportsPath string `toml:"reports_path,omitempty" comment:"Where delivery reports come in; make it long and secret."`
	ReportsURL  string `toml:"reports_url,omitempty" comment:"How Infobip or Kannel reaches reports_path."`
	// InboundPath is where messages that people send come in; empty takes none.
	InboundPath string `toml:"inbound_path,omitempty" comment:"Where messages from people come in; make it long and secret."`
	// SMSC is Kannel's smsc-id.
	SMSC string `toml:"smsc,omitempty"`
}

// kind is what a carrier needs.
type kind struct {
	live             string
	username, sender bool
	open             func(c Config, key pin.Secret, client *http.Client) (sms.Sender, error)
	reports          func(route string, reporter sms.Reporter, log *slog.Logger) http.Handler
	inbound          func(route string, receiver sms.Receiver, log *slog.Logger) http.Handler
}

// smppKind is the kind of a route over an SMPP link.
const smppKind = "smpp"

var kinds = map[string]kind{
	"africastalking": {
		live: africastalking.LiveURL, username: true,
		open: func(c Config, key pin.Secret, client *http.Client) (sms.Sender, error) {
			return africastalking.NewSender(africastalking.SenderConfig{URL: c.URL, Username: c.Username, APIKey: key, From: c.From, Client: client}), nil
		},
		reports: africastalking.NewSMSReports, inbound: africastalking.NewSMSInbound,
	},
	"infobip": {
		sender: true,
		open: func(c Config, key pin.Secret, client *http.Client) (sms.Sender, error) {
			return infobip.NewSender(infobip.SenderConfig{URL: c.URL, APIKey: key, From: c.From, ReportURL: c.ReportsURL, Client: client})
		},
		reports: infobip.NewSMSReports, inbound: infobip.NewSMSInbound,
	},
	"kannel": {
		username: true,
		open: func(c Config, key pin.Secret, client *http.Client) (sms.Sender, error) {
			return kannel.NewSender(kannel.SenderConfig{
				URL: c.URL, Username: c.Username, Password: key, From: c.From, Post: true, ReportURL: c.ReportsURL, SMSC: c.SMSC, Client: client,
			})
		},
		reports: kannel.NewReports, inbound: kannel.NewInbound,
	},
}

// Complete fills in what may be left out, and makes paths of files relative to a folder.
func (c *Config) Complete(base string) {
	if k, ok := kinds[c.Kind]; ok && c.URL == "" {
		c.URL = k.live
	}
	complete(base, &c.KeyFile)
}

func complete(base string, files ...*string) {
	for _, file := range files {
		if *file != "" && !filepath.IsAbs(*file) {
			*file = filepath.Join(base, *file)
		}
	}
}

// check finds what is wrong with one table, without opening anything.
func (c Config) check(links []SMPP) error {
	if err := sms.CheckRouteName(c.Name); err != nil {
		return err
	}
	if c.PerSecond < 0 {
		return errors.New("per_second must not be negative")
	}
	if c.Kind == smppKind {
		if !slices.ContainsFunc(links, func(l SMPP) bool { return l.Name == c.Link }) {
			return errors.New("link must name an [[smpp]] table")
		}
		if c.Name != c.Link {
			return errors.New("name of a route over SMPP must be that of its link, by which reports come in")
		}
		return nil
	}
	k, ok := kinds[c.Kind]
	switch {
	case !ok:
		return fmt.Errorf("kind must be one of %v", append(slices.Sorted(maps.Keys(kinds)), smppKind))
	case c.Link != "":
		return errors.New("link is for the kind smpp")
	case k.username && c.Username == "":
		return errors.New("username is needed")
	case k.sender && c.From == "":
		return errors.New("from is needed")
	case c.KeyFile == "":
		return errors.New("key_file is needed")
	case c.ReportsURL != "" && c.ReportsPath == "":
		return errors.New("reports_url is how reports_path is reached, and there is none")
	}
	if err := checkURL("url", c.URL); err != nil {
		return err
	}
	for _, p := range []struct{ name, path string }{{"reports_path", c.ReportsPath}, {"inbound_path", c.InboundPath}} {
		if p.path == "" {
			continue
		}
		if err := CheckPath(p.name, p.path); err != nil {
			return err
		}
	}
	return nil
}

// checkURL demands TLS of what leaves this machine.
func checkURL(name, text string) error {
	to, err := url.Parse(text)
	if err != nil || to.Host == "" {
		return fmt.Errorf("%s must be an address such as %s", name, africastalking.LiveURL)
	}
	if here := net.ParseIP(to.Hostname()); to.Scheme != "https" && (to.Scheme != "http" || here == nil || !here.IsLoopback()) {
		return fmt.Errorf("%s must begin with https", name)
	}
	return nil
}

// CheckPath refuses what is no plain path of a callback, or one of the process's own.
func CheckPath(name, p string) error {
	switch {
	case !strings.HasPrefix(p, "/") || p == "/" || path.Clean(p) != p || strings.ContainsAny(p, "{}?#% \t\r\n"):
		return fmt.Errorf("%s must be a plain path, such as /ussd/africastalking", name)
	case p == HealthPath, p == SandboxPath, strings.HasPrefix(p, SandboxPath+"/"):
		return fmt.Errorf("%s must not be %s or below %s", name, HealthPath, SandboxPath)
	}
	return nil
}

// HealthPath is the health check's, of every process.
const HealthPath = "/healthz"
