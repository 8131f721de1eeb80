package consensus

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/consensus/finality"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// A validator that goes back because of a dispute may have attested what it forgets, and so may others who go back. With their attestations
// liars make a certificate, and show it when nobody honest has its tree any more: then no epoch could be opened, ever. So what is cut
// off raft's log is kept aside, and put back when it is shown that it is needed.
//
// Promise, as long as the disk gives back what was written: for every tree that this validator has attested and gone back from by a dispute,
// there is a log kept aside in which an epoch can start from a certificate of it, until no epoch starts there: until something final is as
// large as the newest attestation. (What is final in the attested epoch then holds that tree; what is final in a later one outranks its
// certificate; and in an earlier one nothing becomes final that the later did not start above.) It can be put back whatever has become of
// raft's log since, since what is final holds all that was ordered before it begins: a snapshot of that takes the place of any log.
//
// Nothing else makes a validator forget what it has attested, but an epoch or a quorum that proves that it will not be needed: a
// snapshot that would is refused (undoes).
//
// There is one for each epoch that this validator attested in last: it goes back by a dispute only when it has left that epoch for
// good, so whatever it attested in the epoch is in the first log kept for it, and that is never written over.

// maxAsides bounds how many are kept. Each costs the liars an epoch in which nothing became final, and holds the log since the last
// final batch: W batches, and what was void between. With that many this validator goes back by a dispute no more, until it is in a later
// epoch than it has attested in before: the log of that one takes the place of all others.
const maxAsides = 8

// asides are the logs kept aside.
type asides struct {
	dir string
	log *slog.Logger
	// mu guards the rest; held for a look or a set.
	mu   sync.Mutex
	kept []aside
	// spent are the certificates for which one was put back in vain, by its epoch: it is not put back for them again.
	spent map[uint64]checkpoint.Vote
}

// aside is what a file says of the entries that follow it there.
type aside struct {
	// AttestedIn and Attested are epoch and size of the newest attestation when the log was kept.
	AttestedIn, Attested uint64
	// Before is the entry that the log goes on after, and Last its last. What was final when it was kept was made at Before or earlier.
	Before base
	Last   uint64
	// Short says that raft's log had lost its end, and may have had no batch of that epoch any more.
	Short bool
	// Epoch is the one in force at its end. Trees are the ends of its batches of that epoch above what was final.
	Epoch uint64
	Trees []checkpoint.Vote
}

// starts says whether an epoch can start there from a certificate, as startOf does.
func (a aside) starts(c checkpoint.Vote) bool {
	return c.Size > 0 && (c.Epoch < a.Epoch || slices.Contains(a.Trees, c))
}

// openAsides makes the folder and reads what is there. What a crash left half written is removed, what is damaged is left under a name by which it
// is met no more, and what has another name than this program gives is not touched: none of that may keep a validator from starting.
func openAsides(dir string, log *slog.Logger) (*asides, error) {
	s := &asides{dir: dir, log: log}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder of logs kept aside: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read folder of logs kept aside: %w", err)
	}
	for _, e := range entries {
		if err := s.meet(e); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// meet takes what the folder holds.
func (s *asides) meet(e os.DirEntry) error {
	name, half := strings.CutSuffix(e.Name(), ".new")
	epoch, err := strconv.ParseUint(name, 10, 64)
	switch {
	case err != nil || strconv.FormatUint(epoch, 10) != name:
		if !strings.Contains(name, damagedEnd) {
			s.log.Error("not a log kept aside; nobody looks at it", "file", filepath.Join(s.dir, e.Name()))
		}
		return nil
	case !e.Type().IsRegular():
		return s.damaged(e.Name(), errors.New("not a file"))
	case half:
		if err := os.Remove(filepath.Join(s.dir, e.Name())); err != nil {
			return fmt.Errorf("remove a log half kept aside: %w", err)
		}
		return nil
	}
	a, err := readAside(s.path(epoch), nil)
	if errors.Is(err, errAside) {
		return s.damaged(name, err)
	} else if err != nil {
		return err
	}
	return s.put(a)
}

// damagedEnd is the end of the name of a damaged file, or a number follows it.
const damagedEnd = ".damaged"

// damaged leaves a file under a name by which it is met no more.
func (s *asides) damaged(name string, reason error) error {
	s.log.Error("a log that was kept aside is damaged, and not kept any more", "file", filepath.Join(s.dir, name), "reason", reason)
	to := name + damagedEnd
	for i := 2; ; i++ {
		if _, err := os.Lstat(filepath.Join(s.dir, to)); errors.Is(err, os.ErrNotExist) {
			break
		} else if err != nil {
			return fmt.Errorf("leave a damaged log kept aside: %w", err)
		}
		to = fmt.Sprintf("%s%s.%d", name, damagedEnd, i)
	}
	if err := os.Rename(filepath.Join(s.dir, name), filepath.Join(s.dir, to)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("leave a damaged log kept aside: %w", err)
	}
	return nil
}

// lose takes note that the one of an epoch is damaged.
func (s *asides) lose(epoch uint64, reason error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = slices.DeleteFunc(s.kept, func(a aside) bool { return a.AttestedIn == epoch })
	return s.damaged(strconv.FormatUint(epoch, 10), reason)
}

func (s *asides) path(epoch uint64) string {
	return filepath.Join(s.dir, strconv.FormatUint(epoch, 10))
}

func (s *asides) all() []aside {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.kept)
}

func (s *asides) find(epoch uint64) (aside, bool) {
	all := s.all()
	i := slices.IndexFunc(all, func(a aside) bool { return a.AttestedIn == epoch })
	if i < 0 {
		return aside{}, false
	}
	return all[i], true
}

// vain takes note that one was put back in vain.
func (s *asides) vain(epoch uint64, c checkpoint.Vote) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.spent == nil {
		s.spent = make(map[uint64]checkpoint.Vote)
	}
	s.spent[epoch] = c
}

// startFrom is one in which an epoch can start from a certificate.
func (s *asides) startFrom(c checkpoint.Vote) (aside, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.kept {
		if spent, ok := s.spent[a.AttestedIn]; a.starts(c) && !(ok && spent == c) {
			return a, true
		}
	}
	return aside{}, false
}

// beside is how many stay when one more is kept.
func (s *asides) beside(attestedIn, epoch uint64) int {
	return len(slices.DeleteFunc(s.all(), func(a aside) bool { return a.coveredBy(aside{AttestedIn: attestedIn, Epoch: epoch}) }))
}

// put takes note of one that is on disk, in the place of one of that epoch, and removes those that nothing can need beside it. A crash in between
// leaves files that the next start removes.
func (s *asides) put(a aside) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(slices.DeleteFunc(s.kept, func(b aside) bool { return b.AttestedIn == a.AttestedIn }), a)
	slices.SortFunc(s.kept, func(a, b aside) int { return cmp.Compare(a.AttestedIn, b.AttestedIn) })
	return s.remove(func(b aside) bool { return slices.ContainsFunc(s.kept, b.coveredBy) })
}

// coveredBy says whether a log that was kept later will do for all that this one is kept for: the certificates of the epoch in which was attested
// last, and of those before. An epoch can start from them where a later one is in force; and what makes that log needless was final in its
// epoch or later, and outranks those certificates too.
func (a aside) coveredBy(later aside) bool {
	return a.AttestedIn < later.AttestedIn && a.AttestedIn < later.Epoch && !later.Short
}

// drop removes those that nothing can need any more, by what is final. A crash in between leaves files that the next start drops.
func (s *asides) drop(final uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.remove(func(a aside) bool { return final >= a.Attested })
}

// remove is called with mu held.
func (s *asides) remove(gone func(aside) bool) error {
	for i := len(s.kept) - 1; i >= 0; i-- {
		if !gone(s.kept[i]) {
			continue
		}
		if err := os.Remove(s.path(s.kept[i].AttestedIn)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove a log kept aside: %w", err)
		}
		s.kept = slices.Delete(s.kept, i, i+1)
	}
	return nil
}

// mayKeepAside says whether this validator may go back by a dispute: it will attest nothing more of what it forgets, and what it has attested
// is kept aside, or can be, or is none.
func (n *Node) mayKeepAside(s finality.Status) bool {
	_, kept := n.asides.find(s.AttestedIn)
	return n.hasLeft(s) && (kept || s.Attested <= n.store.Floor().Size || n.asides.beside(s.AttestedIn, n.store.Head().Epoch) < maxAsides)
}

// keepAside writes down what a resync is about to cut. Raft does not run, so that the tree is what it will be. False when this validator
// may not go back after all: the last entry before raft ended has opened an epoch in which it may attest, or the file would not hold what it must.
func (n *Node) keepAside() (bool, error) {
	s := n.finality.Status()
	if !n.mayKeepAside(s) {
		return false, nil
	}
	if _, kept := n.asides.find(s.AttestedIn); kept || s.Attested <= n.store.Floor().Size {
		return true, nil
	}
	head := n.store.Head()
	a := aside{AttestedIn: s.AttestedIn, Attested: s.Attested, Epoch: head.Epoch}
	applied, _ := n.store.Applied()
	last, err := n.raftLog.LastIndex()
	if err != nil {
		return false, err
	}
	keep, _, err := n.cutAt(false)
	if err != nil {
		return false, err
	}
	if holds, err := n.holdsPending(keep); err != nil || !holds {
		// Nothing is cut, and the snapshot that is in the way is restored, which takes back nothing: at a start it would have been removed before.
		n.log.Error("this validator does not go back: what it may have attested would not be kept aside", "epoch", a.AttestedIn, "entries_after", keep)
		return false, err
	}
	if a.Before, err = n.baseAt(keep); errors.Is(err, errNoEntry) {
		n.log.Error("nothing can be kept aside of a log whose end was lost", "final_at", keep)
		return true, nil
	} else if err != nil {
		return false, err
	}
	a.Last, a.Short = max(keep, min(applied, last)), last < applied // A disk may have lost the end of the log.
	for size := n.store.Floor().Size; size < head.Size; {
		at, err := n.spotAt(size)
		if err != nil {
			return false, err
		}
		root, err := n.store.Root(at.Size)
		if err != nil {
			return false, err
		}
		if made, ok := n.store.MadeOf(at.Batch); !ok || made > a.Last {
			break
		}
		if size = at.Size; at.epoch == head.Epoch {
			a.Trees = append(a.Trees, checkpoint.Vote{Epoch: at.epoch, Size: size, Root: root})
		}
	}
	n.log.Warn("keeping aside what this validator may have attested", "epoch", a.AttestedIn, "size", a.Attested, "entries_after", keep, "to", a.Last)
	return true, n.writeAside(a)
}

// mayPutBack says whether a log that was kept aside can be put back: it is whole, and raft can begin with what is final.
func (n *Node) mayPutBack(epoch uint64) (bool, error) {
	_, kept := n.asides.find(epoch)
	if kept {
		a, err := readAside(n.asides.path(epoch), nil)
		if errors.Is(err, errAside) {
			kept = false
			err = n.asides.lose(epoch, err)
		} else if err == nil {
			kept, err = n.mayGoOnAfter(a.Before)
		}
		if err != nil {
			return false, err
		}
	}
	if !kept {
		n.log.Error("what was kept aside cannot be put back", "epoch", epoch)
	}
	return kept, nil
}

// putBackAtOnce bounds the entries that are put back in one write.
const putBackAtOnce = 64

// putBack makes log and state what they were when a log was kept aside, which is whole (mayPutBack). The state is that of the last final batch; what of
// it is in the log kept aside is void when it comes again. A crash before the end leaves the target, and does it again; if the file is
// damaged then, a validator with what is final is left.
func (n *Node) putBack(epoch uint64) error {
	a, kept := n.asides.find(epoch)
	if !kept {
		return fmt.Errorf("no log is kept aside of epoch %d: %w", epoch, errAside)
	}
	if err := n.goOnAfter(a.Before); err != nil {
		return err
	}
	if err := n.point("resync: log cut, nothing put back"); err != nil {
		return err
	}
	var several []*raft.Log
	_, err := readAside(n.asides.path(epoch), func(entry *raft.Log) error {
		if several = append(several, entry); len(several) < putBackAtOnce && entry.Index < a.Last {
			return nil
		}
		defer func() { several = nil }()
		return n.raftLog.StoreLogs(several)
	})
	if err != nil {
		return err
	}
	if err := n.point("resync: log put back"); err != nil {
		return err
	}
	n.tellGoverned() // The state may have gone back over the start of a validator set.
	// What was committed before is so again: the guard holds to what is applied.
	for n.Err() == nil {
		index, _ := n.store.Applied()
		if done, err := n.applyNext(index, a.Last); done || err != nil {
			return err
		}
	}
	return n.Err()
}

// applyNext applies the next batch of the log up to an entry. Done when there is none, or it cannot be applied now.
func (n *Node) applyNext(applied, last uint64) (done bool, err error) {
	for i := applied + 1; i <= last; i++ {
		var entry raft.Log
		if err := n.raftLog.GetLog(i, &entry); err != nil {
			return true, fmt.Errorf("entry %d of the log that was put back: %w", i, err)
		}
		if entry.Type == raft.LogCommand {
			(fsm{n}).apply(&entry)
			index, _ := n.store.Applied()
			return index < i, n.Err()
		}
	}
	return true, nil
}
