package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd/handset"
)

const kes tx.Asset = 1

// TestPayments is a day in one sandbox of real processes: people register and pay, callbacks come twice, a wallet without
// a provider pays a phone and is paid back, requests are malformed, and validators stop and come back.
func TestPayments(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a sandbox of five processes; run without -short")
	}
	b := startBox(t)
	t.Run("the README's payment", func(t *testing.T) { readmePayment(t, b) })
	t.Run("register and pay", func(t *testing.T) { registerAndPay(t, b) })
	t.Run("every callback twice", func(t *testing.T) { everyCallbackTwice(t, b) })
	t.Run("the PIN fifty times at once", func(t *testing.T) { fiftyTimes(t, b) })
	t.Run("a wallet without a provider", func(t *testing.T) { walletAndPhone(t, b) })
	t.Run("malformed requests", func(t *testing.T) { malformedRequests(t, b) })
	t.Run("one and two validators stopped", func(t *testing.T) { stoppedValidators(t, b) })
	b.stop(t)
}

func (b *box) phone(number string) *handset.Handset {
	return handset.New(handset.Config{URL: b.callback(), Number: number, ServiceCode: b.addresses.ServiceCode})
}

func (b *box) callback() string { return "http://" + b.addresses.HTTP + "/ussd/africastalking" }

// use dials and types, and gives the last screen.
func use(t *testing.T, phone *handset.Handset, inputs ...string) string {
	t.Helper()
	screen, err := phone.Dial(t.Context())
	for _, input := range inputs {
		if err == nil {
			screen, err = phone.Type(t.Context(), input)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return screen.Text
}

// account finds a phone's account, as a wallet without the alias key does.
func (b *box) account(t *testing.T, number string) tx.AccountID {
	t.Helper()
	payee, err := b.client.Resolve(t.Context(), number)
	if err != nil {
		t.Fatal(err)
	}
	return payee.Account
}

// balance asks every validator for itself, and they must agree.
func (b *box) balance(t *testing.T, number string) amount.Amount {
	t.Helper()
	account := b.account(t, number)
	var balances []amount.Amount
	for _, address := range b.addresses.GRPC {
		one, err := sdk.Open(sdk.Config{Genesis: b.genesis, Addresses: []string{address}})
		if err != nil {
			t.Fatal(err)
		}
		balance, err := one.Balance(t.Context(), account, kes, sdk.Accepted)
		one.Close()
		if err != nil {
			t.Fatal(err)
		}
		if balances = append(balances, balance.Posted); balance.Posted != balances[0] {
			t.Fatalf("validators disagree about the balance of %s: %v", number, balances)
		}
	}
	return balances[0]
}

func (b *box) supply(t *testing.T) amount.Amount {
	t.Helper()
	asset, err := b.client.Asset(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	return asset.Supply
}

func registerAndPay(t *testing.T, b *box) {
	payer, payee, newcomer := "+254711000001", "+254711000077", b.phone("+254711000077")
	if text := use(t, newcomer, "1", "ZAWADI NJERI", "5813", "5813"); !strings.Contains(text, "You are registered") {
		t.Fatal(text)
	}
	before, supply := b.balance(t, payer), b.supply(t)
	text := use(t, b.phone(payer), "1", payee, "123.45", "4071")
	for _, want := range []string{"ZAWADI N", "123.45 KES", "Fee 1.00 KES", "Code "} {
		if !strings.Contains(text, want) {
			t.Errorf("the receipt on the screen lacks %q: %s", want, text)
		}
	}
	if got, want := b.balance(t, payer), before-124_45; got != want {
		t.Errorf("payer has %d, want %d", got, want)
	}
	if got := b.balance(t, payee); got != 123_45 {
		t.Errorf("payee has %d, want 12345", got)
	}
	if got := b.supply(t); got != supply {
		t.Errorf("supply %d, was %d", got, supply)
	}
	_, code, _ := strings.Cut(text, "Code ")
	file := filepath.Join(t.TempDir(), "payment.receipt")
	if out, err := exec.Command(b.binary, "receipt", "get", code[:8], "--account", payer, "--out", file, "--dir", b.dir).CombinedOutput(); err != nil {
		t.Fatalf("get receipt: %v\n%s", err, out)
	}
	if out, err := exec.Command(b.binary, "receipt", "verify", file, "--dir", b.dir).CombinedOutput(); err != nil || !strings.Contains(string(out), "verified") {
		t.Fatalf("verify receipt: %v\n%s", err, out)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for bit := 0; bit < 8*len(raw); bit += 61 { // A prime, so that every bit of a byte has its turn.
		raw[bit/8] ^= 1 << (bit % 8)
		if receipt, err := checkpoint.ParseReceipt(raw); err == nil {
			if _, err := receipt.Verify(b.genesis.Trust()); err == nil {
				t.Errorf("verifies with bit %d flipped", bit)
			}
		}
		raw[bit/8] ^= 1 << (bit % 8)
	}
}

func everyCallbackTwice(t *testing.T, b *box) {
	before := b.balance(t, "+254711000001")
	phone := b.phone("+254711000001")
	screen, err := phone.Dial(t.Context())
	for _, input := range []string{"1", "0711000002", "11", "4071"} {
		if err != nil {
			t.Fatal(err)
		}
		form := phone.Form()
		again, err2 := handset.Post(t.Context(), http.DefaultClient, b.callback(), form)
		if err2 != nil || again != screen {
			t.Errorf("the same callback again: %q, %v; want %q", again.Text, err2, screen.Text)
		}
		form.Set("text", strings.TrimPrefix(form.Get("text")+"*"+input, "*"))
		screen, err = phone.Type(t.Context(), input)
		if input == "4071" {
			if again, err := handset.Post(t.Context(), http.DefaultClient, b.callback(), form); err != nil || again != screen {
				t.Errorf("the PIN again: %q, %v; want %q", again.Text, err, screen.Text)
			}
		}
	}
	if err != nil || !strings.HasPrefix(screen.Text, "Paid 11.00 KES") {
		t.Fatalf("%q, %v", screen.Text, err)
	}
	if got, want := b.balance(t, "+254711000001"), before-12_00; got != want {
		t.Errorf("balance %d, want %d", got, want)
	}
}

func fiftyTimes(t *testing.T, b *box) {
	before := b.balance(t, "+254711000001")
	phone := b.phone("+254711000001")
	use(t, phone, "1", "0711000002", "13")
	form := phone.Form()
	form.Set("text", form.Get("text")+"*4071")
	replies := make([]string, 50)
	var posts sync.WaitGroup
	for i := range replies {
		posts.Go(func() {
			screen, err := handset.Post(t.Context(), http.DefaultClient, b.callback(), form)
			if replies[i] = screen.Text; err != nil {
				replies[i] = err.Error()
			}
		})
	}
	posts.Wait()
	for _, reply := range replies {
		if reply != replies[0] || !strings.HasPrefix(reply, "Paid 13.00 KES") {
			t.Fatalf("replies differ, or none is a receipt: %q and %q", replies[0], reply)
		}
	}
	if got, want := b.balance(t, "+254711000001"), before-14_00; got != want {
		t.Errorf("balance %d, want %d", got, want)
	}
}

func walletAndPhone(t *testing.T, b *box) {
	secret, err := key.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	wallet := sdk.NewWallet(b.client, secret, sdk.WalletOptions{})
	if o, err := wallet.OpenAccount(t.Context()); err != nil || !o.Applied() {
		t.Fatalf("open account: %+v, %v", o, err)
	}
	if out, err := exec.Command(b.binary, "dev", "fund", wallet.Account().String(), "50", "--dir", b.dir).CombinedOutput(); err != nil {
		t.Fatalf("fund: %v\n%s", err, out)
	}
	before := b.balance(t, "+254711000002")
	o, err := wallet.Pay(t.Context(), "+254711000002", kes, 20_00, "eggs")
	if err != nil || !o.Applied() {
		t.Fatalf("pay: %+v, %v", o, err)
	}
	if got := b.balance(t, "+254711000002"); got != before+20_00 {
		t.Errorf("the phone has %d, want %d", got, before+20_00)
	}
	receipt, err := wallet.Receipt(t.Context(), o.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wallet.Verify(receipt); err != nil {
		t.Error(err)
	}
	account, err := b.client.Account(t.Context(), wallet.Account())
	if err != nil {
		t.Fatal(err)
	}
	if text := use(t, b.phone("+254711000002"), "1", account.Number.Text(), "7.50", "8306"); !strings.HasPrefix(text, "Umelipa 7.50 KES") {
		t.Fatal(text)
	}
	// What is final at one validator is so at the others a moment later, and any of them may answer.
	for tries := 0; ; tries++ {
		balance, err := wallet.Balance(t.Context(), kes)
		if err == nil && balance.Posted == 50_00-20_00+7_50 {
			break
		}
		if tries == 50 {
			t.Fatalf("the wallet has %d, %v; want 3750", balance.Posted, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func malformedRequests(t *testing.T, b *box) {
	good := url.Values{"sessionId": {"s"}, "serviceCode": {"*384*2050#"}, "phoneNumber": {"+254711000001"}, "networkCode": {"63902"}, "text": {""}}
	without := func(field string) string {
		v := url.Values{}
		for k := range good {
			if k != field {
				v[k] = good[k]
			}
		}
		return v.Encode()
	}
	post := func(body string) int {
		t.Helper()
		res, err := http.Post(b.callback(), "application/x-www-form-urlencoded", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode
	}
	res, err := http.Get(b.callback())
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", res.StatusCode)
	}
	for field := range good {
		if code := post(without(field)); code != http.StatusBadRequest {
			t.Errorf("without %s: %d", field, code)
		}
		if code := post(good.Encode() + "&" + field + "=x"); code != http.StatusBadRequest {
			t.Errorf("%s twice: %d", field, code)
		}
	}
	if code := post(good.Encode() + "&x=" + strings.Repeat("x", 8<<10)); code != http.StatusRequestEntityTooLarge {
		t.Errorf("above 8 KiB: %d", code)
	}
	if code := post(good.Encode()); code != http.StatusOK {
		t.Errorf("the form itself: %d", code)
	}
}

func stoppedValidators(t *testing.T, b *box) {
	kill := func(n int) {
		t.Helper()
		if err := syscall.Kill(b.status(t).Validators[n-1].PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		b.await(t, "the sandbox has noticed", func(s boxStatus) bool { return s.Validators[n-1].PID == 0 })
	}
	kill(4)
	if text := use(t, b.phone("+254711000001"), "1", "0711000002", "3.01", "4071"); !strings.HasPrefix(text, "Paid 3.01 KES") {
		t.Fatalf("with one validator stopped: %s", text)
	}
	kill(3)
	begun := time.Now()
	text := use(t, b.phone("+254711000001"), "1", "0711000002", "3.02", "4071")
	if took := time.Since(begun); took > 10*time.Second || !strings.Contains(text, "We will SMS you the result") {
		t.Fatalf("with two validators stopped: after %s: %s", took, text)
	}
	for _, n := range []string{"3", "4"} {
		if out, err := exec.Command(b.binary, "dev", "restart", n, "--dir", b.dir).CombinedOutput(); err != nil {
			t.Fatalf("restart: %v\n%s", err, out)
		}
	}
	for _, number := range []string{"+254711000001", "+254711000002"} {
		awaitMessage(t, b.phone(number), "3.02 KES")
	}
	if text := use(t, b.phone("+254711000001")); !strings.Contains(text, "Paid 3.02 KES") {
		t.Errorf("the next dial does not tell: %s", text)
	}
}

func awaitMessage(t *testing.T, phone *handset.Handset, part string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		inbox, err := phone.Inbox(ctx)
		if err != nil {
			t.Fatal(fmt.Errorf("no message with %q: %w", part, err))
		}
		for _, m := range inbox {
			if strings.Contains(m.Text, part) {
				return
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
}
