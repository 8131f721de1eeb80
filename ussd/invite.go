package ussd

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// ErrInvitation means that an invitation is not from who serves the account, or that there is nothing to move.
var ErrInvitation = errors.New("ussd: nobody to move here")

// Invite begins the move of a person whom another provider, by its key, says to come: as if they had dialled and said yes. Codes are on their
// way when it returns nil; the next dial asks for them. The same invitation again goes on with the same move.
func (s *Service) Invite(ctx context.Context, from key.Public, invitation Invitation) error {
	if s.attestors == nil {
		return fmt.Errorf("%w: this provider asks no attestors", ErrInvitation)
	}
	release, err := s.turnstile.enter(ctx, invitation.Phone)
	if err != nil {
		return fmt.Errorf("invite: %w", err)
	}
	defer release()
	f := Facts{NowUnixMs: nowUnixMs(), Phone: invitation.Phone, Screen: DefaultScreen}
	if err := s.store.View(ctx, func(r Reader) error { return f.read(r, f.Phone) }); err != nil {
		return fmt.Errorf("invite: %w", err)
	}
	home, err := s.ledger.Home(ctx, f.Phone)
	switch {
	case err != nil:
		return fmt.Errorf("invite: %w", err)
	case f.User != nil, home.Account != invitation.Account, !home.Attested, home.Ours, home.Move != nil, !slices.Contains(home.Grantees, from):
		return ErrInvitation
	}
	session := Session{Phone: f.Phone, Language: s.spoken(invitation.Language), Home: &home}
	order := Order{Kind: KindMove, Payer: home.Account, Payee: Payee{Account: home.Account, Number: home.Number, Phone: f.Phone, Name: home.Name}}
	for action := s.machine.seek(f, &session, order); ; {
		if len(action.Effects) > 0 {
			err := s.store.Update(ctx, func(w Writer) error {
				for _, effect := range action.Effects {
					if err := effect.apply(s, w, f.NowUnixMs); err != nil {
						return err
					}
				}
				return f.read(w, f.Phone)
			})
			if err != nil {
				return fmt.Errorf("invite: %w", err)
			}
		}
		if action.Reply != nil {
			if session.Prompt != promptCodes {
				return fmt.Errorf("%w: no codes were sent", ErrInvitation)
			}
			return nil
		}
		event, err := action.Ask.find(ctx, s, f)
		if err != nil {
			return fmt.Errorf("invite: %w", err)
		}
		next, ok := s.machine.sought(f, &session, event)
		if !ok {
			return fmt.Errorf("%w: %T", ErrInvitation, event)
		}
		action = next
	}
}

// spoken is a language that this gateway speaks.
func (s *Service) spoken(language menu.Language) menu.Language {
	if s.machine.book.Has(language) {
		return language
	}
	return menu.English
}
