package sim

import (
	"context"
	"crypto/sha256"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/store"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// stopped has a look at the ledger of the first validator, which has ended.
func (p *played) stopped(look func(s *store.Store)) {
	s, err := store.Open(filepath.Join(p.first.dir, "node", "state"), store.Options{NoSync: true, VolumeLeaves: volumeLeaves})
	if err != nil {
		p.t.Fatal(err)
	}
	defer s.Close()
	look(s)
}

// holdsAll has the ledger of the first validator compared with what was final.
func (p *played) holdsAll(w *workload) {
	p.stopped(func(s *store.Store) {
		if err := p.holds(p.first, s, w, math.MaxUint64); err != nil {
			p.t.Error(err)
		}
	})
}

// compared has the ledger of the first validator looked at by itself, or beside others of its size.
func (p *played) compared(states map[uint64]exported, replay bool) {
	if err := p.ledger(p.first, p.paid, states, replay); err != nil {
		p.t.Error(err)
	}
}

// kept is what is spoiled of that which validators have on disk.
var kept = []wrong{
	{"I1/I2/I7/I9", "full scan", func(p *played) {
		own := p.world.Network
		p.world.Network = p.elsewhere().Network
		p.stopped(func(s *store.Store) { p.audit(p.first, s) })
		p.world.Network = own
	}},
	{"I3", "was applied at leaf", func(p *played) { p.appliedTwice() }},
	{"I4", "does not hold what was final at size", func(p *played) {
		own := p.watch
		p.watch = newWatch(p.cluster)
		p.watch.finals[1] = sealedBy{[32]byte{1}, "v9"}
		p.holdsAll(p.paid)
		p.watch = own
	}},
	{"I4", "does not hold payment", func(p *played) { p.holdsAll(p.payment(func(own *payment) { own.final.LeafHash[0]++ })) }},
	{"I6", "differ at size", func(p *played) {
		var size uint64
		p.stopped(func(s *store.Store) { size = s.Head().Size })
		p.compared(map[uint64]exported{size: {sha256.Sum256(nil), "v9"}}, false)
	}},
	{"I8", "before it was begun", func(p *played) { p.payment(func(own *payment) { own.after = own.final.LeafIndex + 1 }).orders() }},
	{"I13", "its log ends at", func(p *played) {
		put := p.first.disk.image()
		p.first.disk.entries = []*raft.Log{{Index: 1, Term: 1}}
		p.compared(make(map[uint64]exported), false)
		put()
	}},
	{"I13", "a replay of its history", func(p *played) {
		own := p.world.Genesis
		p.world.Genesis = p.elsewhere().Genesis
		p.compared(make(map[uint64]exported), true)
		p.world.Genesis = own
	}},
	{"I16", "promise of v1", func(p *played) {
		p.payment(func(own *payment) {
			own.promised = []checkpoint.SubmissionReceipt{{ID: own.id, IncludeBySize: math.MaxUint64, Validator: "v1"}}
		}).orders()
	}},
	{"I16", "v1 promised payment", func(p *played) {
		p.payment(func(own *payment) {
			r := checkpoint.SubmissionReceipt{ID: own.id, IncludeBySize: own.final.LeafIndex, Validator: "v1"}
			own.promised = []checkpoint.SubmissionReceipt{r.Sign(p.world.Network, p.world.Validators["v1"])}
		}).orders()
	}},
}

// forgetful is a state that does not know what was applied to it.
type forgetful struct{ *store.View }

func (f forgetful) Get(key []byte) ([]byte, error) {
	if key[0] == 'x' { // The ids of transactions that have not expired.
		return nil, nil
	}
	return f.View.Get(key)
}

// appliedTwice has the history of a ledger looked at in which one payment stands twice.
func (p *played) appliedTwice() {
	s, err := store.Open(filepath.Join(p.t.TempDir(), "state"), store.Options{NoSync: true})
	if err != nil {
		p.t.Fatal(err)
	}
	defer s.Close()
	fx, err := ledger.Found(p.world.Genesis)
	if err == nil {
		err = s.Found(p.world.Network, fx)
	}
	signed, signErr := p.paid.sign(5)
	if err != nil || signErr != nil {
		p.t.Fatal(err, signErr)
	}
	for i := range uint64(2) {
		v := s.View()
		at := ledger.Position{Hash: tx.BatchHash{byte(i + 1)}, TimeUnixMs: uint64(p.now().UnixMilli())}
		fx, err := ledger.Reapply(forgetful{v}, s.Head(), p.world.Network, ledger.Verify(p.world.Network), at, [][]byte{signed.Envelope()})
		v.Close()
		if err == nil {
			err = s.Commit(i+2, 1, fx)
		}
		if err != nil {
			p.t.Fatal(err)
		}
	}
	if err := p.once(p.first, s, s.Head().Size); err != nil {
		p.t.Error(err)
	}
}

// twoAttestations is evidence against a validator that has signed two trees of one size; forged, if it has not.
func (p *played) twoAttestations(name string, forged bool) []byte {
	var words []checkpoint.SignedVote
	for i := range byte(2) {
		v := checkpoint.Vote{Size: 7, Root: [32]byte{i + 1}}
		word := checkpoint.SignedVote{Vote: v, Signature: v.Sign(p.world.Network, checkpoint.Attestation, p.world.Validators[name])}
		if forged {
			word.Signature[0]++
		}
		words = append(words, word)
	}
	return checkpoint.Evidence{Validator: name, Attestations: words}.Ordered(p.world.Network).Encode()
}

// judged has evidence judged.
func (p *played) judged(raw []byte) *court {
	c := &court{cluster: p.cluster, guilty: make(map[string][]checkpoint.Offence)}
	c.judge(p.first, raw)
	return c
}

// proved is spoiled evidence.
var proved = []wrong{
	{"I14", "cannot be read", func(p *played) { p.judged([]byte{1, 2, 3}) }},
	{"I14", "proves nothing", func(p *played) { p.judged(p.twoAttestations("v2", true)) }},
	{"I14", "who is honest", func(p *played) {
		if named := p.judged(p.twoAttestations("v2", false)).named(); !slices.Equal(named, []string{"v2"}) {
			p.t.Errorf("evidence names %v", named)
		}
	}},
}

// TestALiarThatNothingNames: a run in which somebody lied and no evidence tells who is a run that failed, where evidence must tell.
func TestALiarThatNothingNames(t *testing.T) {
	if testing.Short() {
		t.Skip("a whole run")
	}
	r := Run(t, 1, Fault{Name: "quiet", Liars: 1, Proves: true, Run: func(_ context.Context, c *chaos) { c.took(1) }}, folder(t), nil)
	if want := []string{"I14: 1 validators lied, and evidence names []"}; !slices.Equal(r.Violations, want) {
		t.Errorf("violations %q, want %q", r.Violations, want)
	}
}
