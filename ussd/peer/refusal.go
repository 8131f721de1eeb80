package peer

import (
	"encoding/json"
	"errors"
	"net/http"
)

// Refusal is an answer that is no success. Code tells a program what to do; it never changes its meaning.
type Refusal struct {
	Code string `json:"code"`
	// Text is for people who run the sender.
	Text string `json:"text"`
	// TriesLeft is how many codes may still be tried, for a wrong one.
	TriesLeft int `json:"tries_left,omitempty"`
	// RetryAtUnixMs is when the same may be asked again, for what came too often.
	RetryAtUnixMs uint64 `json:"retry_at_unix_ms,omitempty"`
	// Status is the HTTP status.
	Status int `json:"-"`
}

// Error implements error.
func (r *Refusal) Error() string { return "peer: refused: " + r.Code + ": " + r.Text }

// The codes that every receiver gives.
const (
	// CodeMalformed means that the request is not one: the sender's program is wrong.
	CodeMalformed = "malformed"
	// CodeTime means that the clocks are apart.
	CodeTime = "time"
	// CodeSignature means that the signature does not verify, or that the receiver has another key than the sender thinks.
	CodeSignature = "signature"
	// CodeUnavailable means that the receiver cannot judge now: the same again later.
	CodeUnavailable = "unavailable"
)

// Refuse makes a Refusal of an error: of a Receiver, of Decode, or one that is a Refusal already. Anything else is unavailable, and its
// words stay here.
func Refuse(err error) *Refusal {
	var r *Refusal
	switch {
	case errors.As(err, &r):
		return r
	case errors.Is(err, ErrForm):
		return &Refusal{Code: CodeMalformed, Text: err.Error(), Status: http.StatusBadRequest}
	case errors.Is(err, ErrTime):
		return &Refusal{Code: CodeTime, Text: err.Error(), Status: http.StatusUnauthorized}
	case errors.Is(err, ErrSignature):
		return &Refusal{Code: CodeSignature, Text: err.Error(), Status: http.StatusUnauthorized}
	}
	return &Refusal{Code: CodeUnavailable, Text: "cannot answer now, ask again", Status: http.StatusServiceUnavailable}
}

// Answer writes an answer, or the refusal that an error is.
func Answer(w http.ResponseWriter, answer any, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if err != nil {
		r := Refuse(err)
		w.WriteHeader(r.Status)
		answer = r
	}
	_ = json.NewEncoder(w).Encode(answer) // Who hung up asks again.
}
