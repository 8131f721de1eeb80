package ledger

import (
	"fmt"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Attestor reads an attestor by its account; nil when there is none.
func (s State) Attestor(id tx.AccountID) (*tx.Attestor, error) {
	return lookup(s, keyAttestor(id), func(raw []byte) (tx.Attestor, error) {
		a, err := tx.DecodeAttestor(raw)
		if err != nil {
			return a, fmt.Errorf("attestor entry: %v: %w", err, ErrCorrupt)
		}
		return a, nil
	})
}

// AttestorByKey finds the attestor whose key it is; nil when it is nobody's.
func (s State) AttestorByKey(k key.Public) (*tx.AccountID, error) {
	return lookup(s, keyAttestorKey(k), func(raw []byte) (tx.AccountID, error) {
		r := reader{rest: raw}
		id := tx.AccountID(r.take(16))
		return id, r.end("attestor key")
	})
}

// putAttestor enters an attestor into the directory, or replaces its entry; false when the key is another attestor's.
func (b *batch) putAttestor(a tx.Attestor) (ok bool, err error) {
	holder, err := b.AttestorByKey(a.Key)
	if err != nil || holder != nil && *holder != a.Account {
		return false, err
	}
	if err := b.removeAttestor(a.Account); err != nil {
		return false, err
	}
	b.put(keyAttestor(a.Account), tx.EncodeAttestor(a))
	b.put(keyAttestorKey(a.Key), append([]byte(nil), a.Account[:]...))
	return true, nil
}

// removeAttestor takes an attestor out of the directory, if it is there.
func (b *batch) removeAttestor(id tx.AccountID) error {
	earlier, err := b.Attestor(id)
	if err != nil || earlier == nil {
		return err
	}
	b.put(keyAttestorKey(earlier.Key), nil)
	b.put(keyAttestor(id), nil)
	return nil
}

// parties are whom an operation concerns: accounts, keys that begin or end to act on them, and providers that have spoken already.
type parties struct {
	accounts  []tx.AccountID
	keys      []key.Public
	providers []tx.AccountID
}

// attestedBy says whether so many attestors sign that take no part in what they attest. None is never enough.
func (d *draft) attestedBy(needed uint64, p parties) (tx.Code, error) {
	if needed == 0 {
		return tx.Unauthorised, nil
	}
	n, err := d.attestors(p)
	if err != nil || n < needed {
		return tx.Unauthorised, err
	}
	return tx.OK, nil
}

// attestors counts the attestors among the signers that take no part. Those that belong to one provider count as one: what needs k
// attestors is meant to need k who must agree.
func (d *draft) attestors(p parties) (n uint64, err error) {
	var providers []tx.AccountID
	for _, sig := range d.signed.Signatures {
		id, err := d.AttestorByKey(sig.Signer)
		if err != nil {
			return 0, err
		}
		if id == nil {
			continue
		}
		a, err := d.Attestor(*id)
		if err != nil || a == nil {
			return 0, corrupt(err, "attestor of a key has no entry")
		}
		takesPart, err := d.takesPart(a, p)
		if err != nil {
			return 0, err
		}
		switch {
		case takesPart:
			continue
		case a.Provider == nil:
			n++
		case !slices.Contains(providers, *a.Provider):
			providers = append(providers, *a.Provider)
			n++
		}
	}
	return n, nil
}

// takesPart says whether an attestor has an interest in what it attests: the account is its own or its provider's; one of them begins
// or ends to act on it, opens it, or has a grant on it that holds.
func (d *draft) takesPart(a *tx.Attestor, p parties) (bool, error) {
	var theirs []key.Public
	if a.Provider != nil {
		if slices.Contains(p.providers, *a.Provider) {
			return true, nil
		}
		var err error
		if theirs, err = d.providerKeys(*a.Provider); err != nil {
			return false, err
		}
	}
	keys := append(slices.Clone(theirs), a.Key)
	for _, k := range keys {
		if slices.Contains(p.keys, k) {
			return true, nil
		}
	}
	for _, account := range p.accounts {
		if account == a.Account || a.Provider != nil && account == *a.Provider {
			return true, nil
		}
		// Its provider opens the account in this transaction. The attestor's own signature says nothing of that, unless the two have one key.
		if founding := d.founding[account]; founding != nil && founding.sponsored && slices.ContainsFunc(theirs, d.signed.SignedBy) {
			return true, nil
		}
		for _, k := range keys {
			if g, err := d.liveGrant(account, k); err != nil || g != nil {
				return true, err
			}
		}
	}
	return false, nil
}

// providerKeys are the keys of a provider, those that it has retired too.
func (b *batch) providerKeys(id tx.AccountID) ([]key.Public, error) {
	p, err := b.Provider(id)
	if err != nil || p == nil {
		return nil, err
	}
	return p.Keys(), nil
}

// attestor is the first attestor among the signers: it pays for what one alone can do to anybody's account.
func (d *draft) attestor() (tx.AccountID, error) {
	for _, sig := range d.signed.Signatures {
		id, err := d.AttestorByKey(sig.Signer)
		if err != nil {
			return tx.AccountID{}, err
		}
		if id != nil {
			return *id, nil
		}
	}
	return tx.AccountID{}, corrupt(nil, "admitted tier without an attestor")
}
