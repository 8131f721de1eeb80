package ussd

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// Paying by SMS. SEND goes through the send flow as if it had been typed there, up to the confirm screen; in its place an SMS names payee,
// amount and fee with a code. PAY with the code is what the PIN is on the screen: it submits the stored payment, once.

const (
	// payDigits is the length of a code, payCodes the number of them.
	payDigits = 4
	payCodes  = 10_000
	// maxWrongCodes is how many wrong codes a number may send in a day.
	maxWrongCodes = 3
	// maxTextOffers bounds the payments of a number that have a code.
	maxTextOffers = 64
)

// textOffer is a payment that waits for its code.
type textOffer struct {
	ID tx.ID `json:"id"`
}

func textOfferPrefix(phone Phone) []byte { return phonePrefix("text-offer", phone) }

func textOfferKey(phone Phone, code string) []byte { return append(textOfferPrefix(phone), code...) }

// textDay is what a number did by SMS on a day.
type textDay struct {
	Spent amount.Amount `json:"spent,omitempty"`
	Wrong int           `json:"wrong,omitempty"`
}

// textDayKey is that of the day at the network's offset.
func (s *Service) textDayKey(phone Phone, nowUnixMs uint64) []byte {
	today := (int64(nowUnixMs)/60_000 + int64(s.machine.offsetMinutes)) / (24 * 60)
	return binary.BigEndian.AppendUint64(phonePrefix("text-day", phone), uint64(today))
}

func (t *inText) today(r Reader) (textDay, error) {
	d, err := get[textDay](r, t.service.textDayKey(t.text.From, t.facts.NowUnixMs))
	if err != nil || d == nil {
		return textDay{}, err
	}
	return *d, nil
}

// then is an effect of its own.
type then func(s *Service, w Writer, nowUnixMs uint64) error

func (e then) apply(s *Service, w Writer, nowUnixMs uint64) error { return e(s, w, nowUnixMs) }

// changeDay changes what the number did today.
func (t *inText) changeDay(change func(d *textDay)) Effect {
	return then(func(s *Service, w Writer, nowUnixMs uint64) error {
		d, err := t.today(w)
		if err != nil {
			return err
		}
		change(&d)
		key := s.textDayKey(t.text.From, nowUnixMs)
		if err := forgetAt(w, nowUnixMs+2*day, key); err != nil {
			return err
		}
		return put(w, key, d)
	})
}

// stopped refuses whoever may not pay by SMS now.
func (t *inText) stopped() (refused bool, err error) {
	m, f := t.service.machine, t.facts
	if t.service.smsCap == 0 {
		return true, t.hint(menu.TextPayOff, true)
	}
	if f.User.Attempts.Stopped(f.NowUnixMs) {
		return true, t.answer(m.stopped(f, &t.session, *f.User).Reply.Text)
	}
	var today textDay
	err = t.service.store.View(context.Background(), func(r Reader) (err error) {
		today, err = t.today(r)
		return err
	})
	if err != nil || today.Wrong < maxWrongCodes {
		return false, err
	}
	return true, t.hint(menu.TextPayStopped, true)
}

// send prepares a payment and sends its code.
func (t *inText) send(ctx context.Context, words []string) error {
	if refused, err := t.stopped(); refused || err != nil {
		return err
	}
	allowed, err := t.allowed(offersAnswered)
	if err != nil || !allowed {
		return err
	}
	counted := count{t.text.From, offersAnswered}
	value, to, ok := t.service.machine.payment(words)
	if !ok {
		return t.finish(menu.TextSendForm, menu.Args{}, counted)
	}
	if s := t.service; aboveCap(value, s.machine.asset.Scale, s.smsCap) {
		// Before the balance is looked at: a smaller amount that the balance covers could still be too much by SMS.
		return t.finish(menu.TextOverCap, menu.Args{Limit: s.machine.money(s.smsCap)}, counted)
	}
	effects, reply, err := t.sendFlow(ctx, to, value)
	if err != nil {
		return err
	}
	p := t.offered(effects)
	effects = append(effects, counted)
	switch {
	case p == nil:
		return t.answer(reply, effects...)
	case p.Stage != StageShown:
		return t.answer(t.service.machine.paymentLine(&t.session, *p), append(effects, PromisePayment{p.Prepared.ID})...)
	case t.session.Prompt == promptElsewhere:
		return t.finish(menu.TextElsewhere, menu.Args{}, counted)
	}
	if refused, err := t.overCap(*p, counted); refused || err != nil {
		return err
	}
	return t.offer(*p, effects)
}

// aboveCap tells whether a text is an amount above what SMS may pay.
func aboveCap(text string, scale uint8, most amount.Amount) bool {
	value, err := amount.Parse(text, scale)
	return err == nil && value > most
}

// payment reads amount and payee, in this order, or in the other where the first can only be a phone number.
func (m *Machine) payment(words []string) (value, to string, ok bool) {
	// KES 200, 200 KES and KES200 are 200.
	var rest []string
	for _, word := range words {
		if word = strings.TrimSuffix(strings.TrimPrefix(word, m.asset.Code), m.asset.Code); word != "" {
			rest = append(rest, word)
		}
	}
	if len(rest) < 2 {
		return "", "", false
	}
	if first := rest[0]; len(first) >= 9 && (first[0] == '0' || first[0] == '+') && len(rest) == 2 {
		return rest[1], first, true
	}
	return rest[0], strings.Join(rest[1:], ""), true
}

// sendFlow goes through the send flow up to its confirm screen, or to what it refuses with.
func (t *inText) sendFlow(ctx context.Context, to, value string) (effects []Effect, reply string, err error) {
	m := t.service.machine
	t.session.Prompt = promptPayee
	for _, input := range []string{to, value} {
		action := m.takeSend(t.facts, &t.session, Answer{Input: pin.NewSecret(input)})
		for {
			effects = append(effects, action.Effects...)
			if action.Reply != nil {
				break
			}
			event, err := action.Ask.find(ctx, t.service, t.facts)
			if err != nil {
				return nil, "", err
			}
			if missing, ok := event.(PayeeMissing); ok {
				// Money is kept for a number without an account by dialling only, where the person reads what that means.
				return effects, m.text(&t.session, menu.PayeeUnknown, menu.Args{Number: missing.Destination.text()}), nil
			}
			action = m.takeSend(t.facts, &t.session, event)
		}
		reply = action.Reply.Text
		if t.session.Prompt == promptPayee || action.Reply.End {
			break
		}
	}
	return effects, reply, nil
}

// offered is the payment that the send flow came to: a new one, or one that is open already.
func (t *inText) offered(effects []Effect) *Payment {
	if t.session.Payment == nil {
		return nil
	}
	for _, effect := range effects {
		if e, ok := effect.(NewPayment); ok {
			return &e.Payment
		}
	}
	return find(t.facts.Payments, t.session.Payment)
}

// overCap refuses what is more than SMS may pay.
func (t *inText) overCap(p Payment, effects ...Effect) (refused bool, err error) {
	s := t.service
	var today textDay
	err = s.store.View(context.Background(), func(r Reader) (err error) {
		today, err = t.today(r)
		return err
	})
	if err != nil {
		return false, err
	}
	total, ok := p.Order.Amount.Add(p.Fee)
	left := s.smsCapDay - min(today.Spent, s.smsCapDay)
	switch {
	case !ok || total > s.smsCap:
		return true, t.finish(menu.TextOverCap, menu.Args{Limit: s.machine.money(s.smsCap)}, effects...)
	case total > left:
		return true, t.finish(menu.TextOverCapDay, menu.Args{Limit: s.machine.money(left)}, effects...)
	}
	return false, nil
}

// offer sends the code of a payment: the one it has, or a new one. The payment is stored with it.
func (t *inText) offer(p Payment, effects []Effect) error {
	taken := make(map[string]bool)
	code := ""
	err := t.service.store.View(context.Background(), func(r Reader) error {
		return r.Scan(textOfferPrefix(t.text.From), nil, maxTextOffers, func(key, _ []byte) error {
			o, err := get[textOffer](r, key)
			if known := string(key[len(key)-payDigits:]); err == nil && o != nil && o.ID == p.Prepared.ID {
				code = known
			} else {
				taken[known] = true
			}
			return err
		})
	})
	if err != nil {
		return err
	}
	if code == "" && len(taken) >= maxTextOffers {
		return t.finish(menu.TooManyOpen, menu.Args{})
	}
	for code == "" || taken[code] {
		if code, err = t.service.newCode(); err != nil {
			return err
		}
	}
	m := t.service.machine
	args := m.args(&t.session, p)
	args.Code, args.Minutes = code, strconv.FormatUint((p.Prepared.ExpiresAtUnixMs-t.facts.NowUnixMs)/60_000, 10)
	key := menu.TextOffer
	if p.Order.Payee.Phone == "" {
		key = menu.TextOfferAccount
	}
	return t.finish(key, args, append(effects, t.keepOffer(code, p))...)
}

// keepOffer stores the code of a payment. It is known for a day after its time, so that who is late is told so.
func (t *inText) keepOffer(code string, p Payment) Effect {
	return then(func(_ *Service, w Writer, _ uint64) error {
		key := textOfferKey(t.text.From, code)
		if err := forgetAt(w, p.Prepared.ExpiresAtUnixMs+day, key); err != nil {
			return err
		}
		return put(w, key, textOffer{ID: p.Prepared.ID})
	})
}

// newCode draws a code.
func (s *Service) newCode() (string, error) {
	var raw [8]byte
	if _, err := io.ReadFull(s.rand, raw[:]); err != nil {
		return "", fmt.Errorf("draw a code: %w", err)
	}
	return fmt.Sprintf("%0*d", payDigits, binary.BigEndian.Uint64(raw[:])%payCodes), nil
}

// pay submits the payment of a code.
func (t *inText) pay(ctx context.Context, words []string) error {
	if refused, err := t.stopped(); refused || err != nil {
		return err
	}
	if len(words) != 1 || len(words[0]) != payDigits || !allDigits(words[0]) {
		return t.hint(menu.TextHelp, true)
	}
	var p *Payment
	known := false
	err := t.service.store.View(context.Background(), func(r Reader) error {
		o, err := get[textOffer](r, textOfferKey(t.text.From, words[0]))
		if err != nil || o == nil {
			return err
		}
		known = true
		p, err = getPayment(r, o.ID)
		return err
	})
	switch {
	case err != nil:
		return err
	case !known:
		return t.wrongCode()
	case p == nil || p.Order.Payer != t.facts.User.Account || p.Stage == StageAbandoned || p.Stage == StageShown && t.facts.NowUnixMs >= p.Prepared.ExpiresAtUnixMs:
		return t.finish(menu.TextCodeLate, menu.Args{}, count{t.text.From, offersAnswered})
	case p.Stage == StageSubmitted:
		return t.answer(t.service.machine.paymentLine(&t.session, *p), PromisePayment{p.Prepared.ID})
	case p.Stage == StageSettled:
		return t.answer(t.service.machine.paymentLine(&t.session, *p))
	}
	if refused, err := t.overCap(*p); refused || err != nil {
		return err
	}
	// From here on the outcome is the ledger's, and tells itself by SMS. A crash leaves a submitted payment, which the Settler takes up; the same
	// message again finds that it was answered.
	total, _ := p.Order.Amount.Add(p.Fee)
	spend := t.changeDay(func(d *textDay) { d.Spent, _ = d.Spent.Add(total) })
	if err := t.answer("", spend, SubmitPayment{p.Prepared.ID}, PromisePayment{p.Prepared.ID}); err != nil {
		return err
	}
	return t.settle(ctx, *p)
}

// settle waits for the outcome of a payment that was submitted, and says so when it takes longer.
func (t *inText) settle(ctx context.Context, p Payment) error {
	s := t.service
	t.release() // Who dials meanwhile does not wait for the ledger twice.
	event, err := AskOutcome{Prepared: p.Prepared}.find(ctx, s, t.facts)
	decided, ok := event.(Decided)
	return s.store.Update(context.Background(), func(w Writer) error {
		if err == nil && ok {
			return SettlePayment{ID: p.Prepared.ID, Outcome: decided.Outcome}.apply(s, w, nowUnixMs())
		}
		text := s.machine.text(&t.session, kindOf(p.Order.Kind).processing, s.machine.args(&t.session, p))
		return s.outbox.Enqueue(w, Message{Reference: t.reference("processing"), To: t.text.From, Text: text}, nowUnixMs())
	})
}

// wrongCode counts a code that nobody was sent. The third in a day takes all codes back: whoever guesses has three tries in ten thousand.
func (t *inText) wrongCode() error {
	var today textDay
	var open []tx.ID
	err := t.service.store.View(context.Background(), func(r Reader) (err error) {
		if today, err = t.today(r); err != nil {
			return err
		}
		return r.Scan(textOfferPrefix(t.text.From), nil, maxTextOffers, func(key, _ []byte) error {
			o, err := get[textOffer](r, key)
			if err == nil && o != nil {
				open = append(open, o.ID)
			}
			return err
		})
	})
	if err != nil {
		return err
	}
	effects := []Effect{t.changeDay(func(d *textDay) { d.Wrong++ })}
	if left := maxWrongCodes - today.Wrong - 1; left > 0 {
		return t.finish(menu.TextCodeWrong, menu.Args{Tries: strconv.Itoa(left)}, effects...)
	}
	for _, id := range open {
		effects = append(effects, abandonOffer(id))
	}
	return t.finish(menu.TextPayStopped, menu.Args{}, effects...)
}

// abandonOffer gives a payment up whose record may be gone.
func abandonOffer(id tx.ID) Effect {
	return then(func(s *Service, w Writer, nowUnixMs uint64) error {
		if p, err := getPayment(w, id); err != nil || p == nil {
			return err
		}
		return AbandonPayment{id}.apply(s, w, nowUnixMs)
	})
}
