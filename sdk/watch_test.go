package sdk_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/sdk/sdktest"
)

var errEnough = errors.New("enough")

var errLost = status.Error(codes.Unavailable, "connection lost")

// troubles are what those who stream do wrong; the watcher sees every leaf once all the same.
var troubles = []struct {
	name  string
	wrong func(t *testing.T, n *sdktest.Network)
}{
	{"nothing", func(*testing.T, *sdktest.Network) {}},
	{"every stream breaks after two leaves", func(t *testing.T, n *sdktest.Network) {
		for _, v := range n.Validators {
			v.Sending(func(sent int, _ *apiv1.WatchResponse) error {
				if sent == 2 {
					return errLost
				}
				return nil
			})
		}
	}},
	{"one repeats", func(t *testing.T, n *sdktest.Network) {
		n.Validators[0].Sending(func(sent int, m *apiv1.WatchResponse) error {
			if sent == 3 {
				m.Entry.LeafIndex--
			}
			return nil
		})
	}},
	{"one skips", func(t *testing.T, n *sdktest.Network) {
		n.Validators[0].Sending(func(sent int, m *apiv1.WatchResponse) error {
			if sent == 3 {
				m.Entry.LeafIndex++
			}
			return nil
		})
	}},
	{"one sends nonsense", func(t *testing.T, n *sdktest.Network) {
		n.Validators[0].Sending(func(sent int, m *apiv1.WatchResponse) error {
			if sent == 1 {
				m.Entry.Leaf = []byte{1, 2, 3}
			}
			return nil
		})
	}},
	{"two are down", func(t *testing.T, n *sdktest.Network) {
		n.Validators[0].Stop()
		n.Validators[1].Stop()
	}},
	{"one stays silent", func(t *testing.T, n *sdktest.Network) {
		n.Validators[0].Sending(func(int, *apiv1.WatchResponse) error {
			<-t.Context().Done()
			return errLost
		})
	}},
}

func TestWatchHasNoGapsAndNoRepeats(t *testing.T) {
	for _, c := range troubles {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := sdktest.New(t)
			client := n.Client(t, func(c *sdk.Config) { c.WatchSilence = 200 * time.Millisecond })
			c.wrong(t, n)
			const want = 12
			for range want / 4 { // Half of the leaves before, half while watching; each payment makes two.
				n.Order(payment(t, n, 1_00))
			}
			var got []sdk.Entry
			err := client.Watch(within(t, 10*time.Second), 1, func(e sdk.Entry) error {
				got = append(got, e)
				if len(got) == want {
					return errEnough
				}
				if len(got)%2 == 0 && len(got) >= want/2 {
					n.Order(payment(t, n, 1_00))
				}
				return nil
			})
			if !errors.Is(err, errEnough) {
				t.Fatal(err)
			}
			for i, e := range got {
				if e.LeafIndex != uint64(1+i) || (e.Signed == nil) == (i%2 == 0) || (e.Header == nil) != (i%2 == 0) || e.TimeUnixMs == 0 || len(e.Code) != 8 {
					t.Errorf("entry %d: %+v", i, e)
				}
			}
		})
	}
}

func TestWatchEndsWithItsContext(t *testing.T) {
	n := sdktest.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := n.Client(t).Watch(ctx, 0, func(sdk.Entry) error {
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	for _, v := range n.Validators {
		v.Stop()
	}
	ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := n.Client(t).Watch(ctx, 0, func(sdk.Entry) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nobody there: %v", err)
	}
}
