package consensus

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// voteTwice is evidence of two votes in one election.
func voteTwice(w *ledgertest.World, guilty string, term uint64) checkpoint.Evidence {
	e := checkpoint.Evidence{Validator: guilty}
	for _, candidate := range []string{"v2", "v1"} { // Not in order: keep orders them.
		vote := checkpoint.Election{Term: term, Candidate: candidate}
		e.Elections = append(e.Elections, checkpoint.SignedElection{Election: vote, Signature: vote.Sign(w.Network, w.Validators[guilty])})
	}
	return e
}

// TestEvidenceIsKept: one file for each piece, which another start reads, and which anybody can verify; what is no evidence is
// neither kept nor read, and there is room for the first of each liar's lies only.
func TestEvidenceIsKept(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	dir := filepath.Join(t.TempDir(), "evidence")
	open := func() *evidence {
		t.Helper()
		s, err := openEvidence(dir, w.Network, func() []checkpoint.ValidatorSet { return []checkpoint.ValidatorSet{w.Set} })
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	for term := range uint64(3) {
		for again := range 2 {
			if _, added, err := s.keep(voteTwice(w, "v3", term)); err != nil || added != (again == 0) {
				t.Errorf("term %d, time %d: added %v: %v", term, again, added, err)
			}
		}
	}
	forged := voteTwice(w, "v3", 9)
	forged.Elections[0].Signature[0] ^= 1
	one := voteTwice(w, "v3", 9)
	one.Elections[1] = one.Elections[0]
	for what, e := range map[string]checkpoint.Evidence{"a signature that is none": forged, "one vote": one, "of a stranger": {Validator: "v9", Elections: one.Elections}} {
		if _, added, err := s.keep(e); !errors.Is(err, checkpoint.ErrBadEvidence) && !errors.Is(err, checkpoint.ErrBadSignature) || added {
			t.Errorf("%s: added %v: %v", what, added, err)
		}
	}
	planted := hex.EncodeToString(make([]byte, 31)) + "01" + evidenceSuffix
	for name, data := range map[string]string{"README": "x", planted: string(forged.Ordered(w.Network).Encode()), hex.EncodeToString(make([]byte, 32)) + evidenceSuffix: "not evidence", "half" + evidenceSuffix + ".new": "crashed"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	kept := open().list()
	if len(kept) != 3 {
		t.Fatalf("%d pieces after a restart", len(kept))
	}
	for _, e := range kept {
		raw, err := os.ReadFile(filepath.Join(dir, hex.EncodeToString(e.Hash[:])+evidenceSuffix))
		if err != nil || !bytes.Equal(raw, e.Raw) || e.Validator != "v3" || e.Offence != checkpoint.TwoElections {
			t.Errorf("%s by %s: %v", e.Offence, e.Validator, err)
		}
	}
	s = open()
	for term := range uint64(2 * maxEvidenceOf) {
		if _, _, err := s.keep(voteTwice(w, "v3", term)); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(s.list()); got != maxEvidenceOf {
		t.Errorf("%d pieces against one validator, want %d", got, maxEvidenceOf)
	}
	if _, added, err := s.keep(voteTwice(w, "v4", 1)); !added || err != nil {
		t.Errorf("a liar took another's room: %v", err)
	}
}

// TestTwoHeadersComeTogether: a leader gave two validators two batches for one place, and neither got both. After an epoch is
// opened they compare, both hold the evidence, nobody else is accused, and it survives a restart.
func TestTwoHeadersComeTogether(t *testing.T) {
	c := newCluster(t)
	c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	head := c.leader().Head()
	sign := func(time uint64) (tx.BatchHeader, checkpoint.SignedHeader) {
		data := tx.SealBatch(c.world.Network, tx.BatchHeader{
			Number: head.Batch + 1, PreviousHash: head.BatchHash, TimeUnixMs: time, Leader: "v4", Term: 77,
		}, nil, c.world.Validators["v4"])
		b, err := tx.ParseBatch(c.world.Network, data)
		if err != nil {
			t.Fatal(err)
		}
		return b.Header, checkpoint.SignedHeader{Header: b.RawHeader(), Signature: b.Signature}
	}
	for i, name := range []string{"v1", "v2"} {
		c.nodes[name].saw(sign(head.TimeUnixMs + uint64(i)))
		if all := c.nodes[name].Evidence(); len(all) != 0 {
			t.Fatalf("%s accuses %s of one header", name, all[0].Validator)
		}
	}
	for _, name := range []string{"v1", "v2", "v3"} {
		c.nodes[name].doubt(0, head.Batch+1)
	}
	for _, name := range []string{"v1", "v2", "v3"} {
		c.awaitEvidence(name, "v4", checkpoint.TwoBatches)
	}
	c.stop("v1")
	c.restart("v1")
	c.awaitEvidence("v1", "v4", checkpoint.TwoBatches)
	file, err := filepath.Glob(filepath.Join(c.dir, "v1", "evidence", "*"+evidenceSuffix))
	if err != nil || len(file) != 1 {
		t.Errorf("files %v: %v", file, err)
	}
}

// awaitEvidence waits until a node holds one piece of evidence, against this validator.
func (c *cluster) awaitEvidence(name, guilty string, offence checkpoint.Offence) {
	c.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		all := c.nodes[name].Evidence()
		if len(all) == 1 && all[0].Validator == guilty && all[0].Offence == offence {
			return
		}
		if len(all) > 0 || time.Now().After(deadline) {
			var got []string
			for _, e := range all {
				got = append(got, e.Validator+": "+string(e.Offence))
			}
			c.t.Fatalf("%s holds %d pieces: %s", name, len(all), strings.Join(got, ", "))
		}
	}
}

// TestHeadersAreBounded: what a liar signs drives out no more than there is room for, and an answer has an end.
func TestHeadersAreBounded(t *testing.T) {
	h := newHeaders()
	for i := range uint64(headersSeen + 10) {
		h.add(batchPlace{leader: "v1", term: 1, number: i}, checkpoint.SignedHeader{Header: make([]byte, 100)})
	}
	if len(h.first) != headersSeen || len(h.order) != headersSeen {
		t.Errorf("%d remembered", len(h.first))
	}
	if _, known := h.find(batchPlace{leader: "v1", term: 1, number: 9}); known {
		t.Error("the first is still there")
	}
	if got := h.from(0, 20); len(got) != headersAsked {
		t.Errorf("answer of %d", len(got))
	}
	if got := h.from(0, headersSeen); len(got) != 10 {
		t.Errorf("answer of %d from the end", len(got))
	}
	if got := h.from(1, 0); len(got) != 0 {
		t.Errorf("answer of %d of another epoch", len(got))
	}
	for i := range uint64(headersAsked) {
		h.add(batchPlace{leader: "v1", epoch: 2, term: 1, number: i}, checkpoint.SignedHeader{Header: make([]byte, headersBytes/4)})
	}
	if got := h.from(2, 0); len(got) != 3 {
		t.Errorf("answer of %d long ones", len(got))
	}
}

// headerBy seals an empty batch of a leader for a place; the salt makes another of it.
func (c *cluster) headerBy(leader string, at batchPlace, salt uint64) (tx.BatchHeader, checkpoint.SignedHeader) {
	c.t.Helper()
	data := tx.SealBatch(c.world.Network, tx.BatchHeader{
		Epoch: at.epoch, Number: at.number, TimeUnixMs: c.world.Genesis.TimeUnixMs + salt, Leader: at.leader, Term: at.term,
	}, nil, c.world.Validators[leader])
	b, err := tx.ParseBatch(c.world.Network, data)
	if err != nil {
		c.t.Fatal(err)
	}
	return b.Header, checkpoint.SignedHeader{Header: b.RawHeader(), Signature: b.Signature}
}

// TestHeadersThatProveNothing: what another signed in a leader's name takes no place, batches of two terms are no offence, and
// each term is looked at by itself.
func TestHeadersThatProveNothing(t *testing.T) {
	c := newStopped(t, Snapshots{})
	c.restart("v1")
	n := c.nodes["v1"]
	at := batchPlace{leader: "v4", epoch: 2, term: 7, number: 9}
	n.saw(c.headerBy("v3", at, 0)) // In v4's name.
	for term := uint64(7); term < 10; term++ {
		at.term = term
		n.saw(c.headerBy("v4", at, 1))
	}
	at.term = 0
	n.saw(c.headerBy("v4", at, 1))
	n.saw(c.headerBy("v4", at, 2))
	if all := n.Evidence(); len(all) != 0 {
		t.Fatalf("%s by %s", all[0].Offence, all[0].Validator)
	}
	for found, term := range []uint64{7, 9} {
		at.term = term
		n.saw(c.headerBy("v4", at, 3))
		if all := n.Evidence(); len(all) != found+1 {
			t.Errorf("%d pieces after a second batch in term %d", len(all), term)
		}
	}
}

// TestHeadersComparedAfterAnEpoch: a validator whose batches an epoch takes back asks the others what they got, and takes
// nothing else for an answer.
func TestHeadersComparedAfterAnEpoch(t *testing.T) {
	s := newScribe(t)
	s.restart("v2")
	start, _ := s.pays()
	s.pays()
	lied := batchPlace{leader: "v2", term: 1, number: start.Batch + 1}
	other := s.nodes["v2"]
	other.saw(s.headerBy("v2", lied, 1))
	s.n.saw(s.headerBy("v3", batchPlace{leader: "v3", term: 1, number: start.Batch}, 1))
	other.saw(s.headerBy("v3", batchPlace{leader: "v3", term: 1, number: start.Batch}, 2)) // Below the start, so not asked for.
	if a, ok := s.order(s.opening(s.change(1, voteOf(start)), start, nil)).(*applied); !ok || a.void != nil {
		t.Fatalf("the opening: %v", a)
	}
	s.awaitEvidence("v1", "v2", checkpoint.TwoBatches)
}

// TestHeadersAreGivenSeldom: a peer that asks more often than an honest one is refused, and so is a stranger.
func TestHeadersAreGivenSeldom(t *testing.T) {
	c := newStopped(t, Snapshots{})
	c.restart("v1")
	c.restart("v2")
	from := batchPlace{}
	var err error
	for range headersAtOnce + 10*headersPerSecond {
		if err = c.nodes["v2"].compareWith(t.Context(), "v1", from); err != nil {
			break
		}
	}
	if fromStatus(err) != ErrRateLimited {
		t.Errorf("got %v", err)
	}
}

// TestHeadersAskedFor: headers that were not asked for drive out nothing.
func TestHeadersAskedFor(t *testing.T) {
	c := newStopped(t, Snapshots{})
	asked := batchPlace{leader: "v4", epoch: 2, term: 1, number: 10}
	for _, row := range []struct {
		what   string
		change func(*batchPlace)
		taken  bool
	}{
		{"what was asked for", func(*batchPlace) {}, true},
		{"a later batch", func(p *batchPlace) { p.number++ }, true},
		{"an earlier batch", func(p *batchPlace) { p.number-- }, false},
		{"another epoch", func(p *batchPlace) { p.epoch++ }, false},
	} {
		at := asked
		row.change(&at)
		_, h := c.headerBy("v4", at, 1)
		if _, ok := asked.answeredBy(c.world.Network, h); ok != row.taken {
			t.Errorf("%s: taken %v", row.what, ok)
		}
	}
}
