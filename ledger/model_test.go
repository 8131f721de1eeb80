package ledger_test

import (
	"maps"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// model is the rules written a second time, as plainly as they can be: maps that are copied whole before each
// transaction, and for every operation a list of rules of which the first that is broken is the result. Nothing is
// counted along the way that can be counted again, and there is no queue: what time does is found by looking at everything.
// It knows no encodings, leaves or hashes; where a return shows a leaf, it asks what stands there. TestRulesAgreeWithModel
// holds the ledger to it.
type model struct {
	dayOffsetMs uint64
	// leaves counts the history; truth gives what stands there.
	leaves uint64
	truth  func(leaf uint64) []byte

	parameters   map[tx.Parameter]uint64
	rules        uint32
	accounts     map[tx.AccountID]account
	opened       uint64 // accounts so far
	assets       map[tx.Asset]asset
	balances     map[holding]balance
	spent        map[holdingDay]uint64
	grants       map[grantName]tx.IssueGrant
	used         map[grantDay]uint64
	aliases      map[key.Alias]binding
	moves        map[key.Alias]move
	recoveries   map[tx.AccountID]recovery
	providers    map[tx.AccountID]provider
	providerKeys map[key.Public]tx.AccountID // of every key that a provider has or had
	schedules    map[scheduleName]schedule
	inflows      map[inflowDay]uint64
	attestors    map[tx.AccountID]tx.Attestor
	issuers      map[tx.AccountID]bool
	payees       map[payeeName]bool // false for one that was taken off the list
	holds        map[tx.HoldID]hold
	requests     map[tx.RequestID]tx.RequestPayment
	movements    map[place]movement
	returned     map[place]uint64
	ballots      map[tx.BallotID]ballot
	validators   map[string]tx.Governor
	reformed     bool // in this batch
	debts        map[tx.AccountID]debt
	seen         map[tx.ID]tx.Result
}

type account struct {
	authority   tx.Authority
	tier        uint32
	frozenUntil uint64
	number      uint64
}

type holding struct {
	account tx.AccountID
	asset   tx.Asset
}

type holdingDay struct {
	holding
	day uint64
}

type balance struct{ posted, held uint64 }

// maxAmount is 2^63 - 1, written without the package that the rules use.
const maxAmount = 9223372036854775807

const (
	aMinute = 60_000
	aDay    = 86_400_000
)

func newModel(g *genesis.Genesis, truth func(uint64) []byte) *model {
	m := (&model{dayOffsetMs: uint64(g.DayOffsetMinutes) * aMinute, truth: truth, leaves: 1, rules: g.RulesVersion}).clone()
	for _, p := range g.Parameters.Values() {
		m.parameters[p.Parameter] = p.Value
	}
	for _, a := range g.Accounts {
		m.open(a.ID, a.Authority.Tx(), uint32(a.Tier))
	}
	for i, a := range g.Assets {
		defined := asset{code: a.Code, kind: tx.Money, issuer: a.Issuer, arbiter: a.Arbiter, inflowDay: uint64(a.ProvisionalInflowDay)}
		defined.limits = make(map[uint32]limit)
		for _, t := range g.Tiers {
			if int(t.Asset) == i+1 {
				defined.limits[uint32(t.Tier)] = limit{uint64(t.CapTransaction), uint64(t.CapDay)}
			}
		}
		m.assets[tx.Asset(i+1)] = defined
		m.issuers[a.Issuer] = true
	}
	for _, i := range g.Issues {
		m.issued(i.Asset, i.Credit, uint64(i.Amount))
	}
	for _, a := range g.Aliases {
		m.aliases[a.Alias] = binding{account: a.Account, status: attested, name: a.SealedName}
	}
	for _, gr := range g.Grants {
		m.grants[grantName{gr.Account, gr.Grantee}] = gr.Tx()
	}
	for _, p := range g.Providers {
		m.providers[p.Account] = provider{key: p.Key, shares: uint64(p.Shares), last: uint32(len(p.Schedules))}
		m.providerKeys[p.Key] = p.Account
		for i, s := range p.Schedules {
			m.schedules[scheduleName{p.Account, uint32(i + 1)}] = schedule{asset: s.Asset, bands: s.Tx(), from: s.EffectiveAtUnixMs}
		}
	}
	for _, a := range g.Attestors {
		m.attestors[a.Account] = a.Tx()
	}
	governors := make(map[string]tx.AccountID)
	for _, v := range g.Governors {
		governors[v.Validator] = v.Account
	}
	for _, v := range g.ValidatorSet() {
		m.validators[v.Name] = tx.Governor{Name: v.Name, Key: v.Key[:], TLSKeyHash: v.TLSKeyHash, Account: governors[v.Name]}
	}
	return m
}

func (m *model) clone() *model {
	c := *m
	c.parameters, c.accounts, c.assets, c.balances = copied(m.parameters), copied(m.accounts), copied(m.assets), copied(m.balances)
	c.spent, c.grants, c.used, c.aliases = copied(m.spent), copied(m.grants), copied(m.used), copied(m.aliases)
	c.moves, c.recoveries, c.providers, c.providerKeys = copied(m.moves), copied(m.recoveries), copied(m.providers), copied(m.providerKeys)
	c.schedules, c.inflows, c.attestors, c.issuers = copied(m.schedules), copied(m.inflows), copied(m.attestors), copied(m.issuers)
	c.payees, c.holds, c.requests, c.movements = copied(m.payees), copied(m.holds), copied(m.requests), copied(m.movements)
	c.returned, c.ballots, c.validators, c.debts = copied(m.returned), copied(m.ballots), copied(m.validators), copied(m.debts)
	c.seen = copied(m.seen)
	return &c
}

func copied[K comparable, V any](from map[K]V) map[K]V {
	to := make(map[K]V, len(from))
	maps.Copy(to, from)
	return to
}

// day counts calendar days at the network's offset.
func (m *model) day(now uint64) uint64 { return (now + m.dayOffsetMs) / aDay }

func (m *model) open(id tx.AccountID, authority tx.Authority, tier uint32) {
	m.opened++
	m.accounts[id] = account{authority: authority, tier: tier, number: m.opened}
}

func (m *model) exists(id tx.AccountID) bool {
	_, there := m.accounts[id]
	return there
}

func (m *model) known(n tx.Asset) bool {
	_, there := m.assets[n]
	return there
}

// credit and debit change what an account has.
func (m *model) credit(id tx.AccountID, asset tx.Asset, sum uint64) {
	b := m.balances[holding{id, asset}]
	b.posted += sum
	m.balances[holding{id, asset}] = b
}

func (m *model) debit(id tx.AccountID, asset tx.Asset, sum uint64) {
	b := m.balances[holding{id, asset}]
	b.posted -= sum
	m.balances[holding{id, asset}] = b
}

func (m *model) available(id tx.AccountID, asset tx.Asset) uint64 {
	b := m.balances[holding{id, asset}]
	return b.posted - b.held
}

// attempt is one transaction that is tried on a copy of the model.
type attempt struct {
	*model
	now     uint64
	id      tx.ID
	body    tx.Body
	signers []key.Public // ascending
	// founding are the accounts that it opens, ended the grants that it revokes; both grow while it is admitted.
	founding map[tx.AccountID]founding
	ended    map[grantName]bool
	// head is the first leaf of the batch, position that of the operation being applied.
	head     uint64
	position uint32
	// moved is what it debits under each grant, legs the refused legs of bulk transfers.
	moved map[grantName]uint64
	legs  []tx.LegResult
}

// founding is an account that a transaction opens; a provider opens one that has no keys.
type founding struct {
	authority tx.Authority
	sponsored bool
}

// apply is what becomes of a transaction in a batch whose first leaf is head; decided says whether its id is.
func (m *model) apply(s *tx.Signed, now, head uint64) (result tx.Result, duplicate, decided bool) {
	if earlier, ok := m.seen[s.ID()]; ok {
		return earlier, true, true
	}
	leaf := m.leaves
	m.leaves++
	a := attempt{
		model: m.clone(), now: now, id: s.ID(), body: s.Body, head: head,
		founding: make(map[tx.AccountID]founding), ended: make(map[grantName]bool), moved: make(map[grantName]uint64),
	}
	for _, sig := range s.Signatures {
		a.signers = append(a.signers, sig.Signer)
	}
	if code := a.admit(s.Body); code != tx.OK {
		return tx.Result{Code: code}, false, false
	}
	charged := copied(a.debts)
	for i, op := range s.Body.Operations {
		a.position = uint32(i)
		if code := a.operation(op); code != tx.OK {
			result = tx.Result{Code: code, Operation: uint32(i)}
			break
		}
		a.remember(op, place{leaf, uint32(i)})
	}
	switch {
	case result.Code == 0:
		result = tx.Result{Code: tx.OK, Legs: a.legs}
		*m = *a.model
	case !result.Code.Decides(): // What an operation did before took away what the signers were admitted for.
		return tx.Result{Code: result.Code}, false, false
	}
	m.debts = charged                                                          // A refusal costs what it takes to record it.
	m.seen[s.ID()] = tx.Result{Code: result.Code, Operation: result.Operation} // Refused legs are in the leaf alone.
	return result, false, true
}

// broken is a code and whether its rule is broken.
type broken struct {
	code tx.Code
	is   bool
}

func first(rules ...broken) tx.Code {
	for _, r := range rules {
		if r.is {
			return r.code
		}
	}
	return tx.OK
}

// lowest is the first code that is not OK; they are in order.
func lowest(codes ...tx.Code) tx.Code {
	for _, code := range codes {
		if code != tx.OK {
			return code
		}
	}
	return tx.OK
}

func (a *attempt) signed(k key.Public) bool { return slices.Contains(a.signers, k) }

// reach says whether the signers reach a threshold of keys.
func (a *attempt) reach(keys []tx.AuthorityKey, threshold uint32) bool {
	weight := uint64(0)
	for _, k := range keys {
		if a.signed(k.Key) {
			weight += uint64(k.Weight)
		}
	}
	return len(keys) > 0 && weight >= uint64(threshold)
}

// owns says whether the signers are an account's authority.
func (a *attempt) owns(id tx.AccountID) bool {
	authority, _ := a.authority(id)
	return a.reach(authority.Keys, authority.Threshold)
}

// operation applies one operation.
func (a *attempt) operation(op tx.Operation) tx.Code {
	switch o := op.(type) {
	case tx.OpenAccount:
		return a.openAccount(o)
	case tx.SetAuthority:
		return a.setAuthority(o)
	case tx.SetTier:
		return a.setTier(o)
	case tx.IssueGrant:
		return a.issueGrant(o)
	case tx.RevokeGrant:
		return a.revokeGrant(o)
	case tx.StartRecovery:
		return a.startRecovery(o)
	case tx.CancelRecovery:
		return a.cancelRecovery(o)
	case tx.CompleteRecovery:
		return a.completeRecovery(o)
	case tx.BindAlias:
		return a.bindAlias(o)
	case tx.AttestAlias:
		return a.attestAlias(o)
	case tx.ReleaseAlias:
		return a.releaseAlias(o)
	case tx.StartMove:
		return a.startMove(o)
	case tx.CancelMove:
		return a.cancelMove(o)
	case tx.ConfirmMove:
		return a.confirmMove(o)
	case tx.DefineAsset:
		return a.defineAsset(o)
	case tx.SetLimits:
		return a.setLimits(o)
	case tx.ListPayee:
		return a.listPayee(o)
	case tx.Issue:
		return a.issue(o)
	case tx.Redeem:
		return a.redeem(o)
	case tx.StateReserve:
		return a.stateReserve(o)
	}
	return a.money(op)
}

func (a *attempt) money(op tx.Operation) tx.Code {
	switch o := op.(type) {
	case tx.Transfer:
		return a.transfer(o)
	case tx.BulkTransfer:
		return a.bulkTransfer(o)
	case tx.PlaceHold:
		return a.placeHold(o)
	case tx.CaptureHold:
		return a.captureHold(o)
	case tx.ReleaseHold:
		return a.releaseHold(o)
	case tx.RequestPayment:
		return a.requestPayment(o)
	case tx.DeclineRequest:
		return a.declineRequest(o)
	case tx.Return:
		return a.giveBack(o)
	case tx.RegisterProvider:
		return a.registerProvider(o)
	case tx.PublishFees:
		return a.publishFees(o)
	case tx.Propose:
		return a.propose(o)
	case tx.Vote:
		return a.vote(o)
	}
	panic("an operation without a rule")
}
