package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/sdk"
)

// maxEvidenceFileBytes bounds what is read: a fork with thousands of sets is the largest.
const maxEvidenceFileBytes = 32 << 20

func readEvidenceFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("no evidence file %s: fetch one with umoja evidence export", path)
	}
	if err != nil {
		return nil, fmt.Errorf("read evidence: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxEvidenceFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read evidence: %w", err)
	}
	if len(raw) == 0 || len(raw) > maxEvidenceFileBytes {
		return nil, fmt.Errorf("%s is no evidence: it has %d bytes", path, len(raw))
	}
	return raw, nil
}

// verifyEvidenceFile checks a file against a genesis: what a validator keeps, or the fork that a light client kept, as JSON.
func verifyEvidenceFile(path string, g *genesis.Genesis, light string) (evidenceDocument, error) {
	raw, err := readEvidenceFile(path)
	if err != nil {
		return evidenceDocument{}, err
	}
	hash := sha256.Sum256(raw)
	d := evidenceDocument{Hash: hex.EncodeToString(hash[:])}
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		fork, err := sdk.ReadFork(path)
		if err != nil {
			return d, err
		}
		if d.Guilty, err = fork.Verify(g.Trust()); err != nil {
			return d, fmt.Errorf("%s does not hold on network %s: %w", path, g.Name, err)
		}
		d.Offence = "fork: two final histories"
		return d, nil
	}
	parsed, err := checkpoint.ParseEvidence(raw)
	if err != nil {
		return d, fmt.Errorf("%s is no evidence: %w", path, err)
	}
	verify, err := evidenceVerifier(g, light)
	if err != nil {
		return d, err
	}
	e, err := verify(raw)
	if err != nil {
		return d, fmt.Errorf("%s does not hold on network %s: %w", path, g.Name, err)
	}
	d.Guilty, d.Offence, d.Statements = []string{e.Validator}, string(e.Offence), statements(g.Network(), parsed)
	return d, nil
}

// evidenceVerifier checks evidence against the set of the genesis, or against all sets that a light client has seen.
func evidenceVerifier(g *genesis.Genesis, light string) (func(raw []byte) (sdk.Evidence, error), error) {
	if light == "" {
		return func(raw []byte) (sdk.Evidence, error) { return sdk.VerifyEvidence(g.Trust(), raw) }, nil
	}
	if _, err := os.Stat(light); err != nil { // OpenLight would make it, and it would know no set.
		return nil, fmt.Errorf("no file of a light client %s: umoja receipt verify --light makes one", light)
	}
	l, err := sdk.OpenLight(g, light)
	if err != nil {
		return nil, err
	}
	return l.VerifyEvidence, nil
}

// checkEvidenceFile says whether evidence may be written there: over older evidence, but never over anything else.
func checkEvidenceFile(path string) error {
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return fmt.Errorf("no folder %s for the evidence: make it first", filepath.Dir(path))
	}
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	raw, err := readEvidenceFile(path)
	if err == nil {
		_, err = checkpoint.ParseEvidence(raw)
	}
	if err != nil {
		return fmt.Errorf("%s exists and is no evidence, so it is not overwritten: name another file", path)
	}
	return nil
}

// writeEvidenceFile writes the canonical bytes whole or not at all.
func writeEvidenceFile(path string, raw []byte) error {
	if err := checkEvidenceFile(path); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".evidence-*")
	if err != nil {
		return fmt.Errorf("write evidence: %w", err)
	}
	// A crash before the rename leaves the temporary file, which can be removed.
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write evidence: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}
