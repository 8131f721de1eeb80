package sim

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/umoja-ledger/umoja/consensus"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// wrong is something that is made to look wrong, and what a checker has to say of it.
type wrong struct {
	invariant, says string
	// spoil changes what the checker looks at and has it look.
	spoil func(p *played)
}

// played is a network in which nothing went wrong: what is spoiled of it, for one check at a time, is all that a checker can find.
type played struct {
	*cluster
	t    *testing.T
	paid *workload
	// first is a validator.
	first *member
}

// found takes the violations that were noted.
func (p *played) found() []string {
	p.cluster.mu.Lock()
	defer p.cluster.mu.Unlock()
	found := p.violations
	p.violations = nil
	return found
}

// all holds each checker to what it must find.
func (p *played) all(wrongs []wrong) {
	for _, w := range wrongs {
		w.spoil(p)
		found := p.found()
		if !slices.ContainsFunc(found, func(v string) bool { return strings.HasPrefix(v, w.invariant+": ") && strings.Contains(v, w.says) }) {
			p.t.Errorf("%s: %q was not found, but %q", w.invariant, w.says, found)
		}
	}
}

// payment copies one that is final, in a workload of its own.
func (p *played) payment(change func(*payment)) *workload {
	own := *p.paid.all()[0]
	status := *own.final
	own.final, own.promised = &status, nil
	change(&own)
	return &workload{cluster: p.cluster, payments: []*payment{&own}}
}

// watched is a watch that has seen what the first validator shows, and forgets that it has.
func (p *played) watched() (w *watch, newest uint64) {
	w = newWatch(p.cluster)
	w.look(p.first.running())
	w.notes = make(map[string]string)
	return w, w.newest[p.first.name]
}

// elsewhere is another network.
func (p *played) elsewhere() *ledgertest.World { return ledgertest.NetworkOf(p.t, "elsewhere", 4, nil) }

// TestCheckersFindWhatIsWrong: whoever looks for broken invariants finds nothing in a network without troubles, and then each thing that is
// made to look wrong, by its invariant. I1, I2, I7 and I9 are ledgertest.Audit's, which has such a test of its own.
func TestCheckersFindWhatIsWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := newCluster(t, 1, lineUp{validators: 4}, folder(t), slog.New(slog.NewTextHandler(io.Discard, nil)))
		if err != nil {
			t.Fatal(err)
		}
		all, end := context.WithCancel(t.Context())
		defer end()
		p := &played{cluster: c, t: t, paid: newWorkload(all, c), first: c.members[c.names[0]]}
		c.run(all)
		pay, endPay := context.WithTimeout(all, 10*time.Second)
		defer endPay()
		p.paid.run(pay)
		if !c.await(Fault{}, p.paid) {
			t.Fatalf("not at rest: %v", p.found())
		}
		c.watch.look(p.first.running())
		c.receipts(p.paid)
		if found := p.found(); len(found) > 0 {
			t.Fatalf("nothing is spoiled, and it finds %q", found)
		}
		p.all(heard)
		p.all(running)

		end()
		p.paid.work.Wait()
		c.work.Wait()
		c.ledgers(p.paid)
		p.paid.orders()
		if named := c.hold().named(); len(named) > 0 {
			t.Errorf("nobody lied, and evidence names %v", named)
		}
		if found := p.found(); len(found) > 0 {
			t.Fatalf("nothing is spoiled, and it finds %q", found)
		}
		p.all(kept)
		p.all(proved)
	})
}

// TestEachInvariantIsLookedFor: of each invariant that the package comment claims something is made to look wrong.
func TestEachInvariantIsLookedFor(t *testing.T) {
	raw, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var spoiled []string
	for _, w := range slices.Concat(heard, running, kept, proved) {
		spoiled = append(spoiled, strings.Split(w.invariant, "/")...)
	}
	claimed := regexp.MustCompile(`(?m)^//\t(I\d+) `).FindAllSubmatch(raw, -1)
	if len(claimed) < 15 {
		t.Errorf("%d invariants are claimed", len(claimed))
	}
	for _, m := range claimed {
		if i := string(m[1]); !slices.Contains(spoiled, i) {
			t.Errorf("nothing that breaks %s is looked for", i)
		}
	}
}

// heard is spoiled words.
var heard = []wrong{
	{"I5", "gave two attestations of size 7 in epoch 2", func(p *played) {
		w := newWatch(p.cluster)
		w.word(p.first.name, "attestation", 2, 7, make([]byte, 32))
		w.word(p.first.name, "attestation", 2, 7, append(make([]byte, 31), 1))
	}},
	{"I5", "gave two cosignatures of size 7", func(p *played) {
		w := newWatch(p.cluster)
		w.word(p.first.name, "cosignature", 0, 7, make([]byte, 32))
		w.word(p.first.name, "cosignature", 0, 7, append(make([]byte, 31), 1))
	}},
	{"I5", "in term 9", func(p *played) {
		w := newWatch(p.cluster)
		w.vote(p.first.name, "v2", 9)
		w.vote(p.first.name, "v3", 9)
	}},
	{"I5", "speaks in the name of", func(p *played) { newWatch(p.cluster).words(p.first.name, nil) }},
	{"I4", "is final at leaf", func(p *played) {
		w := p.payment(func(*payment) {})
		other := *w.payments[0].final
		other.LeafIndex++
		w.finished(p.first, w.payments[0], other)
	}},
	{"I11", "ended itself", func(p *played) { p.ended(p.first, errors.New("of nothing")) }},
}

// spoiling is a context that spoils something when it has been asked a number of times whether it is over.
type spoiling struct {
	context.Context
	asked int
	spoil func()
}

func (s *spoiling) Err() error {
	if s.asked--; s.asked == 0 {
		s.spoil()
	}
	return s.Context.Err()
}

// running is what is spoiled of validators that run.
var running = []wrong{
	{"I4", "the final checkpoint went back", func(p *played) {
		w, newest := p.watched()
		w.newest[p.first.name] = newest + 1
		w.look(p.first.running())
	}},
	{"I5", "two final checkpoints of size", func(p *played) {
		w, newest := p.watched()
		w.finals[newest] = sealedBy{[32]byte{1}, "v9"}
		w.look(p.first.running())
	}},
	{"I10", "final checkpoint does not verify", func(p *played) {
		w, own := newWatch(p.cluster), p.world.Network
		p.world.Network = p.elsewhere().Network
		w.look(p.first.running())
		p.world.Network = own
	}},
	{"I10", "does not prove to begin with size 3", func(p *played) {
		w, newest := p.watched()
		w.grew(p.first.running(), 3, checkpoint.Checkpoint{Network: p.world.Network, Size: newest, Root: [32]byte{1}})
	}},
	{"I10", "no receipt of a final payment", func(p *played) {
		p.receipts(p.payment(func(own *payment) { own.id = tx.ID{1} }))
	}},
	{"I10", "receipt does not verify", func(p *played) {
		own := p.world.Network
		p.world.Network = p.elsewhere().Network
		p.receipts(p.paid)
		p.world.Network = own
	}},
	{"I8", "a read of what is accepted ends at size", func(p *played) {
		_, _ = p.sum(p.t.Context(), p.first.running(), consensus.ReadAccepted, math.MaxUint64)
	}},
	{"I8", "all balances sum to", func(p *played) {
		own := p.world.Juma.Account
		ctx, end := context.WithTimeout(p.t.Context(), 20*readEvery)
		defer end()
		// Her money is there twice from then on, and his is gone.
		p.keepReading(&spoiling{ctx, 10, func() { p.world.Juma.Account = p.world.Amina.Account }}, p.paid)
		p.world.Juma.Account = own
	}},
	{"I12", "1 of 1 payments are not final", func(p *played) {
		p.await(Fault{}, p.payment(func(own *payment) { own.final = nil }))
	}},
	{"I12", "does not run", func(p *played) {
		p.first.hold(true)
		p.first.crash()
		p.await(Fault{}, p.paid)
		p.first.hold(false)
		time.Sleep(time.Minute)
	}},
}
