package store

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/dgraph-io/badger/v4"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger"
)

// Received is a whole state that was built from a snapshot and verified, in a folder beside the one that serves. Install
// puts it into the place; a crash before that leaves the folder, which Open removes.
type Received struct {
	store  *Store
	header SnapshotHeader
}

// Receive builds a state from a snapshot while the old one serves, and verifies it: a quorum of the validator set in
// force at it, by a chain of sets from the genesis, must have made its head final (ErrUnproven), it may not go back behind what is final here (ErrMismatch), and
// its content must be that of its head. Check, if given, has a word on the header beside. The snapshot is read once, from
// front to end, and never held whole; one that is refused changes nothing. Only one state is beside at a time: whoever
// receives another drops the one before.
func (s *Store) Receive(r io.Reader, check func(SnapshotHeader) error) (*Received, error) {
	v, before := s.view()
	_, err := ledger.Read(v).ValidatorSet()
	v.Close()
	if err != nil {
		return nil, fmt.Errorf("receive snapshot: %w", err)
	}
	s.receive.Lock()
	defer s.receive.Unlock()
	s.received = nil
	proven := ProvenBy(before.network, before.sets.First)
	header, err := build(beside(s.dir), s.options, r, func(h SnapshotHeader) error {
		if err := proven(h); err != nil {
			return err
		}
		if floor := s.standing.Load().final.floor; h.Head.Size < floor.Size {
			return fmt.Errorf("snapshot of size %d is behind the final size %d: %w", h.Head.Size, floor.Size, ErrMismatch)
		}
		if check != nil {
			return check(h)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("receive snapshot: %w", err)
	}
	if _, err := s.compareFinal(header); err != nil {
		return nil, fmt.Errorf("receive snapshot: %w", errors.Join(err, os.RemoveAll(beside(s.dir))))
	}
	s.received = &Received{store: s, header: header}
	return s.received, nil
}

// Fork is two histories that a quorum of one validator set has made final, each: more validators have lied than the network
// stands, and the two notes name them. A node that meets one must stop.
type Fork struct {
	// Own and Other are checkpoints with their cosignatures. Own is nil when nothing but the genesis is final here.
	Own, Other []byte
	Size       uint64
}

func (f *Fork) Error() string {
	return fmt.Sprintf("what is final here at size %d is not in the other history, which a quorum has signed too", f.Size)
}

// Unwrap makes it an ErrCorrupt.
func (f *Fork) Unwrap() error { return ErrCorrupt }

// compareFinal is the root of what is final here, which must also be in the state beside.
func (s *Store) compareFinal(header SnapshotHeader) (root tlog.Hash, err error) {
	own := s.standing.Load().final
	if root, err = s.Root(own.at.Size); err != nil {
		return root, err
	}
	fresh, err := rootIn(beside(s.dir), s.options, own.at.Size)
	if err == nil && fresh != root {
		err = &Fork{Own: own.note, Other: header.Proof, Size: own.at.Size}
	}
	return root, err
}

// Install puts the state into the place of the old one. The folders are swapped by rename, so a crash leaves the one or
// the other. ErrMismatch if meanwhile more than the snapshot holds has become final, or another one was received; then
// nothing has changed. Views opened before the swap are ErrClosed after it.
func (p *Received) Install() error {
	s := p.store
	s.receive.Lock()
	defer s.receive.Unlock()
	if s.received != p {
		return fmt.Errorf("install snapshot: another was received: %w", ErrMismatch)
	}
	s.received = nil
	s.write.Lock()
	defer s.write.Unlock()
	if err := s.exchange(p.header); err != nil {
		return fmt.Errorf("install snapshot: %w", err)
	}
	return nil
}

// Discard removes the state, if it is still beside.
func (p *Received) Discard() error {
	s := p.store
	s.receive.Lock()
	defer s.receive.Unlock()
	if s.received != p {
		return nil
	}
	s.received = nil
	if err := os.RemoveAll(beside(s.dir)); err != nil {
		return fmt.Errorf("discard snapshot: %w", err)
	}
	return nil
}

// Replace receives a snapshot and installs it.
func (s *Store) Replace(r io.Reader) error {
	p, err := s.Receive(r, nil)
	if err == nil {
		err = p.Install()
	}
	if err != nil {
		return fmt.Errorf("replace state: %w", err)
	}
	return nil
}

// exchange swaps the folders under the store. The caller holds write.
func (s *Store) exchange(header SnapshotHeader) error {
	if err := s.writable(); err != nil {
		return err
	}
	old := s.standing.Load().final
	if header.Head.Size < old.floor.Size {
		return fmt.Errorf("the final size has become %d, above the snapshot's %d: %w", old.floor.Size, header.Head.Size, ErrMismatch)
	}
	root, err := s.compareFinal(header)
	if err != nil {
		return err
	}
	if err := s.reopen(); err != nil {
		return s.fail(err)
	}
	if old.note == nil {
		return nil
	}
	return s.setFinal(old.note, old.at.Size, root) // When it is newer than the snapshot's note.
}

// rootIn is the root at a size of the tree in a folder that nobody has open.
func rootIn(dir string, o Options, size uint64) (root [32]byte, err error) {
	o.ReadOnly = true
	d, err := openDisk(dir, o)
	if err != nil {
		return root, err
	}
	err = d.read(func(txn *badger.Txn) error {
		root, err = tlog.TreeHash(int64(size), tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) { return readHashes(txn, indexes) }))
		return err
	})
	return root, errors.Join(err, d.close())
}

// reopen lets readers wait while there is no folder.
func (s *Store) reopen() error {
	s.visible.Lock()
	defer s.visible.Unlock()
	err := errors.Join(s.disk.close(), s.watermark.Close())
	s.disk, s.watermark = nil, nil
	if err == nil {
		err = swap(s.dir, s.options)
	}
	if err != nil {
		return err
	}
	return s.open()
}
