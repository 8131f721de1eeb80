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
// the ring went half round. A value that changes is written over the old one when it has the same length, as that of a
// balance has, so that what is busy does not push out the rest.
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
	// slots are where entries lie, in buckets of bucketSlots by the hash of their key: place + 1 and 16 bits of the hash. An entry without a
	// slot is forgotten; a slot whose place is behind the tail is free.
	slots []uint64
	// starts are for some prefixes a key below which no key of theirs lives.
	starts map[string][]byte
	// absent holds keys that were asked for and that no entry has, as entries without a value. It has a ring of its own: the id of each
	// transaction is asked for, once, and would push out what is wanted again. Invariant: no key is held in both.
	absent *cache
}

// absentBytes is the ring of the keys that are absent. Every owner's key is one: whoever signs may be a provider.
const absentBytes = 8 << 20

// firstRing is the size of the ring at first.
const firstRing = 1 << 20

// A bucket fills a line of the processor's cache. There is a slot for every slotBytes of the ring, about two for an entry: then
// few buckets are full.
const (
	bucketSlots = 8
	slotBytes   = 64
)

// maxStarts bounds the prefixes remembered: the rules scan few.
const maxStarts = 16

// An entry in the ring is: since(8) key length(2) value length(4) key value. One that would pass the end of the ring begins
// at its start again; the gap is an entry without key.
const cacheHead = 8 + 2 + 4

// newCache makes a cache; the limit is a power of two of at least firstRing bytes.
func newCache(limit int) *cache {
	seed := maphash.MakeSeed()
	c := newRing(seed, limit)
	c.absent = newRing(seed, absentBytes)
	return c
}

func newRing(seed maphash.Seed, limit int) *cache {
	return &cache{
		seed: seed, ring: make([]byte, firstRing), limit: limit, slots: make([]uint64, firstRing/slotBytes),
		starts: make(map[string][]byte),
	}
}

// now is the version of the newest state.
func (c *cache) now() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.version
}

// get gives a copy of the value that an entry has in the state of a version, nil when there is none; false when it is not known.
func (c *cache) get(version uint64, key []byte) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	hash := maphash.Bytes(c.seed, key)
	slot := c.find(hash, key)
	if slot == nil {
		return nil, c.lacks(version, hash, key)
	}
	place := placeIn(*slot)
	since, _, v := c.entry(place)
	if since > version {
		return nil, false
	}
	value := append([]byte{}, v...)
	if c.old(place) {
		c.put(hash, since, key, value)
	}
	return value, true
}

// lacks says whether it is known that no entry has the key in the state of a version. The caller holds mu.
func (c *cache) lacks(version, hash uint64, key []byte) bool {
	slot := c.absent.find(hash, key)
	if slot == nil {
		return false
	}
	place := placeIn(*slot)
	since, _, _ := c.absent.entry(place)
	if since > version {
		return false
	}
	if c.absent.old(place) {
		c.absent.put(hash, since, key, nil)
	}
	return true
}

// read takes what a view of the version has read from disk; nil when there is nothing.
func (c *cache) read(version uint64, key, value []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case version != c.version:
	case value == nil:
		c.absent.put(maphash.Bytes(c.seed, key), version, key, nil)
	default:
		c.put(maphash.Bytes(c.seed, key), version, key, value)
	}
}

// commit moves to the next state. The caller lets nobody open a view meanwhile.
func (c *cache) commit(changes []ledger.Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version++
	for _, change := range changes {
		c.change(change)
		if change.Before == nil {
			for prefix, start := range c.starts {
				if bytes.HasPrefix(change.Key, []byte(prefix)) && bytes.Compare(change.Key, start) < 0 {
					c.starts[prefix] = bytes.Clone(change.Key) // It lies among the keys of all changes of its batch.
				}
			}
		}
	}
}

// change brings an entry to the newest state. One that was just made is not held.
func (c *cache) change(change ledger.Change) {
	hash := maphash.Bytes(c.seed, change.Key)
	if change.Before == nil {
		if slot := c.absent.find(hash, change.Key); slot != nil {
			*slot = 0
		}
	}
	slot := c.find(hash, change.Key)
	if slot == nil {
		if change.Before != nil && change.After != nil {
			c.put(hash, c.version, change.Key, change.After)
		}
		return
	}
	if change.After == nil {
		*slot = 0
		return
	}
	place := placeIn(*slot)
	if _, _, v := c.entry(place); len(v) == len(change.After) && !c.old(place) {
		binary.LittleEndian.PutUint64(c.ring[place%uint64(len(c.ring)):], c.version)
		copy(v, change.After)
		return
	}
	c.put(hash, c.version, change.Key, change.After)
}

// reset forgets everything: the next state does not follow by changes that are known.
func (c *cache) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version++
	for _, ring := range []*cache{c, c.absent} {
		ring.tail = ring.head
		clear(ring.slots)
	}
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
	k, v := int(binary.LittleEndian.Uint16(raw[8:])), int(binary.LittleEndian.Uint32(raw[10:]))
	return binary.LittleEndian.Uint64(raw), raw[cacheHead : cacheHead+k], raw[cacheHead+k : cacheHead+k+v]
}

// old says whether an entry is among the next to make room.
func (c *cache) old(place uint64) bool { return c.head-place > uint64(len(c.ring)/2) }

func slotOf(hash, place uint64) uint64 { return (place+1)<<16 | hash&0xffff }

func placeIn(slot uint64) uint64 { return slot>>16 - 1 }

// live says whether a slot leads to an entry.
func (c *cache) live(slot uint64) bool { return slot != 0 && placeIn(slot) >= c.tail }

func (c *cache) bucket(hash uint64) []uint64 {
	at := bucketSlots * (hash >> 16 % uint64(len(c.slots)/bucketSlots))
	return c.slots[at : at+bucketSlots]
}

// find gives the slot of a key; nil when it is not held.
func (c *cache) find(hash uint64, key []byte) *uint64 {
	bucket := c.bucket(hash)
	for i, slot := range bucket {
		if slot&0xffff != hash&0xffff || !c.live(slot) {
			continue
		}
		if _, k, _ := c.entry(placeIn(slot)); bytes.Equal(k, key) {
			return &bucket[i]
		}
	}
	return nil
}

// point leads the hash of an entry to its place, in the slot given or else in a free one or that of the oldest in its bucket.
func (c *cache) point(hash, place uint64, slot *uint64) {
	if slot == nil {
		bucket := c.bucket(hash)
		slot = &bucket[0]
		for i := range bucket {
			if !c.live(bucket[i]) {
				slot = &bucket[i]
				break
			}
			if bucket[i] < *slot {
				slot = &bucket[i]
			}
		}
	}
	*slot = slotOf(hash, place)
}

// grow doubles the ring and the slots. It is in its first round, so that entries lie where they lay.
func (c *cache) grow() {
	ring, slots := make([]byte, 2*len(c.ring)), c.slots
	copy(ring, c.ring)
	c.ring, c.slots = ring, make([]uint64, 2*len(slots))
	for _, slot := range slots {
		if c.live(slot) {
			_, key, _ := c.entry(placeIn(slot))
			c.point(maphash.Bytes(c.seed, key), placeIn(slot), nil)
		}
	}
}

// put writes an entry at the head.
func (c *cache) put(hash, since uint64, key, value []byte) {
	size := uint64(cacheHead + len(key) + len(value))
	for c.head+size > uint64(len(c.ring)) && len(c.ring) < c.limit {
		c.grow()
	}
	ring := uint64(len(c.ring))
	slot := c.find(hash, key)
	if size > ring/8 || len(key) == 0 || len(key) > 1<<16-1 {
		if slot != nil {
			*slot = 0
		}
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
	binary.LittleEndian.PutUint64(raw, since)
	binary.LittleEndian.PutUint16(raw[8:], uint16(len(key)))
	binary.LittleEndian.PutUint32(raw[10:], uint32(len(value)))
	copy(raw[cacheHead:], key)
	copy(raw[cacheHead+len(key):], value)
	c.point(hash, c.head, slot)
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
	c.tail += uint64(cacheHead + len(key) + len(value))
}
