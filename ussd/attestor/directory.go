package attestor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd/peer"
)

const (
	// directoryFresh is how old the directory may be, and directoryRest how soon after a look there may be another one for a key that is
	// not in it: strangers must not make the attestor ask the ledger all day.
	directoryFresh = time.Minute
	directoryRest  = 5 * time.Second
)

// directory is who the providers are, and whether the attestor belongs to one, as the ledger said a while ago.
type directory struct {
	client *sdk.Client
	self   key.Public
	// serves lists the providers that are served; empty is all.
	serves []tx.AccountID
	now    func() time.Time

	// mu guards what follows; held while the ledger is asked, so that many who wait are one question.
	mu        sync.Mutex
	read      time.Time
	providers []sdk.Provider
	// entry is the attestor's own; zero when it is not in the directory.
	entry tx.Attestor
}

// provider is who has the key now, and is served.
func (d *directory) provider(ctx context.Context, k key.Public) (sdk.Provider, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	has := func(p sdk.Provider) bool { return p.Key == k }
	age := d.now().Sub(d.read)
	if age > directoryFresh || age > directoryRest && !slices.ContainsFunc(d.providers, has) {
		if err := d.refresh(ctx); err != nil {
			return sdk.Provider{}, err
		}
	}
	i := slices.IndexFunc(d.providers, has)
	switch {
	case i < 0:
		return sdk.Provider{}, refuse(CodeNotProvider, "the key that signs the request is no provider's")
	case len(d.serves) > 0 && !slices.Contains(d.serves, d.providers[i].Account):
		return sdk.Provider{}, refuse(CodeNotProvider, "this attestor does not serve the provider")
	case d.entry.Provider != nil && *d.entry.Provider == d.providers[i].Account:
		return sdk.Provider{}, errTakesPart
	}
	return d.providers[i], nil
}

// known sees that the directory was read since the start.
func (d *directory) known(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.read.IsZero() {
		return nil
	}
	return d.refresh(ctx)
}

// refresh reads the ledger; the lock is held.
func (d *directory) refresh(ctx context.Context) error {
	providers, err := d.client.Providers(ctx)
	if err != nil {
		return unavailable("list providers", err)
	}
	attestors, err := d.client.Attestors(ctx)
	if err != nil {
		return unavailable("list attestors", err)
	}
	i := slices.IndexFunc(attestors, func(a tx.Attestor) bool { return a.Key == d.self })
	if i < 0 {
		return &peer.Refusal{Code: peer.CodeUnavailable, Text: "this attestor is not in the directory of attestors", Status: 503}
	}
	d.providers, d.entry, d.read = providers, attestors[i], d.now()
	return nil
}

// belongs says whether the attestor is a provider's.
func (d *directory) belongs() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.entry.Provider != nil
}

// isOwn says whether the account is that of the provider that the attestor belongs to.
func (d *directory) isOwn(account tx.AccountID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.entry.Provider != nil && *d.entry.Provider == account
}

// name is how texts call the attestor.
func (d *directory) name() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return plain(d.entry.Name, maxAttestorName)
}

// shared says whether another provider's name looks the same in a message.
func (d *directory) shared(p sdk.Provider) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	shown := strings.ToLower(plain(p.Name, maxProviderName))
	return slices.ContainsFunc(d.providers, func(other sdk.Provider) bool {
		return other.Account != p.Account && strings.ToLower(plain(other.Name, maxProviderName)) == shown
	})
}

// nameOf is how a text names a provider: as the directory does, and where that is not one provider alone, with the number of its account, which
// nobody chooses.
func (s *Service) nameOf(ctx context.Context, p sdk.Provider) (string, error) {
	name := plain(p.Name, maxProviderName)
	if name != "" && !s.directory.shared(p) {
		return name, nil
	}
	account, err := s.client.Account(ctx, p.Account)
	if err != nil {
		return "", unavailable("read account of provider", err)
	}
	number := account.Number.Text()
	return strings.TrimSpace(plain(name, max(0, maxProviderName-1-len(number))) + " " + number), nil
}

// unavailable hides why the ledger could not be asked from who asks the attestor, and shows it to the log.
func unavailable(what string, err error) error { return fmt.Errorf("%s: %w", what, err) }
