package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/dgraph-io/badger/v4"
	"github.com/klauspost/compress/s2"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger"
)

// Leaves and stored hashes lie in pages: consecutive ones of one batch under the key of the last. A key of badger costs as
// much processor time as a hundred hashes, so one for each would be most of the work of a commit. Whoever wants one looks
// for the first page that ends at or after it. A page is written once and never again, and the leaves alone say where
// pages end, so that every validator has the same.
//
// Leaves are packed page by page: what they name they name twice, in the envelope and in the balances it left. How S2 packs
// may change with its version and the processor, so packed bytes are never compared or sent.
const (
	// leafPageBytes is the size at which a page ends; packed, that is about a block of badger.
	leafPageBytes = 6 << 10
	// hashPageHashes fill a block of badger.
	hashPageHashes = 120
)

// A page is packed, or for comparing left as it is.
func packer() func(page []byte) []byte {
	var scratch []byte // Of the size that a page may take at worst.
	return func(page []byte) []byte {
		if need := s2.MaxEncodedLen(len(page)); cap(scratch) < need {
			scratch = make([]byte, 2*need)
		}
		return bytes.Clone(s2.Encode(scratch[:cap(scratch)], page))
	}
}

func packed(page []byte) []byte { return packer()(page) }

func plain(page []byte) []byte { return page }

// unpacked is what was packed, if it is no longer than it may be.
func unpacked(raw []byte, limit int) ([]byte, error) {
	size, err := s2.DecodedLen(raw)
	if err != nil || size > limit {
		return nil, fmt.Errorf("unpack %d bytes: %v: %w", size, err, ErrCorrupt)
	}
	out, err := s2.Decode(make([]byte, 0, size), raw)
	if err != nil {
		return nil, fmt.Errorf("unpack %d bytes: %v: %w", size, err, ErrCorrupt)
	}
	return out, nil
}

// chapter is what a batch adds to the history: its leaves, of which the last is the header leaf, and their stored hashes.
type chapter struct {
	leaves            []ledger.Leaf
	hashes            []tlog.Hash
	batch, timeUnixMs uint64
}

func chapterOf(fx *ledger.Effects) chapter {
	return chapter{leaves: fx.Leaves, hashes: fx.Hashes, batch: fx.After.Batch, timeUnixMs: fx.After.TimeUnixMs}
}

// entries gives all that follows from the chapter but what volumes hold, leaves packed or plain. A commit and the building of a
// state from a snapshot write it, and an audit compares with it.
func (c chapter) entries(pack func(page []byte) []byte, put func(key, value []byte) error) error {
	first := c.leaves[0].Index
	last := c.leaves[len(c.leaves)-1].Index
	if err := c.leafPages(pack, put); err != nil {
		return err
	}
	index := uint64(tlog.StoredHashCount(int64(first)))
	for page := range slices.Chunk(c.hashes, hashPageHashes) {
		value := make([]byte, 0, tlog.HashSize*len(page))
		for i := range page {
			value = append(value, page[i][:]...)
		}
		index += uint64(len(page))
		if err := put(key64(spaceHash, index-1), value); err != nil {
			return err
		}
	}
	return put(key64(spaceHeader, last), headerValue(c.batch, c.timeUnixMs))
}

func (c chapter) leafPages(pack func(page []byte) []byte, put func(key, value []byte) error) error {
	var page []byte
	for i, leaf := range c.leaves {
		page = append(binary.AppendUvarint(page, uint64(len(leaf.Raw))), leaf.Raw...)
		if len(page) < leafPageBytes && i < len(c.leaves)-1 {
			continue
		}
		if err := put(key64(spaceLeaf, leaf.Index), pack(page)); err != nil {
			return err
		}
		page = page[:0]
	}
	return nil
}

// pages finds pages of one keyspace in one transaction.
type pages struct {
	space byte
	it    *badger.Iterator
}

func openPages(txn *badger.Txn, space byte) pages {
	o := badger.DefaultIteratorOptions
	o.Prefix, o.PrefetchValues = []byte{space}, false
	return pages{space, txn.NewIterator(o)}
}

func (p pages) close() { p.it.Close() }

// at gives the first page that ends at or after the index to f, and where it ends; false when there is none. The value
// holds only within f.
func (p pages) at(index uint64, f func(last uint64, value []byte) error) (bool, error) {
	p.it.Seek(key64(p.space, index))
	if !p.it.Valid() || len(p.it.Item().Key()) != 9 {
		return false, nil
	}
	last := binary.BigEndian.Uint64(p.it.Item().Key()[1:])
	return true, p.it.Item().Value(func(value []byte) error { return f(last, value) })
}

// leavesOf takes a packed page of leaves apart.
func leavesOf(last uint64, raw []byte) (first uint64, leaves [][]byte, err error) {
	rest, err := unpacked(raw, maxChapterBytes)
	if err != nil {
		return 0, nil, fmt.Errorf("page of leaf %d: %w", last, err)
	}
	for len(rest) > 0 {
		size, n := binary.Uvarint(rest)
		if n <= 0 || uint64(len(rest)-n) < size {
			return 0, nil, fmt.Errorf("page of leaf %d: %w", last, ErrCorrupt)
		}
		end := n + int(size)
		leaves, rest = append(leaves, rest[n:end:end]), rest[end:]
	}
	if len(leaves) == 0 || uint64(len(leaves)) > last+1 {
		return 0, nil, fmt.Errorf("page of leaf %d: %w", last, ErrCorrupt)
	}
	return last + 1 - uint64(len(leaves)), leaves, nil
}

func readLeaf(txn *badger.Txn, index uint64) (raw []byte, err error) {
	p := openPages(txn, spaceLeaf)
	defer p.close()
	_, err = p.at(index, func(last uint64, value []byte) error {
		first, leaves, err := leavesOf(last, value)
		if err == nil && index >= first {
			raw = bytes.Clone(leaves[index-first])
		}
		return err
	})
	if err == nil && raw == nil {
		err = fmt.Errorf("leaf %d is missing: %w", index, ErrCorrupt)
	}
	return raw, err
}

// readHashes reads stored hashes from their pages. Whoever proves something asks in an order that stays near.
func readHashes(txn *badger.Txn, indexes []int64) ([]tlog.Hash, error) {
	p := openPages(txn, spaceHash)
	defer p.close()
	out := make([]tlog.Hash, len(indexes))
	var first, end int64
	var page []byte
	for i, index := range indexes {
		if index < first || index >= end {
			first, end = 0, 0
			_, err := p.at(uint64(index), func(last uint64, value []byte) error {
				page = append(page[:0], value...)
				end = int64(last) + 1
				first = end - int64(len(value)/tlog.HashSize)
				return nil
			})
			if err != nil {
				return nil, fmt.Errorf("read stored hash %d: %w", index, err)
			}
		}
		if index < first || index >= end || len(page)%tlog.HashSize != 0 {
			return nil, fmt.Errorf("stored hash %d is missing: %w", index, ErrCorrupt)
		}
		copy(out[i][:], page[tlog.HashSize*(index-first):])
	}
	return out, nil
}
