package sdk_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/sdk/sdktest"
)

// funded opens the wallet of a label with 250.00 KES.
func funded(t *testing.T, n *sdktest.Network, client *sdk.Client, outbox sdk.Outbox) *sdk.Wallet {
	t.Helper()
	w := sdk.NewWallet(client, n.Key(t, "wallet"), sdk.WalletOptions{Outbox: outbox})
	if _, err := client.Account(t.Context(), w.Account()); err == nil {
		return w
	}
	outcome, err := w.OpenAccount(within(t, 10*time.Second))
	if err != nil || !outcome.Applied() {
		t.Fatalf("open account: %+v, %v", outcome, err)
	}
	n.Fund(t, w.Account(), 250_00)
	return w
}

func TestWalletPaysWhoeverIsNamed(t *testing.T) {
	n := sdktest.New(t)
	client := n.Client(t)
	w := funded(t, n, client, nil)
	number := tx.AccountNumber(4).Text()
	for _, to := range []string{n.Amina.Number, number, n.Amina.Account.String(), strings.ToUpper(n.Amina.Account.String())} {
		outcome, err := w.Pay(within(t, 10*time.Second), to, ledgertest.KES, 10_00, "lunch")
		if err != nil || !outcome.Applied() {
			t.Errorf("%s: %+v, %v", to, outcome, err)
		}
	}
	paid(t, n, 40_00)
	b, err := w.Balance(within(t, 10*time.Second), ledgertest.KES)
	if err != nil || b.Available() != 210_00 {
		t.Errorf("balance %+v, %v", b, err)
	}
	entries, err := w.History(within(t, 10*time.Second), 0, 1)
	if err != nil || len(entries) != 1 || entries[0].Signed.Body.Operations[0].(tx.Transfer).Reference != "lunch" {
		t.Errorf("history %+v, %v", entries, err)
	}
	for _, to := range []string{"", "0711000002", number[:len(number)-1] + "0", "umoja1qqqq", "+", "bob"} {
		if _, err := w.Pay(within(t, 10*time.Second), to, ledgertest.KES, 10_00, ""); err == nil {
			t.Errorf("%q was paid", to)
		}
	}
	if _, err := w.Pay(within(t, 10*time.Second), tx.AccountNumber(99).Text(), ledgertest.KES, 10_00, ""); !errors.Is(err, sdk.ErrNotFound) {
		t.Errorf("a number that nobody has: %v", err)
	}
	for name, try := range map[string]struct {
		amount    amount.Amount
		reference string
	}{"no amount": {0, ""}, "long reference": {1, strings.Repeat("x", 65)}, "reference of other bytes": {1, "\xff"}} {
		if _, err := w.Pay(within(t, 10*time.Second), number, ledgertest.KES, try.amount, try.reference); !errors.Is(err, tx.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	outcome, err := w.Pay(within(t, 10*time.Second), number, ledgertest.KES, 999_00, "")
	if err != nil || outcome.Result.Code != tx.InsufficientBalance {
		t.Errorf("beyond the balance: %+v, %v", outcome, err)
	}
	if again, err := w.OpenAccount(within(t, 10*time.Second)); err != nil || again.Result.Code != tx.AccountExists {
		t.Errorf("opened twice: %+v, %v", again, err)
	}
	paid(t, n, 40_00)
}

func TestAccountIsKnownFromTheKey(t *testing.T) {
	n := sdktest.New(t)
	w := sdk.NewWallet(n.Client(t), n.Key(t, "wallet"), sdk.WalletOptions{})
	if w.Account() != sdk.AccountOf(n.Key(t, "wallet").Public()) || w.Account() == sdk.AccountOf(n.Issuer.Public()) {
		t.Error("account is not made from the key")
	}
}

// crash is what a process that ends leaves of an outbox: the calls before the end happened, the one named fails.
type crash struct {
	sdk.Outbox
	at string
}

var errCrash = errors.New("crash")

func (c crash) Put(id tx.ID, envelope []byte) error {
	if c.at == "before put" {
		return errCrash
	}
	if err := c.Outbox.Put(id, envelope); err != nil {
		return err
	}
	if c.at == "after put" {
		return errCrash
	}
	return nil
}

func (c crash) Done(id tx.ID) error {
	if c.at == "before done" {
		return errCrash
	}
	return c.Outbox.Done(id)
}

func TestOutboxCrashPoints(t *testing.T) {
	for _, c := range []struct {
		at   string
		left int           // envelopes that the next run finds
		paid amount.Amount // in the end
	}{
		{"before put", 0, 0},
		{"after put", 1, 10_00},
		{"sent and not answered", 1, 10_00},
		{"before done", 1, 10_00},
		{"never", 0, 10_00},
	} {
		t.Run(c.at, func(t *testing.T) {
			t.Parallel()
			n := sdktest.New(t)
			dir := t.TempDir() // Before the client, which writes there until it is closed.
			client := n.Client(t)
			outbox, err := sdk.NewFileOutbox(dir)
			check(t, err)
			funded(t, n, client, nil)
			w := funded(t, n, client, crash{outbox, c.at})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.at == "sent and not answered" {
				for _, v := range n.Validators {
					v.On("Submit", func(_ context.Context, _ any, handle func() (any, error)) (any, error) {
						res, err := handle()
						cancel() // The payment is final, and the process ends before it hears of it.
						return res, err
					})
				}
			}
			_, _ = w.Pay(ctx, n.Amina.Number, ledgertest.KES, 10_00, "") // Nobody is there any more to see the error.

			for _, v := range n.Validators {
				v.On("Submit", nil)
			}
			outbox, err = sdk.NewFileOutbox(dir)
			check(t, err)
			left, err := outbox.Left()
			if err != nil || len(left) != c.left {
				t.Fatalf("%d left, %v", len(left), err)
			}
			w = funded(t, n, client, outbox)
			outcomes, err := w.Resume(within(t, 10*time.Second))
			if err != nil || len(outcomes) != c.left {
				t.Fatalf("resumed %+v, %v", outcomes, err)
			}
			for _, o := range outcomes {
				if !o.Applied() || o.ReceiptCode == "" {
					t.Errorf("outcome %+v", o)
				}
			}
			paid(t, n, c.paid)
			if left, err = outbox.Left(); err != nil || len(left) != 0 {
				t.Errorf("%d left after resume, %v", len(left), err)
			}
		})
	}
}

func TestResumeKeepsWhatItDoesNotKnow(t *testing.T) {
	n := sdktest.New(t)
	dir := t.TempDir() // Before the client, which writes there until it is closed.
	client := n.Client(t)
	outbox, err := sdk.NewFileOutbox(dir)
	check(t, err)
	w := funded(t, n, client, outbox)
	check(t, os.WriteFile(filepath.Join(dir, "half.tx.tmp"), []byte("half"), 0o600))
	for _, v := range n.Validators {
		v.Refuse("Submit", "OVERLOADED")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := w.Pay(ctx, n.Amina.Number, ledgertest.KES, 10_00, ""); !errors.Is(err, sdk.ErrUnknown) {
		t.Fatal(err)
	}
	count := func() int {
		left, err := outbox.Left()
		check(t, err)
		return len(left)
	}
	// An earlier run may have handed it to somebody, so a refusal now does not settle it.
	for _, v := range n.Validators {
		v.Refuse("Submit", "UNAUTHORISED")
	}
	var refused *sdk.RefusedError
	if _, err := w.Resume(within(t, 10*time.Second)); !errors.As(err, &refused) || count() != 1 {
		t.Errorf("refused: %v, %d left", err, count())
	}
	// An outbox of another network is left alone.
	other := sdktest.NewWith(t, ledgertest.Network(t, "another"))
	other.Advance(20 * time.Minute) // Where such an id has expired, of course.
	stranger := sdk.NewWallet(other.Client(t), n.Key(t, "wallet"), sdk.WalletOptions{Outbox: outbox})
	if _, err := stranger.Resume(within(t, 10*time.Second)); !errors.Is(err, tx.ErrBadSignature) || count() != 1 {
		t.Errorf("of another network: %v, %d left", err, count())
	}
	// When it has expired, f+1 statements settle it.
	for _, v := range n.Validators {
		v.On("Submit", nil)
	}
	n.Advance(20 * time.Minute)
	outcomes, err := w.Resume(within(t, 10*time.Second))
	if err != nil || len(outcomes) != 1 || !outcomes[0].Expired || count() != 0 {
		t.Errorf("expired: %+v, %v, %d left", outcomes, err, count())
	}
	paid(t, n, 0)
	if _, err := sdk.NewFileOutbox(dir); err != nil {
		t.Fatal(err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 || files[0].Name() != "validators.json" {
		t.Errorf("left are %v, and not only what was seen of the validator sets", files)
	}
}

// drawer is an outbox in memory that gives what it keeps in the order in which it came.
type drawer struct {
	network tx.NetworkID
	left    [][]byte
}

func (d *drawer) Put(_ tx.ID, envelope []byte) error {
	d.left = append(d.left, envelope)
	return nil
}

func (d *drawer) Done(id tx.ID) error {
	d.left = slices.DeleteFunc(d.left, func(envelope []byte) bool {
		signed, err := tx.Parse(d.network, envelope)
		return err == nil && signed.ID() == id
	})
	return nil
}

func (d *drawer) Left() ([][]byte, error) { return slices.Clone(d.left), nil }

// TestResumeIsHeldUpByNobody: transactions that wait keep none behind them from being settled.
func TestResumeIsHeldUpByNobody(t *testing.T) {
	n := sdktest.New(t)
	client, kept := n.Client(t), &drawer{network: n.Network}
	w := funded(t, n, client, kept)
	const waiting = 5
	for range waiting {
		check(t, kept.Put(tx.ID{}, payment(t, n, 1_00).Envelope()))
	}
	n.HoldOrder(true)
	known := payment(t, n, 100_00)
	check(t, kept.Put(known.ID(), known.Envelope()))
	n.Order(known)
	n.HoldFinality(false)
	outcomes, err := w.Resume(within(t, 3*time.Second))
	if !errors.Is(err, sdk.ErrUnknown) || len(outcomes) != 1 || outcomes[0].ID != known.ID() || !outcomes[0].Applied() || len(kept.left) != waiting {
		t.Errorf("%d outcomes, %d left, %v", len(outcomes), len(kept.left), err)
	}
	n.HoldOrder(false)
	outcomes, err = w.Resume(within(t, 10*time.Second))
	if err != nil || len(outcomes) != waiting || len(kept.left) != 0 {
		t.Errorf("%d outcomes, %d left, %v", len(outcomes), len(kept.left), err)
	}
	paid(t, n, 100_00+waiting*1_00)
}
