package adapter

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/ussd/pin"
)

// ErrOptions means that the options of an adapter break a rule; the message names the option.
var ErrOptions = errors.New("options are not valid")

// Options are what a gateway sets for one aggregator.
type Options struct {
	// Path is where the aggregator calls, such as /ussd/hubtel/6f0c…; what has another one is not found. Its last part is a secret
	// where nothing else says who calls. Empty leaves the path to whoever routes.
	Path string
	// Codes are the service codes answered for, such as *384*2050#; empty answers for any. Airtel's dialect needs them.
	Codes []string
	// Allow are the addresses that may call; empty lets any.
	Allow []netip.Prefix
	// Proxies are those whose X-Forwarded-For is believed. Nobody else's is.
	Proxies []netip.Prefix
	// Basic is the HTTP login that the aggregator is given in its callback address.
	Basic Credentials
	// Header names a header that has to hold HeaderKey; the name is hidden too, since some make it part of the key.
	Header, HeaderKey Secret
	// Query is the login of a dialect that sends one in the query.
	Query Credentials
	// Open lets an aggregator in that shows nothing at all: for sandboxes and tests.
	Open bool
	// Septets and UCS2 replace the dialect's; 0 leaves them. The reply's prefix counts.
	Septets, UCS2 int
	// Deadline replaces the dialect's; 0 leaves it.
	Deadline time.Duration
	// Log gets refusals and what went wrong; nil is silent.
	Log *slog.Logger
}

// Secret is text that no log shows.
type Secret = pin.Secret

// Credentials are a user name and a password; without a user name there are none.
type Credentials struct {
	User     string
	Password Secret
}

const (
	// minPathSecret is the length from which on a path's last part is taken for a secret: 22 characters hold 128 bits.
	minPathSecret = 22
	minSeptets    = 40
	maxSeptets    = 182
	minUCS2       = 20
	maxUCS2       = 80
)

// check says which option breaks which rule.
func (o *Options) check(d *Dialect) error {
	fault := func(format string, args ...any) error {
		return fmt.Errorf("%s: %w: %s", d.Name, ErrOptions, fmt.Sprintf(format, args...))
	}
	switch {
	case o.Path != "" && (!strings.HasPrefix(o.Path, "/") || strings.HasSuffix(o.Path, "/") || strings.ContainsAny(o.Path, "{} ?#%")):
		return fault("path has to begin with /, not to end with it, and to hold none of {} ?#%%")
	case o.Septets != 0 && (o.Septets < minSeptets || o.Septets > maxSeptets):
		return fault("septets has to be %d to %d", minSeptets, maxSeptets)
	case o.UCS2 != 0 && (o.UCS2 < minUCS2 || o.UCS2 > maxUCS2):
		return fault("ucs2 has to be %d to %d", minUCS2, maxUCS2)
	case o.Deadline < 0 || o.Deadline > time.Minute:
		return fault("deadline has to be at most a minute")
	case o.Query.User != "" && d.QueryLogin == Login{}:
		return fault("query: this aggregator sends no login in the query")
	case (o.Header.Reveal() == "") != (o.HeaderKey.Reveal() == ""):
		return fault("header and header key have to be set together")
	case o.Basic.User != "" && o.Header.Reveal() != "" && http.CanonicalHeaderKey(o.Header.Reveal()) == "Authorization":
		return fault("basic and header are both the header Authorization")
	case len(o.Proxies) > 0 && len(o.Allow) == 0:
		return fault("proxies without allow: nothing looks at the address")
	case len(o.Codes) == 0 && d.needsCode():
		return fault("codes: %s tells a dial from an answer by the service code only", d.Title)
	case !o.Open && !o.guarded():
		return fault("nothing says who calls: make the last part of path a secret of %d characters or more, or set allow, basic, header or query", minPathSecret)
	}
	for _, credentials := range []Credentials{o.Basic, o.Query} {
		if credentials.User != "" && credentials.Password.Reveal() == "" {
			return fault("a login has no password")
		}
	}
	if slices.ContainsFunc(o.Codes, func(code string) bool { return !isCode(bare(code)) }) {
		return fault("codes have to be digits and stars, such as *384*2050#")
	}
	return nil
}

func (o *Options) guarded() bool {
	secret := len(o.Path[strings.LastIndexByte(o.Path, '/')+1:]) >= minPathSecret
	return secret || len(o.Allow) > 0 || o.Basic.User != "" || o.Header.Reveal() != "" || o.Query.User != ""
}

// bare is a service code without the star before it and the hash behind it.
func bare(code string) string {
	return strings.TrimSuffix(strings.TrimPrefix(code, "*"), "#")
}

// isCode tells whether a bare code is digits in groups with a star between.
func isCode(code string) bool {
	for part := range strings.SplitSeq(code, "*") {
		if part == "" || strings.Trim(part, "0123456789") != "" {
			return false
		}
	}
	return len(code) <= maxCode
}

// needsCode says that a dial is known by its service code only.
func (d *Dialect) needsCode() bool { return !d.Cumulative && d.Stage.Field.Name == "" }
