package consensus

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// load keeps payments coming from many callers. Nodes come and go under them.
type load struct {
	mu    sync.Mutex
	nodes map[string]*Node
}

func (l *load) set(name string, n *Node) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.nodes[name] = n; n == nil {
		delete(l.nodes, name)
	}
}

func (l *load) any() *Node {
	l.mu.Lock()
	defer l.mu.Unlock()
	skip := rand.IntN(len(l.nodes))
	for _, n := range l.nodes {
		if skip--; skip < 0 {
			return n
		}
	}
	return nil
}

// settle submits a payment to one node after another until it is final, as a client does.
func (l *load) settle(ctx context.Context, signed *tx.Signed) error {
	var last error
	for ctx.Err() == nil {
		attempt, cancel := context.WithTimeout(ctx, 5*time.Second)
		s, err := l.any().Submit(attempt, signed.Envelope(), Final)
		cancel()
		if err == nil && s.Stage == Final {
			if s.Result.Code != tx.OK {
				return fmt.Errorf("result %s", s.Result.Code)
			}
			return nil
		}
		last = fmt.Errorf("stage %d: %w", s.Stage, err)
	}
	return fmt.Errorf("never final: %w", last)
}

// TestFlappingLeadersUnderLoad: 20 callers pay without a pause while leaders are deposed and stopped and come back. Every
// payment becomes final exactly once, and nobody waits for ever.
func TestFlappingLeadersUnderLoad(t *testing.T) {
	const callers = 20
	c := newCluster(t)
	l := &load{nodes: make(map[string]*Node)}
	for name, n := range c.nodes {
		l.set(name, n)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	stop := make(chan struct{})
	paid, failed := make(chan *tx.Signed, 1<<16), make(chan error, callers)
	var signing sync.Mutex
	for range callers {
		go func() {
			for {
				signing.Lock()
				signed := c.pay(c.world.Juma.Account, 1)
				signing.Unlock()
				if err := l.settle(ctx, signed); err != nil {
					failed <- err
					return
				}
				paid <- signed
				select {
				case <-stop:
					failed <- nil
					return
				default:
				}
			}
		}()
	}
	for round := range 6 {
		for seen := len(paid); len(paid) < seen+callers && ctx.Err() == nil; {
			time.Sleep(5 * time.Millisecond)
		}
		leader := c.leader()
		if round%2 == 0 {
			_ = leader.member().LeadershipTransfer().Error() // Deposed under way; it stays.
			continue
		}
		name := leader.Name()
		l.set(name, nil)
		c.stop(name)
		c.restart(name)
		l.set(name, c.nodes[name])
	}
	close(stop)
	for range callers {
		if err := <-failed; err != nil {
			t.Fatal(err)
		}
	}
	count := amount.Amount(len(paid))
	size := c.leader().Head().Size
	c.agree(size)
	for name, n := range c.nodes {
		r, err := n.Read(ctx, ReadFinal)
		if err != nil {
			t.Fatal(err)
		}
		b, err := r.State().Balance(c.world.Juma.Account, ledgertest.KES)
		r.Close()
		if err != nil || b.Posted != ledgertest.JumaFunds+count {
			t.Errorf("%s: balance %d, %v; %d payments were made", name, b.Posted, err, count)
		}
	}
	t.Logf("%d payments", count)
}

// TestCloseUnderLoad: closing all nodes while callers without deadlines submit, read and wait ends them all, and leaves no
// goroutine behind.
func TestCloseUnderLoad(t *testing.T) {
	leaks := goleak.IgnoreCurrent()
	c := newAlone(t, Snapshots{})
	c.startAll()
	c.leader()
	var payments []*tx.Signed
	for range 200 {
		payments = append(payments, c.pay(c.world.Juma.Account, 1))
	}
	var callers sync.WaitGroup
	started := make(chan struct{}, 400)
	i := 0
	for _, n := range c.nodes {
		for range 5 {
			mine := payments[i*10 : (i+1)*10]
			i++
			callers.Go(func() {
				for k, signed := range mine {
					wait := []Stage{Final, Accepted, Taken}[k%3]
					_, err := n.Submit(context.Background(), signed.Envelope(), wait)
					started <- struct{}{}
					if err != nil {
						return
					}
				}
			})
		}
		callers.Go(func() {
			for {
				r, err := n.Read(context.Background(), ReadAccepted)
				if err != nil {
					return
				}
				r.Close()
			}
		})
		callers.Go(func() { _ = n.WaitFinal(context.Background(), 1<<40) })
	}
	for range 40 {
		<-started
	}
	var closing sync.WaitGroup
	for _, n := range c.nodes {
		closing.Go(func() {
			if err := n.Close(); err != nil {
				t.Errorf("close %s: %v", n.Name(), err)
			}
			if err := n.Err(); err != nil {
				t.Errorf("%s: %v", n.Name(), err)
			}
		})
	}
	ended := make(chan struct{})
	go func() {
		closing.Wait()
		callers.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Fatal("somebody still waits")
	}
	goleak.VerifyNone(t, leaks)
}
