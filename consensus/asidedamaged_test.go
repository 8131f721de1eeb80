package consensus

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger"
)

// damages are ways in which a disk gives back another file than was written.
var damages = map[string]func(raw []byte) []byte{
	"format":    func(raw []byte) []byte { raw[3] ^= 1; return raw },
	"header":    func(raw []byte) []byte { raw[bytes.Index(raw, []byte("AttestedIn"))] ^= 1; return raw },
	"data":      func(raw []byte) []byte { raw[bytes.LastIndex(raw, []byte("void"))] ^= 1; return raw },
	"hash":      func(raw []byte) []byte { raw[len(raw)-1] ^= 1; return raw },
	"truncated": func(raw []byte) []byte { return raw[:len(raw)-100] },
	"short":     func(raw []byte) []byte { return raw[:5] },
	"empty":     func([]byte) []byte { return nil },
}

// damage rewrites what was kept of epoch 0.
func (s *scribe) damage(how func([]byte) []byte) {
	s.t.Helper()
	raw, err := os.ReadFile(s.n.asides.path(0))
	if err == nil {
		err = os.WriteFile(s.n.asides.path(0), how(raw), 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// lost wants the log of epoch 0 not to be kept any more, but left for who wants to look at it.
func (s *scribe) lost() {
	s.t.Helper()
	if all := s.n.asides.all(); len(all) != 0 {
		s.t.Errorf("kept are %+v", all)
	}
	if _, err := os.Stat(s.n.asides.path(0) + damagedEnd); err != nil {
		s.t.Error(err)
	}
	if err := s.n.Err(); err != nil {
		s.t.Error(err)
	}
}

// TestDamagedBeforeItIsPutBack: nothing is cut for a log that is not whole, and the node goes on.
func TestDamagedBeforeItIsPutBack(t *testing.T) {
	s, _, _, _ := wentBack(t)
	own, _ := s.pays()
	log := s.entries(s.n.store.FloorMade())
	whole, err := os.ReadFile(s.n.asides.path(0))
	if err != nil {
		t.Fatal(err)
	}
	for name, how := range damages {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(s.n.asides.path(0), bytes.Clone(whole), 0o600); err != nil {
				t.Fatal(err)
			}
			os.Remove(s.n.asides.path(0) + damagedEnd)
			a := aside{Attested: own.Size + 100}
			if a.Before, err = s.n.baseAt(s.n.store.FloorMade()); err == nil {
				err = s.n.asides.put(a)
			}
			if err != nil {
				t.Fatal(err)
			}
			s.damage(how)
			goes, err := s.n.prepare(resyncPutBack(0))
			if goes || err != nil {
				t.Errorf("goes %v: %v", goes, err)
			}
			s.lost()
			if s.n.store.Head() != own || !reflect.DeepEqual(log, s.entries(s.n.store.FloorMade())) {
				t.Error("state or log is another")
			}
		})
	}
}

// TestDamagedWhilePuttingBack: the file is damaged in a crash while it is put back. The next start goes on from what is final.
func TestDamagedWhilePuttingBack(t *testing.T) {
	for _, point := range []string{"resync: state undone", "resync: log cut, nothing put back"} {
		t.Run(point, func(t *testing.T) {
			s, attested, _, _ := wentBack(t)
			final := s.n.store.Head()
			s.pays()
			s.hears(attested)
			s.damagedAt(point, final)
		})
	}
}

func (s *scribe) damagedAt(point string, final ledger.Head) {
	s.t.Helper()
	path := s.n.asides.path(0)
	s.stop("v1")
	s.simulated = &Simulated{Point: func(name string) error {
		if name != point {
			return nil
		}
		raw, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, damages["data"](raw), 0o600)
		}
		if err != nil {
			s.t.Error(err)
		}
		return errKilled
	}}
	s.restart("v1")
	s.n = s.nodes["v1"]
	s.n.goBack(errKilled, resyncPutBack(0))
	<-s.n.Dead()
	s.simulated = nil
	_ = s.n.Close()
	delete(s.nodes, "v1")
	s.restart("v1")
	s.n = s.nodes["v1"]
	s.lost()
	if _, err := os.Stat(filepath.Join(s.dir, "v1", resyncFile)); !os.IsNotExist(err) {
		s.t.Errorf("%s: the target: %v", point, err)
	}
	if s.n.store.FinalHead().Batch != final.Batch {
		s.t.Errorf("%s: final is batch %d", point, s.n.store.FinalHead().Batch)
	}
}

// TestStartWithDamage: no file beside the state keeps a validator from starting.
func TestStartWithDamage(t *testing.T) {
	s, attested, head, log := wentBack(t)
	for _, dir := range []string{"lost+found", "7", "8.new"} {
		if err := os.MkdirAll(filepath.Join(s.n.asides.dir, dir, "in it"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"1", "2.new", "01", "notes.txt", "-1"} {
		if err := os.WriteFile(filepath.Join(s.n.asides.dir, file), []byte("umoja"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again := func() {
		t.Helper()
		s.stop("v1")
		s.restart("v1")
		s.n = s.nodes["v1"]
	}
	again()
	for name, there := range map[string]bool{
		"0": true, "lost+found": true, "7.damaged": true, "7": false, "8.new.damaged": true, "1.damaged": true, "1": false, "2.new": false, "01": true, "notes.txt": true, "-1": true,
	} {
		if _, err := os.Stat(filepath.Join(s.n.asides.dir, name)); os.IsNotExist(err) == there {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.pays()
	s.hears(attested)
	s.putBack(head, log) // What is whole is put back all the same.
	for name, how := range damages {
		whole, err := os.ReadFile(s.n.asides.path(0))
		if err != nil {
			t.Fatal(err)
		}
		s.damage(how)
		again()
		if t.Run(name, func(*testing.T) { s.lost() }); t.Failed() {
			return
		}
		s.stop("v1")
		if err := os.WriteFile(s.n.asides.path(0), whole, 0o600); err != nil {
			t.Fatal(err)
		}
		os.Remove(s.n.asides.path(0) + damagedEnd)
		s.restart("v1")
		s.n = s.nodes["v1"]
	}
}

// TestUnknownTarget: of a damaged target it is not known what may be cut.
func TestUnknownTarget(t *testing.T) {
	s := newScribe(t)
	s.pays()
	head, _ := s.pays()
	path := filepath.Join(s.dir, "v1", resyncFile)
	for _, to := range []target{"", "umoja-resync/v1 from the", "umoja-resync/v1 put back epoch 0", resyncPutBack(0) + "x", resyncKept + "\n"} {
		s.stop("v1")
		if err := os.WriteFile(path, []byte(to), 0o600); err != nil {
			t.Fatal(err)
		}
		s.restart("v1")
		s.n = s.nodes["v1"]
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%q: %v", to, err)
		}
		if s.n.store.Head() != head {
			t.Fatalf("%q: batch %d, want %d", to, s.n.store.Head().Batch, head.Batch)
		}
	}
}

// TestKeptAsideAsFarAsTheLogGoes: a disk that lost the end of raft's log has lost batches that are in the state. What is kept is what the log
// has, and it is put back for no other certificate; and if the log ends before what is final, nothing is kept.
func TestKeptAsideAsFarAsTheLogGoes(t *testing.T) {
	for _, row := range []struct {
		name  string
		lost  uint64
		trees int
	}{{"one of three", 1, 2}, {"all but one", 2, 1}, {"all", 3, 0}, {"what is final, too", 4, -1}} {
		t.Run(row.name, func(t *testing.T) {
			s := newScribe(t)
			s.pays()
			s.n.renew("v2")
			s.final(first(s.pays()))
			for range 3 {
				s.pays()
			}
			attested := s.n.store.Head()
			s.attests(attested)
			s.wishes(1)
			last, err := s.n.raftLog.LastIndex()
			if err == nil {
				err = s.n.raftLog.DeleteRange(last+1-row.lost, last)
			}
			if err != nil {
				t.Fatal(err)
			}
			s.n.disputed(suspectPatience + time.Second)
			s.n.lookAgain()
			s.settled()
			a, kept := s.n.asides.find(0)
			if kept != (row.trees >= 0) || len(a.Trees) != max(row.trees, 0) || s.n.store.Pending() != 0 || s.n.Err() != nil {
				t.Fatalf("%d trees, %d batches left: %v", len(a.Trees), s.n.store.Pending(), s.n.Err())
			}
			if _, ok := s.n.keptFor(voteOf(attested)); ok {
				t.Error("kept for what was lost")
			}
		})
	}
}

// TestPutBackInVainIsNotRepeated: if what was kept aside does not lead to a certified tree after all, it is not tried for it again.
func TestPutBackInVainIsNotRepeated(t *testing.T) {
	s, attested, _, _ := wentBack(t)
	a, _ := s.n.asides.find(0)
	another := voteOf(attested)
	another.Root[0] ^= 1
	s.n.asides.mu.Lock()
	s.n.asides.kept[0].Trees = append(s.n.asides.kept[0].Trees, another)
	s.n.asides.mu.Unlock()
	if _, ok := s.n.keptFor(another); !ok {
		t.Fatal("not kept for it")
	}
	s.n.asides.vain(a.AttestedIn, another)
	if _, ok := s.n.keptFor(another); ok {
		t.Error("tried again")
	}
	if _, ok := s.n.keptFor(voteOf(attested)); !ok {
		t.Error("of no use for another")
	}
}
