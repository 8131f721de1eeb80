package finality

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// An entry of the raft log is a batch of two leaves, as far as finality sees it.
type entry struct {
	// epoch and previous are what the header says of the batch's place.
	epoch    uint64
	previous [32]byte
	// content makes batches at one place differ.
	content string
	// change opens the epoch in its first batch.
	change *checkpoint.EpochChange
}

// A tree is what applying a log leaves. It is a pure function of the log.
type tree struct {
	hashes []tlog.Hash
	heads  []head
}

// A head is the end of a batch.
type head struct {
	size  uint64
	root  [32]byte
	epoch uint64
	// index counts the entries of the log up to the one that made it.
	index int
}

// errAstray means that an epoch starts from a tree that this one does not have.
var errAstray = errors.New("the epoch starts in another tree")

func newTree() *tree { return &tree{heads: []head{{}}} }

func (t *tree) head() head { return t.heads[len(t.heads)-1] }

// ReadHashes serves package tlog.
func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		out[i] = t.hashes[at]
	}
	return out, nil
}

// at finds the head of a size.
func (t *tree) at(size uint64) (head, bool) {
	i, found := slices.BinarySearchFunc(t.heads, size, func(h head, size uint64) int { return int(h.size) - int(size) })
	if !found || size == 0 {
		return head{}, false
	}
	return t.heads[i], true
}

func (t *tree) consistency(small, size uint64) ([][32]byte, error) {
	if size > t.head().size || small > size || small == 0 {
		return nil, errors.New("no such size")
	}
	hashes, err := tlog.ProveTree(int64(size), int64(small), t)
	out := make([][32]byte, len(hashes))
	for i, h := range hashes {
		out[i] = h
	}
	return out, err
}

// began is the tree below the first batch of the epoch in force.
func (t *tree) began() head {
	for i := len(t.heads) - 1; ; i-- {
		if t.heads[i].epoch < t.head().epoch || i == 0 {
			return t.heads[i]
		}
	}
}

// apply does what the node does with a committed entry. A void one leaves no trace.
func (t *tree) apply(e entry, index int, set checkpoint.ValidatorSet) error {
	now := t.head()
	if e.change != nil && e.epoch > now.epoch {
		if e.change.Epoch != e.epoch || e.change.Verify(testNetwork, set) != nil {
			return nil
		}
		start := t.began()
		if vote, ok := e.change.StartIn(now.epoch); ok {
			h, found := t.at(vote.Size)
			if !found || h.root != vote.Root || vote.Epoch != now.epoch {
				return errAstray
			}
			start = h
		}
		if start.root != e.previous {
			return nil
		}
		t.rollback(start.size)
	} else if e.change != nil || e.epoch != now.epoch || e.previous != now.root {
		return nil
	}
	for _, leaf := range []string{"transaction", "header"} {
		size := int64(t.head().size)
		if leaf == "header" {
			size++
		}
		hashes, err := tlog.StoredHashes(size, fmt.Appendf(nil, "%s %d %s", leaf, e.epoch, e.content), t)
		if err != nil {
			return err
		}
		t.hashes = append(t.hashes, hashes...)
	}
	size := t.head().size + 2
	root, err := tlog.TreeHash(int64(size), t)
	t.heads = append(t.heads, head{size: size, root: root, epoch: e.epoch, index: index + 1})
	return err
}

func (t *tree) rollback(size uint64) {
	i := slices.IndexFunc(t.heads, func(h head) bool { return h.size == size })
	t.heads = t.heads[:i+1]
	t.hashes = t.hashes[:tlog.StoredHashCount(int64(size))]
}

// next is the batch that an honest leader packs on a tree: it opens an epoch if it has what that takes.
func (t *tree) next(content string, change *checkpoint.EpochChange) entry {
	now := t.head()
	if change == nil || change.Epoch <= now.epoch {
		return entry{epoch: now.epoch, previous: now.root, content: content}
	}
	start := t.began()
	if vote, ok := change.StartIn(now.epoch); ok {
		start, _ = t.at(vote.Size)
	}
	return entry{epoch: change.Epoch, previous: start.root, content: content, change: change}
}
