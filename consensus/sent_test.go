package consensus

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/hashicorp/raft"
	"github.com/klauspost/compress/zstd"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/store"
)

// sent is a snapshot as a leader sends it.
type sent struct {
	raw   []byte
	head  ledger.Head
	index uint64
	term  uint64
}

// snapshotOf writes a final state of a cluster.
func (c *cluster) snapshotOf(n *Node) sent {
	c.t.Helper()
	s := c.submit(n, c.pay(c.world.Juma.Account, 1), Final)
	c.agree(s.LeafIndex + 2)
	p, err := n.store.Snapshot()
	if err != nil {
		c.t.Fatal(err)
	}
	defer p.Release()
	var out bytes.Buffer
	if _, err := p.WriteTo(&out); err != nil {
		c.t.Fatal(err)
	}
	h, err := store.ReadSnapshotHeader(bytes.NewReader(out.Bytes()))
	if err != nil {
		c.t.Fatal(err)
	}
	return sent{out.Bytes(), h.Head, h.AppliedIndex, h.AppliedTerm}
}

// entry is one of a snapshot's.
type entry struct{ key, value []byte }

// repack changes the entries of a snapshot and makes the checksum fit again, as a liar does.
func repack(t *testing.T, raw []byte, change func([]entry) []entry) []byte {
	t.Helper()
	in := bytes.NewReader(raw)
	if _, err := store.ReadSnapshotHeader(in); err != nil {
		t.Fatal(err)
	}
	header := raw[:len(raw)-in.Len()]
	z, err := zstd.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var entries []entry
	for n := binary.BigEndian.Uint16(plain); n > 0; n = binary.BigEndian.Uint16(plain) {
		key, rest := plain[2:2+n], plain[2+n:]
		size := binary.BigEndian.Uint32(rest)
		entries = append(entries, entry{key, bytes.Clone(rest[4 : 4+size])})
		plain = rest[4+size:]
	}
	out := bytes.Clone(header)
	var packed []byte
	for _, e := range change(entries) {
		packed = append(binary.BigEndian.AppendUint16(packed, uint16(len(e.key))), e.key...)
		packed = append(binary.BigEndian.AppendUint32(packed, uint32(len(e.value))), e.value...)
	}
	packed = append(packed, 0, 0)
	sum := sha256.Sum256(append(bytes.Clone(header), packed...))
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(append(packed, sum[:]...), out)
}

// firstState is the first entry of the state, after the leaves.
func firstState(entries []entry) int {
	for i, e := range entries {
		if e.key[0] == 's' {
			return i
		}
	}
	return -1
}

// members is the configuration that a snapshot of a world names.
func (c *cluster) members() raft.Configuration {
	var out raft.Configuration
	for _, v := range c.world.Set {
		out.Servers = append(out.Servers, raft.Server{ID: raft.ServerID(v.Name), Address: raft.ServerAddress(v.Name)})
	}
	return out
}

// deliver hands a snapshot to a sink in pieces, and ends it as raft does.
func deliver(n *Node, c raft.Configuration, s sent) error {
	sink, err := n.snapshots.Create(1, s.index, s.term, c, 1, n.transport)
	if err != nil {
		return err
	}
	if _, err := io.CopyBuffer(struct{ io.Writer }{sink}, bytes.NewReader(s.raw), make([]byte, 1000)); err != nil {
		return errors.Join(err, sink.Cancel())
	}
	return sink.Close()
}

// restore does what raft does once a sink is closed.
func restore(n *Node) error {
	list, err := n.snapshots.List()
	if err != nil || len(list) == 0 {
		return errors.Join(err, errors.New("no snapshot"))
	}
	_, r, err := n.snapshots.Open(list[0].ID)
	if err != nil {
		return err
	}
	return fsm{n}.Restore(r)
}

// snapshotElsewhere is of another network: a network is named after its test.
func snapshotElsewhere(t *testing.T) (s sent) {
	t.Helper()
	t.Run("another network", func(t *testing.T) {
		c := newAlone(t, Snapshots{})
		c.startAll()
		s = c.snapshotOf(c.leader())
	})
	return s
}

// leftovers are what an unfinished snapshot would leave.
func leftovers(t testing.TB, dir string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && (filepath.Ext(path) == ".tmp" && filepath.Base(filepath.Dir(path)) == "snapshots" || filepath.Base(path) == "state.new") {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
