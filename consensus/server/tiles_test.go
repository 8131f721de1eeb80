package server

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/consensus"
)

// records is a history in memory.
type records struct {
	leaves [][]byte
	hashes []tlog.Hash
	// final is below what there is: the rest may be taken back.
	final uint64
	err   error
}

func newRecords(t *testing.T, final, more int) *records {
	t.Helper()
	r := &records{final: uint64(final)}
	for i := range final + more {
		leaf := bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 1+i%40)
		hashes, err := tlog.StoredHashes(int64(i), leaf, tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) { return r.ReadHashes(indexes) }))
		if err != nil {
			t.Fatal(err)
		}
		r.leaves, r.hashes = append(r.leaves, leaf), append(r.hashes, hashes...)
	}
	return r
}

func (r *records) FinalSize() uint64                  { return r.final }
func (r *records) FinalLeaf(i uint64) ([]byte, error) { return r.leaves[i], r.err }
func (r *records) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, i := range indexes {
		out = append(out, r.hashes[i])
	}
	return out, nil
}

func (r *records) root(t *testing.T, size uint64) tlog.Hash {
	t.Helper()
	root, err := tlog.TreeHash(int64(size), r)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// serveTiles serves a history on loopback.
func serveTiles(t *testing.T, r *records) string {
	t.Helper()
	s := httptest.NewServer(NewTiles(TilesConfig{History: r, Note: func() ([]byte, error) { return []byte("note of " + fmt.Sprint(r.final)), nil }}))
	t.Cleanup(s.Close)
	return s.URL
}

func get(t *testing.T, url string, headers ...string) (*http.Response, []byte) {
	t.Helper()
	return do(t, http.MethodGet, url, headers...)
}

func do(t *testing.T, method, url string, headers ...string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "identity")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, body
}

// tileReader is how a client of package tlog reads a C2SP log: the paths are tlog's, without the height.
type tileReader struct {
	t   *testing.T
	url string
}

func (r tileReader) Height() int                     { return 8 }
func (r tileReader) SaveTiles([]tlog.Tile, [][]byte) {}
func (r tileReader) ReadTiles(tiles []tlog.Tile) (out [][]byte, err error) {
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		res, body := get(r.t, r.url+"/"+path)
		if res.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s: %s", path, res.Status)
		}
		out = append(out, body)
	}
	return out, nil
}

// TestTilesForPackageTlog: golang.org/x/mod's own client proves leaves and growth from the tiles, and checks every tile
// against the root on its way.
func TestTilesForPackageTlog(t *testing.T) {
	const size, older = 66_000, 65_600 // Three levels, the rightmost tiles partial.
	r := newRecords(t, size, 100)
	url := serveTiles(t, r)
	tree := tlog.Tree{N: size, Hash: r.root(t, size)}
	reader := tlog.TileHashReader(tree, tileReader{t, url})
	for _, i := range []int64{0, 255, 256, 65_535, 65_536, size - 1} {
		p, err := tlog.ProveRecord(size, i, reader)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckRecord(p, size, tree.Hash, i, tlog.RecordHash(r.leaves[i])); err != nil {
			t.Errorf("leaf %d: %v", i, err)
		}
	}
	p, err := tlog.ProveTree(size, older, reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := tlog.CheckTree(p, size, tree.Hash, older, r.root(t, older)); err != nil {
		t.Error(err)
	}
	if _, err := tlog.TileHashReader(tlog.Tree{N: size, Hash: tlog.Hash{1}}, tileReader{t, url}).ReadHashes([]int64{5}); err == nil {
		t.Error("the tiles fit another root")
	}
}

// TestTilesForTransparencyDev: the entries hash to the root with transparency-dev's tree, and its verifier takes our proofs.
func TestTilesForTransparencyDev(t *testing.T) {
	const size = 600
	r := newRecords(t, size, 0)
	url := serveTiles(t, r)
	tree := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	for _, path := range []string{"/tile/entries/000", "/tile/entries/001", "/tile/entries/002.p/88"} {
		res, body := get(t, url+path)
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", path, res.Status)
		}
		for len(body) > 0 {
			n := binary.BigEndian.Uint16(body)
			if err := tree.Append(rfc6962.DefaultHasher.HashLeaf(body[2:2+n]), nil); err != nil {
				t.Fatal(err)
			}
			body = body[2+n:]
		}
	}
	root, err := tree.GetRootHash(nil)
	want := r.root(t, size)
	if err != nil || !bytes.Equal(root, want[:]) {
		t.Fatalf("root %x, want %x: %v", root, want, err)
	}
	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: want}, tileReader{t, url})
	raw := func(hashes []tlog.Hash) (out [][]byte) {
		for i := range hashes {
			out = append(out, hashes[i][:])
		}
		return out
	}
	inclusion, err := tlog.ProveRecord(size, 300, reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := proof.VerifyInclusion(rfc6962.DefaultHasher, 300, size, rfc6962.DefaultHasher.HashLeaf(r.leaves[300]), raw(inclusion), root); err != nil {
		t.Error(err)
	}
	growth, err := tlog.ProveTree(size, 257, reader)
	if err != nil {
		t.Fatal(err)
	}
	older := r.root(t, 257)
	if err := proof.VerifyConsistency(rfc6962.DefaultHasher, 257, size, raw(growth), older[:], root); err != nil {
		t.Error(err)
	}
}

// TestTilePaths: what is final is there, in one spelling; everything else is not.
func TestTilePaths(t *testing.T) {
	url := serveTiles(t, newRecords(t, 600, 300))
	for _, row := range []struct {
		path   string
		status int
		length int
	}{
		{"/tile/0/000", 200, 8192},
		{"/tile/0/001", 200, 8192},
		{"/tile/0/002.p/88", 200, 88 * 32},
		{"/tile/0/002.p/3", 200, 3 * 32},
		{"/tile/1/000.p/2", 200, 2 * 32},
		{"/tile/0/002", 404, 0},      // Not full yet: the rest is not final.
		{"/tile/0/002.p/89", 404, 0}, // Applied, but not final.
		{"/tile/0/003.p/1", 404, 0},
		{"/tile/1/000", 404, 0},
		{"/tile/1/000.p/3", 404, 0},
		{"/tile/2/000.p/1", 404, 0},
		{"/tile/7/000.p/1", 404, 0},
		{"/tile/8/000.p/1", 404, 0},
		{"/tile/63/000", 404, 0},
		{"/tile/-1/000", 404, 0},
		{"/tile/00/000", 404, 0},
		{"/tile/0/0", 404, 0},
		{"/tile/0/000.p/0", 404, 0},
		{"/tile/0/000.p/256", 404, 0},
		{"/tile/0/000.p/01", 404, 0},
		{"/tile/0/x000/000", 404, 0},
		{"/tile/0/x999/x999/x999/x999/x999/x999/999", 404, 0},
		{"/tile/8/0/000", 404, 0},
		{"/tile/data/000", 404, 0},
		{"/tile/entries/002", 404, 0},
		{"/tile/entries/002.p/89", 404, 0},
		{"/tile/", 404, 0},
		{"/", 404, 0},
		{"/checkpoint/", 404, 0},
	} {
		res, body := get(t, url+row.path)
		if res.StatusCode != row.status || row.status == 200 && len(body) != row.length {
			t.Errorf("%s: %d with %d bytes, want %d with %d", row.path, res.StatusCode, len(body), row.status, row.length)
		}
		if kind := res.Header.Get("Content-Type"); row.status == 200 && kind != "application/octet-stream" {
			t.Errorf("%s is %s", row.path, kind)
		}
		if control := res.Header.Get("Cache-Control"); (control == "no-store") != (row.status == 404) {
			t.Errorf("%s: %d may be cached: %s", row.path, row.status, control)
		}
	}
}

// TestTilesAreCached: tiles for ever, the checkpoint never unasked; a caller who has it is told so.
func TestTilesAreCached(t *testing.T) {
	r := newRecords(t, 600, 0)
	url := serveTiles(t, r)
	for _, row := range []struct{ path, control, kind string }{
		{"/checkpoint", "no-cache", "text/plain; charset=utf-8"},
		{"/tile/0/000", "public, max-age=31536000, immutable", "application/octet-stream"},
		{"/tile/0/002.p/88", "public, max-age=31536000, immutable", "application/octet-stream"},
		{"/tile/entries/000", "public, max-age=31536000, immutable", "application/octet-stream"},
	} {
		res, body := get(t, url+row.path)
		etag := res.Header.Get("Etag")
		if res.StatusCode != 200 || res.Header.Get("Cache-Control") != row.control || res.Header.Get("Content-Type") != row.kind || etag == "" {
			t.Errorf("%s: %d, %v", row.path, res.StatusCode, res.Header)
		}
		if res, again := get(t, url+row.path, "If-None-Match", `"other", W/`+etag); res.StatusCode != http.StatusNotModified || len(again) != 0 {
			t.Errorf("%s, known: %d with %d bytes", row.path, res.StatusCode, len(again))
		}
		if res, again := get(t, url+row.path, "If-None-Match", `"other"`); res.StatusCode != 200 || !bytes.Equal(again, body) {
			t.Errorf("%s, another known: %d", row.path, res.StatusCode)
		}
		if res, nothing := do(t, http.MethodHead, url+row.path); res.StatusCode != 200 || len(nothing) != 0 || res.Header.Get("Etag") != etag {
			t.Errorf("%s, head: %d with %d bytes", row.path, res.StatusCode, len(nothing))
		}
	}
	_, plain := get(t, url+"/tile/entries/001")
	res, packed := get(t, url+"/tile/entries/001", "Accept-Encoding", "br, gzip;q=0.5")
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil || res.Header.Get("Content-Encoding") != "gzip" || res.Header.Get("Vary") != "Accept-Encoding" {
		t.Fatalf("packed: %v, %v", res.Header, err)
	}
	if unpacked, err := io.ReadAll(z); err != nil || !bytes.Equal(unpacked, plain) {
		t.Errorf("unpacks to %d bytes, want %d: %v", len(unpacked), len(plain), err)
	}
	if res, _ := get(t, url+"/tile/entries/001", "Accept-Encoding", "gzip; q=0.0"); res.Header.Get("Content-Encoding") != "" {
		t.Error("packed for a caller who refuses it")
	}
	before, _ := get(t, url+"/checkpoint")
	r.final = 601
	if after, _ := get(t, url+"/checkpoint", "If-None-Match", before.Header.Get("Etag")); after.StatusCode != 200 {
		t.Errorf("a new checkpoint: %d", after.StatusCode)
	}
}

// TestTilesRefuse: other methods, a checkpoint before there is one, and a history that cannot be read: a bundle that is cut is
// never taken for a whole one.
func TestTilesRefuse(t *testing.T) {
	r := newRecords(t, 300, 0)
	url := serveTiles(t, r)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		if res, _ := do(t, method, url+"/checkpoint"); res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d", method, res.StatusCode)
		}
	}
	r.err = errors.New("bad disk")
	if res, err := http.Get(url + "/tile/entries/000"); err == nil {
		defer res.Body.Close()
		if body, err := io.ReadAll(res.Body); err == nil {
			t.Errorf("%d with %d bytes of a bundle that cannot be read", res.StatusCode, len(body))
		}
	}
	none := httptest.NewServer(NewTiles(TilesConfig{History: r, Note: func() ([]byte, error) { return nil, consensus.ErrNotFinal }}))
	defer none.Close()
	if res, _ := get(t, none.URL+"/checkpoint"); res.StatusCode != http.StatusNotFound {
		t.Errorf("before the first checkpoint: %d", res.StatusCode)
	}
}

// TestTilesLimits: an address has its part of requests and connections, and whoever dawdles is cut off.
func TestTilesLimits(t *testing.T) {
	tiles := NewTiles(TilesConfig{History: newRecords(t, 1, 0), Note: func() ([]byte, error) { return []byte("note"), nil }})
	tiles.http.ReadTimeout = 50 * time.Millisecond
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- tiles.Serve(l) }()
	t.Cleanup(func() {
		tiles.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	url := "http://" + l.Addr().String()
	from := addressOf(l.Addr())
	for range tileCallsOfOne {
		tiles.calls.take(from)
	}
	if res, _ := get(t, url+"/checkpoint"); res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" {
		t.Errorf("one too many: %d", res.StatusCode)
	}
	tiles.calls.give(from)
	if res, _ := get(t, url+"/checkpoint"); res.StatusCode != http.StatusOK {
		t.Errorf("with room again: %d", res.StatusCode)
	}
	slow, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	if _, err := io.WriteString(slow, "GET /checkpoint HTTP/1.1\r\nHost: x\r\nX-Slow: "); err != nil {
		t.Fatal(err)
	}
	_ = slow.SetReadDeadline(time.Now().Add(10 * time.Second))
	if answer, err := io.ReadAll(slow); err != nil || bytes.Contains(answer, []byte("200 OK")) {
		t.Errorf("a header that never ends: %q, %v", answer, err)
	}
}

func FuzzTilePath(f *testing.F) {
	for _, path := range []string{"tile/0/000", "tile/entries/x001/234.p/7", "tile/1/x001/x002/003", "tile/data/000", "checkpoint"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		tile, ok := parseTile(path)
		if !ok {
			return
		}
		again := strings.Replace(strings.Replace(tile.Path(), "tile/8/", "tile/", 1), "tile/data/", "tile/entries/", 1)
		if again != path || tile.L > maxTileLevel || tile.N < 0 || tile.W < 1 || tile.W > 256 {
			t.Errorf("%q is read as %+v, which is %q", path, tile, again)
		}
	})
}
