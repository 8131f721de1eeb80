package ussd

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/ussd/pin"
)

// Turn is one request of an aggregator, in no aggregator's words.
type Turn struct {
	// Aggregator names the adapter, so that two aggregators' session ids never meet.
	Aggregator string
	// SessionID is the aggregator's id of the session, at most 128 bytes.
	SessionID string
	Phone     Phone
	// ServiceCode is what was dialled, as the aggregator tells it, such as *384*2050#; it may be empty.
	ServiceCode string
	// Transcript is everything typed in the session so far, answers joined by "*", empty on the first turn: the form of
	// aggregators that tell all of it each time. It may hold a PIN.
	Transcript pin.Secret
	// Last is set instead of Transcript by an aggregator that tells the last answer only.
	Last *LastInput
	// Deadline is when the aggregator gives up; the zero time means the service's own.
	Deadline time.Time
	// Screen is what a screen may hold; the zero value is DefaultScreen.
	Screen Screen
}

// LastInput is one answer, from an aggregator that tells no more.
type LastInput struct {
	// Input is what was typed, or, when First is set, what was dialled behind the service code: without the code, the star before
	// it and the # at the end.
	Input pin.Secret
	// First begins a session.
	First bool
	// Request is the aggregator's own id or number of this request, at most 128 bytes: the same again is a duplicate. Without one the same
	// input again within duplicateWithin is taken for one.
	Request string
}

const (
	// maxTranscript bounds what is digested; a person types less than a tenth of it.
	maxTranscript = 1024
	// maxTurnID bounds an aggregator's id of a session or request.
	maxTurnID = 128
	// sessionLives is longer after its last reply than any carrier keeps a session open.
	sessionLives = uint64(5 * time.Minute / time.Millisecond)
	// duplicateWithin is how soon after a reply the same input is the aggregator asking again: nobody reads and answers as fast.
	duplicateWithin = uint64(2 * time.Second / time.Millisecond)
)

func (t Turn) check() error {
	switch {
	case t.Aggregator == "" || t.SessionID == "" || len(t.SessionID) > maxTurnID || len(t.Transcript.Reveal()) > maxTranscript:
		return ErrTurn
	case t.Last != nil && (t.Transcript.Reveal() != "" || len(t.Last.Input.Reveal()) > maxTranscript || len(t.Last.Request) > maxTurnID):
		return ErrTurn
	}
	_, err := ParsePhone(string(t.Phone))
	return err
}

func (t Turn) screen() Screen {
	if t.Screen == (Screen{}) {
		return DefaultScreen
	}
	return t.Screen
}

// Reply is a screen.
type Reply struct {
	Text string `json:"text"`
	// End closes the session; otherwise an answer is expected.
	End bool `json:"end"`
}

// Digest is a keyed digest of a transcript or PIN. Without the key it says nothing about either.
type Digest [32]byte

// MarshalText writes the digest in hexadecimal.
func (d Digest) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, d[:]), nil }

// UnmarshalText reads it.
func (d *Digest) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(string(text))
	if err != nil || len(raw) != len(d) {
		return fmt.Errorf("digest is not %d hexadecimal digits", 2*len(d))
	}
	copy(d[:], raw)
	return nil
}

// digester makes digests for one session.
type digester struct {
	key     [32]byte
	session string
}

func (d digester) digest(purpose, text string) Digest {
	mac := hmac.New(sha256.New, d.key[:])
	fmt.Fprintf(mac, "umoja/ussd/%s/v1\x00%s\x00%s", purpose, d.session, text)
	return Digest(mac.Sum(nil))
}

func (d digester) transcript(text string) Digest { return d.digest("transcript", text) }

// answered is a turn that was replied to. What was typed is known by length and digest only.
type answered struct {
	// Length is the transcript's; 0 where the aggregator tells the last input only.
	Length int    `json:"length"`
	Digest Digest `json:"digest"`
	Reply  Reply  `json:"reply"`
	// AtUnixMs is when the reply was made.
	AtUnixMs uint64 `json:"at_unix_ms"`
}

// reading is what a turn says to a session.
type reading struct {
	// repeated is the reply that was given to this very turn.
	repeated *Reply
	// lost means that the turn neither repeats nor continues what was answered.
	lost bool
	// anew means that the aggregator begins another session under the same id.
	anew bool
	// start is the length of the transcript up to the new answers, without the star between.
	start int
	// answers are the new ones.
	answers []string
}

// reads compares a turn with those that were answered.
func (t Turn) reads(turns []answered, d digester, nowUnixMs uint64) reading {
	if t.Last != nil {
		return readLast(turns, *t.Last, d, nowUnixMs)
	}
	return read(turns, t.Transcript.Reveal(), d, nowUnixMs)
}

// digest is what the session knows the whole turn by.
func (t Turn) digest(d digester) (length int, digest Digest) {
	if t.Last != nil {
		return 0, t.Last.digest(d)
	}
	return len(t.Transcript.Reveal()), d.transcript(t.Transcript.Reveal())
}

func (l LastInput) digest(d digester) Digest {
	if l.Request != "" {
		return d.digest("request", l.Request)
	}
	return d.digest("input", l.Input.Reveal())
}

// readLast finds a duplicate by the aggregator's id of the request. Where there is none, the same input right after the answer to it is one: a
// person who means it twice is slower, and if not, sees the same screen again and answers again. The id of a payment is fixed
// by its confirm screen, so a guess that is wrong here moves nothing.
func readLast(turns []answered, l LastInput, d digester, nowUnixMs uint64) reading {
	digest := l.digest(d)
	for i := range turns {
		t := &turns[i]
		last := i == len(turns)-1
		recent := last && nowUnixMs < t.AtUnixMs+duplicateWithin
		// A dial that comes later is another one, under an id that is used again, whatever the session before ended with.
		over := last && t.Reply.End && !l.First
		if t.Digest == digest && (l.Request != "" || recent || over) {
			return reading{repeated: &t.Reply}
		}
	}
	switch {
	case l.First:
		return reading{anew: len(turns) > 0, answers: split(l.Input.Reveal())}
	case len(turns) == 0:
		return reading{lost: true}
	}
	return reading{answers: []string{l.Input.Reveal()}}
}

// read compares a transcript with the turns that were answered. It does not split the transcript as a whole: what stands
// before the new answers is whatever was answered, by its digest.
//
// Aggregators use ids again. Once the session is over, whatever begins like another one does: the same dial, or what continues nothing. A later
// turn that comes late is still answered as it was.
func read(turns []answered, text string, d digester, nowUnixMs uint64) reading {
	if len(turns) == 0 {
		return reading{answers: split(text)}
	}
	over := nowUnixMs >= turns[len(turns)-1].AtUnixMs+sessionLives
	for i := range turns {
		if over && i == 0 {
			continue
		}
		if turns[i].Length == len(text) && turns[i].Digest == d.transcript(text) {
			return reading{repeated: &turns[i].Reply}
		}
	}
	last := turns[len(turns)-1]
	if last.Length >= len(text) || last.Digest != d.transcript(text[:last.Length]) || last.Length > 0 && text[last.Length] != '*' {
		if over {
			return reading{anew: true, answers: split(text)}
		}
		return reading{lost: true}
	}
	if last.Length == 0 {
		return reading{answers: split(text)}
	}
	return reading{start: last.Length, answers: strings.Split(text[last.Length+1:], "*")}
}

// split takes the answers of a whole transcript; the empty one has none.
func split(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "*")
}

// text is the digest in hexadecimal.
func (d Digest) text() string { return hex.EncodeToString(d[:]) }
