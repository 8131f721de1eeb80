package ledger

// A move of an alias and a recovery of an account both give something away on the word of others than its owner. So both wait, and while
// they do the account's limits are a quarter of what they were:
//
//	running ── due ──────────────────────────→ completed
//	   │ held up, once
//	   ▼
//	  held ─── not confirmed within 7 days ──→ lapsed
//	   │ confirmed
//	   ▼
//	confirmed ── held until ─────────────────→ completed
//
// The owner's authority ends one that waits in any state; for an account without keys, as many attestors as could start it do.

// WaitState says how far a move or recovery has come.
type WaitState uint8

// The states of what waits.
const (
	// WaitRunning completes when it is due.
	WaitRunning WaitState = 0
	// WaitHeld was held up, and lapses when it is due.
	WaitHeld WaitState = 1
	// WaitConfirmed was held up and confirmed. It completes when it is due, and nobody but the owner can stop it.
	WaitConfirmed WaitState = 2
)

const (
	// heldUpMs is how long a hold-up lasts at least: a day, so that an old provider reaches its user by another way than the number.
	heldUpMs = 24 * 3600 * 1000
	// confirmWithinMs is how long what was held up waits for its confirmation after that: seven days.
	confirmWithinMs = 7 * 24 * 3600 * 1000
)

// Wait is what the entries of moves and recoveries begin with: state(1) started(8) due(8) held until(8).
type Wait struct {
	State         WaitState
	StartedUnixMs uint64
	// DueUnixMs is when it completes or, while it is held up, lapses.
	DueUnixMs uint64
	// HeldUntilUnixMs is when a hold-up ends; 0 when there was none.
	HeldUntilUnixMs uint64
}

func (w Wait) append(out []byte) []byte {
	return put64(put64(put64(append(out, byte(w.State)), w.StartedUnixMs), w.DueUnixMs), w.HeldUntilUnixMs)
}

func (r *reader) wait() Wait {
	w := Wait{State: WaitState(r.u8()), StartedUnixMs: r.u64(), DueUnixMs: r.u64(), HeldUntilUnixMs: r.u64()}
	if w.State > WaitConfirmed {
		r.bad = true
	}
	return w
}

// over says whether it has completed or lapsed, though its leaf may be still to come.
func (w Wait) over(timeUnixMs uint64) bool { return w.DueUnixMs < timeUnixMs }

// done says whether it has completed, though its leaf may be still to come.
func (w Wait) done(timeUnixMs uint64) bool { return w.over(timeUnixMs) && w.State != WaitHeld }

// holdUp stops it for a day. It never ends earlier for that: else those who confirm would gain by being held up early.
func (w *Wait) holdUp(timeUnixMs uint64) {
	w.State, w.HeldUntilUnixMs = WaitHeld, max(w.DueUnixMs, timeUnixMs+heldUpMs)
	w.DueUnixMs = w.HeldUntilUnixMs + confirmWithinMs
}

// confirm lets what is held up complete when the hold-up ends.
func (w *Wait) confirm() { w.State, w.DueUnixMs = WaitConfirmed, w.HeldUntilUnixMs }
