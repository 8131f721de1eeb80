package soak

import (
	"time"

	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
)

// Summary is what a run found, for programs.
type Summary struct {
	// Before and After are what the processes had used when people began to dial, and when they were done.
	Before, After sandbox.Usage
	// Paid are the payments that people were told to be made, Unknown those of which they never knew, Wrong all else that must not be.
	Paid, Unknown, Wrong int
	// Unmade are the payments that were not made, by what people were told.
	Unmade map[string]int
	// Screen are answers to steps without a PIN, LastStep those to PINs.
	Screen, LastStep Answers
}

// Answers is how long answers took.
type Answers struct {
	Count    int
	P50, P99 time.Duration
}

func answers(h histogram) Answers {
	return Answers{h.total(), h.percentile(50), h.percentile(99)}
}

// take fills in what was found.
func (s *Summary) take(f *findings, n counts) {
	s.Unmade = make(map[string]int)
	for o, ways := range f.told {
		for _, count := range ways {
			switch o {
			case paid:
				s.Paid += count
			case unknown:
			default:
				s.Unmade[string(o)] += count
			}
		}
	}
	s.Unknown = f.untold
	s.Wrong = f.double + f.lost + f.unasked + f.otherwise + f.untexted + f.unbalanced + n.Refused + n.Differing
	s.Screen, s.LastStep = answers(n.Plain), answers(n.Argon)
}
