package gateway

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk/sdktest"
	"github.com/umoja-ledger/umoja/ussd/handset"
)

// short is the deadline of a test that runs into it.
const short = 3 * time.Second

// all does something to every validator.
func all(n *sdktest.Network, f func(v *sdktest.Validator)) {
	for _, v := range n.Validators {
		f(v)
	}
}

// outage is a way in which a submitted payment gets no answer, and its end.
type outage struct {
	name       string
	begin, end func(n *sdktest.Network)
}

var (
	stopped = outage{"all stopped", func(n *sdktest.Network) { all(n, (*sdktest.Validator).Stop) }, func(n *sdktest.Network) { all(n, (*sdktest.Validator).Start) }}
	hanging = outage{"all hang", func(n *sdktest.Network) { all(n, func(v *sdktest.Validator) { v.Hang("Submit") }) }, honest}
	mute    = outage{"applied, and every answer lost", func(n *sdktest.Network) {
		all(n, func(v *sdktest.Validator) { v.Drop("Submit", 1<<20) })
	}, honest}
	leaderless = outage{"no order: the majority is gone", func(n *sdktest.Network) { n.HoldOrder(true) }, func(n *sdktest.Network) { n.HoldOrder(false) }}
	tentative  = outage{"ordered and never final", func(n *sdktest.Network) { n.HoldFinality(true) }, func(n *sdktest.Network) { n.HoldFinality(false) }}
)

func honest(n *sdktest.Network) { all(n, func(v *sdktest.Validator) { v.On("Submit", nil) }) }

// "We will SMS you the result" is said in time, and kept.
func TestAnOutageIsAPromiseThatIsKept(t *testing.T) {
	t.Parallel()
	for _, o := range []outage{stopped, hanging, mute, leaderless, tentative} {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, nil)
			limit := 8 * time.Second
			if o.name != stopped.name { // Once with the deadline of every real gateway.
				s.deadline, limit = short, short
			}
			s.start()
			j := s.phone(juma)
			j.play("1", "0711000002", "150")
			o.begin(s.network)
			began := time.Now()
			screen, err := j.Type(t.Context(), jumaPIN)
			check(t, err)
			if took := time.Since(began); took > limit {
				t.Errorf("the answer took %s", took)
			}
			matches(t, screen.Text, `Your payment of 150\.00 KES to AMINA W\. is being processed\. We will SMS you the result\. Do not pay again\.`)
			o.end(s.network)
			j.awaitSMS(`You paid 150\.00 KES to AMINA W\. Fee 1\.00 KES\. Code ` + code + `\. Balance 9,849\.00 KES\.`)
			s.phone(amina).awaitSMS(`Umepokea 150\.00 KES kutoka Juma O\. Risiti ` + code + `\. Salio 650\.00 KES\.`)
			matches(t, j.play(), `(?s)Paid 150\.00 KES to AMINA W\. Code `+code+`\n.*`)
			s.funds("9849.00", "650.00")
		})
	}
}

// The process ends after it submitted, and the phone hears nothing; the next process goes on.
func TestAGatewayThatEndsBeforeTheAnswerSettlesAtItsNextStart(t *testing.T) {
	t.Parallel()
	for _, o := range []outage{hanging, mute, tentative} {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, nil).start()
			j := s.phone(juma)
			j.play("1", "0711000002", "150")
			o.begin(s.network)
			submitted := make(chan struct{})
			var once sync.Once
			watchSubmits(s.network, func() { once.Do(func() { close(submitted) }) })
			hangUp, cancel := context.WithCancel(t.Context())
			heard := make(chan error, 1)
			go func() {
				_, err := j.Type(hangUp, jumaPIN)
				heard <- err
			}()
			<-submitted
			cancel()
			if err := <-heard; !errors.Is(err, context.Canceled) {
				t.Fatalf("the phone heard something: %v", err)
			}
			began := time.Now()
			s.stop()
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("the gateway took %s to end", took)
			}
			o.end(s.network)
			s.deadline = time.Second
			s.start()
			j = s.phone(juma)
			j.awaitSMS("You paid 150.*")
			matches(t, j.play(), "(?s)Paid 150.*")
			matches(t, j.play("1", "0711000002", "150"), "(?s)Pay 150.*") // Another payment, not the same again.
			s.funds("9849.00", "650.00")
		})
	}
}

// watchSubmits calls f with each submission that arrives, and leaves what the switches say.
func watchSubmits(n *sdktest.Network, f func()) {
	all(n, func(v *sdktest.Validator) {
		go func() {
			for v.Calls("Submit") == 0 {
				time.Sleep(5 * time.Millisecond)
			}
			f()
		}()
	})
}

// What was submitted, never ordered and expired is told by SMS, and may be paid again.
func TestAPaymentThatExpiresIsToldAsNotMade(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.deadline = short
	s.start()
	j := s.phone(juma)
	s.network.HoldOrder(true)
	matches(t, j.play("1", "0711000002", "150", jumaPIN), ".*We will SMS you the result.*")
	matches(t, j.play("1", "0711000002", "150"), "(?s)Pay 150.*") // Still the same one.
	s.network.Advance(11 * time.Minute)
	s.network.HoldOrder(false)
	j.awaitSMS(`Your payment of 150\.00 KES to AMINA W\. was not made\. No money was moved\. Dial \*384\*2050# to try again\.`)
	matches(t, j.play(), `(?s)150\.00 KES to AMINA W\. was not paid\. No money was moved\..*`)
	s.funds("10000.00", "500.00")
}

// A gateway that starts while no validator answers serves its phones.
func TestAStartWithoutValidators(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.deadline = short
	all(s.network, (*sdktest.Validator).Stop)
	s.start()
	j := s.phone(juma)
	unreachable := `We cannot reach the service now\. No money was moved\. Dial .*`
	matches(t, j.play(), "Umoja: Juma Otieno\n1 Send money\n2 Balance\n3 Last payments\n4 Withdraw cash\n5 Requests\n6 More")
	matches(t, j.play("2"), unreachable)
	matches(t, j.play("3"), unreachable)
	matches(t, j.play("1", "0711000002"), unreachable)
	matches(t, s.phone(baraka).play("1", "Baraka", barakaPIN, barakaPIN), unreachable)
	health := func() int {
		res, err := http.Get(s.url + "/healthz")
		check(t, err)
		res.Body.Close()
		return res.StatusCode
	}
	if got := health(); got != http.StatusServiceUnavailable {
		t.Errorf("health: %d", got)
	}
	all(s.network, (*sdktest.Validator).Start)
	for until := time.Now().Add(soon); health() != http.StatusOK; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("never healthy")
		}
	}
	matches(t, j.play("1", "0711000002", "150", jumaPIN), "Paid 150.*")
	matches(t, s.phone(baraka).play("1", "Baraka", barakaPIN, barakaPIN), "Welcome Baraka.*")
}

// The offer's three reads are under way together.
func TestAnOfferWaitsForItsSlowestRead(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil).start()
	var mu sync.Mutex
	together := make(map[string]bool)
	met := make(chan struct{})
	for _, method := range []string{"GetProvider", "GetBalance", "GetGrant"} {
		all(s.network, func(v *sdktest.Validator) {
			v.On(method, func(ctx context.Context, _ any, handle func() (any, error)) (any, error) {
				mu.Lock()
				if together[method] = true; len(together) == 3 {
					select {
					case <-met:
					default:
						close(met)
					}
				}
				mu.Unlock()
				select {
				case <-met:
					return handle()
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			})
		})
	}
	matches(t, s.phone(juma).play("1", "0711000002", "150"), "(?s)Pay 150.*")
}

// Without a grant that covers the payment no PIN is asked for.
func TestWithoutAGrantNothingIsAskedFor(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(g *genesis.Genesis){
		"none":                        func(g *genesis.Genesis) { g.Grants = g.Grants[1:] },
		"expired":                     func(g *genesis.Genesis) { g.Grants[0].ExpiresAtUnixMs = g.TimeUnixMs + 1000 },
		"fee above the grant's limit": func(g *genesis.Genesis) { g.Grants[0].FeeCeiling = ledgertest.FlatFee - 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := ledgertest.NetworkOf(t, t.Name(), 4, func(_ *ledgertest.World, g *genesis.Genesis) { change(g) })
			s := newSiteOf(t, w, nil).start()
			matches(t, s.phone(juma).play("1", "0711000002", "150"), `We may not pay from your account now\. No money was moved\. Ask us for help, or dial your new provider\.`)
			matches(t, s.phone(juma).play("2"), "(?s)Your balance is 10,000.00 KES.*")
			matches(t, s.phone(amina).play("1", "0711000001", "100", aminaPIN), "Umelipa 100.*")
		})
	}
}

// A number that cannot be looked up holds the SMS and the registration that need it, and nothing else.
func TestNumbersThatCannotBeLookedUpAreWaitedFor(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.deadline = short
	s.start()
	all(s.network, func(v *sdktest.Validator) { v.Refuse("GetAccount", "OVERLOADED") })
	j, b := s.phone(juma), s.phone(baraka)
	matches(t, b.play("1", "Baraka", barakaPIN, barakaPIN), "Your registration is being processed.*")
	s.network.Fund(t, s.network.Juma.Account, 5_00) // From an account that is no phone's.
	matches(t, j.play("2"), "(?s)Your balance is 10,005.00 KES.*")
	all(s.network, func(v *sdktest.Validator) { v.On("GetAccount", nil) })
	j.awaitSMS(`You received 5\.00 KES from account .*`)
	b.awaitSMS(`Welcome Baraka\. You are registered\. Your account number is ` + tx.AccountNumber(uint64(len(s.network.Genesis.Accounts)+1)).Text() + `\. .*`)
}

// Nobody learns a PIN, a key or a number from the log, not even at its most talkative, in good times or bad.
func TestTheLogTellsNoSecret(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil).start()
	j := s.phone(juma)
	s.phone(baraka).play("1", "Baraka", barakaPIN, barakaPIN)
	j.play("1", "0722000003", "150", jumaPIN)
	j.awaitSMS("You paid 150.*")
	j.play("1", "0711000002", "150", "9205")
	j.anew("1", "0733000009")
	j.play("1*0711000002*150*" + jumaPIN) // Stars.
	bad := j.Form()
	bad.Set("phoneNumber", juma+"0000000")
	if _, err := handset.Post(t.Context(), http.DefaultClient, s.url+callback, bad); !errors.Is(err, handset.ErrRefused) {
		t.Errorf("a number that is too long: %v", err)
	}
	s.stop()
	s.deadline = short
	s.start()
	j = s.phone(juma)
	s.network.HoldOrder(true)
	matches(t, j.anew("1", "0722000003", "10", jumaPIN), "Your payment of 10.*")
	all(s.network, (*sdktest.Validator).Stop)
	j.play("1", "0722000003")
	j.play("2")
	all(s.network, (*sdktest.Validator).Start)
	s.network.HoldOrder(false)
	j.awaitSMS("You paid 10.*")
	s.stop()
	logged := s.log.String()
	pepper := s.keys.Pepper().Reveal()
	for what, secret := range map[string]string{
		"Juma's number": juma[1:], "Juma's number without its country": juma[4:], "Baraka's number": baraka[4:], "a wrong payee": "733000009",
		"the grant key": s.network.Provider.Text(), "the alias key": s.network.AliasKey.Text(), "the pepper": hexOf(pepper[:]),
	} {
		if strings.Contains(logged, secret) {
			t.Errorf("%s is logged: %s", what, around(logged, secret))
		}
	}
	for _, pin := range []string{jumaPIN, aminaPIN, barakaPIN, "9205"} {
		if word(pin).MatchString(logged) {
			t.Errorf("a PIN is logged: %s", word(pin).FindString(logged))
		}
	}
	// The log is not simply empty.
	for _, wanted := range []string{"question of a turn went unanswered", "validator did not answer a read", "serving"} {
		if !strings.Contains(logged, wanted) {
			t.Errorf("the log lacks %q:\n%s", wanted, logged)
		}
	}
}

// around is the line of a log in which a secret stands.
func around(logged, secret string) string {
	for line := range strings.Lines(logged) {
		if strings.Contains(line, secret) {
			return line
		}
	}
	return ""
}
