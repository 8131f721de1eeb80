package consensus

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestNobodyWaitsForAStoppedNode: every kind of wait, by callers without a deadline, ends when the node is closed.
func TestNobodyWaitsForAStoppedNode(t *testing.T) {
	c := newStopped(t, Snapshots{})
	c.restart("v1") // Alone: there will be no leader.
	n := c.nodes["v1"]
	signed := c.pay(c.world.Juma.Account, 1)
	waits := map[string]func(context.Context) error{
		"submit":      func(ctx context.Context) error { _, err := n.Submit(ctx, signed.Envelope(), Final); return err },
		"transaction": func(ctx context.Context) error { _, err := n.Transaction(ctx, tx.ID{1}, Accepted); return err },
		"final":       func(ctx context.Context) error { return n.WaitFinal(ctx, 1000) },
		"read":        func(ctx context.Context) error { _, err := n.Read(ctx, ReadAccepted); return err },
		"expired":     func(ctx context.Context) error { _, err := n.Expired(ctx, tx.ID{1}, n.nowUnixMs()-1); return err },
		"old expired": func(ctx context.Context) error { _, err := n.Expired(ctx, tx.ID{1}, 1); return err },
	}
	type end struct {
		what string
		err  error
	}
	ended := make(chan end, len(waits))
	for what, wait := range waits {
		go func() { ended <- end{what, wait(context.Background())} }()
	}
	select {
	case e := <-ended:
		t.Errorf("%s ended with %v", e.what, e.err)
	case <-time.After(50 * time.Millisecond):
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	for range waits {
		select {
		case e := <-ended:
			if !errors.Is(e.err, ErrStopped) {
				t.Errorf("%s: %v", e.what, e.err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("somebody still waits")
		}
	}
	if _, err := n.Submit(t.Context(), signed.Envelope(), Taken); !errors.Is(err, ErrStopped) {
		t.Errorf("submission to a stopped node: %v", err)
	}
	if err := n.Err(); err != nil {
		t.Errorf("stopping was fatal: %v", err)
	}
}

// TestReaderMeetsASnapshot: a view that is open while a snapshot replaces the state fails, and the node lives.
func TestReaderMeetsASnapshot(t *testing.T) {
	c := newCluster(t)
	n := c.follower()
	s := c.submit(n, c.pay(c.world.Juma.Account, 1), Final)
	c.agree(s.LeafIndex + 2) // The header leaf closes the batch.
	snapshot, err := n.store.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Release()
	var image bytes.Buffer
	if _, err := snapshot.WriteTo(&image); err != nil {
		t.Fatal(err)
	}
	r, err := n.Read(t.Context(), ReadFinal)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := n.store.Replace(&image); err != nil {
		t.Fatal(err)
	}
	n.restored()
	_, err = r.State().Balance(c.world.Juma.Account, ledgertest.KES)
	if err = n.Fatal(err); !errors.Is(err, ErrReplaced) {
		t.Errorf("reading on: %v", err)
	}
	if err := n.Err(); err != nil {
		t.Errorf("a reader has ended the node: %v", err)
	}
	c.submit(n, c.pay(c.world.Juma.Account, 1), Final)
}

// TestRestartOfAll: everything is there after all validators have stopped and started again.
func TestRestartOfAll(t *testing.T) {
	c := newCluster(t)
	signed := c.pay(c.world.Juma.Account, 7_00)
	c.submit(c.follower(), signed, Final)
	var names []string
	for name := range c.nodes {
		names = append(names, name)
	}
	for _, name := range names {
		c.stop(name)
	}
	for _, name := range names {
		c.restart(name)
	}
	for name, n := range c.nodes {
		if s := c.submit(n, signed, Final); s.Result.Code != tx.OK {
			t.Errorf("%s: %s", name, s.Result.Code)
		}
	}
	c.submit(c.follower(), c.pay(c.world.Juma.Account, 1), Final)
}

// TestTwoTurns: nobody is given an answer while one of two turns is under way.
func TestTwoTurns(t *testing.T) {
	var all turns
	for i, row := range []struct {
		step  func()
		quiet bool
	}{
		{func() {}, true},
		{func() { all.begun.Add(1) }, false},
		{func() { all.begun.Add(1) }, false},
		{func() { all.ended.Add(1) }, false},
		{func() { all.ended.Add(1) }, true},
	} {
		before := all.Load()
		row.step()
		if count, quiet := all.look(); quiet != row.quiet || i > 0 && count == before {
			t.Errorf("step %d: quiet is %v at %d after %d", i, quiet, count, before)
		}
	}
}
