package suite

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sort"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/cmd/umoja/bench"
	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
	"github.com/umoja-ledger/umoja/consensus/profile"
)

// enough is how much CPU time profiles have to be of: 500 samples tell a share of 8 % to 1.2 %.
const enough = 5 * time.Second

// shares takes CPU profiles of all validators under load and tells which part of their time is the price of agreeing.
func shares(ctx context.Context, r *run) error {
	n, err := r.network(ctx, sandbox.Options{Validators: ordinary, Bare: true, Profiled: true})
	if err != nil {
		return err
	}
	if err := n.warm(ctx, "stream"); err != nil {
		return err
	}
	length := max(1, int(r.o.Duration.Seconds()*0.7))
	var stacks []profile.Stack
	var profiles errgroup.Group
	report, err := n.slice(ctx, bench.Options{
		Workload: "stream", Calibration: r.machine,
		Begun: func() {
			profiles.Go(func() (err error) { stacks, err = n.profiles(ctx, length); return err })
		},
	}, r.o.Duration)
	if other := profiles.Wait(); err == nil {
		err = other
	}
	if err != nil {
		return err
	}
	used := time.Duration(0)
	for _, s := range stacks {
		used += time.Duration(s.Nanos)
	}
	if used < enough {
		r.result.Doubt = fmt.Sprintf("the profiles are of %s of CPU time, and shares are of %s at least", used, enough)
	}
	parts, rest, err := profile.Parts(stacks, profile.Validator)
	if err != nil {
		return err
	}
	agreeing := 0.0
	for _, name := range profile.Consensus {
		agreeing += parts[name]
	}
	r.result.Figure = fmt.Sprintf("%.1f %%", 100*agreeing)
	r.result.Ratio = fmt.Sprintf("of four validators, profiled for %d s at %s/s", length, thousands(report.PerSecond))
	r.note("in %%: %s, rest %.1f", listed(parts), 100*rest)
	r.note("counted are %s; peers is the wire between validators, with the submissions that go to the leader", strings.Join(profile.Consensus, ", "))
	r.check(Check{What: "share in percent", Figure: 100 * agreeing, Bound: 8, AtMost: true, Fragile: true})
	return nil
}

// listed are the parts, the largest first.
func listed(parts map[string]float64) string {
	var names []string
	for name := range parts {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool {
		return parts[names[i]] > parts[names[j]] || parts[names[i]] == parts[names[j]] && names[i] < names[j]
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %.1f", name, 100*parts[name])
	}
	return strings.Join(names, ", ")
}

// profiles profiles all validators at once.
func (n *network) profiles(ctx context.Context, seconds int) ([]profile.Stack, error) {
	all := make([][]profile.Stack, n.validators)
	group, ctx := errgroup.WithContext(ctx)
	for i := range n.validators {
		group.Go(func() error {
			socket, err := n.folder.Profiles(i + 1)
			if err != nil {
				return err
			}
			all[i], err = fetchProfile(ctx, socket, seconds)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var stacks []profile.Stack
	for _, some := range all {
		stacks = append(stacks, some...)
	}
	return stacks, nil
}

// fetchProfile has the process behind a socket profile itself.
func fetchProfile(ctx context.Context, socket string, seconds int) ([]profile.Stack, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(seconds)*time.Second+time.Minute)
	defer cancel()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://validator/debug/pprof/profile?seconds=%d", seconds), nil)
	if err != nil {
		return nil, fmt.Errorf("ask for a profile: %w", err)
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask for a profile: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask for a profile: %s", res.Status)
	}
	return profile.Read(res.Body)
}
