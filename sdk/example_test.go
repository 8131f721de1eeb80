package sdk_test

import (
	"context"
	"crypto/rand"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/sdk/sdktest"
)

// A wallet with its own key and no provider: it opens an account, is paid, pays a phone number, and proves it offline.
func TestExampleWallet(t *testing.T) {
	network, ctx := sdktest.New(t), context.Background()
	client, err := sdk.Open(network.Config()) // Outside of tests: sdk.Config{Genesis: genesis}.
	check(t, err)
	defer client.Close()
	secret, err := key.Generate(rand.Reader)
	check(t, err)
	outbox, err := sdk.NewFileOutbox(t.TempDir())
	check(t, err)
	wallet := sdk.NewWallet(client, secret, sdk.WalletOptions{Outbox: outbox})
	_, err = wallet.Resume(ctx) // Settles what a crash left open.
	check(t, err)
	_, err = wallet.OpenAccount(ctx)
	check(t, err)
	network.Fund(t, wallet.Account(), 250_00)

	outcome, err := wallet.Pay(ctx, "+254711000002", ledgertest.KES, 150_00, "school fees")
	check(t, err)
	receipt, err := wallet.Receipt(ctx, outcome.ID)
	check(t, err)
	proof, err := wallet.Verify(receipt) // Offline: from the receipt and the genesis alone.
	check(t, err)
	if !outcome.Applied() || proof.Code() != outcome.ReceiptCode || network.Balance(t, wallet.Account()) != 100_00 {
		t.Errorf("outcome %+v, proof %+v", outcome, proof)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
