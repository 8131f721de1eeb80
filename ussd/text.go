package ussd

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/umoja-ledger/umoja/ussd/menu"
)

// Commands by SMS: BAL, LAST, SEND 200 0712345678, PAY 4821, HELP, and payments that another wallet has signed. A sender's number is easily
// forged, and no PIN is ever asked for by SMS; so answers go to the number, where whoever forged it does not read them, what they cost is
// bounded, and a payment needs the code of such an answer and stays below low caps.

// Text is an SMS that a person sent.
type Text struct {
	// Number is this message's, and the same whenever it is taken again. No other message has it.
	Number uint64
	From   Phone
	Text   string
}

const (
	// textWait bounds the questions of one message.
	textWait = 20 * time.Second
	// textKept is how long a message that was answered is known again.
	textKept = uint64(48 * time.Hour / time.Millisecond)
	hour     = uint64(time.Hour / time.Millisecond)
)

// What a number is answered at most in a time: balances and lists, offers, hints, and the payments of other wallets.
var (
	looksAnswered  = allowance{"look", 5, hour}
	offersAnswered = allowance{"offer", 10, hour}
	hintsGiven     = allowance{"hint", 3, day}
	relaysAnswered = allowance{"relay", 20, hour}
)

// inText is a message in hand. Its phone's turnstile is held.
type inText struct {
	service *Service
	text    Text
	facts   Facts
	session Session
	// release opens the turnstile. It may be called again.
	release func()
}

// TakeText does what a message asks for and answers it by SMS. After an error it is to be called again with the same message; after nil that
// does nothing. The answer is stored together with whatever it tells.
func (s *Service) TakeText(ctx context.Context, text Text) error {
	ctx, cancel := context.WithTimeout(ctx, textWait)
	defer cancel()
	release, err := s.turnstile.enter(ctx, text.From)
	if err != nil {
		return fmt.Errorf("take SMS: %w", err)
	}
	release = sync.OnceFunc(release)
	defer release()
	t := &inText{service: s, text: text, release: release, facts: Facts{NowUnixMs: nowUnixMs(), Phone: text.From, Aggregator: "sms", Screen: textScreen},
		session: Session{Phone: text.From, Screen: textScreen, byText: true}}
	done := false
	err = s.store.View(ctx, func(r Reader) error {
		answered, err := get[bool](r, textKey(text.Number))
		if done = answered != nil; err != nil || done {
			return err
		}
		return t.facts.read(r, text.From)
	})
	if err == nil && !done {
		if t.facts.User != nil {
			t.session.Language = t.facts.User.Language
		}
		err = t.take(ctx)
	}
	if err != nil {
		return fmt.Errorf("take SMS: %w", err)
	}
	return nil
}

// textScreen is what an answer holds: one part of GSM-7, or three of UCS-2.
var textScreen = Screen{Septets: 160, UCS2: 201}

func textKey(number uint64) []byte { return binary.BigEndian.AppendUint64([]byte("text/"), number) }

// take finds the command.
func (t *inText) take(ctx context.Context) error {
	if looksSigned(t.text.Text) {
		return t.relay(ctx)
	}
	m, user := t.service.machine, t.facts.User
	if user == nil {
		t.session.Language = m.languageOf(t.text.Text)
	}
	command, words := m.command(t.session.Language, t.text.Text)
	switch {
	case command == menu.WordStop:
		return t.finish(menu.TextStopped, menu.Args{}, muteHints{t.text.From, true})
	case command == menu.WordStart:
		return t.finish(menu.TextStarted, menu.Args{}, muteHints{t.text.From, false})
	case user == nil || user.Opening != nil:
		return t.hint(menu.TextNoAccount, command == menu.WordHelp)
	}
	switch command {
	case menu.WordBalance:
		return t.look(ctx, AskBalance{user.Account}, m.takeBalance)
	case menu.WordLast:
		return t.look(ctx, AskPayments{user.Account}, m.takeLast)
	case menu.WordSend:
		return t.send(ctx, words)
	case menu.WordPay:
		return t.pay(ctx, words)
	}
	if t.service.smsCap == 0 {
		return t.hint(menu.TextHelpLooks, command == menu.WordHelp)
	}
	return t.hint(menu.TextHelp, command == menu.WordHelp)
}

// commands are the words that begin a message.
var commands = []menu.Key{menu.WordBalance, menu.WordLast, menu.WordSend, menu.WordPay, menu.WordHelp, menu.WordStop, menu.WordStart}

// command finds the command that a message begins with, in the person's language or in English, and the words behind it.
func (m *Machine) command(language menu.Language, text string) (menu.Key, []string) {
	words := strings.Fields(strings.ToUpper(text))
	if len(words) == 0 {
		return "", nil
	}
	for _, spoken := range []menu.Language{language, menu.English} {
		for _, key := range commands {
			for word := range strings.FieldsSeq(m.book.Text(spoken, key, menu.Args{})) {
				if words[0] == strings.ToUpper(word) {
					return key, words[1:]
				}
			}
		}
	}
	return "", nil
}

// languageOf is the language whose command a message begins with: that of somebody who chose none yet. Without a command it is none.
func (m *Machine) languageOf(text string) menu.Language {
	for _, language := range m.book.Offered() {
		if command, _ := m.command(language, text); command != "" {
			return language
		}
	}
	return ""
}

// look answers with a screen that shows something and ends.
func (t *inText) look(ctx context.Context, ask Ask, take func(Facts, *Session, Event) Action) error {
	allowed, err := t.allowed(looksAnswered)
	if err != nil || !allowed {
		return err
	}
	event, err := ask.find(ctx, t.service, t.facts)
	if err != nil {
		return err
	}
	return t.answer(take(t.facts, &t.session, event).Reply.Text, count{t.text.From, looksAnswered})
}

// hint explains the words, now and then. Who wants no hints gets those that are asked for.
func (t *inText) hint(key menu.Key, asked bool) error {
	var muted *bool
	err := t.service.store.View(context.Background(), func(r Reader) (err error) {
		muted, err = get[bool](r, mutedKey(t.text.From))
		return err
	})
	if err != nil {
		return err
	}
	if allowed, err := t.allowed(hintsGiven); err != nil || !allowed || muted != nil && !asked {
		return err
	}
	return t.finish(key, menu.Args{}, count{t.text.From, hintsGiven})
}

// finish answers with a text.
func (t *inText) finish(key menu.Key, args menu.Args, effects ...Effect) error {
	return t.answer(t.service.machine.text(&t.session, key, args), effects...)
}

// answer makes everything durable at once: what the answer tells, the answer, and that the message has one. A crash before it leaves
// nothing, and the message is taken again.
func (t *inText) answer(text string, effects ...Effect) error {
	s := t.service
	return s.store.Update(context.Background(), func(w Writer) error {
		for _, effect := range effects {
			if err := effect.apply(s, w, t.facts.NowUnixMs); err != nil {
				return err
			}
		}
		key := textKey(t.text.Number)
		if err := put(w, key, true); err != nil {
			return err
		}
		if err := forgetAt(w, t.facts.NowUnixMs+textKept, key); err != nil || text == "" {
			return err
		}
		return s.outbox.Enqueue(w, Message{Reference: t.reference("answer"), To: t.text.From, Text: text}, t.facts.NowUnixMs)
	})
}

// reference is that of an SMS that the message leads to.
func (t *inText) reference(what string) string { return fmt.Sprintf("text/%d/%s", t.text.Number, what) }

// allowance bounds answers of one sort to one number.
type allowance struct {
	sort string
	most int
	in   uint64
}

// used is how many answers there were since a time.
type used struct {
	SinceUnixMs uint64 `json:"since_unix_ms"`
	Count       int    `json:"count"`
}

func (a allowance) key(phone Phone) []byte { return []byte("answers/" + a.sort + "/" + string(phone)) }

// allowed tells whether the number may have another answer of a sort. One too many is logged and not answered: answers cost money.
func (t *inText) allowed(a allowance) (bool, error) {
	var u *used
	err := t.service.store.View(context.Background(), func(r Reader) (err error) {
		u, err = get[used](r, a.key(t.text.From))
		return err
	})
	allowed := u == nil || t.facts.NowUnixMs >= u.SinceUnixMs+a.in || u.Count < a.most
	if err == nil && !allowed {
		t.service.log.Warn("SMS is not answered: one too many", "sort", a.sort, "from", t.text.From)
	}
	return allowed, err
}

// count counts an answer.
type count struct {
	phone Phone
	of    allowance
}

func (e count) apply(_ *Service, w Writer, nowUnixMs uint64) error {
	key := e.of.key(e.phone)
	u, err := get[used](w, key)
	if err != nil {
		return err
	}
	if u == nil || nowUnixMs >= u.SinceUnixMs+e.of.in {
		u = &used{SinceUnixMs: nowUnixMs}
		if err := forgetAt(w, nowUnixMs+e.of.in, key); err != nil {
			return err
		}
	}
	u.Count++
	return put(w, key, u)
}

func mutedKey(phone Phone) []byte { return []byte("muted/" + string(phone)) }

// muteHints notes that a number wants no hints, or wants them again. Answers to commands and news of payments come all the same.
type muteHints struct {
	phone Phone
	mute  bool
}

func (e muteHints) apply(_ *Service, w Writer, _ uint64) error {
	if !e.mute {
		return w.Delete(mutedKey(e.phone))
	}
	return put(w, mutedKey(e.phone), true)
}
