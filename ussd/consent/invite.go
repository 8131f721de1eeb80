package consent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/peer"
)

const (
	// InvitePath is where a new provider is told who comes, below its endpoint.
	InvitePath = "/provider/v1/invite"
	// CodeNotInvited means that the new provider has nobody to move: the sender does not serve the account, or codes cannot be sent now.
	CodeNotInvited = "not_invited"
	// inviteWithin bounds an invitation: the new provider asks the old one and the attestors meanwhile.
	inviteWithin = 8 * time.Second
)

// Host takes people in. It checks on the ledger that the sender serves the account.
type Host interface {
	Invite(ctx context.Context, from key.Public, invitation ussd.Invitation) error
}

// HostConfig is what the new provider's side is made of.
type HostConfig struct {
	Network tx.NetworkID
	Signer  key.Signer
	Host    Host
	Log     *slog.Logger
	// NowUnixMs is the own clock; nil is the machine's.
	NowUnixMs func() uint64
}

// NewHostHandler answers old providers.
func NewHostHandler(c HostConfig) http.Handler {
	receiver := peer.Receiver{Network: c.Network, Self: c.Signer.Public(), NowUnixMs: c.NowUnixMs}
	slots := make(chan struct{}, requestsAtOnce)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		default:
			peer.Answer(w, nil, errors.New("too many at once"))
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), inviteWithin)
		defer cancel()
		letter, err := receiver.Open(w, r)
		if err == nil {
			err = c.take(ctx, letter)
		}
		if err != nil {
			c.Log.Info("invitation refused", "code", peer.Refuse(err).Code, "reason", err)
		}
		peer.Answer(w, struct{}{}, err)
	})
}

var languageForm = regexp.MustCompile(`^[a-z]{2,3}$`)

func (c HostConfig) take(ctx context.Context, l peer.Letter) error {
	var phone, account, language string
	if err := peer.Decode(l.Body, map[string]any{"phone": &phone, "account": &account, "language": &language}); err != nil {
		return err
	}
	var invitation ussd.Invitation
	var err error
	if invitation.Phone, err = ussd.ParsePhone(phone); err != nil {
		return fmt.Errorf("phone is not a number in E.164 form: %w", peer.ErrForm)
	}
	if invitation.Account, err = tx.ParseAccountID(account); err != nil {
		return fmt.Errorf("account is not an account's text: %w", peer.ErrForm)
	}
	if !languageForm.MatchString(language) {
		return fmt.Errorf("language is not two or three small letters: %w", peer.ErrForm)
	}
	invitation.Language = menu.Language(language)
	err = c.Host.Invite(ctx, l.From, invitation)
	if errors.Is(err, ussd.ErrInvitation) {
		return &peer.Refusal{Code: CodeNotInvited, Text: err.Error(), Status: http.StatusForbidden}
	}
	return err
}

// Invite tells a new provider who comes to it. When it returns nil, codes are on their way to the person.
func (a Asker) Invite(ctx context.Context, to sdk.Provider, invitation ussd.Invitation) error {
	caller, err := a.caller(to)
	if err != nil {
		return fmt.Errorf("invite: %w", err)
	}
	defer caller.Close()
	request := struct {
		Phone    string `json:"phone"`
		Account  string `json:"account"`
		Language string `json:"language"`
	}{string(invitation.Phone), invitation.Account.String(), string(invitation.Language)}
	if err := caller.Call(ctx, InvitePath, request, &struct{}{}); err != nil {
		return fmt.Errorf("invite: %w", err)
	}
	return nil
}
