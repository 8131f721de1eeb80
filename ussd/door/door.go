package door

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

// lastAnswers is how long the door waits at its end for answers to be read.
const lastAnswers = 2 * time.Second

// Door is what is served.
type Door struct {
	Handler http.Handler
	Log     *slog.Logger
	// Stop is called when the door closes, before the last answers; nil for none.
	Stop func()
}

// Serve answers requests until the context ends; it closes the listener. nil means that everything was answered.
func (d Door) Serve(ctx context.Context, listener net.Listener) error {
	requests := &gatekeeper{Handler: d.Handler}
	server := &http.Server{
		Handler: requests, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 20 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(d.Log.Handler(), slog.LevelWarn),
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := server.Serve(limit(listener, maxConnections)); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		if d.Stop != nil {
			d.Stop()
		}
		ending, cancel := context.WithTimeout(context.Background(), lastAnswers)
		defer cancel()
		err := server.Shutdown(ending)
		if err != nil {
			err = server.Close()
		}
		requests.drain()
		return err
	})
	return group.Wait()
}
