package validator

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/umoja-ledger/umoja/consensus/transport"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/genesis"
)

// The files that Init writes.
const (
	SigningKeyFile = "signing.key"
	TLSKeyFile     = "tls.key"
	RecordFile     = "validator.json"
)

// Init makes a validator's keys in a folder and gives its public record. Keys that are there already are kept: making
// them anew would cut the validator off from its network.
func Init(dir, name, peerAddress, address string) (genesis.ValidatorRecord, error) {
	if err := checkpoint.CheckName(name); err != nil {
		return genesis.ValidatorRecord{}, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return genesis.ValidatorRecord{}, fmt.Errorf("make folder for keys: %w", err)
	}
	signing, err := makeKey(filepath.Join(dir, SigningKeyFile))
	if err != nil {
		return genesis.ValidatorRecord{}, err
	}
	tlsKey, err := makeKey(filepath.Join(dir, TLSKeyFile))
	if err != nil {
		return genesis.ValidatorRecord{}, err
	}
	certificate, err := transport.NewCertificate(tlsKey, name)
	if err != nil {
		return genesis.ValidatorRecord{}, err
	}
	leaf, err := x509.ParseCertificate(certificate.Certificate[0])
	if err != nil {
		return genesis.ValidatorRecord{}, fmt.Errorf("parse own certificate: %w", err)
	}
	hash := transport.KeyHash(leaf)
	return genesis.ValidatorRecord{
		Name: name, TLSKeyHash: hash[:], PeerAddress: peerAddress, Address: address,
	}.Sign(signing), nil
}

// makeKey reads the key of a file, or makes one.
func makeKey(path string) (ed25519.PrivateKey, error) {
	k, err := readKey(path)
	if err == nil || !errors.Is(err, os.ErrNotExist) {
		return k, err
	}
	_, k, err = ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make key file: %w", err)
	}
	// A crash here leaves a short file, which readKey refuses: nothing has been published yet, so it can be removed.
	err = errors.Join(pem.Encode(f, &pem.Block{Type: "PRIVATE KEY", Bytes: der}), f.Sync(), f.Close())
	if err != nil {
		return nil, fmt.Errorf("write key file %s: %w", path, err)
	}
	return k, nil
}

// readKey reads a PEM file that only its owner can read.
func readKey(path string) (ed25519.PrivateKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("key file %s can be read by others: chmod 600 it: %w", path, ErrConfig)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	block, rest := pem.Decode(raw)
	if block == nil || block.Type != "PRIVATE KEY" || len(rest) > 0 {
		return nil, fmt.Errorf("key file %s is not one PEM private key: %w", path, ErrConfig)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %v: %w", path, err, ErrConfig)
	}
	k, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("key file %s is not an Ed25519 key: %w", path, ErrConfig)
	}
	return k, nil
}
