package handset_test

import (
	"bufio"
	"os/exec"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ussd/handset"
)

// The handset talks to an application on npm's ussd-builder, found through NODE_PATH, which people run behind the real
// aggregators: what it takes and shows in five formats is what the handset says and reads.
func TestAnApplicationThatWasNotWrittenHere(t *testing.T) {
	address := startUSSDBuilder(t)
	for format, provider := range map[string]string{
		"africastalking": "africasTalking", "arkesel": "arkesel", "beem": "beem", "hubtel": "hubtel", "nalo": "nalo",
	} {
		t.Run(format, func(t *testing.T) {
			h := handset.New(handset.Config{URL: address + provider, Format: format, Number: "+233246912184", ServiceCode: "*384*2050#"})
			screen, err := h.Dial(t.Context())
			if want := (handset.Screen{Text: "Welcome +233246912184\n1. Send", More: true}); err != nil || screen != want {
				t.Fatalf("dialled: %+v, %v", screen, err)
			}
			if screen, err = h.Type(t.Context(), "1"); err != nil || screen != (handset.Screen{Text: "To whom?", More: true}) {
				t.Fatalf("typed 1: %+v, %v", screen, err)
			}
			if screen, err = h.Type(t.Context(), "0711"); err != nil || screen != (handset.Screen{Text: `Sent to "0711"`}) {
				t.Fatalf("typed 0711: %+v, %v", screen, err)
			}
		})
	}
}

// startUSSDBuilder runs the application until the test ends and gives its address.
func startUSSDBuilder(t *testing.T) string {
	t.Helper()
	if exec.Command("node", "-e", "require('ussd-builder')").Run() != nil {
		t.Skip("no ussd-builder: npm install ussd-builder@1.3.2 and name its node_modules in NODE_PATH")
	}
	node := exec.Command("node", "testdata/ussd-builder.js")
	in, err := node.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := node.Wait(); err != nil {
			t.Errorf("application: %v", err)
		}
	})
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return "http://127.0.0.1:" + strings.TrimSpace(port) + "/"
}
