package consensus

import (
	"context"
	"io"
	"log"
	"log/slog"

	"github.com/hashicorp/go-hclog"
)

// raftLogger gives raft's log lines to slog. Raft is talkative: its information is our detail, its warnings are our
// information, and only its errors are ours.
type raftLogger struct {
	hclog.Logger
	log *slog.Logger
}

func newRaftLogger(l *slog.Logger) hclog.Logger {
	return raftLogger{Logger: hclog.NewNullLogger(), log: l.With("part", "raft")}
}

// Log takes a line of a level.
func (l raftLogger) Log(level hclog.Level, msg string, args ...any) {
	to := slog.LevelDebug
	switch level {
	case hclog.Warn:
		to = slog.LevelInfo
	case hclog.Error:
		to = slog.LevelWarn
	}
	l.log.Log(context.Background(), to, msg, args...)
}

// Trace takes a line.
func (l raftLogger) Trace(string, ...any) {}

// Debug takes a line.
func (l raftLogger) Debug(msg string, args ...any) { l.Log(hclog.Debug, msg, args...) }

// Info takes a line.
func (l raftLogger) Info(msg string, args ...any) { l.Log(hclog.Info, msg, args...) }

// Warn takes a line.
func (l raftLogger) Warn(msg string, args ...any) { l.Log(hclog.Warn, msg, args...) }

// Error takes a line.
func (l raftLogger) Error(msg string, args ...any) { l.Log(hclog.Error, msg, args...) }

// With adds fields.
func (l raftLogger) With(args ...any) hclog.Logger {
	return raftLogger{Logger: l.Logger, log: l.log.With(args...)}
}

// Named adds a name.
func (l raftLogger) Named(name string) hclog.Logger { return l.With("of", name) }

// ResetNamed replaces the name.
func (l raftLogger) ResetNamed(name string) hclog.Logger { return l.With("of", name) }

// StandardLogger is for libraries that know only package log.
func (l raftLogger) StandardLogger(*hclog.StandardLoggerOptions) *log.Logger {
	return slog.NewLogLogger(l.log.Handler(), slog.LevelInfo)
}

// StandardWriter discards.
func (l raftLogger) StandardWriter(*hclog.StandardLoggerOptions) io.Writer { return io.Discard }
