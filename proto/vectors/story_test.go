package vectors_test

import (
	"crypto/ed25519"
	"errors"
	"slices"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// A story is a whole ledger being made. Its author says beforehand what each transaction and each effect of ledger time must
// become; if the rules say otherwise, no file is written. So a story is read like a text, and a file of them is not just
// what the code happened to do.
type story struct {
	*maker
	chain  *ledgertest.Chain
	ledger vectors.Ledger
	nonce  uint64
	// lifetime is how long the transactions live that are made next.
	lifetime uint64
	// pace is how much later the next batch is, if the story does not say.
	pace uint64
	// effects are what ledger time must do in the next batch.
	effects []tx.EffectKind
}

// tell makes a ledger on the genesis of that name.
func (m *maker) tell(name, genesis, comment string, tale func(s *story)) vectors.Ledger {
	m.t.Helper()
	world := m.world(genesis)
	s := &story{
		maker: &maker{t: m.t, World: world}, chain: ledgertest.NewChain(m.t, world), lifetime: 10 * minute, pace: 1000,
		ledger: vectors.Ledger{Name: name, Comment: comment, Genesis: "network.json " + genesis},
	}
	s.chain.Tick(1000)
	tale(s)
	return s.ledger
}

// act is a transaction and what must become of it.
type act struct {
	comment  string
	envelope []byte
	signed   *tx.Signed
	want     tx.Result
}

func by(keys ...key.Private) []key.Private { return keys }

// act signs a transaction. The code is what must become of it; a refusal is of the first operation unless at says otherwise.
func (s *story) act(code tx.Code, comment string, signers []key.Private, ops ...tx.Operation) *act {
	s.t.Helper()
	s.nonce++
	body := tx.Body{Nonce: s.Nonce(1000 + s.nonce), ExpiresAtUnixMs: s.chain.TimeUnixMs + s.lifetime, Operations: ops}
	signed := s.seal(body, signers...)
	return &act{comment: comment, envelope: signed.Envelope(), signed: signed, want: tx.Result{Code: code}}
}

// ok is an act that is applied.
func (s *story) ok(comment string, signers []key.Private, ops ...tx.Operation) *act {
	s.t.Helper()
	return s.act(tx.OK, comment, signers, ops...)
}

// at says which operation is refused.
func (a *act) at(operation uint32) *act {
	a.want.Operation = operation
	return a
}

// without says which legs are refused while the others stand.
func (a *act) without(legs ...tx.LegResult) *act {
	a.want.Legs = legs
	return a
}

// becomes is the act with another result, for when the body is decided by another envelope.
func (a *act) becomes(code tx.Code) *act {
	other := *a
	other.want = tx.Result{Code: code}
	return &other
}

// again is the same envelope once more.
func (a *act) again(comment string) *act {
	return &act{comment: comment, envelope: a.envelope, signed: a.signed, want: a.want}
}

// by is the same body in an envelope of other signers.
func (s *story) by(code tx.Code, comment string, a *act, signers ...key.Private) *act {
	s.t.Helper()
	signed := s.seal(a.signed.Body, signers...)
	return &act{comment: comment, envelope: signed.Envelope(), signed: signed, want: tx.Result{Code: code}}
}

func (a *act) hold() tx.HoldID       { return tx.NewHoldID(a.signed.ID(), 0) }
func (a *act) request() tx.RequestID { return tx.NewRequestID(a.signed.ID(), 0) }
func (a *act) ballot() tx.BallotID   { return tx.NewBallotID(a.signed.ID(), 0) }

// tick lets ledger time pass before the next batch.
func (s *story) tick(ms uint64) { s.chain.Tick(ms) }

// does says what ledger time must do in the next batch, in this order.
func (s *story) does(effects ...tx.EffectKind) { s.effects = effects }

// batch applies acts as the next batch.
func (s *story) batch(comment string, acts ...*act) *ledger.Effects {
	s.t.Helper()
	return s.under(comment, s.chain.Header(), acts...)
}

// under applies acts as the next batch with this header.
func (s *story) under(comment string, header tx.BatchHeader, acts ...*act) *ledger.Effects {
	s.t.Helper()
	out := s.pack(comment, header, s.chain.World.Validators[s.chain.Leader], acts)
	fx, err := s.chain.Apply(s.t, header, s.chain.World.Validators[s.chain.Leader], envelopes(acts)...)
	if err != nil {
		s.t.Fatalf("%s: batch %d: %v", s.ledger.Name, header.Number, err)
	}
	for i, o := range fx.Outcomes {
		if !o.Result.Equal(acts[i].want) {
			s.t.Errorf("%s: %q became %v at %d %v, want %v at %d %v", s.ledger.Name, acts[i].comment, o.Result.Code, o.Result.Operation, o.Result.Legs,
				acts[i].want.Code, acts[i].want.Operation, acts[i].want.Legs)
		}
	}
	if got := effectsOf(s.maker, fx); !slices.Equal(got, s.effects) {
		s.t.Errorf("%s: ledger time did %v in batch %d, want %v", s.ledger.Name, got, header.Number, s.effects)
	}
	s.effects = nil
	after(&out, fx)
	s.ledger.Batches = append(s.ledger.Batches, out)
	s.chain.Tick(s.pace)
	return fx
}

// void packs a batch that no honest leader packs.
func (s *story) void(rule, comment string, change func(h *tx.BatchHeader), leader ed25519.PrivateKey, acts ...*act) {
	s.t.Helper()
	header := s.chain.Header()
	if change != nil {
		change(&header)
	}
	if leader == nil {
		leader = s.chain.World.Validators[s.chain.Leader]
	}
	out := s.pack(comment, header, leader, acts)
	_, err := s.chain.Apply(s.t, header, leader, envelopes(acts)...)
	if !errors.Is(err, ledger.ErrVoid) || !breaks(rulesOfVoid[rule], err) {
		s.t.Errorf("%s: %q gave %v, want void by %s", s.ledger.Name, comment, err, rule)
	}
	out.Void = rule
	s.ledger.Batches = append(s.ledger.Batches, out)
}

func envelopes(acts []*act) [][]byte {
	var all [][]byte
	for _, a := range acts {
		all = append(all, a.envelope)
	}
	return all
}

// pack writes down what goes into a batch.
func (s *story) pack(comment string, header tx.BatchHeader, leader ed25519.PrivateKey, acts []*act) vectors.Batch {
	s.t.Helper()
	batch := must(tx.ParseBatch(s.Network, tx.SealBatch(s.Network, header, envelopes(acts), leader)))(s.maker)
	out := vectors.Batch{
		Comment: comment, TimeUnixMs: dec(header.TimeUnixMs), Leader: header.Leader, Header: hx(batch.RawHeader()), Signature: hx(batch.Signature[:]),
		Transactions: []vectors.Transaction{},
	}
	for _, a := range acts {
		out.Transactions = append(out.Transactions, vectors.Transaction{Comment: a.comment, Envelope: hx(a.envelope)})
	}
	return out
}

// after writes down what a batch left behind.
func after(b *vectors.Batch, fx *ledger.Effects) {
	for i, o := range fx.Outcomes {
		t := &b.Transactions[i]
		t.Code, t.Leaf, t.Duplicate = o.Result.Code.String(), dec(o.LeafIndex), o.Duplicate
		if o.Result.Code != tx.OK && o.Result.Code.Decides() {
			t.Operation = dec(uint64(o.Result.Operation))
		}
		for _, leg := range o.Result.Legs {
			t.Legs = append(t.Legs, legText(leg))
		}
	}
	for _, l := range fx.Leaves {
		b.Leaves = append(b.Leaves, hx(l.Raw))
	}
	b.Changes = make(map[string]*string)
	for _, c := range fx.Changes {
		if c.After == nil {
			b.Changes[hx(c.Key)] = nil
			continue
		}
		b.Changes[hx(c.Key)] = ptr(hx(c.After))
		if e, is, err := ledger.BalanceOf(ledger.Entry{Key: c.Key, Value: c.After}); is && err == nil {
			b.Balances = append(b.Balances, vectors.Balance{
				Account: hx(e.Account[:]), Asset: dec(uint64(e.Asset)), Posted: dec(uint64(e.Posted)), Held: dec(uint64(e.Held)),
			})
		}
	}
	root := fx.After.State.Root()
	b.Size, b.Root, b.StateRoot = dec(fx.After.Size), hx(fx.After.Root[:]), hx(root[:])
}

func legText(leg tx.LegResult) string {
	return "operation " + dec(uint64(leg.Operation)) + " leg " + dec(uint64(leg.Leg)) + " " + leg.Code.String()
}

func effectsOf(m *maker, fx *ledger.Effects) (kinds []tx.EffectKind) {
	for _, l := range fx.Leaves {
		if leaf := must(tx.ParseLeaf(l.Raw))(m); leaf.Effect != nil {
			kinds = append(kinds, leaf.Effect.Kind)
		}
	}
	return kinds
}

// effectName is the name of a kind of effect in leaf.proto.
func effectName(k tx.EffectKind) string {
	return umojav1.EffectKind(k).String()[len("EFFECT_KIND_"):]
}

// Words that stories are told in.

// wallet is the key of a person with an app, and the account that it opens.
func (s *story) wallet(name string) (key.Private, tx.AccountID) {
	k := s.Key(s.t, "wallet of "+name)
	return k, s.opens(name).Account()
}

// opens opens the account of a person with an app.
func (s *story) opens(name string) tx.OpenAccount {
	salt := key.TaggedHash("umoja/test/salt "+name, []byte(s.Seed))
	return tx.OpenAccount{Authority: tx.SingleKey(s.Key(s.t, "wallet of "+name).Public()), Salt: [16]byte(salt[:16])}
}

// phone is an account of two attestors.
func (s *story) phone(name string) tx.OpenAccount {
	salt := key.TaggedHash("umoja/test/salt "+name, []byte(s.Seed))
	return tx.OpenAccount{Authority: tx.PhoneAuthority(2), Salt: [16]byte(salt[:16])}
}

// funded opens accounts of people with apps and gives each some KES, as batch 1.
func (s *story) funded(each amount.Amount, names ...string) {
	s.t.Helper()
	var acts []*act
	for _, name := range names {
		k, id := s.wallet(name)
		acts = append(acts, s.ok(name+" opens an account with a key of an app.", by(k), s.opens(name)))
		if each > 0 {
			acts = append(acts, s.ok("The issuer pays "+name+".", by(s.Issuer), tx.Transfer{Debit: s.IssuerAccount, Credit: id, Asset: ledgertest.KES, Amount: each}))
		}
	}
	s.batch("The people of this ledger come to it.", acts...)
}

// pays is a transfer of KES without more.
func pays(from, to tx.AccountID, sum amount.Amount) tx.Transfer {
	return tx.Transfer{Debit: from, Credit: to, Asset: ledgertest.KES, Amount: sum}
}

// carried adds the provider's fee.
func (s *story) carried(o tx.Transfer) tx.Transfer {
	o.Fee = s.fee()
	return o
}

// number is the alias of a phone number.
func (s *story) number(e164 string) key.Alias { return s.AliasKey.Alias(e164) }
