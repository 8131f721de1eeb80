package consensus

import (
	"bufio"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/hashicorp/raft"
)

// asideFormat begins each file of a log kept aside.
const asideFormat = "umoja-aside/v1\n"

// errAside means that a log kept aside is not what this program wrote.
var errAside = errors.New("damaged log kept aside")

// writeAside writes a log kept aside, whole or not at all: the entries up to where an older one begins are raft's, the rest its. Without
// an older one all are raft's.
func (n *Node) writeAside(a aside, old *aside) error {
	path, end := n.asides.path(a.AttestedIn), a.Last
	if old != nil {
		end = old.Before
	}
	err := writeThrough(path, func(w io.Writer) error {
		buffered := bufio.NewWriterSize(w, 1<<20)
		if _, err := buffered.WriteString(asideFormat); err != nil {
			return err
		}
		out := gob.NewEncoder(buffered)
		if err := out.Encode(a); err != nil {
			return err
		}
		for i := a.Before + 1; i <= end; i++ {
			var entry raft.Log
			if err := n.raftLog.GetLog(i, &entry); err != nil {
				return err
			}
			if err := out.Encode(&entry); err != nil {
				return err
			}
		}
		if old != nil {
			if err := readAside(path, &aside{}, func(entry *raft.Log) error { return out.Encode(entry) }); err != nil {
				return err
			}
		}
		return buffered.Flush()
	})
	if err != nil {
		return fmt.Errorf("keep a log aside: %w", err)
	}
	n.asides.put(a)
	return nil
}

// readAside reads what a file says of its entries and, unless each is nil, the entries, one at a time.
func readAside(path string, a *aside, each func(*raft.Log) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open log kept aside: %w", err)
	}
	defer f.Close()
	buffered := bufio.NewReaderSize(f, 1<<20)
	format := make([]byte, len(asideFormat))
	if _, err := io.ReadFull(buffered, format); err != nil || string(format) != asideFormat {
		return fmt.Errorf("%s: format %q, %v: %w", path, format, err, errAside)
	}
	in := gob.NewDecoder(buffered)
	if err := in.Decode(a); err != nil {
		return fmt.Errorf("%s: %w: %w", path, err, errAside)
	}
	if each == nil {
		return nil
	}
	for i := a.Before + 1; i <= a.Last; i++ {
		var entry raft.Log
		if err := in.Decode(&entry); err != nil || entry.Index != i {
			return fmt.Errorf("%s: entry %d in the place of %d, %v: %w", path, entry.Index, i, err, errAside)
		}
		if err := each(&entry); err != nil {
			return err
		}
	}
	return nil
}

// writeFile writes a small file whole or not at all.
func writeFile(path string, data []byte) error {
	return writeThrough(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// writeThrough writes a file whole or not at all.
func writeThrough(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	// A crash before the rename leaves a file beside it that the next write replaces.
	if err = errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
