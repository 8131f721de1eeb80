package ussd

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// Changing provider, at the one that is left: what the others cost, the choice, the PIN. With the PIN the person has agreed, and for an hour
// this gateway gives its signature to the provider that was chosen. That one is told at once, so that the codes are on their way when it is
// dialled.

// Rival is another provider and what it costs.
type Rival struct {
	Provider
	// Fee is what one of the user's last payments would cost there, on average.
	Fee amount.Amount `json:"fee"`
}

// Rates are what other providers cost.
type Rates struct {
	// Rivals are the other providers, the cheapest first.
	Rivals []Rival
	// Own is this provider's fee for the same payments.
	Own amount.Amount
	// Sample is the amount that the fees are for, where there are no payments to compare; else 0.
	Sample amount.Amount
}

// Rivals tells another provider of a person who comes.
type Rivals interface {
	// Invite says so to the provider, who has codes sent when it returns nil.
	Invite(ctx context.Context, to Provider, invitation Invitation) error
}

// Invitation is a person who leaves for another provider, with the PIN given.
type Invitation struct {
	Phone    Phone
	Account  tx.AccountID
	Language menu.Language
}

const (
	promptRivals   Prompt = "provider/list"
	promptLeavePIN Prompt = "provider/pin"
	// rivalsPage is how many providers are on a page, maxRivals how many are looked at.
	rivalsPage = 4
	maxRivals  = 12
	// agreedFor is how long this gateway signs for who has agreed.
	agreedFor = uint64(time.Hour / time.Millisecond)
)

func providerFlow() flow {
	return flow{show: (*Machine).showProvider, take: (*Machine).takeProvider, enter: func(m *Machine, f Facts, s *Session) Action {
		switch {
		case !m.attests:
			return m.again(s, menu.NoService, menu.Args{})
		case m.mayConfirm(f):
			return m.goTo(f, s, promptBeforeMove)
		case f.User.Attempts.Stopped(f.NowUnixMs):
			return m.stopped(f, s, *f.User)
		}
		s.Page = 0
		return m.goTo(f, s, promptRivals)
	}}
}

// AskRivals asks for the other providers.
type AskRivals struct{ Account tx.AccountID }

// RivalsRead answers AskRivals.
type RivalsRead struct{ Rates Rates }

// AskInvite has the provider told that was chosen.
type AskInvite struct {
	To         Provider
	Invitation Invitation
}

// Invited answers AskInvite.
type Invited struct{ Codes bool }

func (RivalsRead) event() {}
func (Invited) event()    {}

func (a AskRivals) find(ctx context.Context, s *Service, _ Facts) (Event, error) {
	rates, err := s.ledger.Rivals(ctx, a.Account)
	rates.Rivals = rates.Rivals[:min(len(rates.Rivals), maxRivals)]
	return RivalsRead{rates}, err
}

func (a AskInvite) find(ctx context.Context, s *Service, _ Facts) (Event, error) {
	if s.rivals == nil {
		return Invited{}, nil
	}
	if err := s.rivals.Invite(ctx, a.To, a.Invitation); err != nil {
		s.log.Warn("provider was not told of who comes", "to", a.To.Name, "error", err)
		return Invited{}, nil
	}
	return Invited{Codes: true}, nil
}

func (m *Machine) showProvider(f Facts, s *Session) Action {
	if s.Prompt == promptLeavePIN && s.Draft.Rival != nil {
		r := s.Draft.Rival
		return m.ask(s, menu.LeavePIN, menu.Args{Other: r.Name, Fee: m.money(r.Fee)})
	}
	return Action{Ask: AskRivals{f.User.Account}}
}

func (m *Machine) takeProvider(f Facts, s *Session, e Event) Action {
	switch e := e.(type) {
	case RivalsRead:
		s.Draft.Rivals = e.Rates.Rivals
		if len(e.Rates.Rivals) == 0 {
			return m.goHome(f, s, m.text(s, menu.LineNoRivals, menu.Args{}))
		}
		return m.rivalsPage(s, e.Rates)
	case Answer:
		if s.Prompt == promptLeavePIN {
			if trim(e.Input) == "0" {
				return m.goBack(f, s)
			}
			return m.typePIN(f, s, e)
		}
		return m.chooseRival(f, s, e)
	case PINCompared:
		if !e.Right {
			return m.wrongPIN(f, s)
		}
		r := s.Draft.Rival
		if r == nil {
			return m.end(s, menu.DialAgain, menu.Args{})
		}
		agreed := Agreement{Account: f.User.Account, To: r.Key, UntilUnixMs: f.NowUnixMs + agreedFor}
		// Once this is stored the other provider gets this one's signature, now or when it is dialled.
		return Action{Effects: []Effect{SaveUser{f.User.proved(e)}, SaveAgreement{agreed}},
			Ask: AskInvite{To: r.Provider, Invitation: Invitation{Phone: s.Phone, Account: f.User.Account, Language: f.User.Language}}}
	case Invited:
		key := menu.LeaveDial
		if e.Codes {
			key = menu.LeaveCodes
		}
		if s.Draft.Rival == nil {
			return m.end(s, menu.DialAgain, menu.Args{})
		}
		return m.end(s, key, menu.Args{Other: s.Draft.Rival.Name, Away: s.Draft.Rival.Dial})
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

// rivalsPage lists a page of providers.
func (m *Machine) rivalsPage(s *Session, rates Rates) Action {
	from := s.Page * rivalsPage
	if from >= len(s.Draft.Rivals) {
		s.Page, from = 0, 0
	}
	to := min(from+rivalsPage, len(s.Draft.Rivals))
	own := rates.Own.Grouped(m.asset.Scale)
	title := m.text(s, menu.RivalsTitle, menu.Args{Fee: own})
	if rates.Sample > 0 {
		title = m.text(s, menu.RivalsSample, menu.Args{Amount: m.money(rates.Sample), Fee: own})
	}
	var lines []string
	for i, r := range s.Draft.Rivals[from:to] {
		lines = append(lines, m.text(s, menu.RivalLine, menu.Args{Count: strconv.Itoa(i + 1), Other: r.Name, Fee: r.Fee.Grouped(m.asset.Scale)}))
	}
	if to < len(s.Draft.Rivals) {
		lines = append(lines, m.text(s, menu.NextLine, menu.Args{}))
	}
	return m.askText(s, s.Screen.lines(title, append(lines, m.text(s, menu.BackLine, menu.Args{}))))
}

func (m *Machine) chooseRival(f Facts, s *Session, a Answer) Action {
	place, err := strconv.Atoi(trim(a.Input))
	at := s.Page*rivalsPage + place - 1
	switch {
	case err == nil && place == 9 && (s.Page+1)*rivalsPage < len(s.Draft.Rivals):
		s.Page++
		return Action{Ask: AskRivals{f.User.Account}}
	case err != nil || place < 1 || place > rivalsPage || at >= len(s.Draft.Rivals):
		return m.againForm(s, a, menu.ChoiceUnknown)
	}
	chosen := s.Draft.Rivals[at]
	s.Draft.Rival = &chosen
	return m.goTo(f, s, promptLeavePIN)
}

// Agreement is a user's word, by the PIN, to leave for another provider.
type Agreement struct {
	Account tx.AccountID `json:"account"`
	// To is the key of the provider that was chosen.
	To          key.Public `json:"to"`
	UntilUnixMs uint64     `json:"until_unix_ms"`
}

func agreementKey(account tx.AccountID) []byte { return append([]byte("agreement/"), account[:]...) }

// SaveAgreement stores an agreement; it takes the place of an earlier one.
type SaveAgreement struct{ Agreement Agreement }

func (e SaveAgreement) apply(_ *Service, w Writer, _ uint64) error {
	key := agreementKey(e.Agreement.Account)
	if err := put(w, key, e.Agreement); err != nil {
		return err
	}
	return forgetAt(w, e.Agreement.UntilUnixMs, key)
}

// Agreed says whether the user with an account has agreed, not long ago, to leave for the provider with a key.
func (s *Service) Agreed(ctx context.Context, account tx.AccountID, to key.Public) (bool, error) {
	var agreed *Agreement
	err := s.store.View(ctx, func(r Reader) (err error) {
		agreed, err = get[Agreement](r, agreementKey(account))
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for an agreement: %w", err)
	}
	return agreed != nil && agreed.To == to && nowUnixMs() < agreed.UntilUnixMs, nil
}
