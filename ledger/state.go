package ledger

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// State reads entries as what they mean. A pointer result is nil when there is no such entry; an error is the storage's,
// or ErrCorrupt.
type State struct {
	// Entries come from a batch or, when it is nil, by a function. A batch copies the keys that it keeps, so that they can lie on the stack.
	entries *overlay
	by      func(key []byte) ([]byte, error)
}

// Read gives the State of a view.
func Read(view View) State { return State{by: view.Get} }

// ReadBy reads a state by what gives its entries.
func ReadBy(get func(key []byte) ([]byte, error)) State { return State{by: get} }

// get reads an entry; nil when there is none.
func (s State) get(key []byte) ([]byte, error) {
	if s.entries != nil {
		return s.entries.get(key)
	}
	return s.by(bytes.Clone(key))
}

// lookup reads and decodes one entry.
func lookup[T any](s State, key []byte, decode func([]byte) (T, error)) (*T, error) {
	raw, err := s.get(key)
	if err != nil || raw == nil {
		return nil, err
	}
	value, err := decode(raw)
	if err != nil {
		return nil, err
	}
	return &value, nil
}

// Account reads an account.
func (s State) Account(id tx.AccountID) (*Account, error) {
	return lookup(s, keyAccount(id), decodeAccount)
}

// AccountByNumber finds the account of a number.
func (s State) AccountByNumber(n tx.AccountNumber) (*tx.AccountID, error) {
	return lookup(s, keyNumber(n), func(raw []byte) (tx.AccountID, error) {
		if len(raw) != 16 {
			return tx.AccountID{}, fmt.Errorf("number entry: %w", ErrCorrupt)
		}
		return tx.AccountID(raw), nil
	})
}

// Accounts counts the accounts opened.
func (s State) Accounts() (uint64, error) {
	n, err := lookup(s, counterAccounts, func(raw []byte) (uint64, error) {
		if len(raw) != 8 {
			return 0, fmt.Errorf("counter entry: %w", ErrCorrupt)
		}
		return binary.BigEndian.Uint64(raw), nil
	})
	if err != nil || n == nil {
		return 0, err
	}
	return *n, nil
}

// Balance reads a balance; one that was never touched is zero.
func (s State) Balance(id tx.AccountID, asset tx.Asset) (Balance, error) {
	raw, err := s.get(keyBalance(id, asset))
	if err != nil || raw == nil {
		return Balance{}, err
	}
	return decodeBalance(raw)
}

// Grant reads the grant of an account to a key.
func (s State) Grant(id tx.AccountID, grantee key.Public) (*Grant, error) {
	return lookup(s, keyGrant(id, grantee), decodeGrant)
}

// Alias reads what an alias is bound to.
func (s State) Alias(a key.Alias) (*Alias, error) { return lookup(s, keyAlias(a), decodeAlias) }

// Provider reads a provider by its account.
func (s State) Provider(id tx.AccountID) (*Provider, error) {
	return lookup(s, keyProvider(id), decodeProvider)
}

// FeeSchedule reads a version of a provider's fees.
func (s State) FeeSchedule(provider tx.AccountID, version uint32) (*FeeSchedule, error) {
	return lookup(s, keyFees(provider, version), decodeFeeSchedule)
}

// Asset reads an asset.
func (s State) Asset(n tx.Asset) (*Asset, error) { return lookup(s, keyAsset(n), decodeAsset) }

// Exposure reads what all grants to a key allow together in a day.
func (s State) Exposure(grantee key.Public, n tx.Asset) (Exposure, error) {
	e, err := lookup(s, keyExposure(grantee, n), decodeExposure)
	if err != nil || e == nil {
		return Exposure{}, err
	}
	return *e, nil
}

// ValidatorSet reads the set in force.
func (s State) ValidatorSet() (checkpoint.ValidatorSet, error) {
	raw, err := s.get([]byte{kindSet})
	if err != nil {
		return nil, err
	}
	set, err := checkpoint.ParseValidatorSet(raw)
	if err != nil {
		return nil, fmt.Errorf("validator set entry: %v: %w", err, ErrCorrupt)
	}
	return set, nil
}

// LeftToday is what is left of a grant's cap on the day of the time.
func (s State) LeftToday(g Grant, timeUnixMs uint64) (uint64, error) {
	r, err := s.rules()
	if err != nil {
		return 0, err
	}
	if g.Day != r.day(timeUnixMs) {
		return uint64(g.CapDay), nil
	}
	left, ok := g.CapDay.Sub(g.Used)
	if !ok {
		return 0, nil // More was used than the cap of a grant that replaced a wider one today.
	}
	return uint64(left), nil
}

func (s State) rules() (rules, error) {
	r, err := lookup(s, []byte{kindRules}, decodeRules)
	if err != nil {
		return rules{}, err
	}
	if r == nil {
		return rules{}, fmt.Errorf("rules entry is missing: %w", ErrCorrupt)
	}
	return *r, nil
}

func (s State) seen(expires uint64, id tx.ID) (*seen, error) {
	return lookup(s, keySeen(expires, id), decodeSeen)
}

// Applied tells whether a transaction that has not expired was applied, with its result and leaf.
func (s State) Applied(id tx.ID, expiresAtUnixMs uint64) (result tx.Result, leaf uint64, found bool, err error) {
	record, err := s.seen(expiresAtUnixMs, id)
	if err != nil || record == nil {
		return tx.Result{}, 0, false, err
	}
	return record.Result, record.Leaf, true, nil
}

// Assets lists every asset, in order.
func Assets(view View) ([]Asset, error) {
	entries, err := view.Scan([]byte{kindAsset}, nil, 1<<16)
	if err != nil {
		return nil, err
	}
	var all []Asset
	for _, e := range entries {
		a, err := decodeAsset(e.Value)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// ProviderEntry is a provider with its account.
type ProviderEntry struct {
	Account tx.AccountID
	Provider
}

// Providers lists the providers whose account is larger than after (nil: all), ascending, at most limit.
func Providers(view View, after *tx.AccountID, limit int) ([]ProviderEntry, error) {
	var from []byte
	if after != nil {
		from = append(keyProvider(*after), 0)
	}
	entries, err := view.Scan([]byte{kindProvider}, from, limit)
	if err != nil {
		return nil, fmt.Errorf("scan providers: %w", err)
	}
	var all []ProviderEntry
	for _, e := range entries {
		p, err := decodeProvider(e.Value)
		if err != nil {
			return nil, err
		}
		all = append(all, ProviderEntry{Account: tx.AccountID(e.Key[1:]), Provider: p})
	}
	return all, nil
}

// BalanceEntry is a balance with what it is of.
type BalanceEntry struct {
	Account tx.AccountID
	Asset   tx.Asset
	Balance
}

// BalanceOf reads a state entry as a balance; false when it is of another kind. Audits sum over these.
func BalanceOf(e Entry) (BalanceEntry, bool, error) {
	if len(e.Key) != 1+16+4 || e.Key[0] != kindBalance {
		return BalanceEntry{}, false, nil
	}
	b, err := decodeBalance(e.Value)
	return BalanceEntry{
		Account: tx.AccountID(e.Key[1:17]), Asset: tx.Asset(binary.BigEndian.Uint32(e.Key[17:])), Balance: b,
	}, true, err
}

// MayAct says whether a key has part in an account: it is one of its owner keys, or it has a grant that holds.
func (s State) MayAct(id tx.AccountID, k key.Public, timeUnixMs uint64) (bool, error) {
	account, err := s.Account(id)
	if err != nil || account == nil {
		return false, err
	}
	authority, err := s.authorityAt(account, id, timeUnixMs)
	if err != nil {
		return false, err
	}
	for _, owner := range authority.Keys {
		if owner.Key == k {
			return true, nil
		}
	}
	g, err := s.Grant(id, k)
	return g != nil && g.ExpiresAtUnixMs >= timeUnixMs, err
}
