package store

import (
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// badgerLog gives badger's lines to slog. Badger tells at length how it is; only warnings and errors are for operators, and what a merge tells is for merges.
type badgerLog struct {
	log    *slog.Logger
	merges *merges
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
func (b badgerLog) Debugf(format string, args ...any) {
	if b.merges == nil || len(args) == 0 || !strings.Contains(format, "LOG Compact. Added") {
		return
	}
	if took, ok := args[len(args)-1].(time.Duration); ok {
		b.merges.told(took)
	}
}
