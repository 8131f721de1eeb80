package door

import "errors"

// A process keeps within 250 MB resident with what is not the collector's beside the limit: code, and the pages of files that badger maps.
const (
	// DefaultMemoryMB is how many MiB a process has whose configuration says nothing.
	DefaultMemoryMB = 200
	// leastMemoryMB is what two PINs being checked, the store's tables and its cache need at the least.
	leastMemoryMB, mostMemoryMB = 100, 64 << 10
)

// CheckMemory refuses what is no limit for such a process; 0 is the default.
func CheckMemory(mb int) error {
	if mb != 0 && (mb < leastMemoryMB || mb > mostMemoryMB) {
		return errors.New("memory_mb must be a number of MiB from 100 to 65536")
	}
	return nil
}

// MemoryBytes is the limit in bytes.
func MemoryBytes(mb int) int64 {
	if mb == 0 {
		mb = DefaultMemoryMB
	}
	return int64(mb) << 20
}
