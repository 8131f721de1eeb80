package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// maxReceiptFileBytes bounds what is read: one byte more than any receipt has.
const maxReceiptFileBytes = 1<<20 + 1

// readReceiptFile reads the canonical bytes of a receipt; Verify does the rest.
func readReceiptFile(path string) (checkpoint.Receipt, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return checkpoint.Receipt{}, fmt.Errorf("no receipt file %s: fetch one with umoja receipt get", path)
	}
	if err != nil {
		return checkpoint.Receipt{}, fmt.Errorf("read receipt: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxReceiptFileBytes))
	if err != nil {
		return checkpoint.Receipt{}, fmt.Errorf("read receipt: %w", err)
	}
	receipt, err := checkpoint.ParseReceipt(raw)
	if err != nil {
		return checkpoint.Receipt{}, fmt.Errorf("%s: %w", path, err)
	}
	return receipt, nil
}

// checkReceiptFile says whether a receipt may be written there: over an older receipt, which can be fetched again, but never
// over anything else, such as a key.
func checkReceiptFile(path string) error {
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return fmt.Errorf("no folder %s for the receipt: make it first", filepath.Dir(path))
	}
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if _, err := readReceiptFile(path); err != nil {
		return fmt.Errorf("%s exists and is no receipt, so it is not overwritten: name another file", path)
	}
	return nil
}

// writeReceiptFile writes the canonical bytes whole or not at all.
func writeReceiptFile(path string, receipt checkpoint.Receipt) error {
	if err := checkReceiptFile(path); err != nil {
		return err
	}
	raw, err := receipt.Encode()
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".receipt-*")
	if err != nil {
		return fmt.Errorf("write receipt: %w", err)
	}
	// A crash before the rename leaves the temporary file, which can be removed.
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write receipt: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}
