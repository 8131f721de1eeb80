package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// probeAmount is what the readiness payment moves: the smallest amount there is.
const probeAmount amount.Amount = 1

// retryEvery is the pause between two looks at a child that does not serve yet.
const retryEvery = 50 * time.Millisecond

// waitReady returns when the network has shown that it works, or says why it did not.
func (s *Sandbox) waitReady(ctx context.Context) error {
	within := s.patient(readyWithin)
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.probe(ctx) }()
	var err error
	select {
	case err = <-done:
	case err = <-s.lost:
		cancel()
		<-done
	}
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("the network was not ready within %s: %w; the logs are %s and %s",
				within, err, s.folder.path("validator*", "log"), s.folder.path("gateway*", "log"))
		}
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready = true
	s.announce()
	return nil
}

// probe pays from the issuer to the probe account, and reads the payment back from every validator.
func (s *Sandbox) probe(ctx context.Context) error {
	client, err := sdk.Open(sdk.Config{Genesis: s.genesis, Addresses: s.clients(), ReadTimeout: time.Second})
	if err != nil {
		return err
	}
	defer client.Close()
	if err := eventually(ctx, func() error { _, err := client.Network(ctx); return err }); err != nil {
		return fmt.Errorf("reach the validators: %w", err)
	}
	fmt.Fprintln(s.progress, "paying from the issuer to see that everything works")
	probe := sdk.NewWallet(client, s.keys.Probe, sdk.WalletOptions{})
	err = reached(ctx, func() error { _, err := client.Account(ctx, probe.Account()); return err })
	if errors.Is(err, sdk.ErrNotFound) {
		if err := s.openProbe(ctx, probe); err != nil {
			return fmt.Errorf("open the probe account: %w", err)
		}
	} else if err != nil {
		return fmt.Errorf("look for the probe account: %w", err)
	}
	asset, _, _ := s.genesis.AssetByCode(AssetCode)
	issuer := sdk.NewWallet(client, s.keys.Issuer, sdk.WalletOptions{})
	var outcome sdk.Outcome
	err = reached(ctx, func() (err error) {
		outcome, err = issuer.Pay(ctx, probe.Account().String(), asset, probeAmount, "")
		return err
	})
	if err == nil {
		err = applied(outcome)
	}
	if err != nil {
		return fmt.Errorf("pay the probe account: %w", err)
	}
	for i := range s.genesis.Validators {
		if err := s.readBack(ctx, i, probe.Account(), outcome); err != nil {
			return fmt.Errorf("read the payment back from validator %d: %w", i+1, err)
		}
	}
	for _, c := range s.children[len(s.genesis.Validators):] {
		if err := c.serves(ctx); err != nil {
			return fmt.Errorf("reach %s: %w", c.role, err)
		}
	}
	return nil
}

// openProbe opens the account that the probe pays to.
func (s *Sandbox) openProbe(ctx context.Context, probe *sdk.Wallet) error {
	var outcome sdk.Outcome
	err := reached(ctx, func() (err error) { outcome, err = probe.OpenAccount(ctx); return err })
	if err == nil && outcome.Result.Code != tx.AccountExists {
		err = applied(outcome)
	}
	return err
}

// reached tries until enough validators answered, or the context ends: on a slow machine some of them serve long before the others, and one
// that answered may be busy. Whatever else is said counts; a call that found nobody to ask has sent nothing.
func reached(ctx context.Context, try func() error) error {
	var answer error
	err := eventually(ctx, func() error {
		answer = try()
		if errors.Is(answer, sdk.ErrUnavailable) && !errors.Is(answer, sdk.ErrUnknown) {
			return answer
		}
		return nil
	})
	if err != nil {
		return err
	}
	return answer
}

// readBack waits until one validator proves the payment and shows the balance that the proof says.
func (s *Sandbox) readBack(ctx context.Context, i int, account tx.AccountID, outcome sdk.Outcome) error {
	client, err := sdk.Open(sdk.Config{Genesis: s.genesis, Addresses: s.clients()[i : i+1], ReadTimeout: time.Second})
	if err != nil {
		return err
	}
	defer client.Close()
	return eventually(ctx, func() error {
		_, proof, err := client.Receipt(ctx, outcome.ID)
		if err != nil {
			return err
		}
		for _, post := range proof.Record.PostStates {
			if post.Account != account {
				continue
			}
			balance, err := client.Balance(ctx, account, post.Asset, sdk.Final)
			if err == nil && balance.Posted != post.Posted {
				err = fmt.Errorf("the balance is %s, not %s", balance.Posted.Text(assetScale), post.Posted.Text(assetScale))
			}
			return err
		}
		return errors.New("the receipt does not name the account")
	})
}

// waitServing waits until a child answers its clients. It gives up when the child ends.
func (c *child) waitServing(ctx context.Context, p *process) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-p.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	return c.serves(ctx)
}

// validatorServes waits until a validator, counted from 0, answers.
func (s *Sandbox) validatorServes(ctx context.Context, i int) error {
	client, err := sdk.Open(sdk.Config{Genesis: s.genesis, Addresses: s.clients()[i : i+1], ReadTimeout: time.Second})
	if err != nil {
		return err
	}
	defer client.Close()
	return eventually(ctx, func() error { _, err := client.Network(ctx); return err })
}

// healthy waits until a gateway or attestor says that it is well.
func healthy(ctx context.Context, address string) error {
	client := &http.Client{Timeout: 2 * time.Second}
	defer client.CloseIdleConnections()
	return eventually(ctx, func() error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+dialled(address)+"/healthz", nil)
		if err != nil {
			return err
		}
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("healthz answers %s", res.Status)
		}
		return nil
	})
}

// eventually tries until it works or the context ends; then it gives the last reason.
func eventually(ctx context.Context, try func() error) error {
	again := time.NewTicker(retryEvery)
	defer again.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", err, ctx.Err())
		}
	}
}

// announce prints the ready line, for scripts, and a payment to try, for people. The caller holds mu.
func (s *Sandbox) announce() {
	ussd := "http://" + dialled(s.plan.gateways[0]) + callbackPath
	fmt.Fprintf(s.out, "ready ussd=%s grpc=%s dir=%s time=%.1fs\n", ussd, s.clients()[0], s.folder, time.Since(s.began).Seconds())
	payer, payee := phones[0], phones[1]
	fmt.Fprintf(s.out, "\n%s (%s, PIN %s) pays 150.00 to %s (%s), as the aggregator would post it:\n\n", payer.number, payer.name, payer.pin, payee.number, payee.name)
	session := "try-" + strconv.FormatInt(time.Now().UnixMilli(), 36)
	// As the payee's number is dialled at home.
	typed := []string{"1", "0" + strings.TrimPrefix(payee.number, "+254"), "150", payer.pin}
	for n := range len(typed) + 1 {
		fmt.Fprintf(s.out, "curl -s %s -d sessionId=%s -d networkCode=63902 --data-urlencode 'serviceCode=%s' --data-urlencode 'phoneNumber=%s' --data-urlencode 'text=%s'; echo\n",
			ussd, session, ServiceCode, payer.number, strings.Join(typed[:n], "*"))
	}
	fmt.Fprintf(s.out, "\nThe phones:\n")
	for _, p := range phones {
		fmt.Fprintf(s.out, "  %s  %s, PIN %s, %s", p.number, p.name, p.pin, p.language)
		if p.role != "" {
			fmt.Fprintf(s.out, ", %s", p.role)
		}
		fmt.Fprintln(s.out)
	}
	fmt.Fprintf(s.out, "\nOr in a second terminal: umoja phone %s --dir %s. Ctrl-C stops the sandbox; its balances are kept.\n", payer.number, s.folder)
	if len(s.plan.gateways) > 1 {
		fmt.Fprintf(s.out, "%s is dialled by %s: umoja phone %s --code '%s' --dir %s\n", secondBy, SecondCode, payer.number, SecondCode, s.folder)
	}
}
