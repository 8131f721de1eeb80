package handset_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ussd/adapter"
	"github.com/umoja-ledger/umoja/ussd/adapter/registry"
	"github.com/umoja-ledger/umoja/ussd/handset"
	"github.com/umoja-ledger/umoja/ussd/ussdtest"
)

// Over every aggregator, with every fault at the step that pays: the money moves once, and the person who does not know dials again
// and reads that it has.
func TestAPaymentIsOneOverEveryAggregator(t *testing.T) {
	for _, format := range handset.Formats() {
		for _, fault := range append(handset.Faults(), handset.Sound) {
			if fault == handset.Truncated {
				continue // It loses the session before the PIN is read.
			}
			if testing.Short() && fault != handset.TwiceAtOnce && fault != handset.Dropped {
				continue
			}
			t.Run(format+"/"+fault.String(), func(t *testing.T) {
				t.Parallel()
				world := ussdtest.NewWorld(t)
				phone := beside(t, format, world)
				screen, err := phone.Dial(t.Context())
				for _, input := range []string{"1", "0711000002", "150"} {
					if err != nil || !screen.More {
						t.Fatalf("%+v, %v", screen, err)
					}
					screen, err = phone.Type(t.Context(), input)
				}
				if err != nil || !strings.Contains(screen.Text, "PIN") {
					t.Fatalf("confirm screen: %+v, %v", screen, err)
				}
				phone.Inject(fault)
				screen, err = phone.Type(t.Context(), ussdtest.AminaPIN)
				unsure := errors.Is(err, handset.ErrLate) || errors.Is(err, handset.ErrDropped)
				if err != nil && !unsure || err == nil && !strings.HasPrefix(screen.Text, "Paid 150") {
					t.Errorf("last screen: %+v, %v", screen, err)
				}
				phone.Wait()
				if unsure {
					awaitTransfer(t, world)
				}
				if screen, err = phone.Dial(t.Context()); err != nil || !screen.More {
					t.Errorf("redial: %+v, %v", screen, err)
				}
				if unsure && !strings.Contains(screen.Text, "150") {
					t.Errorf("the redial says nothing of the payment: %q", screen.Text)
				}
				if n, balance := world.Ledger.Transfers(), world.Ledger.BalanceOf(ussdtest.Juma); n != 1 || balance != 650_00 {
					t.Errorf("%d transfers, Juma has %d", n, balance)
				}
			})
		}
	}
}

// beside is Amina's handset before an adapter on a world's service.
func beside(t *testing.T, format string, world *ussdtest.World) *handset.Handset {
	t.Helper()
	h, err := registry.New(format, world.Service, adapter.Options{Path: "/ussd/x", Codes: []string{ussdtest.Dial}, Open: true})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	h.Register(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return handset.New(handset.Config{
		URL: server.URL + "/ussd/x", Format: format, Number: string(ussdtest.Amina), ServiceCode: ussdtest.Dial,
		Lateness: time.Millisecond, Client: server.Client(),
	})
}

// awaitTransfer waits until a request that nobody waits for has done its work.
func awaitTransfer(t *testing.T, world *ussdtest.World) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); world.Ledger.Transfers() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the payment was not made")
		}
	}
}
