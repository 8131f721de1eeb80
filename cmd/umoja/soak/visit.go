package soak

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/cmd/internal/daemon"
	"github.com/umoja-ledger/umoja/ussd/handset"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// goal is what a person dials for.
type goal string

// The goals.
const (
	toLook    goal = "look"
	toBalance goal = "balance"
	toList    goal = "last payments"
	toPay     goal = "pay"
	toMistype goal = "pay, wrong PIN"
	toCancel  goal = "pay, cancel at the PIN"
	toHang    goal = "pay, hang up before the PIN"
	// toLearn: redial for the outcome of a payment.
	toLearn goal = "redial"
)

// payRequests are the requests of a payment that goes right.
const payRequests = 5

// visit is one session of a person.
type visit struct {
	*person
	phone  *handset.Handset
	format string
	goal   goal
	// sound leaves out faults.
	sound bool
	// gap is the time between an answer and the next input.
	gap time.Duration
	// hangs is after how many answers the person hangs up; 0 never.
	hangs int
	steps int
	// starts counts how often the main menu was left for the goal.
	starts int
	// about is the payment that a redial is about, impatient dials the same payment again in one piece, without looking, and sure means that
	// the gateway has never seen its PIN.
	about     *payment
	impatient bool
	sure      bool
	// asked is the payment whose PIN was typed last.
	asked *payment
	pin   bool
	// away means that no gateway answered the first request.
	away bool
}

// session dials for something, by chance.
func (p *person) session(ctx context.Context) error {
	v := &visit{person: p, format: p.anyFormat(), goal: p.choose()}
	if v.goal == toHang {
		v.hangs = 1 + p.random.IntN(4)
	}
	if err := v.play(ctx); err != nil {
		return err
	}
	if v.away {
		p.crew.notHad()
		return daemon.Sleep(ctx, time.Second)
	}
	v.count()
	return nil
}

// count counts the session as one.
func (v *visit) count() {
	v.crew.tally.count(func(c *counts) {
		c.Sessions++
		add(&c.Goals, string(v.goal), 1)
		add(&c.Formats, v.format, 1)
		if v.pin {
			c.PINs++
		}
	})
}

// choose picks a goal so that the wanted part of the sessions reaches a PIN.
func (p *person) choose() goal {
	if p.crew.wantsPIN() {
		if p.wrong == 0 && p.random.IntN(20) == 0 {
			return toMistype
		}
		return toPay
	}
	return []goal{toLook, toBalance, toBalance, toBalance, toList, toHang, toHang, toCancel}[p.random.IntN(8)]
}

// play holds a place in the crew while the session lasts.
func (v *visit) play(ctx context.Context) error {
	release, err := v.crew.enter(ctx)
	if err != nil {
		return err
	}
	defer release()
	v.phone = v.person.phone(v.format)
	defer func() {
		v.crew.tally.count(func(c *counts) {
			for fault, n := range v.phone.Bites() {
				add(&c.Bites, fault.Name(), n)
			}
		})
	}()
	screen, err := v.step(ctx, func() (handset.Screen, error) { return v.phone.Dial(ctx, v.behind()...) })
	for ; err == nil; v.steps++ {
		s := v.crew.words.screen(v.language, screen.Text)
		if err := v.learn(s, screen.Text); err != nil {
			return err
		}
		if !screen.More || v.hangs > 0 && v.steps >= v.hangs || v.steps > 20 {
			break
		}
		input, goOn, err := v.next(s)
		if err != nil {
			return err
		}
		if !goOn {
			break
		}
		if v.gap > 0 {
			if err := daemon.Sleep(ctx, v.gap); err != nil {
				return err
			}
		}
		if screen, err = v.step(ctx, func() (handset.Screen, error) { return v.phone.Type(ctx, input) }); err != nil {
			return v.broken(ctx, err)
		}
	}
	if err != nil {
		return v.broken(ctx, err)
	}
	v.phone.Hang()
	return nil
}

// behind is what is dialled behind the code: one payment in eight is dialled in one piece.
func (v *visit) behind() []string {
	if v.impatient {
		return []string{"1", v.written(v.crew.people[v.about.to].number), v.about.amount.Text(scale)}
	}
	if v.goal != toPay || v.gap > 0 || v.random.IntN(8) != 0 {
		return nil
	}
	to := v.other()
	v.starts++
	return []string{"1", v.written(v.crew.people[to].number), v.newPayment(to).amount.Text(scale)}
}

// step sends a request, with a fault if chance will have it, and takes the time.
func (v *visit) step(ctx context.Context, send func() (handset.Screen, error)) (handset.Screen, error) {
	fault := handset.Sound
	if !v.sound {
		fault = v.crew.fault(v.random)
	}
	v.phone.Inject(fault)
	began := time.Now()
	screen, err := send()
	took := time.Since(began)
	withPIN := v.asked != nil
	v.crew.tally.count(func(c *counts) {
		switch c.Requests++; {
		case err != nil || fault != handset.Sound:
		case withPIN:
			c.Argon.add(took)
		default:
			c.Plain.add(took)
		}
	})
	return screen, err
}

// broken notes why there was no answer. A request that is late goes on by itself.
func (v *visit) broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	why := "no connection"
	v.away = v.steps == 0
	switch {
	case errors.Is(err, handset.ErrLate):
		why = "late"
		v.late.Add(1)
		phone := v.phone
		v.crew.behind.Go(func() {
			phone.Wait()
			v.late.Add(-1)
		})
	case errors.Is(err, handset.ErrDropped):
		why = "dropped"
	case errors.Is(err, handset.ErrDiffers):
		why = "two answers"
	case errors.Is(err, handset.ErrRefused):
		why = "refused by the adapter"
	}
	v.away = v.away && why == "no connection"
	v.crew.tally.count(func(c *counts) {
		if add(&c.Broken, why, 1); why == "two answers" {
			c.Differing++
		}
	})
	if why == "two answers" || why == "refused by the adapter" {
		v.crew.say("%s, %s: %v", v.format, v.goal, err)
	}
	return nil
}

// learn takes what a screen says of payments.
func (v *visit) learn(s said, text string) error {
	m := meanings[s.key]
	if v.about != nil && (s.key == menu.LinePayments || s.key == menu.NoPayments) {
		return v.list(text)
	}
	if s.key == "" && !s.menu {
		v.crew.unread(s.unreadableText)
	}
	asked := v.asked
	v.asked = nil
	switch {
	case m == nothing:
		return nil
	case asked != nil && (!s.hasAmount || s.amount == asked.amount):
		if m == isRefused && s.key == menu.PINWrong {
			v.crew.tally.count(func(c *counts) { c.Refused++ })
		}
		if asked.learn(m, s, atOnce) {
			return v.keep(asked)
		}
	case s.hasAmount:
		pay := v.payments[s.amount]
		if pay == nil {
			return nil
		}
		if !pay.asked && m == isPaid {
			pay.contradicted = true // Nobody gave a PIN for it.
		}
		if pay.learn(m, s, byRedial) {
			return v.keep(pay)
		}
	}
	return nil
}

// next is what the person keys in; false is hanging up.
func (v *visit) next(s said) (string, bool, error) {
	if s.menu {
		return v.fromMenu()
	}
	switch s.key {
	case menu.Resume, menu.ResumePlain:
		if v.goal == toPay && v.random.IntN(2) == 0 || v.about != nil && s.amount == v.about.amount && v.random.IntN(2) == 0 {
			return "1", true, nil
		}
		return "2", true, nil
	case menu.SendPayee:
		return v.written(v.crew.people[v.other()].number), true, nil
	case menu.SendAmountTo:
		return v.newPayment(v.other()).amount.Text(scale), true, nil // Whom it goes to is on the confirm screen.
	case menu.Confirm:
		return v.confirm(s)
	case menu.Elsewhere:
		return "1", true, nil
	case menu.AmountBalance:
		v.crew.poor(v.person)
	}
	return "", false, nil
}

// fromMenu goes for the goal, a few times at most: an old request that comes again leads back to the menu.
func (v *visit) fromMenu() (string, bool, error) {
	if v.starts++; v.starts > 3 {
		return "", false, nil
	}
	switch v.goal {
	case toBalance:
		return "2", true, nil
	case toList:
		return "3", true, nil
	case toPay, toMistype, toCancel, toHang:
		return "1", true, nil
	case toLearn:
		if v.about.open() && !v.about.promised {
			return "3", true, nil
		}
	}
	return "", false, nil
}

// confirm types a PIN, or cancels: what would pay an amount that the person never gave, as everybody would. The payment is in the journal before
// its PIN leaves.
func (v *visit) confirm(s said) (string, bool, error) {
	if mistaken(s.amount) {
		return "0", true, nil
	}
	pay := v.paymentOf(s)
	to, ok := v.crew.places[s.number]
	if pay == nil || !ok || v.goal == toLearn && pay != v.about {
		return "0", true, nil
	}
	pay.to = to
	switch v.goal {
	case toBalance, toList, toLook:
		return "", false, nil
	case toCancel, toHang:
		return "0", true, nil
	case toMistype:
		if v.wrong > 0 || pay.asked {
			return "0", true, nil
		}
		v.wrong++
		v.pin, pay.tried, pay.outcome, pay.how = true, true, refused, atOnce
		return v.wrongPIN(), true, v.keep(pay)
	}
	if pay.outcome == refused || pay.outcome == unreached {
		pay.outcome = unknown // It is tried again.
	}
	v.pin, v.wrong, v.asked = true, 0, pay
	pay.tried, pay.asked = true, true
	return v.person.pin, true, v.keep(pay)
}

// list looks for a payment among the last ones.
func (v *visit) list(text string) error {
	v.sure = true
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(line, "-"+v.about.amount.Grouped(scale)+" ") {
			continue
		}
		if v.about.learn(isPaid, said{code: receiptCode(line)}, byRedial) {
			return v.keep(v.about)
		}
	}
	return nil
}

// receiptCode is the code in a line of the last payments; the fee stands behind it where there is room.
func receiptCode(line string) string {
	for word := range strings.FieldsSeq(line) {
		if wholeCode.MatchString(word) {
			return word
		}
	}
	return ""
}

var wholeCode = regexp.MustCompile("^" + forms["code"] + "$")
