package ledger_test

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// What is drawn is what may well be applied, seen from the model, with something wrong in it now and then; amounts and times lie on edges.

// makers draw the operations of a kind; each adds who should sign to need. The number says how often a kind is drawn.
var makers = map[string]struct {
	often int
	draw  func(m *machine, d dice) []tx.Operation
}{
	"transfer":      {16, (*machine).drawTransfer},
	"spree":         {6, (*machine).drawSpree},
	"bulk":          {6, (*machine).drawBulk},
	"hold":          {6, (*machine).drawHold},
	"capture":       {6, (*machine).drawCapture},
	"release":       {2, (*machine).drawRelease},
	"request":       {3, (*machine).drawRequest},
	"pay request":   {2, (*machine).drawPaidRequest},
	"decline":       {2, (*machine).drawDecline},
	"return":        {5, (*machine).drawReturn},
	"open":          {1, (*machine).drawOpening},
	"found":         {2, (*machine).drawFounding},
	"grant":         {4, (*machine).drawGrant},
	"revoke":        {2, (*machine).drawRevocation},
	"authority":     {1, (*machine).drawAuthority},
	"tier":          {2, (*machine).drawTier},
	"recovery":      {2, (*machine).drawRecovery},
	"end recovery":  {4, (*machine).drawEndOfRecovery},
	"attest":        {3, (*machine).drawAttestation},
	"release alias": {2, (*machine).drawAliasRelease},
	"move":          {4, (*machine).drawMove},
	"moves":         {1, (*machine).drawMoves},
	"end move":      {7, (*machine).drawEndOfMove},
	"asset":         {1, (*machine).drawAsset},
	"limits":        {1, (*machine).drawLimits},
	"payee":         {2, (*machine).drawPayee},
	"issue":         {3, (*machine).drawIssue},
	"redeem":        {1, (*machine).drawRedemption},
	"reserve":       {1, (*machine).drawReserve},
	"provider":      {1, (*machine).drawProvider},
	"fees":          {3, (*machine).drawFees},
	"propose":       {3, (*machine).drawProposal},
	"vote":          {6, (*machine).drawVote},
	"sets":          {1, (*machine).drawSets},
	"votes":         {2, (*machine).drawVotes},
}

// deck has each kind as often as it is to be drawn.
var deck = func() (all []string) {
	for _, name := range slices.Sorted(maps.Keys(makers)) {
		for range makers[name].often {
			all = append(all, name)
		}
	}
	return all
}()

// dice is where choices come from: below gives 0 to n-1.
type dice struct{ below func(n int) int }

// randomDice are the dice of two numbers.
func randomDice(a, b uint64) dice {
	r := rand.New(rand.NewPCG(a, b))
	return dice{below: r.IntN}
}

func pick[T any](d dice, from ...T) T { return from[d.below(len(from))] }

func (d dice) between(low, high int) int { return low + d.below(high-low+1) }

// power is a number beside a power of two, below 2^63.
func (d dice) power() uint64 { return max(1, uint64(1)<<d.below(63)+uint64(d.below(3))-1) }

// oneIn is true once in n times; never, when there are no more choices and all are the first.
func (d dice) oneIn(n int) bool { return d.below(n) == n-1 }

// listed gives the keys of a map in one order.
func listed[K ~[16]byte | ~[32]byte, V any](from map[K]V) []K {
	return slices.SortedFunc(maps.Keys(from), func(a, b K) int { return bytes.Compare(raw(a), raw(b)) })
}

func raw[K ~[16]byte | ~[32]byte](k K) []byte {
	switch k := any(k).(type) {
	case tx.AccountID:
		return k[:]
	case tx.HoldID:
		return k[:]
	case tx.RequestID:
		return k[:]
	case tx.BallotID:
		return k[:]
	case key.Alias:
		return k[:]
	}
	panic("an id without an order")
}

// grantNames are all grants in one order.
func (m *machine) grantNames() []grantName {
	return slices.SortedFunc(maps.Keys(m.model.grants), func(a, b grantName) int {
		if c := bytes.Compare(a.account[:], b.account[:]); c != 0 {
			return c
		}
		return bytes.Compare(a.grantee[:], b.grantee[:])
	})
}

func (m *machine) now() uint64 { return m.chain.TimeUnixMs }

// time lets time pass, often to an edge: before, at or after something is due, or midnight.
func (m *machine) time(d dice) {
	now := m.now()
	midnight := (now+m.model.dayOffsetMs)/aDay*aDay + aDay - m.model.dayOffsetMs
	next := []uint64{now + 1, now + 1, now + aMinute, now + aMinute, now + aMinute, now + 3600_000, now + 3600_000, midnight - 1, midnight, midnight + 1, now + 2*aDay}
	for name, s := range m.model.schedules {
		if at, replaced := m.model.replaced(name.provider, name.version); replaced && at+7*aDay > now+2 && at < now {
			next = append(next, at+7*aDay-1, at+7*aDay)
		} else if s.from > now && s.from < now+9*aDay {
			next = append(next, s.from-1, s.from)
		}
	}
	for _, b := range m.model.aliases {
		if b.status == released && b.until > now {
			next = append(next, b.until, b.until, b.until+1)
		}
	}
	slices.Sort(next) // Those came in no order.
	for i, w := range m.model.waiting(now) {
		if i < 4 && w.due < now+9*aDay {
			next = append(next, w.due-1, w.due, w.due+1, w.due+1)
		}
	}
	m.chain.TimeUnixMs = max(now, pick(d, next...))
}

// transaction draws one that the ledger may pack; nil when it is kept for later, or cannot be said.
func (m *machine) transaction(d dice) *tx.Signed {
	switch pick(d, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3) {
	case 1:
		if len(m.sent) > 0 {
			return m.again(d, m.sent[len(m.sent)-1-d.between(0, min(20, len(m.sent)-1))])
		}
	case 2:
		if n := len(m.late); n > 0 {
			s := m.late[n-1]
			m.late = m.late[:n-1]
			if s.Body.ExpiresAtUnixMs >= m.now() {
				return s
			}
		}
	case 3:
		if s := m.fresh(d, pick(d, deck...)); s != nil {
			m.late = append(m.late, s)
		}
		return nil
	}
	return m.fresh(d, pick(d, deck...))
}

// again sends a body once more, mostly by other signers.
func (m *machine) again(d dice, s *tx.Signed) *tx.Signed {
	if s.Body.ExpiresAtUnixMs < m.now() {
		return nil
	}
	if d.oneIn(3) {
		return s
	}
	m.need = []key.Public{s.Signatures[0].Signer}
	return m.seal(s.RawBody(), m.signers(d))
}

// fresh draws a new transaction that begins with a kind of operations.
func (m *machine) fresh(d dice, kind string) *tx.Signed {
	m.nonce++
	m.need = nil
	body := tx.Body{Nonce: m.world.Nonce(m.nonce)}
	body.ExpiresAtUnixMs = m.now() + pick[uint64](d, 10*aMinute, 10*aMinute, 10*aMinute, 10*aMinute, aDay, aDay, aDay, tx.MaxLifetimeMs, tx.MaxLifetimeMs, 0)
	if d.oneIn(40) {
		body.ExpiresAtUnixMs = m.now() + tx.MaxLifetimeMs + 1
	}
	body.Operations = makers[kind].draw(m, d)
	for len(body.Operations) < 4 && d.oneIn(6) {
		body.Operations = append(body.Operations, makers[pick(d, deck...)].draw(m, d)...)
	}
	encoded, err := body.Encode()
	if err != nil {
		return nil
	}
	return m.seal(encoded, m.signers(d))
}

// seal packs the body with signatures that nobody made; the machine's verifier does not look.
func (m *machine) seal(body []byte, signers []key.Public) *tx.Signed {
	var signatures []tx.Signature
	for _, k := range signers {
		signatures = append(signatures, tx.Signature{Signer: k})
	}
	s, err := tx.Pack(m.world.Network, body, signatures)
	if err != nil {
		m.t.Fatal(err)
	}
	return s
}

// signers draws who signs: mostly those who should, sometimes fewer, more or others.
func (m *machine) signers(d dice) []key.Public {
	all := slices.Clone(m.need)
	if len(all) == 0 || d.oneIn(12) {
		all = append(all, pick(d, m.keys...), pick(d, m.keys...))
	}
	all = ascendingKeys(all)
	if len(all) > 1 && d.oneIn(25) {
		all = slices.Delete(all, 0, 1)
	}
	return all[:min(len(all), tx.MaxSignatures)]
}

func (m *machine) sign(keys ...key.Public) { m.need = append(m.need, keys...) }

// owners are the keys of an account, or of one that may be opened.
func (m *machine) owners(id tx.AccountID) (keys []key.Public) {
	authority := m.model.accounts[id].authority
	if !m.stale {
		authority, _ = (&attempt{model: m.model, now: m.now()}).authority(id)
	}
	for _, o := range m.openings {
		if !m.model.exists(id) && o.Account() == id {
			authority = o.Authority
		}
	}
	for _, k := range authority.Keys {
		keys = append(keys, k.Key)
	}
	return keys
}

// act lets somebody sign who may do something for an account: its owner, or a grantee. It gives the provider that must carry it.
func (m *machine) act(d dice, id tx.AccountID, what tx.GrantedOperation, asset tx.Asset) *tx.AccountID {
	var ways []key.Public
	for _, name := range m.grantNames() {
		g := m.model.grants[name]
		if name.account == id && slices.Contains(g.Operations, what) && (asset == 0 || g.Asset == asset || d.oneIn(10)) {
			ways = append(ways, name.grantee)
		}
	}
	owners := m.owners(id)
	if len(ways) == 0 || len(owners) > 0 && d.oneIn(2) {
		m.sign(owners...)
		return nil
	}
	k := pick(d, ways...)
	m.sign(k)
	if p, kept := m.model.providerKeys[k]; kept && !d.oneIn(12) {
		return &p
	}
	return nil // Not a provider's, or it forgets itself.
}

// attest lets attestors sign, from one on.
func (m *machine) attest(d dice, n int) {
	all := listed(m.model.attestors)
	from := d.below(4)
	for i := 0; i < len(all) && n > 0; i++ {
		if a := m.model.attestors[all[(from+i)%len(all)]]; a.Provider == nil || d.oneIn(3) {
			m.sign(a.Key)
			n--
		}
	}
}

// account draws any account, one that exists mostly.
func (m *machine) account(d dice) tx.AccountID {
	id := pick(d, m.accounts...)
	if !m.model.exists(id) && !d.oneIn(4) {
		return m.world.Juma.Account
	}
	return id
}

// person draws an account of somebody with money.
func (m *machine) person(d dice) tx.AccountID {
	who := []tx.AccountID{m.world.Juma.Account, m.world.Juma.Account, m.world.Amina.Account, m.world.ProviderAccount, m.world.IssuerAccount, m.shop()}
	for _, name := range []string{"NYOKA", "NYOKA", "BAKARI", "SACCO", "NEEMA", "PILI"} {
		who = append(who, m.opening(name).Account())
	}
	id := pick(d, who...)
	if d.oneIn(10) || !m.model.exists(id) && !d.oneIn(10) {
		return m.account(d)
	}
	return id
}

// asset draws KES mostly, another, or one that does not exist.
func (m *machine) asset(d dice) tx.Asset {
	n := d.between(1, 5+len(m.model.assets))
	switch {
	case n <= 4:
		return 1
	case n == 5 && d.oneIn(3):
		return 77
	}
	return tx.Asset(max(1, n-5))
}

// assetOf draws an asset that the account has some of.
func (m *machine) assetOf(d dice, id tx.AccountID) tx.Asset {
	var has []tx.Asset
	for n := tx.Asset(1); int(n) <= len(m.model.assets); n++ {
		if m.model.available(id, n) > 0 {
			has = append(has, n)
		}
	}
	if len(has) == 0 || d.oneIn(12) {
		return m.asset(d)
	}
	return pick(d, has...)
}

// sum draws an amount: small mostly, else at the edge of what the account has, or what a limit or a grant leaves beside the fee.
func (m *machine) sum(d dice, id tx.AccountID, n tx.Asset, fee uint64) amount.Amount {
	if d.below(5) < 3 {
		return amount.Amount(pick[uint64](d, 10_00, 1_00, 1, 99, 100_00, 500_00, 1000_00, 300_00))
	}
	edges := slices.DeleteFunc(m.edges(id, n), func(edge uint64) bool { return edge <= fee })
	edge := m.model.assets[n].inflowDay + fee
	switch d.below(5) {
	case 0:
		edge = pick(d, maxAmount, d.power())
	case 1, 2, 3:
		if edge = pick(d, append(edges, 2)...); d.oneIn(2) && len(edges) > 0 {
			edge = slices.Min(edges) // What is reached first.
		}
	}
	return amount.Amount(min(maxAmount, max(1, edge-min(edge, fee)+uint64(d.below(3))/2)))
}

// edges are what the account has, and what limits and grants leave.
func (m *machine) edges(id tx.AccountID, n tx.Asset) []uint64 {
	a := &attempt{model: m.model, now: m.now()}
	l, _ := a.limitOf(id, n)
	day := m.model.day(m.now())
	spent := m.model.spent[holdingDay{holding{id, n}, day}]
	edges := []uint64{m.model.available(id, n), l.transaction, l.day - min(l.day, spent)}
	for _, name := range m.grantNames() {
		if g := m.model.grants[name]; name.account == id && g.Asset == n {
			used := min(uint64(g.CapDay), m.model.used[grantDay{name, day}])
			edges = append(edges, uint64(g.CapTransaction), uint64(g.CapDay)-used)
		}
	}
	return edges
}

// later draws a time from now on, often one of the edges given.
func (m *machine) later(d dice, edges ...uint64) uint64 {
	if now := m.now(); !d.oneIn(4) {
		edges = []uint64{now + 1, now + aMinute, now + 10*aMinute, now + 10*aMinute, now + 3600_000, now + aDay, now + aDay, now + 2*aDay, now + 5*aDay}
	}
	return pick(d, edges...)
}

func (m *machine) alias(d dice) key.Alias { return pick(d, m.aliases...) }
