package complaint

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

var network = tx.NetworkID{1}

// books are n validators that all know v1 as the leader of term 5.
func books(t *testing.T, n int) map[string]*Book {
	t.Helper()
	var all []checkpoint.Validator
	keys := make(map[string]ed25519.PrivateKey)
	for i := range n {
		name := fmt.Sprintf("v%02d", i+1)
		keys[name] = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(i + 1)}, 32))
		all = append(all, checkpoint.Validator{Name: name, Key: [32]byte(keys[name].Public().(ed25519.PublicKey)), TLSKeyHash: [32]byte{9, byte(i)}})
	}
	set, err := checkpoint.NewValidatorSet(all)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]*Book)
	for _, v := range set {
		out[v.Name] = New(network, set, v.Name, keys[v.Name])
		out[v.Name].Lead("v01", 5)
	}
	return out
}

// spread lets everybody hear what everybody says until nothing is new, and gives who dropped the leader.
func spread(all map[string]*Book) map[string]Drop {
	drops := make(map[string]Drop)
	for range all {
		for from, b := range all {
			c, ok := b.Own()
			if !ok {
				continue
			}
			for to, hearer := range all {
				if to == from {
					continue
				}
				if d := hearer.Hear(from, c); d != nil {
					drops[to] = *d
				}
			}
		}
	}
	return drops
}

func TestOneMoreThanTheLiarsDropALeader(t *testing.T) {
	for _, n := range []int{4, 7, 10} {
		all := books(t, n)
		f := (n - 1) / 3
		for i := range f {
			all[fmt.Sprintf("v%02d", i+2)].Complain("v01", 5)
		}
		if drops := spread(all); len(drops) > 0 {
			t.Fatalf("%d of %d complain, and %v drop", f, n, drops)
		}
		last, said := all[fmt.Sprintf("v%02d", n)].Complain("v01", 5)
		drops := spread(all)
		if last != nil {
			drops[fmt.Sprintf("v%02d", n)] = *last
		}
		if !said || len(drops) != n-1 {
			t.Fatalf("%d of %d complain, and only %v drop", f+1, n, drops)
		}
		for name, d := range drops {
			if d.Leader != "v01" || d.Term != 5 || len(d.By) <= f {
				t.Errorf("%s: %+v", name, d)
			}
		}
	}
}

// TestOneHearsEnough: a liar complains to one validator alone. That one drops the leader, and complains itself, so that the
// others hear enough too.
func TestOneHearsEnough(t *testing.T) {
	all := books(t, 4)
	if d, said := all["v03"].Complain("v01", 5); d != nil || !said {
		t.Fatalf("one complaint gives %+v", d)
	}
	honest, _ := all["v03"].Own()
	if d := all["v04"].Hear("v03", honest); d != nil {
		t.Fatalf("one complaint gives %+v", d)
	}
	if d := all["v04"].Hear("v02", resign(all["v02"], 5, "v01")); d == nil {
		t.Fatal("two complaints of four drop nobody")
	}
	joined, ok := all["v04"].Own()
	if d := all["v03"].Hear("v04", joined); !ok || d == nil {
		t.Errorf("who heard enough does not complain: %+v, %+v", joined, d)
	}
}

// TestComplaintsOfTwoTerms: each term's leader has its own complaints.
func TestComplaintsOfTwoTerms(t *testing.T) {
	all := books(t, 4)
	b := all["v04"]
	if d := b.Hear("v02", resign(all["v02"], 5, "v01")); d != nil {
		t.Errorf("one complaint gives %+v", d)
	}
	if d := b.Hear("v03", resign(all["v03"], 6, "v01")); d != nil {
		t.Errorf("complaints of two terms give %+v", d)
	}
	if d := b.Hear("v02", resign(all["v02"], 6, "v01")); d == nil {
		t.Error("two complaints of one term drop nobody")
	}
}

func TestComplaintRefusals(t *testing.T) {
	all := books(t, 4)
	good, _ := func() (checkpoint.Complaint, bool) { all["v02"].Complain("v01", 5); return all["v02"].Own() }()
	for _, c := range []struct {
		what string
		from string
		with func(*checkpoint.Complaint)
	}{
		{"in another's name", "v03", func(*checkpoint.Complaint) {}},
		{"of a stranger", "v99", func(c *checkpoint.Complaint) { c.Validator = "v99" }},
		{"of a term that is past", "v02", func(c *checkpoint.Complaint) { *c = resign(all["v02"], 4, "v01") }},
		{"about itself", "v02", func(c *checkpoint.Complaint) { *c = resign(all["v02"], 5, "v02") }},
		{"about nobody", "v02", func(c *checkpoint.Complaint) { *c = resign(all["v02"], 5, "v99") }},
		{"with a bad signature", "v02", func(c *checkpoint.Complaint) { c.Signature[0] ^= 1 }},
	} {
		t.Run(c.what, func(t *testing.T) {
			said := good
			c.with(&said)
			b := books(t, 4)["v04"]
			if b.Hear(c.from, said); len(b.heard) != 0 {
				t.Error("it was taken")
			}
		})
	}
	b := books(t, 4)["v04"]
	if b.Hear("v02", good); len(b.heard) != 1 {
		t.Error("a good one was not taken")
	}
	b.Lead("v03", 6)
	if len(b.heard) != 0 {
		t.Error("a complaint outlives its term")
	}
}

func resign(b *Book, term uint64, leader string) checkpoint.Complaint {
	return checkpoint.Complaint{Validator: b.name, Term: term, Leader: leader}.Sign(network, b.key)
}

func TestALeaderDoesNotComplainOfItself(t *testing.T) {
	b := books(t, 4)["v01"]
	if _, said := b.Complain("v01", 5); said {
		t.Error("it does")
	}
	if d := b.Hear("v02", resign(books(t, 4)["v02"], 5, "v01")); d != nil {
		t.Errorf("it drops itself: %+v", d)
	}
	if _, said := books(t, 4)["v02"].Complain("v01", 4); said {
		t.Error("a validator complains of a term that is past")
	}
}

// What a watch sees each second, and at which seconds it complains.
func TestWatch(t *testing.T) {
	const base = 4 * time.Second
	begin := time.Unix(1000, 0)
	at := func(s int) time.Time { return begin.Add(time.Duration(s) * time.Second) }
	for _, c := range []struct {
		what string
		see  func(second int) Seen
		want []int
	}{
		{"nothing waits", func(int) Seen { return Seen{Leader: "v1", Term: 1} }, nil},
		{"no leader", func(int) Seen { return Seen{Waiting: at(0)} }, nil},
		{"something waits: patience doubles", func(int) Seen { return Seen{Leader: "v1", Term: 1, Waiting: at(0)} }, []int{4, 12, 28}},
		{"others are served meanwhile", func(s int) Seen { return Seen{Leader: "v1", Term: 1, Waiting: at(0), Moved: uint64(s)} }, []int{4, 12, 28}},
		{"a new leader has its own time", func(s int) Seen { return Seen{Leader: "v1", Term: uint64(1 + s/3), Waiting: at(0)} }, nil},
		{"each waits a second only", func(s int) Seen { return Seen{Leader: "v1", Term: 1, Waiting: at(s - 1), Moved: uint64(s)} }, nil},
		{"after progress the patience is short again", func(s int) Seen {
			if s < 6 || s > 10 && s < 16 {
				return Seen{Leader: "v1", Term: 1, Waiting: at(s / 10 * 10)}
			}
			return Seen{Leader: "v1", Term: 1, Moved: uint64(s)}
		}, []int{4, 14}},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := NewWatch(base)
			var got []int
			for s := range 40 {
				seen := c.see(s)
				if seen.Now = at(s); w.Look(seen) {
					got = append(got, s)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
