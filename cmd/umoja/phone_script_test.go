package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/adapter"
	"github.com/umoja-ledger/umoja/ussd/adapter/registry"
	"github.com/umoja-ledger/umoja/ussd/handset"
	"github.com/umoja-ledger/umoja/ussd/route"
	"github.com/umoja-ledger/umoja/ussd/sms"
	"github.com/umoja-ledger/umoja/ussd/ussdtest"
)

// gatewayOf serves a world's phones over every aggregator, and their messages.
func gatewayOf(t *testing.T, world *ussdtest.World) string {
	t.Helper()
	mux := http.NewServeMux()
	for _, format := range handset.Formats() {
		h, err := registry.New(format, world.Service, adapter.Options{Path: "/ussd/" + format, Codes: []string{ussdtest.Dial}, Open: true})
		if err != nil {
			t.Fatal(err)
		}
		h.Register(mux)
	}
	mux.HandleFunc("GET /sandbox/sms", func(w http.ResponseWriter, r *http.Request) {
		lines := json.NewEncoder(w)
		for i, text := range world.SMS(ussd.Phone(r.FormValue("to"))) {
			_ = lines.Encode(handset.Message{To: r.FormValue("to"), Text: text, Time: time.Unix(int64(i), 0)})
		}
	})
	route.MountSandboxInbound(mux, &texts{world: world}, slog.New(slog.DiscardHandler))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// texts hands messages to a world as a gateway's inbox does: each has a number of its own.
type texts struct {
	world *ussdtest.World
	count atomic.Uint64
}

// Receive implements sms.Receiver.
func (r *texts) Receive(ctx context.Context, m sms.Inbound) error {
	return r.world.Service.TakeText(ctx, ussd.Text{Number: r.count.Add(1), From: m.From, Text: m.Text})
}

// playedScript runs a script in a new world.
func playedScript(t *testing.T, script string, flags ...string) (string, error) {
	t.Helper()
	url := gatewayOf(t, ussdtest.NewWorld(t))
	file := filepath.Join(t.TempDir(), "script.txt")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	format := "africastalking"
	for i, f := range flags {
		if f == "--format" {
			format = flags[i+1]
		}
	}
	root := newRootCommand()
	var out strings.Builder
	root.SetArgs(append([]string{"phone", string(ussdtest.Amina), "--url", url + "/ussd/" + format, "--code", ussdtest.Dial, "--script", file}, flags...))
	root.SetOut(&out)
	err := root.ExecuteContext(t.Context())
	return strings.ReplaceAll(out.String(), file, "script.txt"), err
}

const payScript = `# Amina pays Juma.

> dial
CON Umoja: Amina Wanjiru
1 Send money
...

> 1
CON {payee}
...

> 0711000002
CON {amount}
...

> 150
CON Pay 150.00 KES to Juma O. +254711000002
Fee 1.00 KES
...

> 4071
END Paid 150.00 KES to Juma O. Fee {fee}. Code {code}. New balance {balance}.

! sms
You paid 150.00 KES to Juma O. Fee {fee}. Code {code}. Balance {balance}.

! sms +254711000002
Umepokea 150.00 KES kutoka Amina W. Risiti {code}. Salio {his}.

! sms
(none)

! as +254711000002
> dial
CON Umoja: Juma Otieno
...

! again
CON Umoja: Juma Otieno
...

! hang
! fault dropped
> dial
(no answer)
`

func TestScriptOverEveryAggregator(t *testing.T) {
	script := payScript
	for _, format := range handset.Formats() {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			if out, err := playedScript(t, script, "--format", format); err != nil || out != "script.txt: 14 acts, everything as in the file\n" {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// A script that is not so ends with the lines that differ.
func TestScriptThatDiffers(t *testing.T) {
	for name, c := range map[string]struct{ script, out, err string }{
		"another screen":              {"> dial\nCON Umoja: Juma Otieno\n...\n", "script.txt:1: -file +seen\n- CON Umoja: Juma Otieno\n- ...\n+ CON Umoja: Amina Wanjiru\n", "something else is seen"},
		"another word":                {"> dial\nCON {who} Amina {who}\n...\n", "- CON {who} Amina {who}\n", "something else is seen"},
		"a message that is not there": {"! sms\n(none)\n\n! sms\n(none)\n", "script.txt: 2 acts, everything as in the file\n", ""},
		"an unknown act":              {"! sing\n", "", `there is no act "! sing"`},
		"an unknown fault":            {"! fault sloth\n", "", `there is no fault "sloth"`},
		"a line alone":                {"CON Umoja\n", "", "the line is neither an act"},
		"a session too few":           {"> 1\nCON x\n", "", "no session is open"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := playedScript(t, c.script)
			if !strings.Contains(out, c.out) || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// The code of an answer differs from run to run; a script writes the one that it saw.
func TestScriptPaysByText(t *testing.T) {
	out, err := playedScript(t, `! text SEND 40 0711000002

! sms
Pay 40.00 KES to Juma O. +254711000002, fee {fee}? To pay answer PAY {code} within {minutes} min. {rest}

! text pay {code}

! sms
You paid 40.00 KES to Juma O. {what}
`)
	if err != nil || out != "script.txt: 4 acts, everything as in the file\n" {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestFaultFlags(t *testing.T) {
	for flag, want := range map[string]string{
		"late:2": "not a number from 0 to 1", "late:x": "not a number", "lost": "there is no fault", "late:NaN": "not a number",
	} {
		if _, err := readFaults([]string{flag}, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", flag, err)
		}
	}
	if _, err := readFaults([]string{"late:0.6", "dropped:0.6"}, 1); err == nil {
		t.Error("rates above 1 together are taken")
	}
	// Every step twice: the gateway answers alike, and a script sees nothing of it.
	if out, err := playedScript(t, strings.Split(payScript, "! sms")[0], "--fault", "twice", "--format", "beem"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
