package sim

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// TestCampaignJudges: an invariant that broke fails a campaign; so does a fault without effect, once chance does not explain it.
func TestCampaignJudges(t *testing.T) {
	results := func(fault string, runs, effects int, violations ...string) []*Result {
		var all []*Result
		for range runs {
			all = append(all, &Result{Fault: fault, Effects: effects, Violations: violations})
		}
		return all
	}
	for _, c := range []struct {
		says    string
		results []*Result
		fails   bool
		prints  string
	}{
		{"no run at all", nil, true, "all"},
		{"a crash that took effect", results("crash", 1, 1), false, "crash"},
		{"no crash in three runs", results("crash", 3, 0), true, "failed: crash never took effect"},
		{"no crash in two", results("crash", 2, 0), false, "crash took no effect, in too few runs to say more"},
		{"no fork in three, which is luck", results("fork", 3, 0), false, "fork took no effect, in too few runs to say more"},
		{"no fork in twelve", results("fork", 12, 0), true, "failed: fork never took effect"},
		{"a violation", results("crash", 1, 1, "I3: paid twice"), true, "failed: seed 0: umoja sim --fault crash --first 0 --seeds 1"},
	} {
		t.Run(c.says, func(t *testing.T) {
			var out strings.Builder
			campaign := &Campaign{Seeds: uint64(len(c.results)), Out: &out, Progress: io.Discard, results: c.results}
			if err := campaign.table(); errors.Is(err, ErrFailed) != c.fails {
				t.Errorf("%v; want a failure: %v", err, c.fails)
			}
			if !strings.Contains(out.String(), c.prints) {
				t.Errorf("no %q in:\n%s", c.prints, out.String())
			}
		})
	}
}
