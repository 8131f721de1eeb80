package ledger

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// nothing is the view before the genesis.
type nothing struct{}

func (nothing) Get([]byte) ([]byte, error)               { return nil, nil }
func (nothing) Scan(_, _ []byte, _ int) ([]Entry, error) { return nil, nil }
func (nothing) ReadHashes([]int64) ([]tlog.Hash, error) {
	return nil, fmt.Errorf("read hashes before the genesis: %w", ErrCorrupt)
}

// Found gives the effects of the genesis: batch 0, whose only leaf is its header.
func Found(g *genesis.Genesis) (*Effects, error) {
	head := Head{BatchHash: tx.BatchHash(g.Network())}
	o := newOverlay(nothing{}, 0)
	s := State{get: o.get}
	o.put([]byte{kindRules}, rules{Version: g.RulesVersion, DayOffsetMinutes: g.DayOffsetMinutes}.encode())
	o.put([]byte{kindSet}, g.ValidatorSet().Encode())
	for i, a := range g.Accounts {
		n := tx.AccountNumber(i + 1)
		o.put(keyAccount(a.ID), Account{Number: n, Authority: a.Authority.Tx()}.encode())
		o.put(keyNumber(n), a.ID[:])
	}
	o.put(counterAccounts, put64(nil, uint64(len(g.Accounts))))
	for i, a := range g.Assets {
		o.put(keyAsset(tx.Asset(i+1)), Asset{Scale: a.Scale, Issuer: a.Issuer, Code: a.Code}.encode())
	}
	for _, t := range g.Tiers {
		o.put(keyTier(t.Asset), encodeTier(t))
	}
	for _, p := range g.Providers {
		foundProvider(o, p)
	}
	for _, is := range g.Issues {
		if err := foundIssue(o, s, is); err != nil {
			return nil, err
		}
	}
	for _, a := range g.Aliases {
		o.put(keyAlias(a.Alias), Alias{Account: a.Account, Attested: true, SealedName: a.SealedName}.encode())
	}
	for _, gr := range g.Grants {
		o.put(keyGrant(gr.Account, gr.Grantee), grantOf(gr.Tx()).encode())
	}
	o.keep()
	fx := &Effects{Before: head, After: head}
	return fx, finish(fx, o, g.Network(), g.TimeUnixMs)
}

func foundProvider(o *overlay, p genesis.Provider) {
	o.put(keyProvider(p.Account), Provider{Key: p.Key, Name: p.Name}.encode())
	o.put(keyProviderKey(p.Key), p.Account[:])
	for i, schedule := range p.Schedules {
		f := FeeSchedule{Asset: schedule.Asset, Flat: schedule.Flat, EffectiveAtUnixMs: schedule.EffectiveAtUnixMs}
		for _, later := range p.Schedules[i+1:] {
			if later.Asset == schedule.Asset {
				f.ReplacedAtUnixMs = later.EffectiveAtUnixMs
				break
			}
		}
		o.put(keyFees(p.Account, uint32(i+1)), f.encode())
	}
}

func foundIssue(o *overlay, s State, is genesis.Issue) error {
	asset, err := s.Asset(is.Asset)
	if err != nil {
		return err
	}
	balance, err := s.Balance(is.Credit, is.Asset)
	if err != nil {
		return err
	}
	var ok1, ok2 bool
	asset.Supply, ok1 = asset.Supply.Add(is.Amount)
	balance.Posted, ok2 = balance.Posted.Add(is.Amount)
	if !ok1 || !ok2 {
		return fmt.Errorf("issue of asset %d passes %d: %w", is.Asset, amount.Max, genesis.ErrBadGenesis)
	}
	o.put(keyAsset(is.Asset), asset.encode())
	o.put(keyBalance(is.Credit, is.Asset), balance.encode())
	return nil
}

func grantOf(op tx.IssueGrant) Grant {
	g := Grant{
		Asset: op.Asset, CapTransaction: op.CapTransaction, CapDay: op.CapDay, FeeCeiling: op.FeeCeiling, ExpiresAtUnixMs: op.ExpiresAtUnixMs,
	}
	for _, allowed := range op.Operations {
		g.Operations |= 1 << allowed
	}
	return g
}

// finish closes a batch: it takes the changes, moves the state hash, and appends the header leaf.
func finish(fx *Effects, o *overlay, network tx.NetworkID, timeUnixMs uint64) error {
	changes, err := o.changes()
	if err != nil {
		return err
	}
	fx.Changes = changes
	fx.After.State.change(newStateHasher(network), changes)
	fx.After.TimeUnixMs = timeUnixMs
	s := State{get: o.get}
	set, err := s.ValidatorSet()
	if err != nil {
		return err
	}
	r, err := s.rules()
	if err != nil {
		return err
	}
	header := tx.Header{
		Batch: fx.After.Batch, TimeUnixMs: timeUnixMs, StateRoot: fx.After.State.Root(), ValidatorSetHash: set.Hash(), RulesVersion: r.Version,
		BatchHash: fx.After.BatchHash, Epoch: fx.After.Epoch,
	}
	leaf := Leaf{Index: uint64(o.size), Raw: header.Encode()}
	if err := o.append(leaf.Raw); err != nil {
		return err
	}
	fx.Leaves = append(fx.Leaves, leaf)
	fx.Hashes = o.hashes
	fx.After.Size = uint64(o.size)
	fx.After.Root, err = o.root()
	return err
}
