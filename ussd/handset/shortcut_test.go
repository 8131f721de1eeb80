package handset_test

import (
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ussd/handset"
	"github.com/umoja-ledger/umoja/ussd/ussdtest"
)

// bareDials are the aggregators that do not pass on what is dialled behind the service code.
var bareDials = map[string]bool{"beem": true}

// Over every aggregator that passes on what was dialled, a short-cut leads straight to the confirm screen, with a PIN or without: three hops
// with the receipt. The others show the main menu.
func TestAShortCutLeadsToTheConfirmScreen(t *testing.T) {
	for _, format := range handset.Formats() {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			world := ussdtest.NewWorld(t)
			phone := beside(t, format, world)
			screen, err := phone.DialString(t.Context(), "*384*2050*1*0711000002*150#")
			if err != nil || !screen.More {
				t.Fatalf("%+v, %v", screen, err)
			}
			if bareDials[format] {
				if !strings.HasPrefix(screen.Text, "Umoja: Amina Wanjiru") {
					t.Errorf("got %q", screen.Text)
				}
				return
			}
			if !strings.HasPrefix(screen.Text, "Pay 150.00 KES") {
				t.Errorf("got %q", screen.Text)
			}
			if screen, err = phone.Type(t.Context(), ussdtest.AminaPIN); err != nil || !strings.HasPrefix(screen.Text, "Paid 150.00 KES") {
				t.Errorf("%+v, %v", screen, err)
			}
			screen, err = phone.DialString(t.Context(), "*384*2050*1*0711000002*160*"+ussdtest.AminaPIN+"#")
			if err != nil || !screen.More || !strings.HasPrefix(screen.Text, "Pay 160.00 KES") {
				t.Errorf("with a PIN: %+v, %v", screen, err)
			}
			screen, err = phone.DialString(t.Context(), "*384*2050*5*1*0711000002*30#")
			if err != nil || !strings.HasPrefix(screen.Text, "Ask Juma O.") {
				t.Errorf("a request: %+v, %v", screen, err)
			}
			if n := world.Ledger.Transfers(); n != 1 {
				t.Errorf("%d transfers", n)
			}
		})
	}
}
