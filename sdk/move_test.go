package sdk_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/sdk/sdktest"
)

// TestMove follows a number from one provider to another as gateways and attestors read it: whose grant there is, the move while it runs, while
// it is held up, once it is confirmed, and the new grant alone after it.
func TestMove(t *testing.T) {
	var rival key.Private
	w := ledgertest.NetworkOf(t, t.Name(), 4, func(w *ledgertest.World, g *genesis.Genesis) { rival = w.Key(t, "rival") })
	n := sdktest.NewWith(t, w)
	client, ctx := n.Client(t), within(t, 20*time.Second)
	juma, mwanga := n.Juma, n.Provider.Public()

	grants, err := client.Grants(ctx, juma.Account)
	if err != nil || len(grants) != 1 || grants[0].Grantee != mwanga || grants[0].CapDay != ledgertest.CapDay || !slices.Contains(grants[0].Operations, tx.GrantCancel) {
		t.Fatalf("grants %+v, %v", grants, err)
	}
	none, err := client.Moves(ctx, juma.Alias)
	if err != nil || len(none) != 0 {
		t.Errorf("moves before the first: %+v, %v", none, err)
	}
	start := tx.StartMove{Alias: juma.Alias, From: juma.Account, To: juma.Account, OldGrantee: &mwanga, Grant: &tx.IssueGrant{
		Account: juma.Account, Grantee: rival.Public(), Operations: []tx.GrantedOperation{tx.GrantTransfer}, Asset: ledgertest.KES,
		CapTransaction: 100, CapDay: 200, FeeCeiling: 5, ExpiresAtUnixMs: n.NowUnixMs() + 400*24*3600_000,
	}}
	attested := []key.Signer{n.Attestors[0], n.Attestors[1]}
	do := func(signers []key.Signer, op tx.Operation) {
		t.Helper()
		if o := n.Apply(t, signers, op); o.Result.Code != tx.OK {
			t.Fatalf("%T: %s", op, o.Result.Code)
		}
	}
	do(append(attested, rival), start)
	one := func(state sdk.MoveState) sdk.Move {
		t.Helper()
		moves, err := client.Moves(ctx, juma.Alias)
		if err != nil || len(moves) != 1 || moves[0].State != state || moves[0].From != juma.Account || *moves[0].OldGrantee != mwanga ||
			moves[0].Grant.Grantee != rival.Public() || moves[0].Grant.CapDay != 200 {
			t.Fatalf("moves %+v, %v, want state %d", moves, err, state)
		}
		from, err := client.MovesFrom(ctx, juma.Account)
		if err != nil || len(from) != 1 || from[0].DueUnixMs != moves[0].DueUnixMs {
			t.Errorf("moves from the account %+v, %v", from, err)
		}
		return moves[0]
	}
	m := one(sdk.MoveRunning)
	if m.DueUnixMs <= m.StartedUnixMs || m.HeldUntilUnixMs != 0 {
		t.Errorf("move %+v", m)
	}
	account, err := client.Account(ctx, juma.Account)
	asset, err2 := client.Asset(ctx, ledgertest.KES)
	if limit, ok := asset.LimitOf(account); err != nil || err2 != nil || !ok || limit.CapDay != ledgertest.CapDay/4 {
		t.Errorf("limit while the move waits: %+v, %v %v", limit, err, err2)
	}
	do([]key.Signer{n.Provider}, tx.CancelMove{Alias: juma.Alias, Account: juma.Account})
	held := one(sdk.MoveHeld)
	do(attested, tx.ConfirmMove{Alias: juma.Alias, Account: juma.Account})
	if m := one(sdk.MoveConfirmed); m.DueUnixMs != held.HeldUntilUnixMs {
		t.Errorf("confirmed %+v, held until %d", m, held.HeldUntilUnixMs)
	}
	n.Advance(time.Duration(held.HeldUntilUnixMs-m.StartedUnixMs+60_000) * time.Millisecond)
	n.Fund(t, n.Amina.Account, 1) // A batch passes the time.
	if moves, err := client.Moves(ctx, juma.Alias); err != nil || len(moves) != 0 {
		t.Errorf("moves after it: %+v, %v", moves, err)
	}
	grants, err = client.Grants(ctx, juma.Account)
	if err != nil || len(grants) != 1 || grants[0].Grantee != rival.Public() {
		t.Errorf("grants after it: %+v, %v", grants, err)
	}
}

// One validator that shows another grantee, or another binding, is outvoted; two that differ are noticed.
func TestGrantsAndBindingsNeedMoreThanOneWord(t *testing.T) {
	n := sdktest.New(t)
	client, ctx := n.Client(t), within(t, 20*time.Second)
	thief := n.Key(t, "thief").Public()
	lie := func(v *sdktest.Validator) {
		v.On("ListGrants", func(_ context.Context, _ any, handle func() (any, error)) (any, error) {
			res, err := handle()
			res.(*apiv1.ListGrantsResponse).Grants[0].Grantee = thief[:]
			return res, err
		})
		v.On("ResolveAlias", func(_ context.Context, _ any, handle func() (any, error)) (any, error) {
			res, err := handle()
			res.(*apiv1.ResolveAliasResponse).Account = n.Amina.Account[:]
			return res, err
		})
	}
	lie(n.Validators[0])
	if grants, err := client.Grants(ctx, n.Juma.Account); err != nil || grants[0].Grantee != n.Provider.Public() {
		t.Errorf("grants with one liar: %+v, %v", grants, err)
	}
	if b, err := client.Binding(ctx, n.Juma.Alias); err != nil || b.Account != n.Juma.Account || !b.Attested || b.VouchedBy != (tx.AccountID{}) {
		t.Errorf("binding with one liar: %+v, %v", b, err)
	}
	for _, v := range n.Validators[:2] {
		v.Refuse("ListGrants", "OVERLOADED")
		v.Refuse("ResolveAlias", "OVERLOADED")
	}
	lie(n.Validators[2])
	if _, err := client.Grants(ctx, n.Juma.Account); !errors.Is(err, sdk.ErrDisagreement) {
		t.Errorf("grants that differ: %v", err)
	}
	if _, err := client.Binding(ctx, n.Juma.Alias); !errors.Is(err, sdk.ErrDisagreement) {
		t.Errorf("bindings that differ: %v", err)
	}
	if _, err := n.Client(t).Binding(ctx, key.Alias{1}); !errors.Is(err, sdk.ErrUnknownAlias) {
		t.Errorf("an alias that nobody bound: %v", err)
	}
}

// The directory of attestors, and a provider by its key.
func TestAttestorsAndProviderByKey(t *testing.T) {
	n := sdktest.New(t)
	client, ctx := n.Client(t), within(t, 20*time.Second)
	attestors, err := client.Attestors(ctx)
	if err != nil || len(attestors) != 3 {
		t.Fatalf("attestors %+v, %v", attestors, err)
	}
	for _, a := range attestors {
		i := slices.Index(n.AttestorAccounts, a.Account)
		if i < 0 || a.Key != n.Attestors[i].Public() || a.Provider != nil {
			t.Errorf("attestor %+v", a)
		}
	}
	if p, err := client.ProviderByKey(ctx, n.Provider.Public()); err != nil || p.Account != n.ProviderAccount || p.Name != "Mwanga" {
		t.Errorf("provider %+v, %v", p, err)
	}
	if _, err := client.ProviderByKey(ctx, n.Issuer.Public()); !errors.Is(err, sdk.ErrNotFound) {
		t.Errorf("a key that is no provider's: %v", err)
	}
}
