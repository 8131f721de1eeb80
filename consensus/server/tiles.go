package server

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/consensus"
)

// Tiles serves the final history over HTTP as a C2SP tlog-tiles log, for auditors, mirrors and monitors that nobody here
// wrote: checkpoint, tile/L/N and tile/entries/N. What is final never changes, so that every tile may be cached for ever; the
// checkpoint may not be.
type Tiles struct {
	history History
	note    func() ([]byte, error)
	http    *http.Server
	conns   *places
	calls   *places
	certs   [2]string
}

// History is what tiles are made of.
type History interface {
	tlog.HashReader
	// FinalSize is how many leaves are final, and FinalLeaf reads one of them.
	FinalSize() uint64
	FinalLeaf(index uint64) ([]byte, error)
}

// TilesConfig is what the tiles need.
type TilesConfig struct {
	History History
	// Note is the checkpoint to serve; ErrNotFinal before there is one.
	Note func() ([]byte, error)
	// Certificate and Key are PEM files that secure the listener; without them it is plaintext, which a cache in front may want:
	// whoever reads tiles checks them against a checkpoint anyway.
	Certificate, Key string
	Log              *slog.Logger
}

// What one address, and all together, may take of the tiles, and how patient they are. A cache in front is one address; an
// entry bundle has some hundred kilobytes, at most 16 MiB, and may have to go over a link of 64 kbit/s.
const (
	tileCallsOfOne, tileCallsOfAll = 64, 256
	tileConnsOfOne, tileConnsOfAll = 64, 512
	tileReadWithin                 = 10 * time.Second
	tileWriteWithin                = 5 * time.Minute
	tileIdleWithin                 = 60 * time.Second
	tileHeaderBytes                = 8 << 10
	// tileHeight is the number of tree levels in a tile: 256 hashes.
	tileHeight = 8
	// maxTileLevel is above what a tree of 2^62 leaves has.
	maxTileLevel = 7
)

// NewTiles makes a server; Serve opens it.
func NewTiles(c TilesConfig) *Tiles {
	t := &Tiles{
		history: c.History, note: c.Note, certs: [2]string{c.Certificate, c.Key},
		conns: newPlaces(tileConnsOfOne, tileConnsOfAll), calls: newPlaces(tileCallsOfOne, tileCallsOfAll),
	}
	log := c.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	t.http = &http.Server{
		Handler: t, ReadTimeout: tileReadWithin, WriteTimeout: tileWriteWithin, IdleTimeout: tileIdleWithin, MaxHeaderBytes: tileHeaderBytes,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	return t
}

// Serve answers requests until Stop.
func (t *Tiles) Serve(l net.Listener) error {
	l = listener{l, t.conns}
	var err error
	if t.certs[0] != "" {
		err = t.http.ServeTLS(l, t.certs[0], t.certs[1])
	} else {
		err = t.http.Serve(l)
	}
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve tiles: %w", err)
	}
	return nil
}

// Stop ends all requests: those under way have a moment.
func (t *Tiles) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if t.http.Shutdown(ctx) != nil {
		_ = t.http.Close() // Whoever is cut off asks again.
	}
}

// ServeHTTP answers one request.
func (t *Tiles) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	from := addressOf(remote(r.RemoteAddr))
	if !t.calls.take(from) {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "too many requests at once", http.StatusTooManyRequests)
		return
	}
	defer t.calls.give(from)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Cache-Control", "no-store") // Of errors.
	// A verifier may run in a page of anybody's.
	w.Header().Set("Access-Control-Allow-Origin", "*")
	path := strings.TrimPrefix(r.URL.Path, "/")
	if path == "checkpoint" {
		t.checkpoint(w, r)
		return
	}
	tile, ok := parseTile(path)
	if !ok {
		http.Error(w, "not a path of this log: checkpoint, tile/<L>/<N>[.p/<W>] or tile/entries/<N>[.p/<W>]", http.StatusNotFound)
		return
	}
	t.tile(w, r, tile)
}

// remote lets addressOf read the address of a request.
type remote string

func (a remote) Network() string { return "tcp" }
func (a remote) String() string  { return string(a) }

func (t *Tiles) checkpoint(w http.ResponseWriter, r *http.Request) {
	note, err := t.note()
	switch {
	case errors.Is(err, consensus.ErrNotFinal):
		http.Error(w, "no checkpoint is final yet", http.StatusNotFound)
	case err != nil:
		http.Error(w, "the history cannot be read", http.StatusServiceUnavailable)
	default:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if !fresh(w, r, note, "no-cache", "") {
			write(w, r, note)
		}
	}
}

// parseTile reads a path as C2SP writes it, which is as package tlog does but without the height.
func parseTile(path string) (tlog.Tile, bool) {
	rest, ok := strings.CutPrefix(path, "tile/")
	if entries, ok := strings.CutPrefix(rest, "entries/"); ok {
		rest = "data/" + entries
	} else if strings.HasPrefix(rest, "data/") {
		return tlog.Tile{}, false
	}
	tile, err := tlog.ParseTilePath(fmt.Sprintf("tile/%d/%s", tileHeight, rest))
	return tile, ok && err == nil && tile.L <= maxTileLevel
}

// tile answers with the hashes of a tile or the entries of a bundle.
func (t *Tiles) tile(w http.ResponseWriter, r *http.Request, tile tlog.Tile) {
	entries := tile.L < 0
	tile.L = max(tile.L, 0)
	have := t.history.FinalSize() >> (tileHeight * tile.L)
	if uint64(tile.N) > have>>tileHeight || uint64(tile.N)<<tileHeight+uint64(tile.W) > have {
		http.Error(w, "the final history does not reach so far", http.StatusNotFound)
		return
	}
	hashes, err := tlog.ReadTileData(tile, t.history)
	if err != nil {
		http.Error(w, "the history cannot be read", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	const forever = "public, max-age=31536000, immutable"
	if !entries {
		if !fresh(w, r, hashes, forever, "") {
			write(w, r, hashes)
		}
		return
	}
	// The hashes of a bundle's leaves stand for it: it need not be read to know that the caller has it.
	w.Header().Set("Vary", "Accept-Encoding")
	packed := acceptsGzip(r.Header.Get("Accept-Encoding"))
	form := "-entries"
	if packed {
		form = "-entries-gzip"
	}
	if fresh(w, r, hashes, forever, form) || r.Method == http.MethodHead {
		return
	}
	t.entries(w, tile, packed)
}

// entries streams a bundle.
func (t *Tiles) entries(w http.ResponseWriter, tile tlog.Tile, packed bool) {
	var to io.Writer = w
	end := func() error { return nil }
	if packed {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		to, end = z, z.Close
	}
	out := bufio.NewWriterSize(to, 1<<16)
	first := uint64(tile.N) << tileHeight
	for i := range uint64(tile.W) {
		leaf, err := t.history.FinalLeaf(first + i)
		if err == nil {
			_, err = out.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(leaf))), leaf...))
		}
		if err != nil {
			panic(http.ErrAbortHandler) // The status has gone out: a cut connection says that this is not all.
		}
	}
	if err := errors.Join(out.Flush(), end()); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// fresh sets what lets a cache keep the content, and says whether the caller has it already.
func fresh(w http.ResponseWriter, r *http.Request, content []byte, control, form string) bool {
	sum := sha256.Sum256(content)
	etag := `"` + hex.EncodeToString(sum[:16]) + form + `"`
	w.Header().Set("Etag", etag)
	w.Header().Set("Cache-Control", control)
	for _, known := range strings.Split(r.Header.Get("If-None-Match"), ",") {
		if known = strings.TrimPrefix(strings.TrimSpace(known), "W/"); known == etag || known == "*" {
			w.Header().Del("Content-Type")
			w.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	return false
}

func write(w http.ResponseWriter, r *http.Request, content []byte) {
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(content) // A caller that is gone asks again.
	}
}

// acceptsGzip reads an Accept-Encoding header as far as gzip goes.
func acceptsGzip(header string) bool {
	for _, part := range strings.Split(header, ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		q = strings.ReplaceAll(q, " ", "")
		if strings.TrimSpace(name) == "gzip" && q != "q=0" && strings.TrimRight(q, "0") != "q=0." {
			return true
		}
	}
	return false
}
