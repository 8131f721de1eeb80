package store

import (
	"fmt"
	"log/slog"
	"strings"
)

// badgerLog gives badger's lines to slog. Badger tells at length how it is; only warnings and errors are for operators.
type badgerLog struct {
	log *slog.Logger
}

func (b badgerLog) line(format string, args []any) string {
	return strings.TrimSpace(fmt.Sprintf(format, args...))
}

// Errorf takes an error.
func (b badgerLog) Errorf(format string, args ...any) {
	b.log.Error(b.line(format, args), "part", "badger")
}

// Warningf takes a warning.
func (b badgerLog) Warningf(format string, args ...any) {
	b.log.Warn(b.line(format, args), "part", "badger")
}

// Infof takes information.
func (b badgerLog) Infof(string, ...any) {}

// Debugf takes a detail.
func (b badgerLog) Debugf(string, ...any) {}
