package pin

import "time"

const (
	// Tries is how many wrong PINs in a row stop sending.
	Tries = 3
	// FirstStop is how long the first stop lasts.
	FirstStop = time.Hour
	// LaterStop is how long each stop after it lasts, until a right PIN.
	LaterStop = 24 * time.Hour
)

// Attempts counts wrong PINs of one account. It stops sending money; money still arrives and balances are shown.
//
// Invariant: Wrong < Tries, because the third try in a row becomes a stop.
type Attempts struct {
	// Wrong is how many tries in a row were not right.
	Wrong int `json:"wrong,omitempty"`
	// Stops is how many times in a row sending was stopped.
	Stops int `json:"stops,omitempty"`
	// StoppedUntilUnixMs is when sending is allowed again.
	StoppedUntilUnixMs uint64 `json:"stopped_until_unix_ms,omitempty"`
}

// Stopped tells whether sending is stopped.
func (a Attempts) Stopped(nowUnixMs uint64) bool { return nowUnixMs < a.StoppedUntilUnixMs }

// Left is how many tries are left before the next stop.
func (a Attempts) Left() int { return Tries - a.Wrong }

// Count takes one try as wrong. It is made durable before the PIN is compared; a right PIN is followed by Reset.
func (a Attempts) Count(nowUnixMs uint64) Attempts {
	a.Wrong++
	if a.Wrong < Tries {
		return a
	}
	stop := LaterStop
	if a.Stops == 0 {
		stop = FirstStop
	}
	return Attempts{Stops: a.Stops + 1, StoppedUntilUnixMs: nowUnixMs + uint64(stop.Milliseconds())}
}

// Reset is the count after a right PIN.
func (a Attempts) Reset() Attempts { return Attempts{} }
