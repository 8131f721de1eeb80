package sdk

import (
	"bytes"
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// MoveState says how far a move has come.
type MoveState uint8

// The states of a move that waits.
const (
	// MoveRunning completes when it is due.
	MoveRunning MoveState = 1
	// MoveHeld was held up, and lapses when it is due unless it is confirmed.
	MoveHeld MoveState = 2
	// MoveConfirmed was held up and confirmed: it completes when it is due.
	MoveConfirmed MoveState = 3
)

// Move is a move of an alias that waits.
type Move struct {
	Alias key.Alias
	// From is the account that the alias is bound to, To the one that it is to be bound to.
	From, To tx.AccountID
	State    MoveState
	// StartedUnixMs and DueUnixMs are ledger time; HeldUntilUnixMs ends a hold-up, 0 when there was none.
	StartedUnixMs, DueUnixMs, HeldUntilUnixMs uint64
	// OldGrantee is the key whose grant on From ends; nil when none does.
	OldGrantee *key.Public
	// Grant is the one on To that begins; nil when none does.
	Grant *KeyGrant
}

// KeyGrant is a grant with whom it is given to.
type KeyGrant struct {
	Grantee key.Public
	Grant
}

// Grants lists the grants of an account that hold, ascending by key. Which of them a move ends is decided by this list, so f+1 validators must
// answer alike.
func (c *Client) Grants(ctx context.Context, account tx.AccountID) ([]KeyGrant, error) {
	var all []KeyGrant
	req := &apiv1.ListGrantsRequest{Account: account[:], Limit: pageSize}
	for range maxPages {
		answers, err := agreeSoon(ctx, c, grantsWord, func(ctx context.Context, v *validator) (*apiv1.ListGrantsResponse, error) {
			return v.ListGrants(ctx, req)
		})
		if err != nil {
			return nil, fmt.Errorf("list grants: %w", err)
		}
		page := answers[0].GetGrants()
		for _, m := range page {
			g, err := keyGrantOf(m)
			if err == nil && bytes.Compare(g.Grantee[:], req.GetAfter()) <= 0 {
				err = fmt.Errorf("grants out of order: %w", ErrBadAnswer)
			}
			if err != nil {
				return nil, fmt.Errorf("list grants: %w", err)
			}
			req = &apiv1.ListGrantsRequest{Account: account[:], After: g.Grantee[:], Limit: pageSize}
			all = append(all, g)
		}
		if len(page) < pageSize {
			return all, nil
		}
	}
	return nil, fmt.Errorf("list grants: %w", ErrTooMany)
}

// grantsWord leaves out what changes with every payment.
func grantsWord(m *apiv1.ListGrantsResponse) string {
	m = proto.Clone(m).(*apiv1.ListGrantsResponse)
	m.AsOf = nil
	for _, g := range m.GetGrants() {
		if g.GetGrant() != nil {
			g.Grant.LeftToday = 0
		}
	}
	return word(m)
}

// Moves lists the move of an alias that waits, if there is one; f+1 validators must answer alike.
func (c *Client) Moves(ctx context.Context, alias key.Alias) ([]Move, error) {
	return c.moves(ctx, &apiv1.ListMovesRequest{Of: &apiv1.ListMovesRequest_Alias{Alias: alias[:]}}, func(m Move) bool { return m.Alias == alias })
}

// MovesFrom lists the moves from an account that wait, in order of their start; f+1 validators must answer alike.
func (c *Client) MovesFrom(ctx context.Context, account tx.AccountID) ([]Move, error) {
	return c.moves(ctx, &apiv1.ListMovesRequest{Of: &apiv1.ListMovesRequest_Account{Account: account[:]}}, func(m Move) bool { return m.From == account })
}

func (c *Client) moves(ctx context.Context, req *apiv1.ListMovesRequest, asked func(Move) bool) ([]Move, error) {
	answers, err := agreeSoon(ctx, c, movesWord, func(ctx context.Context, v *validator) (*apiv1.ListMovesResponse, error) {
		return v.ListMoves(ctx, req)
	})
	if err != nil {
		return nil, fmt.Errorf("list moves: %w", err)
	}
	var all []Move
	for _, m := range answers[0].GetMoves() {
		move, err := moveOf(m)
		if err == nil && !asked(move) {
			err = fmt.Errorf("another move than asked for: %w", ErrBadAnswer)
		}
		if err != nil {
			return nil, fmt.Errorf("list moves: %w", err)
		}
		all = append(all, move)
	}
	return all, nil
}

func movesWord(m *apiv1.ListMovesResponse) string {
	m = proto.Clone(m).(*apiv1.ListMovesResponse)
	m.AsOf = nil
	for _, move := range m.GetMoves() {
		if move.GetGrant().GetGrant() != nil {
			move.Grant.Grant.LeftToday = 0
		}
	}
	return word(m)
}

func moveOf(m *apiv1.Move) (Move, error) {
	state := MoveState(m.GetState())
	if len(m.GetAlias()) != 32 || len(m.GetFrom()) != 16 || len(m.GetTo()) != 16 || state < MoveRunning || state > MoveConfirmed {
		return Move{}, fmt.Errorf("a field of a move: %w", ErrBadAnswer)
	}
	move := Move{
		Alias: key.Alias(m.GetAlias()), From: tx.AccountID(m.GetFrom()), To: tx.AccountID(m.GetTo()), State: state,
		StartedUnixMs: m.GetStartedUnixMs(), DueUnixMs: m.GetDueUnixMs(), HeldUntilUnixMs: m.GetHeldUntilUnixMs(),
	}
	switch raw := m.GetOldGrantee(); len(raw) {
	case 0:
	case 32:
		k := key.Public(raw)
		move.OldGrantee = &k
	default:
		return Move{}, fmt.Errorf("old grantee of a move: %w", ErrBadAnswer)
	}
	if m.GetGrant() != nil {
		g, err := keyGrantOf(m.GetGrant())
		if err != nil {
			return Move{}, err
		}
		move.Grant = &g
	}
	return move, nil
}

func keyGrantOf(m *apiv1.KeyGrant) (KeyGrant, error) {
	if len(m.GetGrantee()) != 32 || m.GetGrant() == nil {
		return KeyGrant{}, fmt.Errorf("grantee of a grant: %w", ErrBadAnswer)
	}
	return KeyGrant{Grantee: key.Public(m.GetGrantee()), Grant: grantOf(m.GetGrant())}, nil
}
