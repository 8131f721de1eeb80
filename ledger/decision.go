package ledger

import (
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// maxFreezeMs is how long a freeze lasts at most from the moment it takes effect: thirty days. One that should last longer is decided again.
const maxFreezeMs = 30 * 24 * 3600 * 1000

// stepValidators is by how many validators a set grows or shrinks: sets have 3f+1.
const stepValidators = 3

// impossible says why a decision cannot be carried out on this state, if it takes effect at a time from earliest to latest; tx.OK when it
// can. A proposal that is impossible is refused with the code; a ballot that has become so lapses.
func (b *batch) impossible(decision tx.Decision, earliest, latest uint64) (tx.Code, error) {
	switch o := decision.(type) {
	case tx.SetValidators:
		return b.impossibleSet(o)
	case tx.SetParameter:
		value, err := b.Parameter(o.Parameter)
		return nothingIf(value == o.Value), err
	case tx.SetRules:
		r, err := b.State.rules()
		if err == nil && (o.Version == 0 || o.Version-1 != r.Version) {
			return tx.VersionNotNext, nil
		}
		return tx.OK, err
	case tx.SetIssuer:
		is, err := b.overlay.get(keyIssuer(o.Account))
		if err != nil {
			return 0, err
		}
		code, err := b.exists(o.Account)
		if err != nil || code != tx.OK {
			return code, err
		}
		return nothingIf((is != nil) == o.Issuer), nil
	case tx.SetAttestor:
		return b.impossibleAttestor(o.Attestor)
	case tx.RemoveAttestor:
		raw, err := b.overlay.get(keyAttestor(o.Account))
		if err == nil && raw == nil {
			return tx.AttestorUnknown, nil
		}
		return tx.OK, err
	case tx.Freeze:
		account, err := b.Account(o.Account)
		switch {
		case err != nil:
			return 0, err
		case account == nil:
			return tx.CreditAccountUnknown, nil
		case account.FrozenUntilUnixMs == o.UntilUnixMs:
			return tx.NothingToChange, nil
		case o.UntilUnixMs != 0 && (o.UntilUnixMs <= earliest || o.UntilUnixMs > latest+maxFreezeMs):
			return tx.TimeNotValid, nil
		}
		return tx.OK, nil
	case tx.SetPool:
		provider, err := b.Provider(o.Provider)
		switch {
		case err != nil:
			return 0, err
		case provider == nil:
			return tx.ProviderUnknown, nil
		}
		return nothingIf(provider.Shares == o.Shares), nil
	}
	return 0, fmt.Errorf("decision %T has no rule: %w", decision, ErrCorrupt)
}

// nothingIf is NOTHING_TO_CHANGE when it holds.
func nothingIf(holds bool) tx.Code {
	if holds {
		return tx.NothingToChange
	}
	return tx.OK
}

// exists is CREDIT_ACCOUNT_UNKNOWN, the code for whoever an operation names and does not debit, when the account does not exist.
func (b *batch) exists(id tx.AccountID) (tx.Code, error) {
	raw, err := b.overlay.get(keyAccount(id))
	if err == nil && raw == nil {
		return tx.CreditAccountUnknown, nil
	}
	return tx.OK, err
}

// impossibleSet: a set keeps its size and has at most f validators replaced, or three come to it, or three leave it. So whoever trusted the
// set before knows all but f of the one after, or all of it but who came. A validator with another key is another validator.
func (b *batch) impossibleSet(o tx.SetValidators) (tx.Code, error) {
	for _, v := range o.Validators {
		account, err := b.Account(v.Account)
		if err != nil {
			return 0, err
		}
		if account == nil || len(account.Authority.Keys) == 0 {
			return tx.CreditAccountUnknown, nil // Nobody could speak for that validator.
		}
	}
	before, err := b.ValidatorSet()
	if err != nil {
		return 0, err
	}
	after, err := setOf(o)
	if err != nil {
		return tx.NothingToChange, nil
	}
	kept := 0
	for _, v := range after {
		if earlier, found := before.Find(v.Name); found && earlier == v {
			kept++
		}
	}
	in, out := len(after)-kept, len(before)-kept
	if in == 0 && out == 0 {
		same, err := b.sameGovernors(o)
		return nothingIf(same), err
	}
	switch {
	case in == out && out <= before.Faults(), in == stepValidators && out == 0, in == 0 && out == stepValidators:
		return tx.OK, nil
	}
	return tx.NothingToChange, nil
}

// sameGovernors says whether each validator is spoken for by the account that speaks for it already, and is where it was.
func (b *batch) sameGovernors(o tx.SetValidators) (bool, error) {
	for _, v := range o.Validators {
		if account, err := b.governor(v.Name); err != nil || account != v.Account {
			return false, err
		}
		if address, err := b.PeerAddress(v.Name); err != nil || address != v.PeerAddress {
			return false, err
		}
	}
	return true, nil
}

func setOf(o tx.SetValidators) (checkpoint.ValidatorSet, error) {
	all := make([]checkpoint.Validator, 0, len(o.Validators))
	for _, v := range o.Validators {
		all = append(all, checkpoint.Validator{Name: v.Name, Key: [32]byte(v.Key), TLSKeyHash: v.TLSKeyHash})
	}
	return checkpoint.NewValidatorSet(all)
}

// impossibleAttestor: the account exists, and its provider, and the key is no other attestor's.
func (b *batch) impossibleAttestor(o tx.Attestor) (tx.Code, error) {
	code, err := b.exists(o.Account)
	if err != nil || code != tx.OK {
		return code, err
	}
	if o.Provider != nil {
		provider, err := b.overlay.get(keyProvider(*o.Provider))
		if err != nil {
			return 0, err
		}
		if provider == nil {
			return tx.ProviderUnknown, nil
		}
	}
	holder, err := b.overlay.get(keyAttestorKey(o.Key))
	if err == nil && holder != nil && tx.AccountID(holder) != o.Account {
		return tx.KeyTaken, nil
	}
	return tx.OK, err
}

// decide carries out a decision that is possible. The batch that it begins is judged by the validator set before, as its header was;
// its header leaf names the set and the rules after.
func (b *batch) decide(decision tx.Decision) error {
	switch o := decision.(type) {
	case tx.SetValidators:
		return b.decideSet(o)
	case tx.SetParameter:
		b.put(keyParameter(o.Parameter), put64(nil, o.Value))
	case tx.SetRules:
		// The rest of this batch is still under the rules before. A program that does not know the new ones stops at the next batch.
		r, err := b.State.rules()
		if err != nil {
			return err
		}
		r.Version = o.Version
		b.put([]byte{kindRules}, r.encode())
	case tx.SetIssuer:
		if !o.Issuer {
			b.put(keyIssuer(o.Account), nil)
			return nil
		}
		b.put(keyIssuer(o.Account), present)
	case tx.SetAttestor:
		if ok, err := b.putAttestor(o.Attestor); err != nil || !ok {
			return corrupt(err, "possible attestor is refused")
		}
	case tx.RemoveAttestor:
		return b.removeAttestor(o.Account)
	case tx.Freeze:
		account, err := b.Account(o.Account)
		if err != nil || account == nil {
			return corrupt(err, "account to be frozen has no entry")
		}
		account.FrozenUntilUnixMs = o.UntilUnixMs
		b.put(keyAccount(o.Account), account.encode())
	case tx.SetPool:
		provider, err := b.Provider(o.Provider)
		if err != nil || provider == nil {
			return corrupt(err, "provider of a pool has no entry")
		}
		provider.Shares = o.Shares
		b.put(keyProvider(o.Provider), provider.encode())
	}
	return nil
}

// decideSet writes the set and who speaks for each validator.
func (b *batch) decideSet(o tx.SetValidators) error {
	before, err := b.ValidatorSet()
	if err != nil {
		return err
	}
	after, err := setOf(o)
	if err != nil {
		return fmt.Errorf("possible validator set: %v: %w", err, ErrCorrupt)
	}
	for _, v := range before {
		b.put(keyGovernor(v.Name), nil)
	}
	for _, v := range o.Validators {
		b.put(keyGovernor(v.Name), append(append([]byte(nil), v.Account[:]...), v.PeerAddress...))
	}
	if after.Hash() == before.Hash() {
		return nil // The same validators: others speak for them, or they are elsewhere.
	}
	b.put([]byte{kindSet}, after.Encode())
	b.put(keySetBefore, before.Encode())
	return nil
}
