package soak

import (
	"maps"
	"math"
	"sync"
	"time"
)

// tally counts what happened. Its fields are what the journal keeps; the methods may be used by many goroutines.
type tally struct {
	mu sync.Mutex
	counts
}

// counts are the numbers of a tally.
type counts struct {
	Sessions int `json:"sessions"`
	// PINs are the sessions that reached the PIN: a PIN was sent to a confirm screen.
	PINs     int            `json:"pins"`
	Requests int            `json:"requests"`
	Goals    map[string]int `json:"goals,omitempty"`
	Formats  map[string]int `json:"formats,omitempty"`
	Bites    map[string]int `json:"bites,omitempty"`
	Kills    map[string]int `json:"kills,omitempty"`
	// Broken are the steps that had no answer, by why.
	Broken map[string]int `json:"broken,omitempty"`
	// Differing are the requests that were sent twice and answered differently.
	Differing int `json:"differing,omitempty"`
	// Unread are the screens that say nothing known.
	Unread int `json:"unread,omitempty"`
	// Refused are right PINs that were called wrong.
	Refused int `json:"refused,omitempty"`
	// Missed are the sessions of a run at a rate that had no phone that was free.
	Missed int `json:"missed,omitempty"`
	// Plain are the answers to steps without a PIN, Argon those with one, both without a fault.
	Plain histogram     `json:"plain,omitempty"`
	Argon histogram     `json:"argon,omitempty"`
	Took  time.Duration `json:"took"`
	// Memory is the most that the gateway had resident, in bytes.
	Memory uint64 `json:"memory"`
}

// count changes the numbers.
func (t *tally) count(change func(c *counts)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.counts)
}

// now is a copy of the numbers.
func (t *tally) now() counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.counts
	c.Goals, c.Formats, c.Bites, c.Kills = maps.Clone(c.Goals), maps.Clone(c.Formats), maps.Clone(c.Bites), maps.Clone(c.Kills)
	c.Broken, c.Plain, c.Argon = maps.Clone(c.Broken), maps.Clone(c.Plain), maps.Clone(c.Argon)
	return c
}

// add counts one more of a name.
func add(m *map[string]int, name string, n int) {
	if n == 0 {
		return
	}
	if *m == nil {
		*m = make(map[string]int)
	}
	(*m)[name] += n
}

// histogram counts durations in steps of five per cent, so that a percentile is right to five per cent.
type histogram map[int]int

const histogramStep = 1.05

func (h *histogram) add(d time.Duration) {
	if *h == nil {
		*h = make(histogram)
	}
	(*h)[int(math.Ceil(math.Log(max(1, float64(d.Microseconds())))/math.Log(histogramStep)))]++
}

// percentile is the duration that so many of a hundred do not pass; 0 when nothing was counted.
func (h histogram) percentile(p float64) time.Duration {
	total, last := 0, math.MinInt
	for step, n := range h {
		total, last = total+n, max(last, step)
	}
	if total == 0 {
		return 0
	}
	left := int(math.Ceil(float64(total) * p / 100))
	for step := 0; step <= last; step++ {
		if left -= h[step]; left <= 0 {
			return time.Duration(math.Pow(histogramStep, float64(step)) * float64(time.Microsecond)).Round(100 * time.Microsecond)
		}
	}
	return 0
}

func (h histogram) total() (n int) {
	for _, count := range h {
		n += count
	}
	return n
}
