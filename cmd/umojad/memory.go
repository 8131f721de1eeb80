package main

import (
	"os"
	"runtime/debug"
)

// A validator of a million accounts is to run on a small box, within 512 MB beside the page cache. Most of its heap are a few arenas without
// pointers (badger's tables in memory, the store's cache), so that collecting twice as often costs little. The limit is soft: near it the
// collector works more and gives back what is free.
const (
	gcPercent        = 50
	memoryLimitBytes = 448 << 20
)

// boundMemory sets both, unless the operator has set either of the variables of Go that say how much memory to use.
func boundMemory() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(gcPercent)
		debug.SetMemoryLimit(memoryLimitBytes)
	}
}
