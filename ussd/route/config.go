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
	"github.com/umoja-ledger/umoja/ussd/custody"
	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/sms"
)

// Config is one [[sms]] table of a configuration.
type Config struct {
	Name string `toml:"name" comment:"For records and logs: a-z, 0-9, - and ."`
	Kind string `toml:"kind" comment:"africastalking"`
	URL  string `toml:"url" comment:"The carrier's endpoint; empty is the live one."`
	// Username and KeyFile are the account at the carrier.
	Username string `toml:"username"`
	KeyFile  string `toml:"key_file" comment:"A file that holds the account's key."`
	From     string `toml:"from,omitempty" comment:"The sender that phones show."`
	// PerSecond bounds messages a second; 0 is no bound.
	PerSecond int `toml:"per_second,omitempty"`
	// ReportsPath is where delivery reports come in; empty takes none.
	ReportsPath string `toml:"reports_path,omitempty" comment:"Where delivery reports come in; make it long and secret."`
}

// kind is what a carrier needs.
type kind struct {
	live    string
	sender  func(c Config, key pin.Secret) sms.Sender
	reports func(route string, reporter sms.Reporter, log *slog.Logger) http.Handler
}

var kinds = map[string]kind{
	"africastalking": {
		live: africastalking.LiveURL,
		sender: func(c Config, key pin.Secret) sms.Sender {
			return africastalking.NewSender(africastalking.SenderConfig{URL: c.URL, Username: c.Username, APIKey: key, From: c.From})
		},
		reports: africastalking.NewSMSReports,
	},
}

// Complete fills in what may be left out, and makes paths of files relative to a folder.
func (c *Config) Complete(base string) {
	if k, ok := kinds[c.Kind]; ok && c.URL == "" {
		c.URL = k.live
	}
	if c.KeyFile != "" && !filepath.IsAbs(c.KeyFile) {
		c.KeyFile = filepath.Join(base, c.KeyFile)
	}
}

// Check finds what is wrong with the tables together, without opening anything.
func Check(configs []Config) error {
	if len(configs) == 0 {
		return errors.New("sms: a route is needed outside of a sandbox")
	}
	names := make(map[string]bool)
	for _, c := range configs {
		if err := c.check(); err != nil {
			return fmt.Errorf("sms %q: %w", c.Name, err)
		}
		if names[c.Name] {
			return fmt.Errorf("sms %q: name is there twice", c.Name)
		}
		names[c.Name] = true
	}
	return nil
}

func (c Config) check() error {
	if err := sms.CheckRouteName(c.Name); err != nil {
		return err
	}
	if _, ok := kinds[c.Kind]; !ok {
		return fmt.Errorf("kind must be one of %v", slices.Sorted(maps.Keys(kinds)))
	}
	if c.Username == "" || c.KeyFile == "" {
		return errors.New("username and key_file are needed")
	}
	if c.PerSecond < 0 {
		return errors.New("per_second must not be negative")
	}
	to, err := url.Parse(c.URL)
	if err != nil || to.Host == "" {
		return errors.New("url must be an address such as " + africastalking.LiveURL)
	}
	if here := net.ParseIP(to.Hostname()); to.Scheme != "https" && (to.Scheme != "http" || here == nil || !here.IsLoopback()) {
		return errors.New("url must begin with https")
	}
	if c.ReportsPath != "" {
		return CheckPath("reports_path", c.ReportsPath)
	}
	return nil
}

// Open makes the routes.
func Open(configs []Config) ([]sms.Route, error) {
	var routes []sms.Route
	for _, c := range configs {
		key, err := custody.ReadText(c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("sms %q: key_file: %w", c.Name, err)
		}
		routes = append(routes, sms.Route{Name: c.Name, Sender: kinds[c.Kind].sender(c, pin.NewSecret(key)), PerSecond: c.PerSecond})
	}
	return routes, nil
}

// MountReports serves the addresses of delivery reports.
func MountReports(mux *http.ServeMux, configs []Config, reporter sms.Reporter, log *slog.Logger) {
	for _, c := range configs {
		if c.ReportsPath != "" {
			mux.Handle(c.ReportsPath, kinds[c.Kind].reports(c.Name, reporter, log))
		}
	}
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
