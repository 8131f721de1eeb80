package adapter

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// admit says whether a request may be looked at: by its address, login and key.
func (o *Options) admit(r *http.Request) error {
	if len(o.Allow) > 0 {
		from, ok := o.caller(r)
		if !ok || !contains(o.Allow, from) {
			return refuse(http.StatusForbidden, "this address may not call")
		}
	}
	if o.Basic.User != "" {
		user, password, ok := r.BasicAuth()
		// Both are compared, so that the time tells nothing of either.
		if same := equal(user, o.Basic.User) & equal(password, o.Basic.Password.Reveal()); !ok || same != 1 {
			return refuse(http.StatusUnauthorized, "user name or password is wrong")
		}
	}
	if name := o.Header.Reveal(); name != "" {
		if keys := r.Header.Values(name); len(keys) != 1 || equal(keys[0], o.HeaderKey.Reveal()) != 1 {
			return refuse(http.StatusUnauthorized, "the key is wrong")
		}
	}
	return nil
}

// login checks the login in the fields, for a dialect that has it there.
func (o *Options) login(d *Dialect, m message) error {
	if o.Query.User == "" {
		return nil
	}
	user, password := m[d.QueryLogin.User].text, m[d.QueryLogin.Password].text
	if equal(user, o.Query.User)&equal(password, o.Query.Password.Reveal()) != 1 {
		return refuse(http.StatusForbidden, "%s or %s is wrong", d.QueryLogin.User, d.QueryLogin.Password)
	}
	return nil
}

// caller is the address behind the proxies that are believed: the last one that X-Forwarded-For names and that is no such
// proxy. What stands before it was written by the caller.
func (o *Options) caller(r *http.Request) (netip.Addr, bool) {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, false
	}
	from := remote.Addr().Unmap().WithZone("")
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !contains(o.Proxies, from) {
			return from, true
		}
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			return netip.Addr{}, false
		}
		from = next.Unmap().WithZone("")
	}
	return from, !contains(o.Proxies, from)
}

func contains(prefixes []netip.Prefix, address netip.Addr) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(address) })
}

// equal compares without telling by its time where two texts differ or how long they are.
func equal(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}
