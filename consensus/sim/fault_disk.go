package sim

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// diskFaults are troubles of one validator's disk. At most one is hit, as f allows: a disk that lies makes its validator a
// liar against its will.
func diskFaults() []Fault {
	return []Fault{
		{Name: "disk-error", Says: "a disk answers with errors: the node must end itself", Run: diskErrors, Count: failstops},
		{Name: "disk-stall", Says: "a disk takes up to 8 s for a write", Run: diskStalls},
		{Name: "torn-write", Says: "a crash leaves half of the entries that were being written", Run: tornWrites, Count: func(c *chaos) int {
			return c.cluster.crashesAt("raft log: entries half written")
		}},
		{Name: "lost-write", Says: "a disk forgets entries that it called synced", Run: lostWrites, Alone: true},
		{Name: "bit-flip", Says: "a bit turns in an entry of the raft log", Run: bitFlips, Alone: true},
		{Name: "file-flip", Says: "a bit turns in a file of the signer, a marker or a manifest", Run: fileFlips, Alone: true},
		{Name: "old-image", Says: "a validator's disk is put back to what it was before", Run: oldImage, Alone: true},
	}
}

func failstops(c *chaos) int { return c.cluster.countFailstops() }

func (c *cluster) crashesAt(point string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.crashes[point]
}

func diskErrors(ctx context.Context, c *chaos) {
	for c.sleep(ctx, c.between(2*time.Second, 6*time.Second)) {
		m := c.cluster.pickHonest()
		m.mar()
		m.disk.trouble(true, 0)
	}
}

func diskStalls(ctx context.Context, c *chaos) {
	for c.sleep(ctx, c.between(time.Second, 4*time.Second)) {
		m := c.cluster.pickHonest()
		m.disk.trouble(false, c.between(200*time.Millisecond, 8*time.Second))
		c.took(1)
		if !c.sleep(ctx, c.between(time.Second, 5*time.Second)) {
			return
		}
		m.disk.repair()
	}
}

func tornWrites(ctx context.Context, c *chaos) {
	for c.sleep(ctx, c.between(500*time.Millisecond, 3*time.Second)) {
		c.cluster.pick().planCrash(&crashPlan{point: "raft log: entries half written", after: 1 + c.intN(4)})
	}
}

// down takes a member down, and is true when it rests.
func (c *chaos) down(ctx context.Context, m *member) bool {
	m.hold(true)
	m.crash()
	for !m.resting() {
		if !c.sleep(ctx, 50*time.Millisecond) {
			return false
		}
	}
	return true
}

// lostWrites and bitFlips hit one validator only: f is one.
func lostWrites(ctx context.Context, c *chaos) {
	m := c.cluster.pickHonest()
	m.mar()
	for c.sleep(ctx, c.between(2*time.Second, 5*time.Second)) {
		if c.down(ctx, m) && m.disk.forget(1+c.intN(6)) > 0 {
			c.took(1)
		}
		m.hold(false)
	}
}

func bitFlips(ctx context.Context, c *chaos) {
	m := c.cluster.pickHonest()
	m.mar()
	for c.sleep(ctx, c.between(2*time.Second, 5*time.Second)) {
		if c.down(ctx, m) && m.disk.flip() {
			c.took(1)
		}
		m.hold(false)
	}
}

// fileFlips turns a bit of any file of one validator. Where that is not found out, and what it signed may be gone with it, it counts as a
// liar.
func fileFlips(ctx context.Context, c *chaos) {
	m := c.cluster.pickHonest()
	m.forgets()
	for c.sleep(ctx, c.between(3*time.Second, 7*time.Second)) {
		if c.down(ctx, m) && c.flipFile(filepath.Join(m.dir, "node")) {
			c.took(1)
		}
		m.hold(false)
	}
}

// leaving are badger's files of which a bad one makes it refuse to start, and leave goroutines behind: in a bubble they count as a leak.
var leaving = []string{"KEYREGISTRY", "DISCARD", ".vlog", ".sst", ".mem"}

// flipFile is true when there was a file to flip a bit in.
func (c *chaos) flipFile(dir string) bool {
	var files []string
	_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || slices.Contains(leaving, filepath.Ext(d.Name())) || slices.Contains(leaving, d.Name()) {
			return nil
		}
		if info, err := d.Info(); err == nil && info.Size() > 0 {
			files = append(files, path)
		}
		return nil
	})
	if len(files) == 0 {
		return false
	}
	path := files[c.intN(len(files))]
	raw, err := os.ReadFile(path)
	if err != nil || len(raw) == 0 {
		return false
	}
	raw[c.intN(min(len(raw), 64<<10))] ^= 1 << c.intN(8)
	c.cluster.log.Info("trouble", "file", path)
	return os.WriteFile(path, raw, 0o600) == nil
}

// oldImage puts a copy of everything that a validator has in the place of what it has later, its signer's state included.
func oldImage(ctx context.Context, c *chaos) {
	m := c.cluster.pickHonest()
	defer m.hold(false)
	if !c.sleep(ctx, c.between(time.Second, 4*time.Second)) || !c.down(ctx, m) {
		return
	}
	m.forgets()
	put, copied := m.disk.image(), m.dir+".image"
	if err := os.CopyFS(copied, os.DirFS(m.dir)); err != nil {
		c.cluster.violate("setup", "copy %s: %v", m.dir, err)
		return
	}
	m.hold(false)
	if !c.sleep(ctx, c.between(4*time.Second, 9*time.Second)) || !c.down(ctx, m) {
		return
	}
	if err := os.RemoveAll(m.dir); err == nil {
		err = os.Rename(copied, m.dir)
		if err != nil {
			c.cluster.violate("setup", "put back %s: %v", m.dir, err)
		}
	}
	put()
	c.took(1)
}
