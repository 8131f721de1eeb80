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
	o := newOverlay(nothing{}, 0, 0)
	s := State{entries: o}
	o.put([]byte{kindRules}, rules{Version: g.RulesVersion, DayOffsetMinutes: g.DayOffsetMinutes}.encode())
	o.put([]byte{kindSet}, g.ValidatorSet().Encode())
	for i, a := range g.Accounts {
		n := tx.AccountNumber(i + 1)
		o.put(keyAccount(a.ID), Account{Number: n, Tier: a.Tier, Authority: a.Authority.Tx()}.encode())
		o.put(keyNumber(n), a.ID[:])
	}
	o.put(counterAccounts, put64(nil, uint64(len(g.Accounts))))
	foundAssets(o, g)
	for _, p := range g.Parameters.Values() {
		o.put(keyParameter(p.Parameter), put64(nil, p.Value))
	}
	for _, v := range g.Governors {
		o.put(keyGovernor(v.Validator), v.Account[:])
	}
	for _, p := range g.Providers {
		foundProvider(o, p)
	}
	for _, a := range g.Attestors {
		o.put(keyAttestor(a.Account), tx.EncodeAttestor(a.Tx()))
		o.put(keyAttestorKey(a.Key), a.Account[:])
	}
	for _, is := range g.Issues {
		if err := foundIssue(o, s, is); err != nil {
			return nil, err
		}
	}
	for _, a := range g.Aliases {
		o.put(keyAlias(a.Alias), Alias{Account: a.Account, Status: AliasAttested, SealedName: a.SealedName}.encode())
	}
	fx := &Effects{Before: head, After: head}
	b := &batch{overlay: o, State: s, fx: fx, timeUnixMs: g.TimeUnixMs}
	for _, gr := range g.Grants {
		grant := grantOf(gr.Tx())
		if err := b.putGrant(gr.Account, gr.Grantee, &grant); err != nil {
			return nil, err
		}
	}
	o.keep()
	return fx, finish(fx, o, g.Network(), g.TimeUnixMs)
}

// foundAssets defines the assets. Their issuers may define more.
func foundAssets(o *overlay, g *genesis.Genesis) {
	for i, a := range g.Assets {
		n := tx.Asset(i + 1)
		asset := Asset{Scale: a.Scale, Kind: tx.Money, Issuer: a.Issuer, ProvisionalInflowDay: a.ProvisionalInflowDay, Code: a.Code}
		if a.Arbiter != nil {
			asset.Arbiter = *a.Arbiter
		}
		o.put(keyAsset(n), asset.encode())
		o.put(keyAssetCode(a.Code), put32(nil, uint32(n)))
		o.put(keyIssuer(a.Issuer), present)
	}
	o.put(counterAssets, put64(nil, uint64(len(g.Assets))))
	for _, t := range g.Tiers {
		o.put(keyLimit(t.Asset, t.Tier), Limit{CapTransaction: t.CapTransaction, CapDay: t.CapDay}.encode())
	}
}

func foundProvider(o *overlay, p genesis.Provider) {
	o.put(keyProvider(p.Account), Provider{Shares: p.Shares, LastVersion: uint32(len(p.Schedules)), Entry: p.Tx()}.encode())
	o.put(keyProviderKey(p.Key), providerKey{Account: p.Account}.encode())
	for i, schedule := range p.Schedules {
		f := FeeSchedule{Asset: schedule.Asset, EffectiveAtUnixMs: schedule.EffectiveAtUnixMs, Bands: schedule.Tx()}
		for _, later := range p.Schedules[i+1:] {
			if later.Asset == schedule.Asset {
				f.ReplacedAtUnixMs = later.EffectiveAtUnixMs
				break
			}
		}
		o.put(keyFees(p.Account, uint32(i+1)), f.encode())
		o.put(keyLatestFees(p.Account, schedule.Asset), put32(nil, uint32(i+1)))
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

// finish closes a batch: it takes the changes, moves the state hash, and appends the header leaf.
func finish(fx *Effects, o *overlay, network tx.NetworkID, timeUnixMs uint64) error {
	changes, err := o.changes()
	if err != nil {
		return err
	}
	fx.Changes = changes
	fx.After.State.change(newStateHasher(network), changes)
	fx.After.TimeUnixMs = timeUnixMs
	s := State{entries: o}
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
