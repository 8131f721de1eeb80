package store

import (
	"fmt"
	"io"
)

// A snapshot comes from another validator, who may lie. Whatever it says, it may not fill the memory or the disk of the
// node that looks at it: badger dies of a full disk.
const (
	// maxSnapshotBytes is what a snapshot may unpack to, unless Options say otherwise.
	maxSnapshotBytes = 64 << 30
	// maxExpansion is how many times as long as on the wire a snapshot may be, beside expansionSlack. Keys, hashes and
	// signatures do not compress, so that an honest one is about three times as long; zeros are ten thousand times.
	maxExpansion   = 64
	expansionSlack = 16 << 20
	// minFreeBytes is what building must leave free on the disk; it is looked at once in freeEvery bytes.
	minFreeBytes = 256 << 20
	freeEvery    = 16 << 20
)

// boundedReader reads what a snapshot unpacks to, and ends with ErrOversized where an honest one never gets.
type boundedReader struct {
	r      io.Reader
	packed *counter
	most   int64
	// dir is where the content goes, and free what the disk there still takes.
	dir  string
	free func(dir string) (uint64, error)
	// n is how much was read; what is free is looked at when it gets to next.
	n, next int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.n += int64(n)
	switch {
	case b.n > b.most:
		return 0, fmt.Errorf("snapshot unpacks to more than %d bytes: %w", b.most, ErrOversized)
	case b.n > expansionSlack+maxExpansion*b.packed.n:
		return 0, fmt.Errorf("snapshot unpacks %d bytes to %d: %w", b.packed.n, b.n, ErrOversized)
	case b.n < b.next:
		return n, err
	}
	b.next = b.n + freeEvery
	if free, err := b.free(b.dir); err != nil {
		return 0, fmt.Errorf("look for room for a snapshot: %w", err)
	} else if free < minFreeBytes {
		return 0, fmt.Errorf("%d bytes are free on the disk, and %d must stay: %w", free, minFreeBytes, ErrOversized)
	}
	return n, err
}

// counter counts what passes.
type counter struct {
	r io.Reader
	w io.Writer
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
