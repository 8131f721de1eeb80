package peer

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

const (
	// MaxBody bounds a request.
	MaxBody = 16 << 10
	// Window is how far a request's time may be from the receiver's clock, either way.
	Window = 60 * time.Second

	signerHeader    = "Umoja-Signer"
	timeHeader      = "Umoja-Time"
	signatureHeader = "Umoja-Signature"
)

// Errors of a Receiver.
var (
	// ErrForm means that a request is not one of this package.
	ErrForm = errors.New("peer: malformed request")
	// ErrTime means that a request's time is too far from the receiver's clock.
	ErrTime = errors.New("peer: time of the request is more than a minute off")
	// ErrSignature means that a request is not signed by whom it names, for this receiver.
	ErrSignature = errors.New("peer: signature does not verify")
)

// Letter is a request that was read and whose signature verifies.
type Letter struct {
	// From is who signed it. Invariant: a point of the curve.
	From key.Public
	Body []byte
}

// Receiver takes requests for one key.
type Receiver struct {
	Network tx.NetworkID
	// Self is the key that senders know the receiver by.
	Self key.Public
	// NowUnixMs is the own clock; nil is the machine's.
	NowUnixMs func() uint64
}

// Open reads a request.
func (r Receiver) Open(w http.ResponseWriter, req *http.Request) (Letter, error) {
	if req.Method != http.MethodPost {
		return Letter{}, fmt.Errorf("method is not POST: %w", ErrForm)
	}
	if kind, _, err := mime.ParseMediaType(req.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return Letter{}, fmt.Errorf("content type is not application/json: %w", ErrForm)
	}
	var from key.Public
	var signature key.Signature
	for _, h := range []struct {
		name string
		to   []byte
	}{{signerHeader, from[:]}, {signatureHeader, signature[:]}} {
		text, err := single(req.Header, h.name)
		if err != nil {
			return Letter{}, err
		}
		if len(text) != hex.EncodedLen(len(h.to)) {
			return Letter{}, fmt.Errorf("%s is not %d hexadecimal digits: %w", h.name, hex.EncodedLen(len(h.to)), ErrForm)
		}
		if _, err := hex.Decode(h.to, []byte(text)); err != nil {
			return Letter{}, fmt.Errorf("%s is not %d hexadecimal digits: %w", h.name, hex.EncodedLen(len(h.to)), ErrForm)
		}
	}
	text, err := single(req.Header, timeHeader)
	if err != nil {
		return Letter{}, err
	}
	sent, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return Letter{}, fmt.Errorf("%s is not a number of milliseconds: %w", timeHeader, ErrForm)
	}
	// What needs no body and no curve comes first.
	if now := r.now(); sent+uint64(Window.Milliseconds()) < now || now+uint64(Window.Milliseconds()) < sent {
		return Letter{}, ErrTime
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, MaxBody))
	if err != nil {
		return Letter{}, fmt.Errorf("body is above %d bytes or was cut: %w", MaxBody, ErrForm)
	}
	if err := from.Verify(digest(r.Network, r.Self, sent, body, req.URL.Path), signature); err != nil {
		return Letter{}, ErrSignature
	}
	return Letter{From: from, Body: body}, nil
}

func (r Receiver) now() uint64 {
	if r.NowUnixMs != nil {
		return r.NowUnixMs()
	}
	return uint64(time.Now().UnixMilli())
}

// single is a header that must be there once: of two, two readers could take one each.
func single(h http.Header, name string) (string, error) {
	values := h.Values(name)
	if len(values) != 1 {
		return "", fmt.Errorf("%s is there %d times, not once: %w", name, len(values), ErrForm)
	}
	return values[0], nil
}

// digest is what a sender signs.
func digest(network tx.NetworkID, to key.Public, timeUnixMs uint64, body []byte, path string) [32]byte {
	hash := sha256.Sum256(body)
	return key.TaggedHash("umoja/peer/v1", network[:], to[:], binary.BigEndian.AppendUint64(nil, timeUnixMs), hash[:], []byte(path))
}
