package soak

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/umoja-ledger/umoja/ledger/amount"
)

// ErrState means that a journal is of another crew.
var ErrState = errors.New("the state is of another crew")

// entry is a line of the journal. One of its parts is set.
type entry struct {
	Run      *runEntry     `json:"run,omitempty"`
	Language *personEntry  `json:"person,omitempty"`
	Payment  *paymentEntry `json:"payment,omitempty"`
	Tally    *counts       `json:"tally,omitempty"`
}

// runEntry begins a run.
type runEntry struct {
	Network string `json:"network"`
	Seed    uint64 `json:"seed"`
	Users   int    `json:"users"`
}

// personEntry says that a person has registered.
type personEntry struct {
	Place    int    `json:"place"`
	Language string `json:"language"`
}

// paymentEntry is all that is known of a payment; the last line about it counts.
type paymentEntry struct {
	From         int           `json:"from"`
	To           int           `json:"to"`
	Amount       amount.Amount `json:"amount"`
	Asked        bool          `json:"asked,omitempty"`
	Outcome      outcome       `json:"outcome,omitempty"`
	How          way           `json:"how,omitempty"`
	Code         string        `json:"code,omitempty"`
	Promised     bool          `json:"promised,omitempty"`
	Texted       bool          `json:"texted,omitempty"`
	Contradicted bool          `json:"contradicted,omitempty"`
}

// journal is the file that a later run goes on from. Without a file it keeps nothing.
type journal struct {
	mu   sync.Mutex
	file *os.File
}

// maxLine bounds a line of the journal.
const maxLine = 1 << 20

// openJournal reads the lines of earlier runs and opens the file for more.
func openJournal(path string, take func(entry) error) (*journal, error) {
	if path == "" {
		return &journal{}, nil
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	if err := readJournal(file, path, take); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &journal{file: file}, nil
}

// readJournal reads to the end and cuts a last line that was not finished.
func readJournal(file *os.File, path string, take func(entry) error) error {
	lines := bufio.NewReaderSize(file, 64<<10)
	whole := int64(0)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read state: %w", err)
		}
		var e entry
		if len(line) > maxLine {
			return fmt.Errorf("%s:%d: the line is too long", path, number)
		}
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("%s:%d: %w", path, number, err)
		}
		if err := take(e); err != nil {
			return fmt.Errorf("%s:%d: %w", path, number, err)
		}
		whole += int64(len(line))
	}
	if err := file.Truncate(whole); err != nil {
		return fmt.Errorf("cut state: %w", err)
	}
	if _, err := file.Seek(whole, io.SeekStart); err != nil {
		return fmt.Errorf("find the state's end: %w", err)
	}
	return nil
}

// write appends a line; the line is with the system when it returns.
func (j *journal) write(e entry) error {
	if j.file == nil {
		return nil
	}
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode state: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	return nil
}

func (j *journal) close() error {
	if j.file == nil {
		return nil
	}
	return j.file.Close()
}
