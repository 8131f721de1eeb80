package route

import (
	"fmt"
	"net"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	juma  = "+254711000001"
	amina = "+254711000002"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func inboxOf(t *testing.T, c *Carrier, to string) []string {
	t.Helper()
	w := httptest.NewRecorder()
	c.inbox(w, httptest.NewRequest("GET", InboxPath+"?"+url.Values{"to": {to}}.Encode(), nil))
	return strings.Split(strings.TrimSuffix(w.Body.String(), "\n"), "\n")
}

// A message that is sent again, because its answer was lost, is on the phone once, also after a restart.
func TestAMessageSentAgainArrivesOnce(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		c, err := openCarrier(dir, 10)
		check(t, err)
		for range 2 {
			check(t, c.deliver(delivered{To: juma, Text: "You received 5.00 KES", Reference: "leaf/1/0/payee"}))
			check(t, c.deliver(delivered{To: amina, Text: "Umelipa", Reference: "leaf/1/0/payee"}))
		}
		check(t, c.Close())
	}
	c, err := openCarrier(dir, 10)
	check(t, err)
	defer c.Close()
	if got := inboxOf(t, c, juma); len(got) != 1 || len(c.messages) != 2 {
		t.Errorf("inbox %q of %d", got, len(c.messages))
	}
}

// A crash cut the last line; what comes after it is not lost with it.
func TestACutLineTakesNoOtherWithIt(t *testing.T) {
	dir := t.TempDir()
	c, err := openCarrier(dir, 10)
	check(t, err)
	check(t, c.deliver(delivered{To: juma, Text: "one", Reference: "1"}))
	check(t, c.Close())
	file := filepath.Join(dir, "sandbox-sms.jsonl")
	whole, err := os.ReadFile(file)
	check(t, err)
	check(t, os.WriteFile(file, append(whole, whole[:len(whole)/2]...), 0o600))
	if c, err = openCarrier(dir, 10); err != nil {
		t.Fatal(err)
	}
	check(t, c.deliver(delivered{To: juma, Text: "two", Reference: "2"}))
	check(t, c.Close())
	if c, err = openCarrier(dir, 10); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := inboxOf(t, c, juma); len(got) != 2 || !strings.Contains(got[1], "two") {
		t.Errorf("inbox %q", got)
	}
}

func TestTheNewestMessagesAreKept(t *testing.T) {
	dir := t.TempDir()
	c, err := openCarrier(dir, 10)
	check(t, err)
	for i := range 95 {
		check(t, c.deliver(delivered{To: juma, Text: fmt.Sprint("message ", i), Reference: fmt.Sprint(i)}))
		if len(c.messages) > 20 || len(c.seen) > 20 {
			t.Fatalf("%d messages, %d references", len(c.messages), len(c.seen))
		}
	}
	got := inboxOf(t, c, juma)
	if len(got) < 10 || len(got) > 20 || !strings.Contains(got[len(got)-1], "message 94") {
		t.Errorf("inbox %q", got)
	}
	check(t, c.Close())
	raw, err := os.ReadFile(filepath.Join(dir, "sandbox-sms.jsonl"))
	check(t, err)
	if lines := strings.Count(string(raw), "\n"); lines != len(got) {
		t.Errorf("%d lines for %d messages", lines, len(got))
	}
}

func TestTheCarrierRefusesWhatIsNoMessage(t *testing.T) {
	c, err := openCarrier(t.TempDir(), 10)
	check(t, err)
	defer c.Close()
	for _, body := range []string{"", "to=%2B254711000001", "message=x", "to=1&message=" + strings.Repeat("x", 9<<10)} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("POST", carrierPath, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if c.take(w, r); w.Code != 400 || len(c.messages) != 0 {
			t.Errorf("%.20q: %d", body, w.Code)
		}
	}
}

func TestAListenerOnAllAddressesIsReachedHere(t *testing.T) {
	for listen, want := range map[string]string{"127.0.0.1:80": "127.0.0.1:80", "0.0.0.0:80": "localhost:80", "[::]:80": "localhost:80"} {
		address, err := net.ResolveTCPAddr("tcp", listen)
		check(t, err)
		if got := dialled(address); got != want {
			t.Errorf("%s: %s", listen, got)
		}
	}
}
