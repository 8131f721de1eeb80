package sdk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// maxEvidenceListed bounds what one validator may list: the validators keep no more.
const maxEvidenceListed = 256

// Evidence is a proof that a validator broke the rules, which this client has verified.
type Evidence struct {
	// Hash is SHA-256 of Raw; a ballot cites it.
	Hash [32]byte
	// Raw is the canonical encoding, which is the form of a file.
	Raw []byte
	// Validator did it.
	Validator string
	Offence   checkpoint.Offence
	// HeldBy are the addresses of the validators that gave it, in the order of the client's.
	HeldBy []string
}

// VerifyEvidence checks evidence offline, against the validator set of the genesis. Light.VerifyEvidence knows later ones.
func VerifyEvidence(trust checkpoint.Trust, raw []byte) (Evidence, error) {
	return verifyEvidence(checkpoint.Succession{First: trust.Validators}, trust.Network, raw)
}

// VerifyEvidence checks evidence offline, against each validator set that was seen, the newest first. Of a validator that has left it shows
// what its key has signed: somebody else may have that key by now.
func (l *Light) VerifyEvidence(raw []byte) (Evidence, error) {
	return verifyEvidence(l.seen().chain(l.trust), l.trust.Network, raw)
}

func verifyEvidence(sets checkpoint.Succession, network tx.NetworkID, raw []byte) (Evidence, error) {
	parsed, err := checkpoint.ParseEvidence(raw)
	if err != nil {
		return Evidence{}, err
	}
	var failed error
	for i := len(sets.Changes); i >= 0; i-- {
		set := sets.First
		if i > 0 {
			set = sets.Changes[i-1].Set
		}
		validator, offence, err := parsed.Verify(network, set)
		if err == nil {
			return Evidence{Hash: sha256.Sum256(raw), Raw: raw, Validator: validator, Offence: offence}, nil
		}
		if _, in := set.Find(parsed.Validator); in || failed == nil {
			failed = err // That a signature is wrong says more than that its signer is not in the set.
		}
	}
	return Evidence{}, failed
}

// Evidence asks all validators for what they have found against one another, since a validator that lied does not say so. It
// gives what verifies, ascending by hash, and why a validator gave nothing, or something that does not verify.
func (c *Client) Evidence(ctx context.Context) ([]Evidence, error) {
	var all []Evidence
	var failures []error
	for _, v := range c.validators {
		if err := c.evidenceOf(ctx, v, &all); err != nil {
			failures = append(failures, fmt.Errorf("validator %s: %w", v.address, err))
		}
	}
	slices.SortFunc(all, func(a, b Evidence) int { return bytes.Compare(a.Hash[:], b.Hash[:]) })
	if len(failures) == len(c.validators) {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, errors.Join(failures...))
	}
	return all, errors.Join(failures...)
}

// evidenceOf adds what one validator has.
func (c *Client) evidenceOf(ctx context.Context, v *validator, all *[]Evidence) error {
	var list *apiv1.ListEvidenceResponse
	err := c.attempt(ctx, v, func(ctx context.Context, v *validator) (err error) {
		list, err = v.ListEvidence(ctx, &apiv1.ListEvidenceRequest{})
		return err
	})
	if err != nil {
		return err
	}
	if n := len(list.GetEvidence()); n > maxEvidenceListed {
		return fmt.Errorf("lists %d pieces of evidence, more than %d: %w", n, maxEvidenceListed, ErrBadAnswer)
	}
	for _, summary := range list.GetEvidence() {
		hash := summary.GetHash()
		i := slices.IndexFunc(*all, func(e Evidence) bool { return bytes.Equal(e.Hash[:], hash) })
		if i >= 0 {
			(*all)[i].HeldBy = append((*all)[i].HeldBy, v.address)
			continue
		}
		e, err := c.fetchEvidence(ctx, v, hash)
		if err != nil {
			return err
		}
		*all = append(*all, e)
	}
	return nil
}

func (c *Client) fetchEvidence(ctx context.Context, v *validator, hash []byte) (e Evidence, err error) {
	err = c.attempt(ctx, v, func(ctx context.Context, v *validator) error {
		res, err := v.GetEvidence(ctx, &apiv1.GetEvidenceRequest{Hash: hash})
		if err != nil {
			return err
		}
		if e, err = c.light.VerifyEvidence(res.GetEvidence()); err != nil {
			if learnt := c.learn(ctx, v); learnt == nil {
				e, err = c.light.VerifyEvidence(res.GetEvidence())
			}
		}
		if err != nil {
			return fmt.Errorf("%w: %w", err, ErrBadAnswer)
		}
		if !bytes.Equal(e.Hash[:], hash) {
			return fmt.Errorf("evidence %x is not the one listed, %x: %w", e.Hash, hash, ErrBadAnswer)
		}
		e.HeldBy = []string{v.address}
		return nil
	})
	return e, err
}
