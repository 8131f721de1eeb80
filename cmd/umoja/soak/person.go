package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/umoja-ledger/umoja/cmd/internal/daemon"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/handset"
	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// person is one of the crew, with a phone. One goroutine uses it.
type person struct {
	crew   *crew
	place  int
	number string
	pin    string
	random *rand.Rand
	// language is that of the screens; empty before the person has registered.
	language menu.Language
	account  tx.AccountID
	// payments are by amount; next is the next amount.
	payments map[amount.Amount]*payment
	next     amount.Amount
	// earlier are the amounts of a crew before, whose journal is not this one's.
	earlier map[amount.Amount]bool
	// wrong counts the wrong PINs since the last right one.
	wrong int
	// late counts the sessions whose late requests are still on their way.
	late atomic.Int32
	// seen is when the messages were read last.
	seen time.Time
}

// firstAmount is the smallest payment of a person; the fee is as large.
const firstAmount = amount.Amount(1_01)

// mistaken tells of an amount that no person gives: a "1" for a menu, delivered again when the gateway asks how much, is 1.00.
func mistaken(a amount.Amount) bool { return a%100 == 0 }

// newPerson makes the person of a place. The same seed makes the same number, name and PIN.
func newPerson(c *crew, place int) *person {
	who := rand.New(rand.NewPCG(c.o.Seed, uint64(place)))
	p := &person{
		crew: c, place: place, number: fmt.Sprintf("+2547%02d%06d", 20+c.o.Seed%60, place), payments: make(map[amount.Amount]*payment), next: firstAmount,
		random: rand.New(rand.NewPCG(c.o.Seed+uint64(c.runs)<<32, uint64(place))),
	}
	for p.pin == "" || pin.Check(pin.NewSecret(p.pin)) != nil {
		p.pin = fmt.Sprintf("%04d", who.IntN(10_000))
	}
	return p
}

// name is made of letters only: PHONE AAAB.
func (p *person) name() string {
	letters := []byte("AAAA")
	for i, n := len(letters)-1, p.place; i >= 0; i, n = i-1, n/26 {
		letters[i] += byte(n % 26)
	}
	return "PHONE " + string(letters)
}

// wrongPIN is another PIN than the person's.
func (p *person) wrongPIN() string {
	digits := []byte(p.pin)
	digits[0] = '0' + (digits[0]-'0'+1+byte(p.random.IntN(9)))%10
	return string(digits)
}

// written is a number as people write it, one way or the other.
func (p *person) written(number string) string {
	return []string{number, strings.TrimPrefix(number, "+"), "0" + strings.TrimPrefix(number, "+254")}[p.random.IntN(3)]
}

// other is somebody to pay.
func (p *person) other() int {
	to := p.random.IntN(len(p.crew.people) - 1)
	if to >= p.place {
		to++
	}
	return to
}

// newPayment gives the next payment its amount.
func (p *person) newPayment(to int) *payment {
	if mistaken(p.next) {
		p.next++
	}
	pay := &payment{amount: p.next, to: to}
	p.payments[pay.amount] = pay
	p.next++
	return pay
}

// paymentOf is the payment on a confirm screen. One that is not known was put together in a run that was killed before its PIN.
func (p *person) paymentOf(s said) *payment {
	pay := p.payments[s.amount]
	if pay != nil {
		return pay
	}
	to, ok := p.crew.places[s.number]
	if !ok || !s.hasAmount {
		return nil
	}
	pay = &payment{amount: s.amount, to: to}
	p.payments[s.amount], p.next = pay, max(p.next, s.amount+1)
	return pay
}

// phone is a handset of the person behind an aggregator.
func (p *person) phone(format string) *handset.Handset {
	return handset.New(handset.Config{
		URL: p.crew.callback(format), Format: format, Number: p.number, ServiceCode: p.crew.addresses.ServiceCode, Client: p.crew.http,
	})
}

func (p *person) anyFormat() string {
	all := handset.Formats()
	return all[p.random.IntN(len(all))]
}

// pause waits for up to so long, at least a tenth of it.
func (p *person) pause(ctx context.Context, most time.Duration) error {
	return daemon.Sleep(ctx, most/10+time.Duration(p.random.Int64N(int64(most*9/10))))
}

// register makes the person a user of the gateway, whatever goes wrong on the way.
func (p *person) register(ctx context.Context) error {
	var last error
	for range 20 {
		phone := p.phone(p.anyFormat())
		language := p.crew.words.languages[p.random.IntN(min(3, len(p.crew.words.languages)))]
		screen, err := phone.Dial(ctx)
		if err == nil && screen.More && p.crew.words.choice(screen.Text, language) == "" {
			if _, ok := p.crew.words.language(screen.Text); !ok {
				screen, err = phone.Type(ctx, "2") // An earlier crew's phone is offered to go on; 2 is the main menu.
			}
		}
		if known, ok := p.crew.words.language(screen.Text); err == nil && ok {
			p.language = known
			return p.crew.keep(entry{Language: &personEntry{p.place, string(known)}})
		}
		for _, input := range []string{p.crew.words.choice(screen.Text, language), p.name(), p.pin, p.pin} {
			if err == nil && screen.More {
				screen, err = phone.Type(ctx, input)
			}
		}
		shown := p.crew.words.screen(language, screen.Text).key
		if err == nil && shown == menu.Registered {
			p.language = language
			return p.crew.keep(entry{Language: &personEntry{p.place, string(language)}})
		}
		if last = err; last == nil {
			last = fmt.Errorf("the last screen was %q", shown)
		}
		if err := p.pause(ctx, 2*time.Second); err != nil {
			return err
		}
	}
	return fmt.Errorf("register phone %d of the crew, see also the gateway's log: %w", p.place, last)
}

// live has one session after the other until the crew has had enough.
func (p *person) live(ctx context.Context) error {
	if err := p.settleAll(ctx); err != nil {
		return err
	}
	for p.crew.another() {
		if err := p.session(ctx); err != nil {
			return err
		}
		if err := p.settleAll(ctx); err != nil {
			return err
		}
		if p.awaits() && time.Since(p.seen) > 5*time.Second {
			if err := p.readTexts(ctx); err != nil {
				return err
			}
		}
		if err := p.pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// awaits says that a message was promised and has not been seen.
func (p *person) awaits() bool {
	for _, pay := range p.payments {
		if pay.promised && !pay.texted {
			return true
		}
	}
	return false
}

// readTexts reads the phone's messages. A carrier that is away is asked again later.
func (p *person) readTexts(ctx context.Context) error {
	p.seen = time.Now()
	inbox, err := p.phone("africastalking").Inbox(ctx)
	if err != nil {
		return ctx.Err()
	}
	for _, m := range inbox {
		s := p.crew.words.message(p.language, m.Text)
		pay := p.payments[s.amount]
		if pay == nil || !s.hasAmount || !pay.asked {
			continue
		}
		changed := pay.learn(meanings[s.key], s, byText)
		if pay.promised && !pay.texted {
			pay.texted, changed = true, true
		}
		if changed {
			if err := p.keep(pay); err != nil {
				return err
			}
		}
	}
	return nil
}

// keep writes what is known of a payment to the journal.
func (p *person) keep(pay *payment) error {
	return p.crew.keep(entry{Payment: &paymentEntry{
		From: p.place, To: pay.to, Amount: pay.amount, Asked: pay.asked, Outcome: pay.outcome, How: pay.how, Code: pay.code,
		Promised: pay.promised, Texted: pay.texted, Contradicted: pay.contradicted,
	}})
}

// restore takes what an earlier run knew.
func (p *person) restore(e paymentEntry) {
	p.payments[e.Amount] = &payment{
		amount: e.Amount, to: e.To, asked: e.Asked, tried: true, outcome: e.Outcome, how: e.How, code: e.Code,
		promised: e.Promised, texted: e.Texted, contradicted: e.Contradicted,
	}
	// Amounts that were given out and not written are left behind.
	p.next = max(p.next, e.Amount+50)
}

// open are the payments whose outcome the person does not know, in order.
func (p *person) open() []*payment {
	var open []*payment
	for _, pay := range p.payments {
		if pay.open() {
			open = append(open, pay)
		}
	}
	slices.SortFunc(open, func(a, b *payment) int { return int(a.amount) - int(b.amount) })
	return open
}
