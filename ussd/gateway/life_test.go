package gateway

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/handset"
)

// code is a receipt code in a pattern.
const code = `[0-9A-Z]{8}`

func TestAWholeLife(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil).start()
	number := tx.AccountNumber(uint64(len(s.network.Genesis.Accounts) + 1)).Text()
	j, a, b := s.phone(juma), s.phone(amina), s.phone(baraka)

	matches(t, b.play(), "Welcome to Umoja\nLanguage / Langue / Lugha\n1 English\n2 Kiswahili\n3 Francais\n4 Portugues\n5 Hausa\n6 Luganda\n9 More")
	matches(t, b.play("1", "Baraka", barakaPIN, barakaPIN),
		`Welcome Baraka\. You are registered\. Your account number is `+number+`\. Dial \*384\*2050# to send money\.`)
	matches(t, j.play("2"), "Your balance is 10,000.00 KES.\nYour account number is "+tx.AccountNumber(3).Text()+".")

	matches(t, j.play("1", "0722000003", "150"), "Pay 150.00 KES to Baraka \\+254722000003\nFee 1.00 KES\nEnter PIN to pay \\(0 = cancel\\)")
	screen, err := j.Type(t.Context(), jumaPIN)
	check(t, err)
	matches(t, screen.Text, `Paid 150\.00 KES to Baraka\. Fee 1\.00 KES\. Code `+code+`\. New balance 9,849\.00 KES\.`)
	receipt := strings.Fields(screen.Text)[9] // With its full stop.
	sent := j.awaitSMS(`You paid 150\.00 KES to Baraka\. Fee 1\.00 KES\. Code ` + receipt + ` Balance 9,849\.00 KES\.`)
	got := b.awaitSMS(`You received 150\.00 KES from Juma O\. Code ` + receipt + ` Balance 150\.00 KES\.`)
	if sent.Reference == got.Reference || sent.Reference == "" || time.Since(got.Time) > time.Minute {
		t.Errorf("references %q and %q, time %s", sent.Reference, got.Reference, got.Time)
	}

	matches(t, b.play("1", tx.AccountNumber(4).Text(), "20", barakaPIN),
		`Paid 20\.00 KES to account `+tx.AccountNumber(4).Text()+`\. Fee 1\.00 KES\. Code `+code+`\. New balance 129\.00 KES\.`)
	a.awaitSMS(`Umepokea 20\.00 KES kutoka Baraka\. Risiti ` + code + `\. Salio 520\.00 KES\.`)
	matches(t, b.play("3"), "Last payments \\(KES\\):\n-20\\.00 account "+tx.AccountNumber(4).Text()+" "+code+" fee 1\\.00\n\\+150\\.00 Juma O\\. "+code)
	matches(t, b.play(), "Paid 20.00 KES to account "+tx.AccountNumber(4).Text()+". Code "+code+"\n1 Send money\n2 Balance\n3 Last payments\n4 Withdraw cash\n5 Requests\n6 More")
	s.funds("9849.00", "520.00")
	isInbox(t, s, amina)
}

// isInbox holds the inbox to what scripts rely on: JSON lines of to, text, reference, time.
func isInbox(t *testing.T, s *site, number string) {
	t.Helper()
	status, body := request(t, "GET", s.url+"/sandbox/sms?"+url.Values{"to": {number}}.Encode(), "")
	var line map[string]string
	if err := json.Unmarshal([]byte(body), &line); err != nil || status != 200 || strings.Count(body, "\n") != 1 {
		t.Fatalf("%d %q: %v", status, body, err)
	}
	if _, err := time.Parse(time.RFC3339, line["time"]); err != nil || len(line) != 4 || line["to"] != number || line["text"] == "" || line["reference"] == "" {
		t.Errorf("%q: %v", body, err)
	}
	if status, _ := request(t, "GET", s.url+"/sandbox/sms", ""); status != 400 {
		t.Errorf("nobody's inbox: %d", status)
	}
}

// The aggregator posts every callback twice, registration and payment alike.
func TestEveryStepTwiceIsOnePayment(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil).start()
	twice := func(p *phone, inputs ...string) (last handset.Screen) {
		t.Helper()
		first, err := p.Dial(t.Context())
		check(t, err)
		form := p.Form()
		for i := 0; ; i++ {
			second, err := handset.Post(t.Context(), http.DefaultClient, s.url+callback, form)
			if err != nil || second != first {
				t.Errorf("the second time %+v, %v; the first %+v", second, err, first)
			}
			if i == len(inputs) {
				return first
			}
			form.Set("text", strings.Join(inputs[:i+1], "*"))
			first, err = p.Type(t.Context(), inputs[i])
			check(t, err)
		}
	}
	matches(t, twice(s.phone(baraka), "2", "Baraka", barakaPIN, barakaPIN).Text, "Karibu Baraka.*")
	j := s.phone(juma)
	matches(t, twice(j, "1", "0711000002", "150", jumaPIN).Text, "Paid 150.*")
	matches(t, twice(j, "1", "0722000003", "50", jumaPIN).Text, "Paid 50.*")
	j.awaitSMS("You paid 50.*")
	s.funds("9798.00", "650.00")
	s.phone(amina).awaitSMS("Umepokea 150.*")
	all, err := s.phone(amina).Inbox(t.Context())
	if err != nil || len(all) != 1 {
		t.Errorf("Amina was told %d times: %v", len(all), err)
	}
}

func TestFiftyPINsAtOncePayOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil).start()
	j := s.phone(juma)
	j.play("1", "0711000002", "150")
	form := j.Form()
	form.Set("text", "1*0711000002*150*"+jumaPIN)
	screens := make([]string, 50)
	var group sync.WaitGroup
	for i := range screens {
		group.Go(func() {
			screen, err := handset.Post(t.Context(), http.DefaultClient, s.url+callback, form)
			if err != nil {
				t.Error(err)
			}
			screens[i] = screen.Text
		})
	}
	group.Wait()
	if different := slices.Compact(slices.Sorted(slices.Values(screens))); len(different) != 1 || !strings.HasPrefix(different[0], "Paid 150.00 KES") {
		t.Errorf("screens %q", different)
	}
	s.funds("9849.00", "650.00")
}

func TestThreeWrongPINsStopSendingOnly(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil).start()
	j := s.phone(juma)
	for _, left := range []string{"2", "1"} {
		matches(t, j.play("1", "0711000002", "150", "9205"), `Wrong PIN\. No money was moved\. Tries left: `+left+`\. Dial .*`)
	}
	stopped := `Sending is stopped until [0-9:]{5}( tomorrow)? after 3 wrong PINs\. No money was moved\. You can still receive money\..*`
	matches(t, j.play("1", "0711000002", "150", "9205"), stopped)
	matches(t, j.play("1"), stopped)
	s.stop()
	s.start() // Switching it off and on is no way around.
	j = s.phone(juma)
	matches(t, j.play("1"), stopped)
	matches(t, s.phone(amina).play("1", "0711000001", "100", aminaPIN), "Umelipa 100.*")
	j.awaitSMS(`You received 100\.00 KES from Amina W\. Code ` + code + `\. Balance 10,100\.00 KES\.`)
	matches(t, j.play("2"), "(?s)Your balance is 10,100.00 KES.*")
	s.funds("10100.00", "399.00")
}
