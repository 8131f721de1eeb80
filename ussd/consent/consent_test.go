package consent_test

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd/consent"
	"github.com/umoja-ledger/umoja/ussd/peer"
)

const now = 1_800_000_000_000

// agreed is one account whose holder agreed to one provider.
type agreed struct {
	account tx.AccountID
	to      key.Public
	err     error
}

// Agreed implements consent.Agreements.
func (a *agreed) Agreed(_ context.Context, account tx.AccountID, to key.Public) (bool, error) {
	return account == a.account && to == a.to, a.err
}

func keyOf(t *testing.T, b byte) key.Private {
	t.Helper()
	k, err := key.NewPrivate([32]byte{31: b})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestConsent takes a move that was agreed to and changes one thing of it a row.
func TestConsent(t *testing.T) {
	network := tx.NetworkID{5}
	old, next, rogue := keyOf(t, 1), keyOf(t, 2), keyOf(t, 3)
	account := tx.AccountID{9}
	agreements := &agreed{account: account, to: next.Public()}
	clock := func() uint64 { return now }
	server := httptest.NewServer(consent.NewHandler(consent.Config{
		Network: network, Signer: old, Agreements: agreements, Log: slog.New(slog.DiscardHandler), NowUnixMs: clock,
	}))
	defer server.Close()
	move := func(change func(*tx.Body, *tx.StartMove)) []byte {
		t.Helper()
		was := old.Public()
		op := tx.StartMove{Alias: key.Alias{1}, From: account, To: account, OldGrantee: &was, Grant: &tx.IssueGrant{
			Account: account, Grantee: next.Public(), Operations: []tx.GrantedOperation{tx.GrantTransfer}, Asset: 1, CapTransaction: 1, CapDay: 1, ExpiresAtUnixMs: 1,
		}}
		b := tx.Body{ExpiresAtUnixMs: now + 600_000}
		change(&b, &op)
		b.Operations = append(b.Operations, op)
		raw, err := b.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	same := func(*tx.Body, *tx.StartMove) {}
	for _, row := range []struct {
		name   string
		signer key.Signer
		body   []byte
		want   string
	}{
		{"agreed", next, move(same), ""},
		{"somebody else asks", rogue, move(same), consent.CodeBody},
		{"to somebody else", rogue, move(func(_ *tx.Body, m *tx.StartMove) { m.Grant.Grantee = rogue.Public() }), consent.CodeNotAgreed},
		{"of another account", next, move(func(_ *tx.Body, m *tx.StartMove) {
			m.From, m.To, m.Grant.Account = tx.AccountID{8}, tx.AccountID{8}, tx.AccountID{8}
		}), consent.CodeNotAgreed},
		{"to another account", next, move(func(_ *tx.Body, m *tx.StartMove) { m.To, m.Grant.Account = tx.AccountID{8}, tx.AccountID{8} }), consent.CodeBody},
		{"from another provider", next, move(func(_ *tx.Body, m *tx.StartMove) { k := rogue.Public(); m.OldGrantee = &k }), consent.CodeBody},
		{"from nobody", next, move(func(_ *tx.Body, m *tx.StartMove) { m.OldGrantee = nil }), consent.CodeBody},
		{"with another name", next, move(func(_ *tx.Body, m *tx.StartMove) { m.SealedName = &key.SealedName{1} }), consent.CodeBody},
		{"for next week", next, move(func(b *tx.Body, _ *tx.StartMove) { b.ExpiresAtUnixMs = now + 7*24*3600_000 }), consent.CodeBody},
		{"and a transfer", next, move(func(b *tx.Body, _ *tx.StartMove) {
			b.Operations = []tx.Operation{tx.Transfer{Debit: account, Credit: tx.AccountID{1}, Asset: 1, Amount: 5}}
		}), consent.CodeBody},
		{"no transaction", next, []byte{1, 2, 3}, consent.CodeBody},
	} {
		caller, err := peer.NewCaller(peer.CallerConfig{Network: network, Address: server.URL, To: old.Public(), Signer: row.signer, NowUnixMs: clock})
		if err != nil {
			t.Fatal(err)
		}
		signature, err := consent.Ask(t.Context(), caller, network, row.body)
		caller.Close()
		var refusal *peer.Refusal
		switch {
		case row.want == "" && (err != nil || signature.Signer != old.Public()):
			t.Errorf("%s: %v", row.name, err)
		case row.want != "" && (!errors.As(err, &refusal) || refusal.Code != row.want):
			t.Errorf("%s: %v, want %s", row.name, err, row.want)
		}
	}
	// The first endpoint that is one to send to is asked; the configuration knows better than the directory.
	provider := sdk.Provider{Account: tx.AccountID{1}, Key: old.Public(), Endpoints: []string{"http://old.example.org", server.URL}}
	asker := consent.Asker{Network: network, Signer: next}
	for name, try := range map[string]struct {
		at map[tx.AccountID]string
		of sdk.Provider
		ok bool
	}{
		"an endpoint":           {nil, provider, true},
		"the configuration":     {map[tx.AccountID]string{{1}: server.URL}, sdk.Provider{Account: tx.AccountID{1}, Key: old.Public()}, true},
		"another's":             {map[tx.AccountID]string{{2}: server.URL}, sdk.Provider{Account: tx.AccountID{1}, Key: old.Public()}, false},
		"nowhere to be reached": {map[tx.AccountID]string{{1}: "http://127.0.0.1:1"}, provider, false},
	} {
		asker.At = try.at
		_, err := asker.Ask(t.Context(), try.of, move(same))
		// The clocks of this test are apart: who is reached says so.
		if reached := errors.As(err, new(*peer.Refusal)); reached != try.ok || !reached && !errors.Is(err, peer.ErrUnreachable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	agreements.err = errors.New("disk")
	caller, err := peer.NewCaller(peer.CallerConfig{Network: network, Address: server.URL, To: old.Public(), Signer: next, NowUnixMs: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer caller.Close()
	var refusal *peer.Refusal
	if _, err := consent.Ask(t.Context(), caller, network, move(same)); !errors.As(err, &refusal) || refusal.Code != peer.CodeUnavailable {
		t.Errorf("an old provider with a broken store: %v", err)
	}
	// An answer that is not the old provider's signature is none.
	liar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		forged, _ := rogue.Sign(tx.NewID(network, move(same)))
		peer.Answer(w, map[string]string{"signer": old.Public().String(), "signature": hex.EncodeToString(forged[:])}, nil)
	}))
	defer liar.Close()
	lied, err := peer.NewCaller(peer.CallerConfig{Network: network, Address: liar.URL, To: old.Public(), Signer: next, NowUnixMs: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer lied.Close()
	if _, err := consent.Ask(t.Context(), lied, network, move(same)); !errors.Is(err, consent.ErrSignature) {
		t.Errorf("a forged signature: %v", err)
	}
}
