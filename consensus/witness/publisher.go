package witness

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// Log is what a publisher needs of a validator.
type Log interface {
	// FinalCheckpoint is the newest final checkpoint, with its note.
	FinalCheckpoint() ([]byte, checkpoint.Checkpoint, error)
	// Consistency proves that the final tree of one size begins with that of a smaller one.
	Consistency(small, size uint64) ([][32]byte, error)
	// SignAsLog signs a final checkpoint as the log.
	SignAsLog(checkpoint.Checkpoint) string
}

// Publisher makes the checkpoint that is served.
type Publisher struct {
	source    Log
	witnesses []*Client
	every     time.Duration
	log       *slog.Logger

	// mu guards the rest; held for a look or a set, and while a checkpoint is signed.
	mu sync.Mutex
	// signed is the newest final checkpoint that was asked for; published the newest that went round the witnesses.
	signed, published served
	// complete says that published has the lines of all witnesses. It belongs to the goroutine that goes round.
	complete bool
}

// served is a checkpoint as it is served.
type served struct {
	checkpoint.Checkpoint
	note []byte
}

// DefaultEvery is how often a publisher goes round its witnesses.
const DefaultEvery = 5 * time.Second

// NewPublisher makes a publisher; Run makes it go round, if there are witnesses. Every 0 is DefaultEvery.
func NewPublisher(source Log, witnesses []*Client, every time.Duration, log *slog.Logger) *Publisher {
	if every == 0 {
		every = DefaultEvery
	}
	return &Publisher{source: source, witnesses: witnesses, every: every, log: log}
}

// Note is the checkpoint to serve: the newest final one or, where there are witnesses, the newest that went round.
func (p *Publisher) Note() ([]byte, error) {
	p.mu.Lock()
	published := p.published.note
	p.mu.Unlock()
	if published != nil {
		return published, nil
	}
	s, err := p.sign()
	return s.note, err
}

// sign gives the newest final checkpoint with the signature of the log.
func (p *Publisher) sign() (served, error) {
	note, c, err := p.source.FinalCheckpoint()
	if err != nil {
		return served{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.signed.Checkpoint != c {
		p.signed = served{c, append(append([]byte{}, note...), p.source.SignAsLog(c)...)}
	}
	return p.signed, nil
}

// Run goes round the witnesses until the context ends.
func (p *Publisher) Run(ctx context.Context) {
	if len(p.witnesses) == 0 {
		return
	}
	again := time.NewTicker(p.every)
	defer again.Stop()
	for {
		p.round(ctx)
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// round publishes the newest checkpoint with the lines of all witnesses that give theirs; one that lacks a line goes round
// again.
func (p *Publisher) round(ctx context.Context) {
	s, err := p.sign()
	if err != nil || p.complete && s.Checkpoint == p.published.Checkpoint { // Only this goroutine publishes.
		return
	}
	lines := make([]string, len(p.witnesses))
	var asked sync.WaitGroup
	for i, w := range p.witnesses {
		asked.Go(func() {
			line, err := w.Cosign(ctx, s.note, s.Checkpoint, func(small uint64) ([][32]byte, error) { return p.source.Consistency(small, s.Size) })
			if err != nil && ctx.Err() == nil {
				p.log.Warn("no cosignature of a witness", "witness", w.Name(), "size", s.Size, "reason", err)
			}
			lines[i] = line
		})
	}
	asked.Wait()
	note := append([]byte{}, s.note...)
	p.complete = true
	for _, line := range lines {
		note = append(note, line...)
		p.complete = p.complete && line != ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.published = served{s.Checkpoint, note}
}
