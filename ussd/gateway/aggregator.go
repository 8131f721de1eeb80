package gateway

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/umoja-ledger/umoja/ussd/adapter"
	"github.com/umoja-ledger/umoja/ussd/adapter/registry"
	"github.com/umoja-ledger/umoja/ussd/consent"
	"github.com/umoja-ledger/umoja/ussd/custody"
	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/route"
)

// Aggregator is one [[aggregators]] table: who posts callbacks, where, and how it shows that it is that one. Aggregators sign nothing; a path
// whose last part is long and secret, an address, a login or a key in a header are what there is.
type Aggregator struct {
	Kind string `toml:"kind" comment:"One of those that umoja-gateway adapters lists."`
	Path string `toml:"path" comment:"Where its callbacks come in; without an address, login or key let it end in 22 random letters or more."`
	// Codes are the service codes that are answered; empty is service_code.
	Codes []string `toml:"codes,omitempty"`
	// Allow are addresses that may call, such as 52.0.0.0/8; Proxies are those whose X-Forwarded-For is believed.
	Allow   []string `toml:"allow,omitempty"`
	Proxies []string `toml:"proxies,omitempty"`
	// User and PasswordFile are the login of the callback address, or, where the aggregator sends one in the query, that.
	User         string `toml:"user,omitempty"`
	PasswordFile string `toml:"password_file,omitempty"`
	QueryLogin   bool   `toml:"query_login,omitempty"`
	// Header has to hold the key in HeaderKeyFile.
	Header        string `toml:"header,omitempty"`
	HeaderKeyFile string `toml:"header_key_file,omitempty"`
	// Septets, UCS2 and DeadlineMs replace what the adapter takes for granted.
	Septets    int `toml:"septets,omitempty"`
	UCS2       int `toml:"ucs2,omitempty"`
	DeadlineMs int `toml:"deadline_ms,omitempty"`
}

func (c Config) checkAggregators() error {
	if len(c.Aggregators) == 0 && !slices.ContainsFunc(c.SMPP, func(l route.SMPP) bool { return l.USSD != "" }) {
		return errors.New("aggregators: at least one is needed, or an [[smpp]] table with ussd")
	}
	paths := make(map[string]bool)
	for i, a := range c.Aggregators {
		name := fmt.Sprintf("aggregators: entry %d", i+1)
		if _, err := registry.Find(a.Kind); err != nil {
			return fmt.Errorf("%s: kind: %w", name, err)
		}
		if err := route.CheckPath("path", a.Path); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		switch {
		case a.Path == consent.Path, a.Path == consent.InvitePath:
			return fmt.Errorf("%s: path must not be %s", name, a.Path)
		case paths[a.Path]:
			return fmt.Errorf("%s: path is there twice", name)
		case (a.User == "") != (a.PasswordFile == ""):
			return fmt.Errorf("%s: user and password_file belong together", name)
		case (a.Header == "") != (a.HeaderKeyFile == ""):
			return fmt.Errorf("%s: header and header_key_file belong together", name)
		case a.QueryLogin && a.User == "":
			return fmt.Errorf("%s: query_login needs user and password_file", name)
		}
		paths[a.Path] = true
		// The same rules as at the start, with stand-ins for what is in files.
		options, err := c.options(a, func(string) (string, error) { return "stand-in", nil }, nil)
		if err == nil {
			_, err = registry.New(a.Kind, nil, options)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// options are what the adapter is told; read gives the content of a secret's file.
func (c Config) options(a Aggregator, read func(path string) (string, error), log *slog.Logger) (adapter.Options, error) {
	o := adapter.Options{
		Path: a.Path, Codes: a.Codes, Open: c.Sandbox, Septets: a.Septets, UCS2: a.UCS2, Deadline: time.Duration(a.DeadlineMs) * time.Millisecond, Log: log,
	}
	if len(o.Codes) == 0 {
		o.Codes = []string{c.ServiceCode}
	}
	for _, list := range []struct {
		name  string
		texts []string
		to    *[]netip.Prefix
	}{{"allow", a.Allow, &o.Allow}, {"proxies", a.Proxies, &o.Proxies}} {
		for _, text := range list.texts {
			prefix, err := netip.ParsePrefix(text)
			if one, oneErr := netip.ParseAddr(text); err != nil && oneErr == nil {
				prefix, err = netip.PrefixFrom(one, one.BitLen()), nil
			}
			if err != nil {
				return o, fmt.Errorf("%s must be addresses such as 52.48.80.1 or 52.48.80.0/24", list.name)
			}
			*list.to = append(*list.to, prefix)
		}
	}
	if a.User != "" {
		password, err := read(a.PasswordFile)
		if err != nil {
			return o, fmt.Errorf("password_file: %w", err)
		}
		login := adapter.Credentials{User: a.User, Password: pin.NewSecret(password)}
		if a.QueryLogin {
			o.Query = login
		} else {
			o.Basic = login
		}
	}
	if a.Header != "" {
		key, err := read(a.HeaderKeyFile)
		if err != nil {
			return o, fmt.Errorf("header_key_file: %w", err)
		}
		o.Header, o.HeaderKey = pin.NewSecret(a.Header), pin.NewSecret(key)
	}
	return o, nil
}

// mountAggregators serves the callbacks.
func (w *gateway) mountAggregators(mux *http.ServeMux) error {
	for i, a := range w.config.Aggregators {
		options, err := w.config.options(a, custody.ReadText, w.log)
		if err == nil {
			var h *adapter.Handler
			if h, err = registry.New(a.Kind, w.service, options); err == nil {
				h.Register(mux)
			}
		}
		if err != nil {
			return fmt.Errorf("aggregators: entry %d: %w", i+1, err)
		}
	}
	return nil
}
