package consensus

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/umoja-ledger/umoja/consensus/transport"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// Raft's members follow the validator set that reigns, one at a time, by the leader. What is next is a function of raft's members and the
// set alone, so that whoever leads next goes on wherever a crash has stopped the one before: first those go who have left, in order of
// name; then those who have come are added without a vote, in order of name, and each gets its vote when it has made something final under
// its own set. A set has at most f others than the one before, or three more or less; so raft has a majority of those who stay at every step.
// Who is ready gets its vote before anybody goes, and nobody goes while raft has no more voters than the set has validators; see voters.go.

const (
	// membersPause is how often a node looks whether raft's members are the validators.
	membersPause = 200 * time.Millisecond
	// membersPatience bounds one change of raft's members.
	membersPatience = 10 * time.Second
	// removedPatience is how long a validator that has left goes on without a leader, at least.
	removedPatience = time.Minute
	// unheardPatience is how long it does so while its own log counts its vote: its network may be away.
	unheardPatience = time.Hour
)

var errMembers = errors.New("raft's members are not what the validator set asks for")

// wellFormed holds a configuration to what can be said without the ledger: names that are addresses, each once, and a voter.
func wellFormed(c raft.Configuration) error {
	seen := make(map[raft.ServerID]bool, len(c.Servers))
	for _, s := range c.Servers {
		if checkpoint.CheckName(string(s.ID)) != nil || seen[s.ID] || string(s.Address) != string(s.ID) || s.Suffrage != raft.Voter && s.Suffrage != raft.Nonvoter {
			return fmt.Errorf("member %q: %w", s.ID, errMembers)
		}
		seen[s.ID] = true
	}
	if len(votersOf(c)) == 0 {
		return fmt.Errorf("no voter: %w", errMembers)
	}
	return nil
}

// follows holds the members that come with a snapshot to the sets that it proves: before the first change they are the genesis' set, all
// with a vote; later nobody else than who was in some set, those who were in all of them with a vote, and most votes are of the last two.
func follows(c raft.Configuration, sets checkpoint.Succession, size uint64) error {
	sets.Changes = sets.Changes[:len(sets.Changes)-len(sets.After(size))]
	voters, in := votersOf(c), func(set checkpoint.ValidatorSet, name string) bool { _, ok := set.Find(name); return ok }
	known, last := []checkpoint.ValidatorSet{sets.First}, 0
	for _, change := range sets.Changes {
		known = append(known, change.Set)
	}
	if len(known) == 1 && (len(voters) != len(c.Servers) || len(voters) != len(sets.First)) {
		return fmt.Errorf("%d members: %w", len(c.Servers), errMembers)
	}
	for _, s := range c.Servers {
		if !slices.ContainsFunc(known, func(set checkpoint.ValidatorSet) bool { return in(set, string(s.ID)) }) {
			return fmt.Errorf("member %q: %w", s.ID, errMembers)
		}
	}
	for _, v := range sets.First {
		always := !slices.ContainsFunc(known, func(set checkpoint.ValidatorSet) bool { return !in(set, v.Name) })
		if always && !slices.Contains(voters, v.Name) {
			return fmt.Errorf("%q is in every set and has no vote: %w", v.Name, errMembers)
		}
	}
	for _, v := range voters {
		if in(known[len(known)-1], v) || in(known[max(0, len(known)-2)], v) {
			last++
		}
	}
	if 2*last <= len(voters) || last <= known[len(known)-1].Faults() {
		return fmt.Errorf("%d of %d votes are of the last sets: %w", last, len(voters), errMembers)
	}
	return nil
}

// keeps says whether a node that knows raft's members may take those that a snapshot brings. A leader can send its snapshot to whomever it
// likes, and nobody signs raft's members: were a liar alone let in with one that names few besides itself, no other leader would be
// followed, nor could one be elected, ever again. So whoever has a vote and is in every set from the one that reigns here to the snapshot's keeps
// it, and nobody comes who is in none of them nor in the one before.
func (m *membership) keeps(now, c raft.Configuration, sets checkpoint.Succession, size uint64) error {
	since := []checkpoint.ValidatorSet{m.reign.Validators}
	for _, change := range sets.After(m.reign.Boundary.Size) {
		if change.LeafIndex < size {
			since = append(since, change.Set)
		}
	}
	in := func(name string) func(checkpoint.ValidatorSet) bool {
		return func(set checkpoint.ValidatorSet) bool { _, ok := set.Find(name); return ok }
	}
	voters := votersOf(c)
	for _, v := range votersOf(now) {
		leaves := slices.ContainsFunc(since, func(set checkpoint.ValidatorSet) bool { return !in(v)(set) })
		if !leaves && !slices.Contains(voters, v) {
			return fmt.Errorf("%q stays and has no vote: %w", v, errMembers)
		}
	}
	for _, s := range c.Servers {
		name := string(s.ID)
		known := slices.ContainsFunc(now.Servers, func(was raft.Server) bool { return was.ID == s.ID })
		if !known && !in(name)(m.before) && !slices.ContainsFunc(since, in(name)) {
			return fmt.Errorf("%q is in no set since: %w", name, errMembers)
		}
	}
	return nil
}

// approveArrived holds the members that come with a snapshot to the sets that it proves and, where raft has members, to those.
func (n *Node) approveArrived(c raft.Configuration, sets checkpoint.Succession, size uint64) error {
	err := follows(c, sets, size)
	if now := n.configurations().committed; err == nil && len(now.Servers) > 0 {
		err = n.reignNow().keeps(now, c, sets, size)
	}
	return err
}

// approve says whether raft's members may become those of a configuration: nobody else than the validators of the set that reigns and who
// was a member before, all validators that had a vote keep it, not fewer voters than validators are left, and it is one step. What the own tree has not led to yet is too early.
func (n *Node) approve(c raft.Configuration) error {
	if err := wellFormed(c); err != nil {
		return err
	}
	now, set := n.configurations(), n.reignNow().reign.Validators
	early := func(format string, args ...any) error {
		return fmt.Errorf("%w: %w: %s", transport.ErrTooEarly, errMembers, fmt.Sprintf(format, args...))
	}
	if len(now.latest.Servers) == 0 {
		if got := votersOf(c); len(got) != len(c.Servers) || !slices.Equal(slices.Sorted(slices.Values(got)), names(n.reignNow().sets.First)) {
			return early("the first members are those of the genesis")
		}
		return nil
	}
	before := now.servers()
	for _, s := range c.Servers {
		if _, in := set.Find(string(s.ID)); !in && !slices.Contains(before, string(s.ID)) {
			return early("%q is not in the validator set", s.ID)
		}
	}
	voters := votersOf(c)
	for _, v := range votersOf(now.committed) {
		if _, in := set.Find(v); in && !slices.Contains(voters, v) {
			return early("%q is in the validator set and had a vote", v)
		}
	}
	if had := votersOf(now.latest); len(voters) < len(had) && !mayLose(set, had) {
		return early("%d voters, of a set of %d", len(voters), len(set))
	}
	if steps(now.latest, c) > 1 && steps(now.committed, c) > 1 {
		return early("more than one step")
	}
	return nil
}

// steps counts the members in which two configurations differ.
func steps(a, b raft.Configuration) (count int) {
	suffrage := make(map[raft.ServerID]raft.ServerSuffrage)
	for _, s := range a.Servers {
		suffrage[s.ID] = s.Suffrage
	}
	for _, s := range b.Servers {
		if was, known := suffrage[s.ID]; !known || was != s.Suffrage {
			count++
		}
		delete(suffrage, s.ID)
	}
	return count + len(suffrage)
}

// watchMembers keeps the directory and, while this node leads, raft's members what the ledger says.
func (n *Node) watchMembers(ctx context.Context) {
	again := time.NewTicker(membersPause)
	defer again.Stop()
	alone, stood := time.Now(), time.Time{}
	n.ledAt.Store(alone.UnixNano())
	for {
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
		if n.Leader() != "" {
			n.ledAt.Store(time.Now().UnixNano())
		}
		n.governing.Lock()
		err := n.meet(n.members.Load())
		n.governing.Unlock()
		if err != nil {
			_ = n.Fatal(fmt.Errorf("tell the transport who the validators are: %w", err))
			return
		}
		switch {
		case n.Leader() != "" || !n.removed():
			alone = time.Now()
		case n.patient(time.Since(alone)):
		case n.heard(ctx):
			alone = time.Now()
		case ctx.Err() == nil:
			_ = n.Fatal(ErrRemoved)
			return
		}
		if _, leads := n.packer.leads(); !leads {
			continue
		}
		if err := n.reconfigure(ctx); err != nil {
			n.log.Info("raft's members do not follow yet", "reason", err)
		} else if time.Since(stood) > membersPatience {
			if err := n.standAgain(); err != nil {
				stood = time.Now()
				n.log.Info("elected by too few of who votes now", "reason", err)
			}
		}
	}
}

// removed says that this validator was in a set and is in none now, as far as is known.
func (n *Node) removed() bool {
	m := n.reignNow()
	if m.has(n.name) {
		return false
	}
	if _, in := m.sets.Newest().Find(n.name); in {
		return false
	}
	_, was := n.validator(n.name)
	return was
}

// patient says whether a validator that has left goes on, not having had a leader for so long. Its vote may be needed until raft has
// followed: where many have left at once, those who stay may be too few to elect anybody, and a leader has to be elected before raft can
// follow. Who was away when raft let it go has a log that counts its vote for ever, hears from nobody, and gives up.
func (n *Node) patient(alone time.Duration) bool {
	return alone <= removedPatience || n.votes() && alone <= unheardPatience
}

// heard says whether a validator of the newest set that is known still hears this one, which has left: then raft has not followed there, as far as
// that one knows, since who has followed refuses its connection. A liar that goes on hearing it only keeps its process.
func (n *Node) heard(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, membersPatience)
	defer cancel()
	var answered atomic.Bool
	var asked sync.WaitGroup
	for _, v := range n.reignNow().sets.Newest() {
		if v.Name == n.name {
			continue
		}
		asked.Go(func() {
			if n.heardBy(ctx, v.Name) {
				answered.Store(true)
				cancel()
			}
		})
	}
	asked.Wait()
	return answered.Load()
}

// heardBy says whether another validator hears this one, asked for something small: the headers beyond all.
func (n *Node) heardBy(ctx context.Context, name string) bool {
	peer, err := n.peer(ctx, name)
	if err != nil {
		return false
	}
	_, err = peer.ListHeaders(ctx, &peerv1.ListHeadersRequest{Epoch: n.store.Head().Epoch, FromNumber: math.MaxUint64})
	return hears(err)
}

// hears says whether who answered so hears the one that asked, be it to tell of an error.
func hears(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Unauthenticated:
		return false
	}
	return true
}

// reconfigure takes the next step towards the set that reigns, if there is one.
func (n *Node) reconfigure(ctx context.Context) error {
	m, now := n.reignNow(), n.configurations()
	if m.coming != nil && m.followed(now) {
		return nil // The next set begins first.
	}
	raftNow := n.member()
	step := func(what, name string, f raft.IndexFuture) error {
		ctx, cancel := context.WithTimeout(ctx, membersPatience)
		defer cancel()
		n.log.Warn("raft's members change", "step", what, "validator", name)
		if err := n.point("members: " + what); err != nil {
			return err
		}
		if err := raftNow.await(ctx, f); err != nil {
			return fmt.Errorf("%s %s: %w", what, name, err)
		}
		return n.point("members: done: " + what) // A crash here leaves the next step to whoever leads next.
	}
	members := slices.Clone(now.latest.Servers)
	slices.SortFunc(members, func(a, b raft.Server) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	finals := n.finality.Status().Finals
	for _, s := range members {
		_, in := m.reign.Validators.Find(string(s.ID))
		if in && s.Suffrage != raft.Voter && finals[string(s.ID)] > m.reign.Boundary.Size {
			return step("give a vote to", string(s.ID), raftNow.AddVoter(s.ID, s.Address, 0, membersPatience))
		}
	}
	for _, s := range members {
		if _, in := m.reign.Validators.Find(string(s.ID)); in {
			continue
		}
		if string(s.ID) == n.name {
			return n.handOver(m.reign.Validators)
		}
		if s.Suffrage == raft.Voter && !mayLose(m.reign.Validators, votersOf(now.latest)) {
			continue // Somebody who has come gets a vote first.
		}
		return step("remove", string(s.ID), raftNow.RemoveServer(s.ID, 0, membersPatience))
	}
	for _, v := range m.reign.Validators {
		if !slices.ContainsFunc(members, func(s raft.Server) bool { return string(s.ID) == v.Name }) {
			return step("add", v.Name, raftNow.AddNonvoter(raft.ServerID(v.Name), raft.ServerAddress(v.Name), 0, membersPatience))
		}
	}
	return nil
}

// handOver gives the leadership to a validator of a set that is a voter of raft. It always gives an error: this node is not to lead.
func (n *Node) handOver(set checkpoint.ValidatorSet) error {
	m := n.member()
	finals, best := n.finality.Status().Finals, raft.Server{}
	for _, s := range n.configurations().latest.Servers {
		if _, in := set.Find(string(s.ID)); in && s.Suffrage == raft.Voter && (best.ID == "" || finals[string(s.ID)] > finals[string(best.ID)]) {
			best = s
		}
	}
	if best.ID == "" {
		return fmt.Errorf("nobody to hand over to: %w", errMembers)
	}
	ctx, cancel := context.WithTimeout(n.ctx, membersPatience)
	defer cancel()
	if err := n.point("members: hand over"); err != nil {
		return err
	}
	if err := m.await(ctx, m.LeadershipTransferToServer(best.ID, best.Address)); err != nil {
		return fmt.Errorf("hand over to %s: %w", best.ID, err)
	}
	return fmt.Errorf("handed over to %s: %w", best.ID, ErrNotLeader)
}
