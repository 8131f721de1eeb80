package witness

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/consensus"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
)

// ledger is a log of a network whose validators have made size final.
type ledger struct {
	t      *testing.T
	world  *ledgertest.World
	hashes []tlog.Hash

	mu   sync.Mutex
	size uint64
}

func newLedger(t *testing.T, leaves int) *ledger {
	l := &ledger{t: t, world: ledgertest.Network(t, "witnessed")}
	for i := range leaves {
		hashes, err := tlog.StoredHashes(int64(i), []byte{byte(i)}, l)
		if err != nil {
			t.Fatal(err)
		}
		l.hashes = append(l.hashes, hashes...)
	}
	return l
}

func (l *ledger) ReadHashes(indexes []int64) (out []tlog.Hash, err error) {
	for _, i := range indexes {
		out = append(out, l.hashes[i])
	}
	return out, nil
}

func (l *ledger) grow(size uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.size = size
}

func (l *ledger) FinalCheckpoint() ([]byte, checkpoint.Checkpoint, error) {
	l.mu.Lock()
	size := l.size
	l.mu.Unlock()
	if size == 0 {
		return nil, checkpoint.Checkpoint{}, consensus.ErrNotFinal
	}
	root, err := tlog.TreeHash(int64(size), l)
	if err != nil {
		return nil, checkpoint.Checkpoint{}, err
	}
	c := checkpoint.Checkpoint{Network: l.world.Network, Size: size, Root: root}
	var cosigs []checkpoint.Cosignature
	for _, name := range []string{"v1", "v2", "v4"} {
		cosigs = append(cosigs, c.Cosign(name, l.world.Validators[name], 1_790_000_000))
	}
	raw, err := c.Seal(l.world.Set, cosigs)
	return raw, c, err
}

func (l *ledger) Consistency(small, size uint64) (out [][32]byte, err error) {
	proof, err := tlog.ProveTree(int64(size), int64(small), l)
	for _, h := range proof {
		out = append(out, h)
	}
	return out, err
}

func (l *ledger) SignAsLog(c checkpoint.Checkpoint) string {
	return c.LogLine(l.world.Validators["v1"])
}

// key is the log key of v1, as an operator of a witness gets it.
func (l *ledger) key() string {
	v, _ := l.world.Set.Find("v1")
	return checkpoint.LogVerifierKey(l.world.Network, v)
}

// outside is a witness as somebody else writes one: from the C2SP documents, golang.org/x/mod and nothing else.
type outside struct {
	name   string
	secret ed25519.PrivateKey
	log    note.Verifier
	url    string

	mu       sync.Mutex
	size     int64
	root     tlog.Hash
	requests int
	// answer, if set, takes the place of all of this.
	answer http.HandlerFunc
}

func newOutside(t *testing.T, logKey string) *outside {
	t.Helper()
	log, err := note.NewVerifier(logKey)
	if err != nil {
		t.Fatal(err)
	}
	w := &outside{name: "witness.example/w1", secret: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, 32)), log: log}
	s := httptest.NewServer(w)
	t.Cleanup(s.Close)
	w.url = s.URL + "/prefix/"
	return w
}

func (w *outside) public() []byte {
	return append([]byte{4}, w.secret.Public().(ed25519.PublicKey)...)
}

func (w *outside) key() string {
	h := fmt.Sprintf("%08x", w.hash())
	return w.name + "+" + h + "+" + base64.StdEncoding.EncodeToString(w.public())
}

func (w *outside) hash() uint32 {
	sum := sha256.Sum256(append([]byte(w.name+"\n"), w.public()...))
	return binary.BigEndian.Uint32(sum[:])
}

func (w *outside) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests++
	if w.answer != nil {
		w.answer(out, r)
		return
	}
	if r.Method != http.MethodPost || r.URL.Path != "/prefix/add-checkpoint" {
		http.Error(out, "not here", http.StatusNotFound)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(out, "body", http.StatusBadRequest)
		return
	}
	head, signed, ok := bytes.Cut(body, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	old, oldErr := strconv.ParseInt(strings.TrimPrefix(lines[0], "old "), 10, 64)
	n, noteErr := note.Open(signed, note.VerifierList(w.log))
	if !ok || oldErr != nil {
		http.Error(out, "malformed", http.StatusBadRequest)
		return
	}
	if noteErr != nil {
		http.Error(out, noteErr.Error(), http.StatusForbidden)
		return
	}
	tree, err := tlog.ParseTree([]byte("go.sum database tree\n" + strings.SplitN(n.Text, "\n", 2)[1]))
	if err != nil || old > tree.N {
		http.Error(out, "checkpoint", http.StatusBadRequest)
		return
	}
	if old != w.size || old == tree.N && w.root != tree.Hash {
		out.Header().Set("Content-Type", "text/x.tlog.size")
		out.WriteHeader(http.StatusConflict)
		fmt.Fprintf(out, "%d\n", w.size)
		return
	}
	var proof tlog.TreeProof
	for _, line := range lines[1:] {
		raw, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(raw) != 32 {
			http.Error(out, "proof", http.StatusBadRequest)
			return
		}
		proof = append(proof, tlog.Hash(raw))
	}
	if old > 0 && old < tree.N && tlog.CheckTree(proof, tree.N, tree.Hash, old, w.root) != nil || old == 0 && len(proof) > 0 {
		http.Error(out, "not consistent", http.StatusUnprocessableEntity)
		return
	}
	w.size, w.root = tree.N, tree.Hash
	_, _ = io.WriteString(out, w.line(n.Text))
}

// line is a cosignature.
func (w *outside) line(text string) string {
	at := uint64(1_790_000_100)
	sig := binary.BigEndian.AppendUint32(nil, w.hash())
	sig = binary.BigEndian.AppendUint64(sig, at)
	sig = append(sig, ed25519.Sign(w.secret, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text))...)
	return "— " + w.name + " " + base64.StdEncoding.EncodeToString(sig) + "\n"
}

func (w *outside) client(t *testing.T) *Client {
	t.Helper()
	c, err := NewClient(Config{URL: w.url, Key: w.key()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
