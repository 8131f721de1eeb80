package store

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"sync"

	"github.com/umoja-ledger/umoja/ledger"
)

// cache holds state entries that were read or written lately, as they are in the newest state: badger takes ten times as
// long to find one. It also remembers where the live keys of a prefix begin: entries that live by time are deleted from
// the front, and badger would walk over all that it has not yet cleared away.
//
// Entries lie in a ring of bytes that the collector does not look into; the oldest make room, unless they were read since
// the ring went half round.
//
// Invariant: every value is that of the newest state. What a view of an older state may have is told by since.
type cache struct {
	mu   sync.Mutex
	seed maphash.Seed
	// version counts the states that there have been.
	version uint64
	// ring grows to its limit on its first round.
	ring  []byte
	limit int
	// tail is the oldest entry and head is where the next goes; both only grow.
	tail, head uint64
	// places are where entries lie, by the hash of their key.
	places map[uint64]uint64
	// starts are for some prefixes a key below which no key of theirs lives.
	starts map[string][]byte
}

// firstRing is the size of the ring at first.
const firstRing = 1 << 20

// maxStarts bounds the prefixes remembered: the rules scan few.
const maxStarts = 16

// An entry in the ring is: hash(8) since(8) key length(2) value length(4) key value. One that would pass the end of the
// ring begins at its start again; the gap is an entry without key.
const cacheHead = 8 + 8 + 2 + 4

// newCache makes a cache; the limit is a power of two of at least firstRing bytes.
func newCache(limit int) *cache {
	return &cache{
		seed: maphash.MakeSeed(), ring: make([]byte, firstRing), limit: limit, places: make(map[uint64]uint64), starts: make(map[string][]byte),
	}
}

// now is the version of the newest state.
func (c *cache) now() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.version
}

// get gives a copy of the value that an entry has in the state of a version; false when it is not known.
func (c *cache) get(version uint64, key []byte) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	hash := maphash.Bytes(c.seed, key)
	place, ok := c.places[hash]
	if !ok {
		return nil, false
	}
	since, k, v := c.entry(place)
	if since > version || !bytes.Equal(k, key) {
		return nil, false
	}
	value := append([]byte{}, v...)
	if c.head-place > uint64(len(c.ring)/2) {
		c.put(hash, since, key, value)
	}
	return value, true
}

// read takes what a view of the version has read from disk.
func (c *cache) read(version uint64, key, value []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if version == c.version {
		c.put(maphash.Bytes(c.seed, key), version, key, value)
	}
}

// commit moves to the next state. The caller lets nobody open a view meanwhile.
func (c *cache) commit(changes []ledger.Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version++
	for _, change := range changes {
		hash := maphash.Bytes(c.seed, change.Key)
		switch _, known := c.places[hash]; {
		case change.After == nil:
			delete(c.places, hash)
		case change.Before != nil || known:
			c.put(hash, c.version, change.Key, change.After)
		}
		if change.Before == nil {
			for prefix, start := range c.starts {
				if bytes.HasPrefix(change.Key, []byte(prefix)) && bytes.Compare(change.Key, start) < 0 {
					c.starts[prefix] = change.Key
				}
			}
		}
	}
}

// reset forgets everything: the next state does not follow by changes that are known.
func (c *cache) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version++
	c.tail = c.head
	clear(c.places)
	clear(c.starts)
}

// start is where a scan of the state of a version may begin.
func (c *cache) start(version uint64, prefix, from []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if start := c.starts[string(prefix)]; version == c.version && bytes.Compare(start, from) > 0 {
		return start
	}
	return from
}

// scanned takes that a scan of a whole prefix in the state of a version found its first key.
func (c *cache) scanned(version uint64, prefix, first []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.starts[string(prefix)]; version == c.version && (known || len(c.starts) < maxStarts) {
		c.starts[string(prefix)] = bytes.Clone(first)
	}
}

// entry reads the entry at a place.
func (c *cache) entry(place uint64) (since uint64, key, value []byte) {
	raw := c.ring[place%uint64(len(c.ring)):]
	k, v := int(binary.LittleEndian.Uint16(raw[16:])), int(binary.LittleEndian.Uint32(raw[18:]))
	return binary.LittleEndian.Uint64(raw[8:]), raw[cacheHead : cacheHead+k], raw[cacheHead+k : cacheHead+k+v]
}

// put writes an entry at the head.
func (c *cache) put(hash, since uint64, key, value []byte) {
	size := uint64(cacheHead + len(key) + len(value))
	for c.head+size > uint64(len(c.ring)) && len(c.ring) < c.limit {
		grown := make([]byte, 2*len(c.ring))
		copy(grown, c.ring)
		c.ring = grown
	}
	ring := uint64(len(c.ring))
	if size > ring/8 || len(key) == 0 || len(key) > 1<<16-1 {
		delete(c.places, hash)
		return
	}
	gap := uint64(0)
	if left := ring - c.head%ring; left < size {
		gap = left
	}
	for c.head+gap+size > c.tail+ring {
		c.drop()
	}
	if gap >= cacheHead {
		clear(c.ring[c.head%ring:][:cacheHead])
	}
	c.head += gap
	raw := c.ring[c.head%ring:]
	binary.LittleEndian.PutUint64(raw, hash)
	binary.LittleEndian.PutUint64(raw[8:], since)
	binary.LittleEndian.PutUint16(raw[16:], uint16(len(key)))
	binary.LittleEndian.PutUint32(raw[18:], uint32(len(value)))
	copy(raw[cacheHead:], key)
	copy(raw[cacheHead+len(key):], value)
	c.places[hash] = c.head
	c.head += size
}

// drop takes away the oldest entry, or the gap there.
func (c *cache) drop() {
	ring := uint64(len(c.ring))
	left := ring - c.tail%ring
	if left < cacheHead {
		c.tail += left
		return
	}
	_, key, value := c.entry(c.tail)
	if len(key) == 0 {
		c.tail += left
		return
	}
	hash := binary.LittleEndian.Uint64(c.ring[c.tail%ring:])
	if c.places[hash] == c.tail {
		delete(c.places, hash)
	}
	c.tail += uint64(cacheHead + len(key) + len(value))
}
