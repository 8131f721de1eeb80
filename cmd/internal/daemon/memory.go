package daemon

import (
	"os"
	"runtime/debug"
)

// gcPercent is half of Go's own. Most of a heap here are a few arenas without pointers (badger's tables in memory, the stores' caches), so that
// collecting twice as often costs little.
const gcPercent = 50

// BoundMemory has the collector work more often, and more still near a limit, which is soft: it then gives back what is free. It does nothing if the
// operator has set either of the variables of Go that say how much memory to use.
func BoundMemory(limit int64) {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(gcPercent)
		debug.SetMemoryLimit(limit)
	}
}
