package consensus

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/hashicorp/raft"
)

// asideFormat begins each file of a log kept aside. The SHA-256 of all before it ends the file.
const asideFormat = "umoja-aside/v2\n"

// errAside means that a log kept aside is not what this program wrote.
var errAside = errors.New("damaged log kept aside")

// writeAside writes a log kept aside, whole or not at all.
func (n *Node) writeAside(a aside) error {
	path := n.asides.path(a.AttestedIn)
	err := writeThrough(path, func(w io.Writer) error {
		sum := sha256.New()
		buffered := bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<20)
		if _, err := buffered.WriteString(asideFormat); err != nil {
			return err
		}
		out := gob.NewEncoder(buffered)
		if err := out.Encode(a); err != nil {
			return err
		}
		for i := a.Before.Index + 1; i <= a.Last; i++ {
			var entry raft.Log
			if err := n.raftLog.GetLog(i, &entry); err != nil {
				return err
			}
			if err := out.Encode(&entry); err != nil {
				return err
			}
		}
		if err := buffered.Flush(); err != nil {
			return err
		}
		_, err := w.Write(sum.Sum(nil))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep a log aside: %w", err)
	}
	return n.asides.put(a)
}

// readAside reads what a file says of its entries and, unless each is nil, the entries, one at a time. Nothing is given of a file that is not
// whole.
func readAside(path string, each func(*raft.Log) error) (a aside, err error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return a, fmt.Errorf("%w: %w", err, errAside)
	} else if err != nil {
		return a, fmt.Errorf("open log kept aside: %w", err)
	}
	defer f.Close()
	size, err := checkAside(f)
	if err != nil {
		return a, fmt.Errorf("%s: %w: %w", path, err, errAside)
	}
	buffered := bufio.NewReaderSize(io.NewSectionReader(f, 0, size), 1<<20)
	format := make([]byte, len(asideFormat))
	if _, err := io.ReadFull(buffered, format); err != nil || string(format) != asideFormat {
		return a, fmt.Errorf("%s: format %q, %v: %w", path, format, err, errAside)
	}
	in := gob.NewDecoder(buffered)
	if err := in.Decode(&a); err != nil {
		return a, fmt.Errorf("%s: %w: %w", path, err, errAside)
	}
	if filepath.Base(path) != strconv.FormatUint(a.AttestedIn, 10) {
		return a, fmt.Errorf("%s: of epoch %d: %w", path, a.AttestedIn, errAside)
	}
	if each == nil {
		return a, nil
	}
	for i := a.Before.Index + 1; i <= a.Last; i++ {
		var entry raft.Log
		if err := in.Decode(&entry); err != nil || entry.Index != i {
			return a, fmt.Errorf("%s: entry %d in the place of %d, %v: %w", path, entry.Index, i, err, errAside)
		}
		if err := each(&entry); err != nil {
			return a, err
		}
	}
	return a, nil
}

// checkAside compares a file with the hash at its end, and says how long it is without that.
func checkAside(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	size := info.Size() - sha256.Size
	if size < 0 {
		return 0, io.ErrUnexpectedEOF
	}
	sum, want := sha256.New(), make([]byte, sha256.Size)
	if _, err := io.Copy(sum, io.NewSectionReader(f, 0, size)); err != nil {
		return 0, err
	}
	if _, err := f.ReadAt(want, size); err != nil {
		return 0, err
	}
	if !bytes.Equal(sum.Sum(nil), want) {
		return 0, errors.New("another hash than at its end")
	}
	return size, nil
}
