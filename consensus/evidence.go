package consensus

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

const (
	// maxEvidence bounds the files of evidence. A liar's first lies say as much as its next.
	maxEvidence = 256
	// maxEvidenceOf bounds those against one validator.
	maxEvidenceOf = 32
	// evidenceSuffix ends the name of a file that holds evidence; before it stands its hash.
	evidenceSuffix = ".evidence"
)

// Evidence is what a validator signed and an honest one never would, as this node keeps it: one file each, in the form that
// `umoja evidence verify` reads. The SHA-256 of the file is by what a vote cites it.
type Evidence struct {
	Hash      [32]byte
	Validator string
	Offence   checkpoint.Offence
	// Raw is the canonical form.
	Raw []byte
}

// evidence is the folder of it. It only grows, up to its bounds: what shows a lie is never overwritten.
type evidence struct {
	dir     string
	network tx.NetworkID
	// sets are those that are known, the newest first: who has left is guilty of what it signed before.
	sets func() []checkpoint.ValidatorSet

	// mu guards kept, and is held over a write.
	mu sync.Mutex
	// kept is in order of the hashes.
	kept []Evidence
}

// openEvidence reads the folder. A file that does not verify is passed over: somebody else put it there.
func openEvidence(dir string, network tx.NetworkID, sets func() []checkpoint.ValidatorSet) (*evidence, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder of evidence: %w", err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open folder of evidence: %w", err)
	}
	s := &evidence{dir: dir, network: network, sets: sets}
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), evidenceSuffix) || len(s.kept) == maxEvidence {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			return nil, fmt.Errorf("read evidence: %w", err)
		}
		if e, err := s.verify(raw); err == nil {
			s.insert(e)
		}
	}
	return s, nil
}

func (s *evidence) verify(raw []byte) (Evidence, error) {
	parsed, err := checkpoint.ParseEvidence(raw)
	if err != nil {
		return Evidence{}, err
	}
	var validator string
	var offence checkpoint.Offence
	for _, set := range s.sets() {
		if validator, offence, err = parsed.Verify(s.network, set); err == nil {
			break
		}
	}
	return Evidence{Hash: sha256.Sum256(raw), Validator: validator, Offence: offence, Raw: raw}, err
}

func compareEvidence(a, b Evidence) int { return slices.Compare(a.Hash[:], b.Hash[:]) }

func (s *evidence) insert(e Evidence) {
	if i, found := slices.BinarySearchFunc(s.kept, e, compareEvidence); !found {
		s.kept = slices.Insert(s.kept, i, e)
	}
}

// keep verifies evidence and writes it. Nil for what is there already; false when it is there, or there is no room.
func (s *evidence) keep(e checkpoint.Evidence) (kept Evidence, added bool, err error) {
	if kept, err = s.verify(e.Ordered(s.network).Encode()); err != nil {
		return Evidence{}, false, fmt.Errorf("keep evidence: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	against := 0
	for _, k := range s.kept {
		if k.Hash == kept.Hash {
			return kept, false, nil
		}
		if k.Validator == kept.Validator {
			against++
		}
	}
	if len(s.kept) >= maxEvidence || against >= maxEvidenceOf {
		return kept, false, nil
	}
	// A crash before the rename in here loses what the liar will show again, or others have.
	if err := writeFile(filepath.Join(s.dir, hex.EncodeToString(kept.Hash[:])+evidenceSuffix), kept.Raw); err != nil {
		return Evidence{}, false, fmt.Errorf("write evidence: %w", err)
	}
	s.insert(kept)
	return kept, true, nil
}

func (s *evidence) list() []Evidence {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.kept)
}

// Evidence lists what this node has found against validators, in order of the hashes.
func (n *Node) Evidence() []Evidence { return n.evidence.list() }

// EvidenceOf is the evidence of a hash.
func (n *Node) EvidenceOf(hash [32]byte) (Evidence, bool) {
	kept := n.evidence.list()
	i, found := slices.BinarySearchFunc(kept, Evidence{Hash: hash}, compareEvidence)
	if !found {
		return Evidence{}, false
	}
	return kept[i], true
}

// accuse keeps evidence against a validator.
func (n *Node) accuse(e checkpoint.Evidence) {
	kept, added, err := n.evidence.keep(e)
	switch {
	case errors.Is(err, checkpoint.ErrBadEvidence):
		n.log.Error("what looked like evidence is none", "validator", e.Validator, "reason", err)
	case err != nil:
		_ = n.Fatal(err)
	case added:
		n.log.Error("a validator contradicts itself", "validator", kept.Validator, "offence", kept.Offence, "evidence", hex.EncodeToString(kept.Hash[:]))
	}
}

// accuseVoter keeps evidence from an election.
func (n *Node) accuseVoter(d checkpoint.DoubleVote) {
	e := checkpoint.Evidence{Validator: d.Guilty()}
	for _, v := range d.Votes {
		e.Elections = append(e.Elections, checkpoint.SignedElection{Election: v.Election, Signature: v.Signature})
	}
	n.accuse(e)
}

// validator is one of the newest set that has the name.
func (n *Node) validator(name string) (checkpoint.Validator, bool) {
	for _, set := range n.allSets() {
		if v, ok := set.Find(name); ok {
			return v, true
		}
	}
	return checkpoint.Validator{}, false
}
