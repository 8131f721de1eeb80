package handset

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// format is one aggregator: how it asks, and what it takes for a screen.
type format interface {
	// sessionID makes an id look like the aggregator's.
	sessionID(random string) string
	// ask is the request of a session's newest input.
	ask(*Config, *session) *call
	// screen reads the answer to it.
	screen(*session, *got) (Screen, error)
	// end is the request that says that a session ended; nil if the aggregator has none.
	end(*Config, *session) *call
}

// cumulative is a format that tells everything typed so far.
type cumulative interface {
	// cut is the request without the first answer.
	cut(*Config, *session) *call
}

// told says whether a format tells the same request from the same input typed again: by all that was typed, or by a number.
func told(f format) bool {
	switch f.(type) {
	case cumulative, beem, hubtel:
		return true
	}
	return false
}

var formats = map[string]format{
	"africastalking": africasTalking{}, "airtel": airtel{}, "arkesel": arkesel{}, "beem": beem{}, "hubtel": hubtel{},
	"infobip": infobip{}, "nalo": nalo{}, "safaricom": safaricom{},
}

// Formats are the names of all formats, in order.
func Formats() []string { return slices.Sorted(maps.Keys(formats)) }

// digits is the number without its plus.
func (c *Config) digits() string { return strings.TrimPrefix(c.Number, "+") }

// code is the service code without star and hash.
func (c *Config) code() string {
	return strings.TrimSuffix(strings.TrimPrefix(c.ServiceCode, "*"), "#")
}

// network is the operator's code or name.
func (c *Config) network(usual string) string {
	if c.NetworkCode != "" {
		return c.NetworkCode
	}
	return usual
}

// dialled is what the person dialled, with star and hash.
func (c *Config) dialled(s *session) string {
	return "*" + strings.Join(append([]string{c.code()}, s.behind...), "*") + "#"
}

// without is a session without the first thing that was typed in it.
func (s *session) without() *session {
	short := *s
	if len(s.behind) > 0 {
		short.behind = s.behind[1:]
	} else if len(s.inputs) > 0 {
		short.inputs = s.inputs[1:]
	}
	return &short
}

func differs(what string) error { return fmt.Errorf("the answer has another %s: %w", what, ErrRefused) }

func missing(what string) error { return fmt.Errorf("the answer has no %s: %w", what, ErrRefused) }
