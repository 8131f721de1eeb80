package ussd

import (
	"context"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// Moving here. A phone that is no user of this gateway, and has an account, moves it here by the codes of attestors: at once with the old
// provider's consent, after the network's delay without it. Where the number is on the ledger decides what each dial shows; nothing depends on
// this gateway's memory but that the codes were brought here.

const (
	// KindMove moves the number's account to this provider.
	KindMove Kind = "move"
	// KindConfirmMove confirms a move that was held up.
	KindConfirmMove Kind = "move_confirm"
)

var moveKind = kind{
	done: menu.MoveDone, processing: menu.MoveProcessing, busy: menu.MoveProcessing,
	lineDone: menu.LineMoveDone, lineProcessing: menu.LineMoveProcessing, lineNotMade: menu.LineMoveNotMade,
	notMade: menu.MoveNotMade, smsNotMade: menu.SMSMoveNotMade,
}

// arrives tells of the kinds that bring a number to this provider.
func arrives(k Kind) bool { return k == KindMove || k == KindConfirmMove || k == KindAttest }

const (
	// promptHome waits for where the number is.
	promptHome        Prompt = "arrive/home"
	promptMoveOffer   Prompt = "arrive/offer"
	promptMoveBack    Prompt = "arrive/back"
	promptMoveHeld    Prompt = "arrive/held"
	promptMoveLoose   Prompt = "arrive/loose"
	promptArriveNew   Prompt = "arrive/choose"
	promptArriveAgain Prompt = "arrive/again"
)

func arriveFlow() flow {
	return flow{show: (*Machine).showArrive, take: (*Machine).takeArrive, open: true}
}

// arrived shows what comes next for a phone that is no user here, by where its number is.
func (m *Machine) arrived(f Facts, s *Session, home Home) Action {
	s.Home = &home
	if s.Prompt == promptHome {
		s.Prompt, s.Trail = PromptNone, []Prompt{promptLanguage} // Who chose the wrong language goes back there.
	}
	vouched := f.Arrival != nil && f.Arrival.Vouched && f.Arrival.Account == home.Account
	move := home.Move
	switch {
	case !home.bound():
		return m.goTo(f, s, promptName)
	case home.Ours && vouched && home.Attested:
		return m.goTo(f, s, promptArriveNew)
	case move != nil && !move.Ours:
		return m.end(s, menu.MovingElsewhere, menu.Args{Other: m.rivalName(s, move.To)})
	case move != nil && !move.Held:
		return m.moving(f, s, home)
	}
	if p := awaitingCodes(f); p != nil && arrives(p.Order.Kind) {
		return m.goToCodes(f, s, *p)
	}
	switch {
	case move != nil:
		return m.goTo(f, s, promptMoveHeld)
	case home.Ours:
		return m.goTo(f, s, promptMoveBack)
	case !home.Attested:
		return m.goTo(f, s, promptMoveLoose)
	}
	return m.goTo(f, s, promptMoveOffer)
}

// moving tells when the number will be here.
func (m *Machine) moving(f Facts, s *Session, home Home) Action {
	date, at := m.moment(home.Move.DueUnixMs)
	return m.end(s, menu.MovingHere, menu.Args{Date: date, Time: at})
}

// rivalName is how another provider is called.
func (m *Machine) rivalName(s *Session, p Provider) string {
	if p.Name != "" {
		return p.Name
	}
	return m.text(s, menu.AnotherProvider, menu.Args{})
}

func (m *Machine) showArrive(f Facts, s *Session) Action {
	if s.Home == nil || s.Prompt == promptHome {
		return Action{Ask: AskHome{Phone: s.Phone}}
	}
	args := menu.Args{Other: m.rivalName(s, s.Home.Provider), Away: s.Home.Provider.Dial}
	switch s.Prompt {
	case promptMoveOffer:
		return m.ask(s, menu.MoveOffer, args)
	case promptMoveBack:
		return m.ask(s, menu.MoveBack, args)
	case promptMoveHeld:
		return m.ask(s, menu.MoveHeld, args)
	case promptMoveLoose:
		return m.ask(s, menu.MoveLoose, args)
	case promptArriveNew:
		return m.ask(s, menu.ArrivePIN, menu.Args{})
	}
	return m.ask(s, menu.RegisterPINAgain, menu.Args{})
}

func (m *Machine) takeArrive(f Facts, s *Session, e Event) Action {
	if f.User != nil {
		return m.end(s, menu.DialAgain, menu.Args{}) // Enrolled meanwhile, in another session.
	}
	if action, ok := m.sought(f, s, e); ok {
		return action
	}
	switch e := e.(type) {
	case HomeRead:
		return m.arrived(f, s, e.Home)
	case Decided:
		if p := find(f.Payments, s.Payment); p != nil {
			return Action{Effects: []Effect{SettlePayment{ID: p.Prepared.ID, Outcome: e.Outcome}}, Ask: AskHome{Phone: s.Phone}}
		}
	case Undecided:
		if p := find(f.Payments, s.Payment); p != nil {
			return m.processing(s, *p)
		}
	case Answer:
		if s.Home == nil {
			return m.end(s, menu.DialAgain, menu.Args{})
		}
		return m.answerArrive(f, s, e)
	case Enrolled:
		user := User{Phone: s.Phone, Name: e.Name, Language: s.Language, Account: s.Home.Account, Number: s.Home.Number, PIN: e.PIN}
		action := m.end(s, menu.Arrived, menu.Args{Name: user.Name, Account: user.Number.Text()})
		action.Effects = []Effect{AddUser{user}, TakeOver{user, e.Open}, TellPayment{f.Arrival.Payment}, DropArrival{*f.Arrival}}
		for _, p := range f.Payments {
			if arrives(p.Order.Kind) && p.Stage == StageSettled && p.Outcome.Code != OutcomeOK { // It is no news any more.
				action.Effects = append(action.Effects, TellPayment{p.Prepared.ID})
			}
		}
		return action
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

func (m *Machine) answerArrive(f Facts, s *Session, a Answer) Action {
	home := *s.Home
	switch s.Prompt {
	case promptArriveNew:
		if refusal := m.choosePIN(f, s, a); refusal != nil {
			return *refusal
		}
		return m.goTo(f, s, promptArriveAgain)
	case promptArriveAgain:
		if len(a.Rest) > 0 {
			return m.again(s, menu.StarOrHash, menu.Args{})
		}
		if s.FirstPIN == nil || *s.FirstPIN != f.Digest("pin", a.Input.Reveal()) {
			s.Prompt, s.Trail = promptArriveNew, nil
			return m.againForm(s, a, menu.PINsDiffer)
		}
		if f.Arrival == nil || !f.Arrival.Vouched || f.Arrival.Account != home.Account {
			return m.end(s, menu.DialAgain, menu.Args{})
		}
		return Action{Ask: AskEnrol{Home: home, PIN: a.Input}}
	}
	if trim(a.Input) != "1" {
		return m.againForm(s, a, menu.ChoiceUnknown)
	}
	order := Order{Kind: KindMove, Payer: home.Account, Payee: Payee{Account: home.Account, Number: home.Number, Phone: s.Phone, Name: home.Name}}
	switch {
	case s.Prompt == promptMoveLoose:
		s.Unbound = true
		return m.goTo(f, s, promptName)
	case s.Prompt == promptMoveHeld:
		order.Kind = KindConfirmMove
	case !home.Attested:
		order.Kind = KindAttest
	}
	return m.seek(f, s, order)
}

// AskEnrol asks for the record of the new PIN and what is open on the account.
type AskEnrol struct {
	Home Home
	PIN  pin.Secret
}

// Enrolled answers AskEnrol.
type Enrolled struct {
	Name string
	PIN  pin.Record
	Open []openLeaf
}

// openLeaf is a leaf with the numbers of the accounts that it concerns.
type openLeaf struct {
	leaf    FinalLeaf
	numbers map[tx.AccountID]tx.AccountNumber
}

func (Enrolled) event() {}

// find reads the account's history, for requests and holds that were made while another provider served it. The name is as the number's
// record has it; one that could not have been registered here is replaced by the account's number.
func (a AskEnrol) find(ctx context.Context, s *Service, f Facts) (Event, error) {
	leaves, err := s.ledger.Recent(ctx, a.Home.Account)
	if err != nil {
		return nil, err
	}
	name, err := CheckName(a.Home.Name)
	if err != nil {
		name = a.Home.Number.Text()
	}
	open := make([]openLeaf, 0, len(leaves))
	for _, leaf := range leaves {
		numbers := make(map[tx.AccountID]tx.AccountNumber)
		for _, notice := range leaf.Notices {
			for _, account := range notice.accounts() {
				if numbers[account], err = s.ledger.NumberOf(ctx, account); err != nil {
					return nil, err
				}
			}
		}
		open = append(open, openLeaf{leaf, numbers})
	}
	record, err := s.hash(ctx, f, a.Home.Account, a.PIN)
	return Enrolled{Name: name, PIN: record, Open: open}, err
}

// TakeOver records what is open on the account of a new user, as if its leaves came by now. Nobody is told of it again.
type TakeOver struct {
	User User
	Open []openLeaf
}

func (e TakeOver) apply(s *Service, w Writer, nowUnixMs uint64) error {
	quiet := &Service{machine: s.machine, store: s.store, ledger: s.ledger, outbox: silent{}, log: s.log}
	for _, open := range e.Open {
		for i, notice := range open.leaf.Notices {
			if err := adopt(w, e.User, notice, open.numbers, nowUnixMs); err != nil {
				return err
			}
			if err := quiet.takeNotice(w, open.leaf, i, notice, open.numbers); err != nil {
				return err
			}
		}
		for _, transfer := range open.leaf.Transfers {
			if _, err := quiet.takeHeld(w, transfer); err != nil {
				return err
			}
		}
	}
	return nil
}

// adopt keeps a payment that the account made elsewhere and that may still be cancelled, as if it had been made here.
func adopt(w Writer, user User, notice Notice, numbers map[tx.AccountID]tx.AccountNumber, nowUnixMs uint64) error {
	h, ok := notice.(HoldPlaced)
	if !ok || h.Payer != user.Account || !h.Completes || !h.MayRelease || h.Payee == (tx.AccountID{}) || nowUnixMs >= h.UntilUnixMs {
		return nil
	}
	return newPayment(w, Payment{
		Prepared: Prepared{ID: h.Payment, ExpiresAtUnixMs: h.UntilUnixMs}, Payer: user.Phone, Fee: h.Fee, Stage: StageSettled, Told: true,
		Order: Order{Kind: KindDelay, Payer: h.Payer, Payee: Payee{Account: h.Payee, Number: numbers[h.Payee]}, Amount: h.Amount,
			EndsAtUnixMs: h.UntilUnixMs, ExpiresAtUnixMs: h.UntilUnixMs},
		Outcome: Outcome{Code: OutcomeOK, ReceiptCode: h.ReceiptCode}, ShownAtUnixMs: nowUnixMs, SubmittedAtUnixMs: nowUnixMs,
	})
}

// silent takes messages and sends none.
type silent struct{}

// Enqueue implements Outbox.
func (silent) Enqueue(Writer, Message, uint64) error { return nil }
