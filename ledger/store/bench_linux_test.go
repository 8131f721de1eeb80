package store

import (
	"fmt"
	"syscall"
	"time"
)

// processTime is what the process has used of the processors: a neighbour on the machine does not change it much.
func processTime() time.Duration { return usedBy(syscall.RUSAGE_SELF) }

// threadTime is what the calling thread has used of them.
func threadTime() time.Duration { return usedBy(syscall.RUSAGE_THREAD) }

func usedBy(who int) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		panic(fmt.Sprintf("read the time used: %v", err))
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
