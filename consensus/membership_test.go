package consensus

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"maps"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// newcomer makes the keys of a validator that the genesis does not name, and its address.
func (c *cluster) newcomer(name string) {
	c.t.Helper()
	for into, label := range map[*map[string]ed25519.PrivateKey]string{&c.world.Validators: "validator ", &c.world.TLS: "tls "} {
		seed := sha256.Sum256([]byte(c.t.Name() + label + name))
		(*into)[name] = ed25519.NewKeyFromSeed(seed[:])
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	defer l.Close()
	c.addresses[name] = l.Addr().String()
}

// set is the decision for a set of these names. Newcomers are spoken for by v2's governor, and are where the ballot says.
func (c *cluster) set(names ...string) tx.SetValidators {
	c.t.Helper()
	var out tx.SetValidators
	for _, name := range slices.Sorted(slices.Values(names)) {
		spki, err := x509.MarshalPKIXPublicKey(c.world.TLS[name].Public())
		if err != nil {
			c.t.Fatal(err)
		}
		g := tx.Governor{Name: name, Key: c.world.Validators[name].Public().(ed25519.PublicKey), TLSKeyHash: sha256.Sum256(spki), Account: c.world.GovernorAccounts["v2"]}
		if account, ok := c.world.GovernorAccounts[name]; ok {
			g.Account = account
		} else {
			g.PeerAddress = c.addresses[name]
		}
		out.Validators = append(out.Validators, g)
	}
	return out
}

// decide lets those who have a say propose and vote for a set.
func (c *cluster) decide(set tx.SetValidators, voters ...string) {
	c.t.Helper()
	propose := c.sign(tx.Propose{Validator: voters[0], Decision: set, ExpiresAtUnixMs: uint64(time.Now().Add(time.Hour).UnixMilli())}, time.Hour, c.world.Governors[voters[0]])
	c.ok(c.submit(c.leader(), propose, Final))
	for _, v := range voters[1:] {
		governor, known := c.world.Governors[v]
		if !known {
			governor = c.world.Governors["v2"]
		}
		c.ok(c.submit(c.leader(), c.sign(tx.Vote{Validator: v, Ballot: tx.NewBallotID(propose.ID(), 0), Yes: true}, time.Hour, governor), Accepted))
	}
}

func (c *cluster) ok(s Status) {
	c.t.Helper()
	if s.Result.Code != tx.OK {
		c.t.Fatalf("result %s", s.Result.Code)
	}
}

// eventually waits for what is to come.
func (c *cluster) eventually(what string, is func() bool) {
	c.t.Helper()
	c.within(time.Minute, what, is)
}

// within is eventually with another patience.
func (c *cluster) within(patience time.Duration, what string, is func() bool) {
	c.t.Helper()
	deadline := time.Now().Add(patience)
	for !is() {
		if time.Now().After(deadline) {
			c.t.Fatalf("not within %v: %s", patience, what)
		}
		select {
		case <-c.t.Context().Done():
			c.t.Fatal(what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// reigns waits until the nodes named take a set of these names for the one that reigns, and raft's voters are the same.
func (c *cluster) reigns(set ...string) {
	c.t.Helper()
	for _, name := range set {
		n := c.nodes[name]
		if n == nil {
			continue
		}
		c.eventually(name+" sees the set and raft's members follow", func() bool {
			members := n.configurations().latest
			return slices.Equal(names(n.reignNow().reign.Validators), set) && slices.Equal(slices.Sorted(slices.Values(votersOf(members))), set) && len(members.Servers) == len(set)
		})
	}
}

// TestAValidatorIsReplaced: a ballot puts a newcomer into the place of the leader, under payments. The leader hands over, the newcomer starts
// from the genesis, catches up without a vote, gets one, and is needed for the quorum from then on; who has left is heard no more.
func TestAValidatorIsReplaced(t *testing.T) {
	c := newCluster(t)
	c.submit(c.follower(), c.pay(c.world.Juma.Account, 1_00), Final)
	left := c.leader().Name()
	var stay []string
	for _, v := range c.world.Set {
		if v.Name != left {
			stay = append(stay, v.Name)
		}
	}
	c.newcomer("v5")
	after := append(slices.Clone(stay), "v5")
	c.decide(c.set(after...), "v2", "v1", "v3")
	c.joins = map[string]bool{"v5": true}
	c.restart("v5")
	c.reigns(after...)
	removed := c.nodes[left]
	if n := c.leader(); n.Name() == left {
		t.Errorf("%s has left and leads", left)
	}
	delete(c.nodes, left)
	defer removed.Close()
	s := c.submit(c.nodes["v5"], c.pay(c.world.Juma.Account, 2_00), Final)
	c.agree(s.LeafIndex + 1)
	for _, n := range c.nodes {
		c.eventually(n.Name()+" knows "+left+" no more", func() bool { _, known := n.transport.Peers()[left]; return !known })
	}
	if removed.heard(t.Context()) {
		t.Errorf("%s has left, raft has followed, and it is still heard", left)
	}
	if !c.nodes["v5"].heard(t.Context()) {
		t.Error("who is in the set is not heard")
	}
	// With one of those who stayed stopped, the newcomer is needed.
	c.stop(stay[0])
	signed := c.pay(c.world.Amina.Account, 3_00)
	c.submit(c.nodes["v5"], signed, Final)
	receipt, err := c.nodes["v5"].Receipt(signed.ID())
	if err != nil {
		t.Fatal(err)
	}
	verified, err := receipt.Verify(c.world.Genesis.Trust())
	if err != nil || slices.Contains(verified.Cosigners, left) || !slices.Contains(verified.Cosigners, "v5") {
		t.Errorf("cosigned by %v: %v", verified, err)
	}
	if _, err := c.nodes["v5"].store.Audit(); err != nil {
		t.Error(err)
	}
}

// TestFourSevenFour: three come under payments while the leader is killed, and later three go; everybody is restarted in between. One chain
// of two changes leads from the genesis to the set of today.
func TestFourSevenFour(t *testing.T) {
	c := newCluster(t)
	c.submit(c.follower(), c.pay(c.world.Juma.Account, 1_00), Final)
	seven := []string{"v1", "v2", "v3", "v4", "v5", "v6", "v7"}
	c.joins = make(map[string]bool)
	for _, name := range seven[4:] {
		c.newcomer(name)
		c.joins[name] = true
	}
	c.decide(c.set(seven...), "v2", "v1", "v3")
	killed := c.leader().Name()
	c.stop(killed)
	for _, name := range seven[4:] {
		c.restart(name)
	}
	c.restart(killed)
	c.reigns(seven...)
	// Three of four have elected it, and who starts again asks for four of seven.
	c.eventually("four of seven have elected who leads", func() bool { return c.leader().transport.ElectedBy(seven) >= 4 })
	s := c.submit(c.nodes["v6"], c.pay(c.world.Juma.Account, 2_00), Final)
	c.agree(s.LeafIndex + 1)
	for name := range maps.Clone(c.nodes) {
		c.stop(name)
	}
	for _, name := range seven {
		c.restart(name)
	}
	c.submit(c.leader(), c.pay(c.world.Juma.Account, 3_00), Final)
	four := []string{"v2", "v4", "v5", "v7"}
	c.decide(c.set(four...), "v2", "v1", "v3", "v4", "v5")
	c.reigns(four...)
	for _, name := range seven {
		if !slices.Contains(four, name) {
			c.stop(name)
		}
	}
	signed := c.pay(c.world.Juma.Account, 4_00)
	s = c.submit(c.nodes["v7"], signed, Final)
	c.agree(s.LeafIndex + 1)
	sets := c.nodes["v7"].Succession()
	if set, err := checkpoint.Follow(c.world.Genesis.Trust(), sets.Changes); err != nil || len(sets.Changes) != 2 || !slices.Equal(names(set), four) {
		t.Errorf("%d changes to %v: %v", len(sets.Changes), names(set), err)
	}
}

// TestApprove: which members of raft a node takes, with v1 to v4 in the set and v9 in none.
func TestApprove(t *testing.T) {
	c := newStopped(t, Snapshots{})
	c.restart("v1")
	n := c.nodes["v1"]
	server := func(name string, s raft.ServerSuffrage) raft.Server {
		return raft.Server{ID: raft.ServerID(name), Address: raft.ServerAddress(name), Suffrage: s}
	}
	four := func(change func(s []raft.Server) []raft.Server) raft.Configuration {
		all := []raft.Server{server("v1", raft.Voter), server("v2", raft.Voter), server("v3", raft.Voter), server("v4", raft.Voter)}
		return raft.Configuration{Servers: change(all)}
	}
	for _, row := range []struct {
		name    string
		c       raft.Configuration
		approve bool
	}{
		{"as it is", four(func(s []raft.Server) []raft.Server { return s }), true},
		{"a validator less", four(func(s []raft.Server) []raft.Server { return s[1:] }), false},
		{"a validator without vote", four(func(s []raft.Server) []raft.Server { s[2].Suffrage = raft.Nonvoter; return s }), false},
		{"a stranger", four(func(s []raft.Server) []raft.Server { return append(s, server("v9", raft.Nonvoter)) }), false},
		{"twice", four(func(s []raft.Server) []raft.Server { return append(s, s[0]) }), false},
		{"nobody", raft.Configuration{}, false},
	} {
		if err := n.approve(row.c); (err == nil) != row.approve {
			t.Errorf("%s: %v", row.name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := n.reconfigure(ctx); err != nil {
		t.Error("nothing is to change:", err)
	}
}

// someOf are that many validators, v00 and on from a number.
func someOf(from, count int) (all checkpoint.ValidatorSet) {
	for i := range count {
		all = append(all, checkpoint.Validator{Name: fmt.Sprintf("v%02d", from+i)})
	}
	return all
}

// membersOf are raft's, each with a vote.
func membersOf(sets ...checkpoint.ValidatorSet) (c raft.Configuration) {
	for _, set := range sets {
		for _, name := range names(set) {
			c.Servers = append(c.Servers, raft.Server{ID: raft.ServerID(name), Address: raft.ServerAddress(name)})
		}
	}
	return c
}

// TestMembersOfASnapshot: which members of raft may come with a snapshot, when v00 to v03 were the first set, v01 to v04 reign here, and the
// snapshot proves that v02 to v05 came after.
func TestMembersOfASnapshot(t *testing.T) {
	sets := checkpoint.Succession{First: someOf(0, 4)}
	for i := range 2 {
		sets.Changes = append(sets.Changes, checkpoint.SetChange{Set: someOf(i+1, 4), Proof: checkpoint.Proof{LeafIndex: uint64(10*i + 9)}})
	}
	here := &membership{before: sets.First}
	here.reign.Validators, here.reign.Boundary.Size = someOf(1, 4), 10
	joined := membersOf(someOf(1, 4))
	for _, row := range []struct {
		name          string
		c             raft.Configuration
		size          uint64
		follows, keep bool
	}{
		{"as it is here", joined, 20, true, true},
		{"the next set", membersOf(someOf(2, 4)), 20, true, true},
		{"between the sets", membersOf(someOf(2, 3)), 20, true, true},
		{"who left is still there", membersOf(someOf(0, 5)), 15, true, true},
		{"a liar alone", membersOf(someOf(4, 1)), 20, false, false},
		{"without one of all sets", membersOf(someOf(2, 1), someOf(4, 2)), 20, false, false},
		{"without one who stays", membersOf(someOf(2, 2)), 20, true, false},
		{"who comes only later", membersOf(someOf(1, 5)), 15, false, false},
		{"strangers", membersOf(someOf(1, 4), someOf(8, 1)), 20, false, false},
	} {
		if err := follows(row.c, sets, row.size); (err == nil) != row.follows {
			t.Errorf("%s: follows: %v", row.name, err)
		}
		if err := here.keeps(joined, row.c, sets, row.size); (err == nil) != row.keep {
			t.Errorf("%s: keeps: %v", row.name, err)
		}
	}
}

// TestOwnKeyUnderAnotherName: a ballot may give a validator's key another name. The process that runs under the old one goes on until the new
// set begins.
func TestOwnKeyUnderAnotherName(t *testing.T) {
	s := newScribe(t)
	m := *s.n.reignNow()
	m.coming = append(slices.Clone(m.reign.Validators[1:]), checkpoint.Validator{Name: "v9", Key: m.reign.Validators[0].Key, TLSKeyHash: [32]byte{9}})
	if err := s.n.meet(&m); err != nil {
		t.Error(err)
	}
}
