package witness

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	transparency "github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	policy "github.com/transparency-dev/formats/witness"
	"golang.org/x/mod/sumdb/note"

	"github.com/umoja-ledger/umoja/consensus"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// verifiers are what a reader of checkpoints from the transparency-dev world is configured with.
func verifiers(t *testing.T, keys ...string) (out []note.Verifier) {
	t.Helper()
	for _, key := range keys {
		v, err := fnote.NewVerifierForCosignatureV1(key)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// TestOutsideWitness: a witness that knows the log's key cosigns every checkpoint that continues what it saw, and what is
// served with its line opens with other software unchanged.
func TestOutsideWitness(t *testing.T) {
	l := newLedger(t, 50)
	w := newOutside(t, l.key())
	p := NewPublisher(l, []*Client{w.client(t)}, 0, slog.New(slog.DiscardHandler))
	if _, err := p.Note(); !errors.Is(err, consensus.ErrNotFinal) {
		t.Errorf("before the first: %v", err)
	}
	for _, size := range []uint64{7, 8, 50} {
		l.grow(size)
		p.round(t.Context())
		served, err := p.Note()
		if err != nil {
			t.Fatal(err)
		}
		if w.size != int64(size) {
			t.Fatalf("the witness is at %d, not %d", w.size, size)
		}
		log, err := note.NewVerifier(l.key())
		if err != nil {
			t.Fatal(err)
		}
		others := verifiers(t, w.key())
		for _, v := range l.world.Set {
			others = append(others, verifiers(t, v.VerifierKey())...)
		}
		c, rest, n, err := transparency.ParseCheckpoint(served, checkpoint.Origin(l.world.Network), log, others...)
		if err != nil {
			t.Fatalf("transparency-dev: %v", err)
		}
		if c.Size != size || len(rest) != 0 || len(n.Sigs) != 5 || len(n.UnverifiedSigs) != 0 {
			t.Errorf("size %d, %d signatures of which %d are not known", c.Size, len(n.Sigs), len(n.UnverifiedSigs))
		}
		trimmed, own, err := checkpoint.Trim(l.world.Network, l.world.Set, served)
		if err != nil || own.Size != size {
			t.Errorf("trimmed: size %d, %v", own.Size, err)
		}
		if _, cosigs, err := checkpoint.Open(l.world.Network, l.world.Set, trimmed); err != nil || len(cosigs) != 3 {
			t.Errorf("trimmed: %d cosignatures, %v", len(cosigs), err)
		}
	}
}

// TestQuorumAsPolicy: the set and its quorum written as a transparency-dev policy decide as we do.
func TestQuorumAsPolicy(t *testing.T) {
	l := newLedger(t, 5)
	l.grow(5)
	var text, names strings.Builder
	for _, v := range l.world.Set {
		fmt.Fprintf(&text, "witness %s %s https://%s.example/\n", v.Name, v.VerifierKey(), v.Name)
		fmt.Fprintf(&names, " %s", v.Name)
	}
	for quorum, want := range map[int]bool{3: true, 4: false} { // Three of the four have cosigned.
		group, err := policy.ParsePolicy(fmt.Appendf(nil, "%sgroup set %d%s\nquorum set\n", text.String(), quorum, names.String()))
		if err != nil {
			t.Fatal(err)
		}
		raw, _, err := l.FinalCheckpoint()
		if err != nil {
			t.Fatal(err)
		}
		if got := group.Satisfied(raw); got != want {
			t.Errorf("quorum of %d: %v", quorum, got)
		}
	}
}

// TestWitnessRefuses: whatever a witness answers, nothing but its own good line of this checkpoint is served.
func TestWitnessRefuses(t *testing.T) {
	l := newLedger(t, 20)
	l.grow(10)
	raw, c, err := l.FinalCheckpoint()
	if err != nil {
		t.Fatal(err)
	}
	signed := append(slices.Clip(raw), l.SignAsLog(c)...)
	text := func(status int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	other := c
	other.Root[0] ^= 1
	const plain, size = "text/plain", "text/x.tlog.size"
	for _, row := range []struct {
		name   string
		answer func(w *outside) http.HandlerFunc
		want   error
	}{
		{"unknown log", func(*outside) http.HandlerFunc { return text(404, plain, "") }, ErrRefused},
		{"unknown key", func(*outside) http.HandlerFunc { return text(403, plain, "") }, ErrRefused},
		{"ahead of us", func(*outside) http.HandlerFunc { return text(409, size, "11\n") }, ErrRefused},
		{"another root at this size", func(*outside) http.HandlerFunc { return text(409, size, "10\n") }, ErrRefused},
		{"a size that is none", func(*outside) http.HandlerFunc { return text(409, size, "-1\n") }, ErrAnswer},
		{"conflict without a size", func(*outside) http.HandlerFunc { return text(409, plain, "7\n") }, ErrRefused},
		{"another size every time", func(w *outside) http.HandlerFunc {
			return func(out http.ResponseWriter, r *http.Request) { text(409, size, fmt.Sprintln(w.requests))(out, r) }
		}, ErrRefused},
		{"nothing", func(*outside) http.HandlerFunc { return text(200, plain, "") }, ErrAnswer},
		{"endless", func(*outside) http.HandlerFunc { return text(200, plain, strings.Repeat("x", 2*maxAnswerBytes)) }, ErrAnswer},
		{"a line of another checkpoint", func(w *outside) http.HandlerFunc { return text(200, plain, w.line(other.Text())) }, ErrAnswer},
		{"a redirect", func(*outside) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
			}
		}, ErrRefused},
		{"a line among strangers'", func(w *outside) http.HandlerFunc {
			stranger := &outside{name: "stranger.example", secret: ed25519.NewKeyFromSeed(make([]byte, 32))}
			return text(200, plain, stranger.line(c.Text())+w.line(c.Text()))
		}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newOutside(t, l.key())
			w.answer = row.answer(w)
			line, err := w.client(t).Cosign(t.Context(), signed, c, func(small uint64) ([][32]byte, error) { return l.Consistency(small, 10) })
			if !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
			if want := w.line(c.Text()); row.want == nil && line != want {
				t.Errorf("line %q, want %q", line, want)
			}
			if w.requests > tries {
				t.Errorf("%d requests", w.requests)
			}
		})
	}
}

// TestWitnessAway: the checkpoint is served without the line of a witness that does not answer, and with it once it does.
func TestWitnessAway(t *testing.T) {
	l := newLedger(t, 20)
	l.grow(10)
	here, away := newOutside(t, l.key()), newOutside(t, l.key())
	away.name = "away.example"
	away.answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	p := NewPublisher(l, []*Client{here.client(t), away.client(t)}, time.Millisecond, slog.New(slog.DiscardHandler))
	lines := func() (n int) {
		served, err := p.Note()
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Count(served, []byte("— "))
	}
	p.round(t.Context())
	if got := lines(); got != 5 {
		t.Fatalf("%d lines: want the validators', the log's and one witness's", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); p.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	away.mu.Lock()
	away.answer = nil
	away.mu.Unlock()
	for deadline := time.Now().Add(10 * time.Second); lines() != 6; {
		if time.Now().After(deadline) {
			t.Fatal("the witness is back and its line is not")
		}
		time.Sleep(time.Millisecond)
	}
}

// TestNewClient: a witness is configured with a plain URL and a cosigner's key.
func TestNewClient(t *testing.T) {
	l := newLedger(t, 1)
	good := newOutside(t, l.key()).key()
	name, rest, _ := strings.Cut(good, "+")
	for _, row := range []struct {
		url, key string
		ok       bool
	}{
		{"https://witness.example/prefix", good, true},
		{"http://127.0.0.1:1/", good, true},
		{"https://witness.example", l.key(), true}, // A plain key, as some publish it.
		{"witness.example", good, false},
		{"ftp://witness.example", good, false},
		{"https://witness.example/?q=1", good, false},
		{"https://witness.example", "", false},
		{"https://witness.example", name, false},
		{"https://witness.example", "other+" + rest, false},
		{"https://witness.example", good[:len(good)-4], false},
	} {
		if _, err := NewClient(Config{URL: row.url, Key: row.key}); (err == nil) != row.ok || err != nil && !errors.Is(err, ErrConfig) {
			t.Errorf("%s %s: %v", row.url, row.key, err)
		}
	}
}
