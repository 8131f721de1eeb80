package ussdtest

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ussd"
)

// DirStore is a store in a directory.
type DirStore interface {
	ussd.Store
	io.Closer
}

const (
	// childVariable tells a test binary that it is the process to be killed, and names its directory.
	childVariable = "UMOJA_STORE_CHILD"
	// writers write at once; each counts by itself.
	writers = 4
)

// CheckDurable is the test that every store on disk passes: a process that writes is killed by the system, again and again, and all
// that Update returned for is there when the next one opens the directory, and nothing by half. It runs the test it is
// called from in a process of its own, so it must be called before anything else.
func CheckDurable(t *testing.T, open func(dir string) (DirStore, error)) {
	if dir := os.Getenv(childVariable); dir != "" {
		s, err := open(dir)
		if err != nil {
			t.Fatal(err)
		}
		countForEver(s)
	}
	dir := t.TempDir()
	var promised [writers]uint64
	for round := range 4 {
		acknowledged := killed(t, dir, 20+37*round)
		for w, n := range acknowledged {
			promised[w] = max(promised[w], n)
		}
		s, err := open(dir)
		if err != nil {
			t.Fatalf("round %d: open what was killed: %v", round, err)
		}
		checkCounts(t, s, promised)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// countForEver counts up in every writer and says what is durable, one line each.
func countForEver(s ussd.Store) {
	lines := make(chan string)
	for w := range writers {
		go func() {
			for {
				var n uint64
				err := s.Update(context.Background(), func(tx ussd.Writer) error {
					n = 1
					if last, err := tx.Get(countKey("left", w)); err == nil {
						n = binary.BigEndian.Uint64(last) + 1
					} else if !errors.Is(err, ussd.ErrNotFound) {
						return err
					}
					value := binary.BigEndian.AppendUint64(nil, n)
					padded := append(value, make([]byte, 2048)...) // As large as a session.
					return errors.Join(tx.Set(countKey("left", w), padded), tx.Set(countKey("right", w), padded))
				})
				if err != nil {
					lines <- "error: " + err.Error()
					return
				}
				lines <- fmt.Sprintf("counted %d %d", w, n)
			}
		}()
	}
	for line := range lines {
		fmt.Println(line)
	}
}

func countKey(side string, writer int) []byte { return fmt.Appendf(nil, "%s/%d", side, writer) }

// killed runs the child until it said so many lines, kills it, and tells the last count that each writer said.
func killed(t *testing.T, dir string, lines int) (acknowledged [writers]uint64) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), childVariable+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	scanner := bufio.NewScanner(out)
	said := 0
	for scanner.Scan() {
		// What was said before the kill arrives after it, and counts.
		fields := strings.Fields(scanner.Text())
		if len(fields) != 3 || fields[0] != "counted" {
			t.Errorf("the child says %q", scanner.Text())
			break
		}
		w, err := strconv.Atoi(fields[1])
		n, err2 := strconv.ParseUint(fields[2], 10, 64)
		if err != nil || err2 != nil || w < 0 || w >= writers {
			break // The last line was cut.
		}
		acknowledged[w] = n
		if said++; said == lines {
			if err := child.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	_ = child.Process.Kill() // It ended by itself only if it said an error.
	if err := child.Wait(); err == nil || said < lines {
		t.Fatalf("the child said %d lines of %d and ended: %v", said, lines, err)
	}
	return acknowledged
}

func checkCounts(t *testing.T, s ussd.Store, promised [writers]uint64) {
	t.Helper()
	err := s.View(context.Background(), func(r ussd.Reader) error {
		for w, want := range promised {
			left, err := r.Get(countKey("left", w))
			if err != nil {
				if want == 0 && errors.Is(err, ussd.ErrNotFound) {
					continue
				}
				return err
			}
			right, err := r.Get(countKey("right", w))
			if err != nil {
				return err
			}
			l, r := binary.BigEndian.Uint64(left), binary.BigEndian.Uint64(right)
			if l < want || l != r || len(left) != 8+2048 {
				t.Errorf("writer %d: counted %d and %d, of which %d was promised", w, l, r, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
