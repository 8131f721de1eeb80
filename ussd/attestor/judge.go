package attestor

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/gsm7"
)

const (
	// shortestLife is what a transaction must have left when its code is asked for, longestLife what it may have: a signature is no
	// promise for next week.
	shortestLife = time.Minute
	longestLife  = time.Hour
)

// judgement is what a code is for, when nothing speaks against it.
type judgement struct {
	act act
	// provider is who asks.
	provider sdk.Provider
	// gains is whom the text names: who asks, or, for a move that is stopped, nobody.
	gains string
	// name is the display name, for an attestation.
	name string
	// old is the key whose grant ends; nil when none does.
	old *key.Public
}

// judge says what a body does, if it is one to ask a person about.
func (s *Service) judge(ctx context.Context, from key.Public, phone ussd.Phone, raw []byte) (judgement, error) {
	body, err := tx.ParseBody(raw)
	if err != nil {
		return judgement{}, refuse(CodeBody, "body: %v", err)
	}
	now := s.now()
	switch left := int64(body.ExpiresAtUnixMs) - int64(now); {
	case body.ExpiresAtUnixMs > now+uint64(longestLife.Milliseconds()):
		return judgement{}, refuse(CodeBody, "expires_at_unix_ms is more than %s ahead", longestLife)
	case left < shortestLife.Milliseconds():
		return judgement{}, refuse(CodeBody, "expires_at_unix_ms is less than %s ahead", shortestLife)
	case len(body.Operations) != 1:
		return judgement{}, refuse(CodeBody, "%d operations: one code is for one", len(body.Operations))
	}
	provider, err := s.directory.provider(ctx, from)
	if err != nil {
		return judgement{}, err
	}
	j := judgement{provider: provider}
	if j.gains, err = s.nameOf(ctx, provider); err != nil {
		return judgement{}, err
	}
	alias := s.aliasKey.Alias(string(phone))
	switch op := body.Operations[0].(type) {
	case tx.StartMove:
		err = s.judgeMove(ctx, from, alias, op, &j)
	case tx.ConfirmMove:
		err = s.judgeConfirmation(ctx, from, alias, op, &j)
	case tx.CancelMove:
		err = s.judgeCancel(ctx, from, alias, op, &j)
	case tx.AttestAlias:
		err = s.judgeAttestation(ctx, from, phone, alias, op, &j)
	case tx.ReleaseAlias:
		err = s.judgeRelease(ctx, from, alias, op, &j)
	default:
		err = refuse(CodeBody, "%T is nothing that a person is asked for", op)
	}
	return j, err
}

// judgeMove: to who asks, of the same account, and no more than the account's tier allows.
func (s *Service) judgeMove(ctx context.Context, from key.Public, alias key.Alias, op tx.StartMove, j *judgement) error {
	switch {
	case op.Alias != alias:
		return errOtherNumber
	case op.To != op.From:
		return refuse(CodeBody, "start_move: to is not from: only the provider of an account is changed here")
	case op.Grant == nil || op.Grant.Grantee != from:
		return refuse(CodeBody, "start_move: the grant must be to the key that signs the request")
	case op.SealedName != nil:
		return refuse(CodeBody, "start_move: the name stays")
	}
	if err := s.bound(ctx, alias, op.From); err != nil {
		return err
	}
	grants, err := s.grants(ctx, op.From)
	if err != nil {
		return err
	}
	j.act, j.old = actMove, op.OldGrantee
	if op.OldGrantee != nil && *op.OldGrantee == from {
		j.act = actRenew
	}
	others := slices.DeleteFunc(slices.Clone(grants), func(g sdk.KeyGrant) bool { return g.Grantee == from })
	switch {
	case op.OldGrantee != nil && !slices.ContainsFunc(grants, func(g sdk.KeyGrant) bool { return g.Grantee == *op.OldGrantee }):
		return refuse(CodeLedger, "start_move: old_grantee has no grant on the account")
	case op.OldGrantee == nil && len(others) > 0:
		return refuse(CodeBody, "start_move: the account has a grant to another key: old_grantee must be set")
	}
	waiting, err := s.moves(ctx, alias)
	if err != nil {
		return err
	}
	if len(waiting) > 0 {
		return refuse(CodeLedger, "start_move: a move of the number waits already")
	}
	return s.withinTier(ctx, *op.Grant)
}

// withinTier: the ledger refuses more, too; but a code would have been sent for nothing.
func (s *Service) withinTier(ctx context.Context, grant tx.IssueGrant) error {
	account, err := s.client.Account(ctx, grant.Account)
	if err != nil {
		return unavailable("read account", err)
	}
	asset, err := s.client.Asset(ctx, grant.Asset)
	switch {
	case errors.Is(err, sdk.ErrNotFound):
		return refuse(CodeLedger, "start_move: the asset does not exist")
	case err != nil:
		return unavailable("read asset", err)
	}
	limit, ok := asset.Limit(account.Tier)
	if !ok || grant.CapTransaction > limit.CapTransaction || grant.CapDay > limit.CapDay {
		return refuse(CodeBody, "start_move: the grant's caps are above the limits of the account's tier")
	}
	return nil
}

// judgeConfirmation: of the move to who asks, which was held up.
func (s *Service) judgeConfirmation(ctx context.Context, from key.Public, alias key.Alias, op tx.ConfirmMove, j *judgement) error {
	if op.Alias != alias {
		return errOtherNumber
	}
	m, err := s.waiting(ctx, alias, op.Account)
	switch {
	case err != nil:
		return err
	case m.Grant == nil || m.Grant.Grantee != from:
		return refuse(CodeLedger, "confirm_move: the move is not to who asks")
	case m.State != sdk.MoveHeld:
		return refuse(CodeLedger, "confirm_move: the move is not held up")
	}
	j.act, j.old = actConfirm, m.OldGrantee
	return nil
}

// judgeCancel: asked by who serves the account now, or would.
func (s *Service) judgeCancel(ctx context.Context, from key.Public, alias key.Alias, op tx.CancelMove, j *judgement) error {
	if op.Alias != alias {
		return errOtherNumber
	}
	m, err := s.waiting(ctx, alias, op.Account)
	if err != nil {
		return err
	}
	if m.Grant == nil || m.Grant.Grantee != from {
		if err := s.serves(ctx, from, op.Account); err != nil {
			return err
		}
	}
	j.act = actCancel
	return nil
}

// judgeAttestation: to an account that who asks serves, where the number is not attested elsewhere.
func (s *Service) judgeAttestation(ctx context.Context, from key.Public, phone ussd.Phone, alias key.Alias, op tx.AttestAlias, j *judgement) error {
	if op.Alias != alias {
		return errOtherNumber
	}
	name, err := s.aliasKey.OpenName(string(phone), op.SealedName)
	if err != nil || !gsm7.Fits(name, maxPersonName) || plain(name, maxPersonName) != name {
		return refuse(CodeBody, "attest_alias: sealed_name does not open to at most %d letters of GSM-7", maxPersonName)
	}
	binding, err := s.client.Binding(ctx, alias)
	switch {
	case errors.Is(err, sdk.ErrUnknownAlias):
	case err != nil:
		return unavailable("read binding", err)
	case binding.Attested && binding.Account != op.Account:
		return refuse(CodeLedger, "attest_alias: the number is attested to another account: it leaves that by a move")
	case binding.VouchedBy != (tx.AccountID{}) && s.directory.isOwn(binding.VouchedBy):
		return errTakesPart
	}
	j.act, j.name = actAttest, name
	return s.serves(ctx, from, op.Account)
}

// judgeRelease: of an account that who asks serves.
func (s *Service) judgeRelease(ctx context.Context, from key.Public, alias key.Alias, op tx.ReleaseAlias, j *judgement) error {
	if op.Alias != alias {
		return errOtherNumber
	}
	if err := s.bound(ctx, alias, op.Account); err != nil {
		return err
	}
	j.act = actRelease
	return s.serves(ctx, from, op.Account)
}

var (
	errOtherNumber = refuse(CodeBody, "the operation's alias is not that of the phone number")
	errTakesPart   = refuse(CodeTakesPart, "this attestor's provider is a part of it: ask another attestor")
)

// bound: the alias is attested to the account.
func (s *Service) bound(ctx context.Context, alias key.Alias, account tx.AccountID) error {
	b, err := s.client.Binding(ctx, alias)
	switch {
	case errors.Is(err, sdk.ErrUnknownAlias):
		return refuse(CodeLedger, "the number is bound to no account")
	case err != nil:
		return unavailable("read binding", err)
	case b.Account != account:
		return refuse(CodeLedger, "the number is bound to another account")
	case !b.Attested:
		return refuse(CodeLedger, "the number is bound provisionally: attest_alias comes first")
	}
	return nil
}

// waiting is the move of an alias from an account.
func (s *Service) waiting(ctx context.Context, alias key.Alias, account tx.AccountID) (sdk.Move, error) {
	if _, err := s.grants(ctx, account); err != nil {
		return sdk.Move{}, err // The attestor's own provider is a part of it.
	}
	moves, err := s.moves(ctx, alias)
	if err != nil {
		return sdk.Move{}, err
	}
	if len(moves) == 0 || moves[0].From != account {
		return sdk.Move{}, refuse(CodeLedger, "no move of the number from that account waits")
	}
	if m := moves[0]; m.Grant != nil {
		p, err := s.owner(ctx, m.Grant.Grantee)
		if err != nil {
			return sdk.Move{}, err
		}
		if s.directory.isOwn(p.Account) {
			return sdk.Move{}, errTakesPart
		}
	}
	return moves[0], nil
}

func (s *Service) moves(ctx context.Context, alias key.Alias) ([]sdk.Move, error) {
	moves, err := s.client.Moves(ctx, alias)
	if err != nil {
		return nil, unavailable("read moves", err)
	}
	return moves, nil
}

// serves: the key has a grant on the account.
func (s *Service) serves(ctx context.Context, from key.Public, account tx.AccountID) error {
	grants, err := s.grants(ctx, account)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(grants, func(g sdk.KeyGrant) bool { return g.Grantee == from }) {
		return refuse(CodeLedger, "the key that signs the request has no grant on the account")
	}
	return nil
}

// grants lists an account's grants, and refuses when one of them is to the attestor's own provider: it takes part then.
func (s *Service) grants(ctx context.Context, account tx.AccountID) ([]sdk.KeyGrant, error) {
	grants, err := s.client.Grants(ctx, account)
	if err != nil {
		return nil, unavailable("read grants", err)
	}
	if !s.directory.belongs() {
		return grants, nil
	}
	for _, g := range grants {
		p, err := s.owner(ctx, g.Grantee)
		if err != nil {
			return nil, err
		}
		if s.directory.isOwn(p.Account) {
			return nil, errTakesPart
		}
	}
	return grants, nil
}

// owner is the provider whose key it is or was; zero when it is nobody's.
func (s *Service) owner(ctx context.Context, k key.Public) (sdk.Provider, error) {
	p, err := s.client.ProviderByKey(ctx, k)
	if errors.Is(err, sdk.ErrNotFound) {
		return sdk.Provider{}, nil
	}
	if err != nil {
		return sdk.Provider{}, unavailable("read provider", err)
	}
	return p, nil
}
