package sim

import (
	"context"
	"encoding/hex"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// court hears the validators' logs, and reads each piece of evidence that one of them gives as anybody would who has nothing but
// the genesis. Whoever it proves guilty must be guilty (I14).
type court struct {
	cluster *cluster

	// mu guards the rest.
	mu sync.Mutex
	// guilty counts the pieces of evidence against each validator.
	guilty map[string]int
}

func newCourt(c *cluster) *court { return &court{cluster: c, guilty: make(map[string]int)} }

// hear takes evidence in its written form.
func (c *court) hear(by, text string) {
	raw, err := hex.DecodeString(text)
	if err != nil {
		c.cluster.violate("I14", "%s gives evidence that is not in hexadecimal: %v", by, err)
		return
	}
	culprit, err := c.judge(raw)
	if err != nil {
		c.cluster.violate("I14", "%s gives evidence that proves nothing: %v", by, err)
		return
	}
	if _, marred, _ := c.cluster.members[culprit].state(); !c.cluster.liars[culprit] && !marred {
		c.cluster.violate("I14", "%s proves %s guilty, who is honest", by, culprit)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.guilty[culprit]++
}

func (c *court) judge(raw []byte) (culprit string, err error) {
	world := c.cluster.world
	e, err := checkpoint.ParseEvidence(raw)
	if err != nil {
		double, other := checkpoint.ParseDoubleVote(raw)
		if other != nil {
			return "", err
		}
		return double.Guilty(), double.Verify(world.Network, world.Set)
	}
	culprit, _, err = e.Verify(world.Network, world.Set)
	return culprit, err
}

// named are the validators that were proved guilty.
func (c *court) named() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.guilty))
}

// clerk is a slog.Handler that shows evidence to the court and passes on what is to be seen.
type clerk struct {
	court *court
	by    string
	to    slog.Handler
}

// Enabled takes what may be evidence, and what is to be seen.
func (c clerk) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelError || c.to.Enabled(ctx, level)
}

// Handle looks for evidence.
func (c clerk) Handle(ctx context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "evidence" {
			c.court.hear(c.by, a.Value.String())
		}
		return true
	})
	if !c.to.Enabled(ctx, r.Level) {
		return nil
	}
	return c.to.Handle(ctx, r)
}

// WithAttrs notes whose log it is.
func (c clerk) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, a := range attrs {
		if a.Key == "validator" {
			c.by = a.Value.String()
		}
	}
	c.to = c.to.WithAttrs(attrs)
	return c
}

// WithGroup is not used.
func (c clerk) WithGroup(name string) slog.Handler {
	c.to = c.to.WithGroup(name)
	return c
}
