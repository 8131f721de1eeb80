package validator

import (
	"context"
	"log/slog"
	"net"
	"sync"

	"github.com/umoja-ledger/umoja/consensus"
	"github.com/umoja-ledger/umoja/consensus/server"
	"github.com/umoja-ledger/umoja/consensus/witness"
)

// serveTiles serves the history to the world until stop is called. Nothing of it may end the validator: whoever has no tiles
// here asks another one.
func (c Config) serveTiles(node *consensus.Node, l net.Listener, log *slog.Logger) (stop func(), err error) {
	if l == nil {
		return func() {}, nil
	}
	var witnesses []*witness.Client
	for _, w := range c.Witnesses {
		client, err := witness.NewClient(w)
		if err != nil {
			return nil, err
		}
		witnesses = append(witnesses, client)
	}
	publisher := witness.NewPublisher(node, witnesses, 0, log)
	tiles := server.NewTiles(server.TilesConfig{
		History: node, Note: publisher.Note, Certificate: c.Certificate, Key: c.CertificateKey, Log: log,
	})
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { publisher.Run(ctx) })
	work.Go(func() {
		if err := tiles.Serve(l); err != nil {
			log.Error("the history is not served any more", "error", err)
		}
	})
	log.Info("serving tiles", "address", l.Addr().String())
	return func() {
		cancel()
		tiles.Stop()
		work.Wait()
	}, nil
}
