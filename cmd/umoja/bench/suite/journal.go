package suite

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/umoja-ledger/umoja/cmd/umoja/bench"
)

// ErrState means that a journal is of another run.
var ErrState = errors.New("the state is of another run: choose another folder, or the same suite, duration and rate")

// entry is a line of the journal. One of its parts is set.
type entry struct {
	Begin *begin  `json:"begin,omitempty"`
	Step  *step   `json:"step,omitempty"`
	Row   *Result `json:"row,omitempty"`
}

// begin is the first line: what makes two runs one.
type begin struct {
	Suite    string        `json:"suite"`
	Duration time.Duration `json:"duration"`
	Rate     float64       `json:"rate"`
	At       time.Time     `json:"at"`
}

// step is a finished part of a row that has not finished.
type step struct {
	Row    string        `json:"row"`
	Name   string        `json:"name"`
	Report *bench.Report `json:"report"`
}

// journal is the file that a later run goes on from.
type journal struct {
	file *os.File
	// begun is the first line's, with the time when the first run began.
	begun begin
	rows  map[string]*Result
	steps map[stepKey]*bench.Report
}

type stepKey struct{ row, name string }

// openJournal reads what earlier runs have done, cuts a last line that was not finished, and opens the file for more.
func openJournal(path string, b begin) (j *journal, err error) {
	j = &journal{rows: make(map[string]*Result), steps: make(map[stepKey]*bench.Report)}
	if j.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	whole, err := j.read(path, b)
	if err == nil {
		err = j.file.Truncate(whole)
	}
	if err == nil {
		_, err = j.file.Seek(whole, io.SeekStart)
	}
	if err == nil && j.begun == (begin{}) {
		j.begun = b
		err = j.write(entry{Begin: &b})
	}
	if err != nil {
		return nil, errors.Join(err, j.file.Close())
	}
	return j, nil
}

// read takes all lines and tells how long they are.
func (j *journal) read(path string, b begin) (whole int64, err error) {
	lines := bufio.NewReader(j.file)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return whole, nil
		}
		if err != nil {
			return 0, fmt.Errorf("read state: %w", err)
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return 0, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		switch {
		case e.Begin != nil:
			if e.Begin.Suite != b.Suite || e.Begin.Duration != b.Duration || e.Begin.Rate != b.Rate {
				return 0, fmt.Errorf("%s is of suite %s, %s, rate %g: %w", path, e.Begin.Suite, e.Begin.Duration, e.Begin.Rate, ErrState)
			}
			j.begun = *e.Begin
		case e.Step != nil && e.Step.Report != nil:
			j.steps[stepKey{e.Step.Row, e.Step.Name}] = e.Step.Report
		case e.Row != nil:
			j.rows[e.Row.Row] = e.Row
		}
		whole += int64(len(line))
	}
}

// write appends a line; it is with the system when write returns.
func (j *journal) write(e entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode state: %w", err)
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	return nil
}
