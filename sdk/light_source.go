package sdk

import (
	"context"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// LightSources are the client's validators as sources of a light client, the one that answered last first. A call is a
// kilobyte or two; the same is in the tiles, at eight kilobytes each.
func (c *Client) LightSources() []LightSource {
	var out []LightSource
	for _, v := range c.order() {
		out = append(out, lightValidator{c, v})
	}
	return out
}

// lightValidator is one validator.
type lightValidator struct {
	client    *Client
	validator *validator
}

// Newest asks for the newest checkpoint.
func (s lightValidator) Newest(ctx context.Context, from uint64, set [32]byte) (LightAnswer, error) {
	res, err := s.ask(ctx, &apiv1.GetCheckpointRequest{FromSize: from, ValidatorSetHash: set[:]})
	if err != nil {
		return LightAnswer{}, err
	}
	a := LightAnswer{Checkpoint: res.GetCheckpoint()}
	if a.Changes, err = checkpoint.ChangesOf(res.GetChanges()); err != nil {
		return LightAnswer{}, fmt.Errorf("%s: %w: %w", s.validator.address, err, ErrBadAnswer)
	}
	if from == 0 || len(res.GetFromRoot()) == 0 {
		return a, nil
	}
	g, err := checkpoint.GrowthOf(from, res.GetFromRoot(), res.GetConsistency())
	if err != nil {
		return LightAnswer{}, fmt.Errorf("%s: %w: %w", s.validator.address, err, ErrBadAnswer)
	}
	a.Growth = &g
	return a, nil
}

// Growth asks for the proof between two sizes.
func (s lightValidator) Growth(ctx context.Context, from, to uint64) (checkpoint.Growth, error) {
	res, err := s.ask(ctx, &apiv1.GetCheckpointRequest{FromSize: from, ToSize: to})
	if err != nil {
		return checkpoint.Growth{}, err
	}
	g, err := checkpoint.GrowthOf(from, res.GetFromRoot(), res.GetConsistency())
	if err != nil {
		return checkpoint.Growth{}, fmt.Errorf("%s: %w: %w", s.validator.address, err, ErrBadAnswer)
	}
	return g, nil
}

func (s lightValidator) ask(ctx context.Context, req *apiv1.GetCheckpointRequest) (*apiv1.GetCheckpointResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, s.client.config.ReadTimeout)
	defer cancel()
	res, err := s.validator.GetCheckpoint(ctx, req)
	if reason, ok := decisive(err); ok {
		return nil, fmt.Errorf("ask %s for a checkpoint: %w", s.validator.address, plain(err, reason))
	}
	if err != nil {
		return nil, fmt.Errorf("ask %s for a checkpoint: %w: %w", s.validator.address, ErrUnavailable, err)
	}
	return res, nil
}
