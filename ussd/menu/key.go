package menu

import "slices"

// Key names a text. The keys stand in the files key_*.go, each beside what its text mentions.
type Key string

// Kind says where a text appears, and so what it may cost and must say.
type Kind int

const (
	// KindScreen is a whole screen. When it offers to go back, it says so itself.
	KindScreen Kind = iota
	// KindPrompt is a question; the line that offers to go back stands below it.
	KindPrompt
	// KindRefusal is a whole screen that says what happened, that no money was moved, and what to do. It is the last one.
	KindRefusal
	// KindCorrection is a refusal after which the same question stays open: it says what to enter, and the line that
	// offers to go back stands below it.
	KindCorrection
	// KindStatus is one line above the main menu. A language of 70 characters shows it on a screen of its own.
	KindStatus
	// KindLine is a line, a label or a word that stands in other texts.
	KindLine
	// KindSMS is a message.
	KindSMS
)

// data lists what a text may and must mention, by the names in braces. A question mark after a name means that a
// language of 70 characters may leave it out, because the screen has no room and an SMS or another screen tells it.
type data []string

// entry is what one key's text has to obey.
type entry struct {
	key  Key
	kind Kind
	data data
}

// entries has every key once.
var entries []entry

// list adds the keys of one file to entries.
func list(of ...entry) bool {
	entries = append(entries, of...)
	return true
}

// KindOf is the kind of a key.
func KindOf(key Key) Kind {
	i := slices.IndexFunc(entries, func(e entry) bool { return e.key == key })
	if i < 0 {
		return KindScreen
	}
	return entries[i].kind
}

// needs tells whether a text has to mention a name, and whether it can.
func (d data) needs(name string, short bool) (must, may bool) {
	if slices.Contains(d, name+"?") {
		return !short, true
	}
	listed := slices.Contains(d, name)
	return listed, listed
}

// Keys lists the keys of texts of some kinds.
func Keys(kinds ...Kind) []Key {
	var keys []Key
	for _, e := range entries {
		if slices.Contains(kinds, e.kind) {
			keys = append(keys, e.key)
		}
	}
	return keys
}
