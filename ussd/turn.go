package ussd

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/umoja-ledger/umoja/ussd/pin"
)

// Turn is one request of an aggregator, in no aggregator's words.
type Turn struct {
	// Aggregator names the adapter, so that two aggregators' session ids never meet.
	Aggregator string
	// SessionID is the aggregator's id of the session, at most 128 bytes.
	SessionID string
	Phone     Phone
	// Transcript is everything typed in the session so far, answers joined by "*", empty on the first turn. It may hold
	// a PIN.
	Transcript pin.Secret
}

// maxTranscript bounds what is digested; a person types less than a tenth of it.
const maxTranscript = 1024

func (t Turn) check() error {
	if t.Aggregator == "" || t.SessionID == "" || len(t.SessionID) > 128 || len(t.Transcript.Reveal()) > maxTranscript {
		return ErrTurn
	}
	_, err := ParsePhone(string(t.Phone))
	return err
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

// Answered is a turn that was replied to. Its transcript is known by length and digest only.
type answered struct {
	Length int    `json:"length"`
	Digest Digest `json:"digest"`
	Reply  Reply  `json:"reply"`
}

// reading is what a transcript says to a session.
type reading struct {
	// repeated is the reply that was given to this very transcript.
	repeated *Reply
	// lost means that the transcript neither repeats nor continues what was answered.
	lost bool
	// start is the length of the transcript up to the new answers, without the star between.
	start int
	// answers are the new ones.
	answers []string
}

// read compares a transcript with the turns that were answered. It does not split the transcript as a whole: what stands
// before the new answers is whatever was answered, by its digest.
func read(turns []answered, text string, d digester) reading {
	if len(turns) == 0 {
		return reading{answers: split(text)}
	}
	for i := range turns {
		if turns[i].Length == len(text) && turns[i].Digest == d.transcript(text) {
			return reading{repeated: &turns[i].Reply}
		}
	}
	last := turns[len(turns)-1]
	if last.Length >= len(text) || last.Digest != d.transcript(text[:last.Length]) {
		return reading{lost: true}
	}
	if last.Length == 0 {
		return reading{answers: split(text)}
	}
	if text[last.Length] != '*' {
		return reading{lost: true}
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
