package soak

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// kes is the sandbox's asset.
const kes tx.Asset = 1

// allowance is what a person is given when there are few; together they get at most allAllowance, which is below what numbers that no
// attestor knows may receive in a day.
const (
	allowance    = amount.Amount(1_000_00)
	allAllowance = amount.Amount(150_000_00)
)

// open opens the sandbox's network.
func (c *crew) open() error {
	var err error
	if c.addresses, err = c.o.Folder.ReadAddresses(); err != nil {
		return err
	}
	if c.genesis, err = c.o.Folder.ReadGenesis(); err != nil {
		return err
	}
	var alias key.AliasKey
	for _, secret := range []struct {
		file string
		take func(text string) error
	}{
		{"issuer.key", func(text string) (err error) { c.issuer, err = key.ParsePrivate(text); return err }},
		{"alias.key", func(text string) (err error) { alias, err = key.ParseAliasKey(text); return err }},
	} {
		raw, err := os.ReadFile(filepath.Join(string(c.o.Folder), "keys", secret.file))
		if err != nil {
			return fmt.Errorf("read the sandbox's key: %w", err)
		}
		if err := secret.take(strings.TrimSpace(string(raw))); err != nil {
			return fmt.Errorf("%s: %w", secret.file, err)
		}
	}
	c.client, err = sdk.Open(sdk.Config{Genesis: c.genesis, Addresses: c.addresses.GRPC, AliasKey: &alias})
	return err
}

// callback is where the gateway takes an aggregator's requests.
func (c *crew) callback(format string) string {
	return "http://" + c.addresses.HTTP + "/ussd/" + format
}

// languageOf finds a language of the journal; one that is not read here is empty, and the person is asked anew.
func (w *words) languageOf(tag string) menu.Language {
	for _, l := range w.languages {
		if string(l) == tag {
			return l
		}
	}
	return ""
}

// findAccounts finds everybody's account.
func (c *crew) findAccounts(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for _, p := range c.people {
		group.Go(func() error {
			payee, err := c.client.Resolve(ctx, p.number)
			if err != nil {
				return fmt.Errorf("find the account of phone %d: %w", p.place, err)
			}
			p.account = payee.Account
			return c.findEarlier(ctx, p)
		})
	}
	return group.Wait()
}

// findEarlier finds the payments that a crew with another journal made on the same phone, so that no amount is given out twice.
func (c *crew) findEarlier(ctx context.Context, p *person) error {
	l, err := c.ledgerOf(ctx, p)
	if err != nil {
		return fmt.Errorf("read the account of phone %d: %w", p.place, err)
	}
	p.earlier = make(map[amount.Amount]bool)
	for a := range l.out {
		if p.payments[a] == nil {
			p.earlier[a], p.next = true, max(p.next, a+50)
		}
	}
	return nil
}

// fund gives those who have less than half of it their allowance again.
func (c *crew) fund(ctx context.Context, people []*person) error {
	full := min(allowance, allAllowance/amount.Amount(c.o.Users))
	const batch = 200
	var legs []tx.Operation
	for i, p := range people {
		balance, err := c.client.Balance(ctx, p.account, kes, sdk.Final)
		if err != nil {
			return fmt.Errorf("read the balance of phone %d: %w", p.place, err)
		}
		if has := balance.Available(); has < full/2 {
			legs = append(legs, tx.Transfer{Debit: sdk.AccountOf(c.issuer.Public()), Credit: p.account, Asset: kes, Amount: full - has})
		}
		if len(legs) == batch || i == len(people)-1 && len(legs) > 0 {
			if err := c.give(ctx, legs); err != nil {
				return err
			}
			legs = nil
		}
	}
	return nil
}

// give pays from the issuer, in one transaction.
func (c *crew) give(ctx context.Context, legs []tx.Operation) error {
	body, err := sdk.NewBody(rand.Reader, uint64(time.Now().Add(5*time.Minute).UnixMilli()), legs...)
	if err != nil {
		return err
	}
	encoded, err := body.Encode()
	if err != nil {
		return err
	}
	signed, err := tx.Seal(c.genesis.Network(), encoded, c.issuer)
	if err != nil {
		return err
	}
	o, err := c.client.Submit(ctx, signed)
	if err != nil {
		return fmt.Errorf("give money: %w", err)
	}
	if !o.Applied() {
		return fmt.Errorf("give money: the ledger refused it: %s", o.Result.Code)
	}
	return nil
}

// kill kills the gateway or the leader again and again, and has the sandbox start it again.
func (c *crew) kill(ctx context.Context, what string, every time.Duration) error {
	for sleep(ctx, every) == nil {
		place, pid, err := c.victim(ctx, what)
		if err != nil {
			c.say("kill the %s: %v", what, err)
			continue
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			return fmt.Errorf("kill the %s: %w", what, err)
		}
		c.tally.count(func(n *counts) { add(&n.Kills, what, 1) })
		// The sandbox notices by itself, and the people see what it is like meanwhile. A run that ends starts again what it killed.
		_ = sleep(ctx, time.Second)
		if err := c.o.Folder.Restart(context.WithoutCancel(ctx), place); err != nil && ctx.Err() == nil {
			return fmt.Errorf("start %s again: %w", place, err)
		}
		if what == Leader {
			if err := c.await(context.WithoutCancel(ctx), "the validators level again", level); err != nil {
				return err
			}
		}
	}
	return nil
}

// victim finds what to kill.
func (c *crew) victim(ctx context.Context, what string) (place string, pid int, err error) {
	s, err := c.o.Folder.Status(ctx)
	if err != nil {
		return "", 0, err
	}
	if what == Gateway {
		if s.Gateway.Pid == 0 {
			return "", 0, errors.New("it is dead")
		}
		return Gateway, s.Gateway.Pid, nil
	}
	for i, v := range s.Validators {
		if v.Leader && v.Pid != 0 {
			return strconv.Itoa(i + 1), v.Pid, nil
		}
	}
	return "", 0, errors.New("there is none")
}

// await polls the sandbox until it is as wanted.
func (c *crew) await(ctx context.Context, what string, wanted func(sandbox.Status) bool) error {
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		if s, err := c.o.Folder.Status(ctx); err == nil && wanted(s) {
			return nil
		}
		if err := sleep(ctx, 300*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s: not within two minutes", what)
}

// level: every validator answers and is at most a little behind.
func level(s sandbox.Status) bool {
	most := uint64(0)
	for _, v := range s.Validators {
		most = max(most, v.FinalSize)
	}
	for _, v := range s.Validators {
		if v.Error != "" || v.FinalSize+1000 < most {
			return false
		}
	}
	return true
}

// quiet: every validator has made final all that was accepted.
func quiet(s sandbox.Status) bool {
	for _, v := range s.Validators {
		if v.Error != "" || v.FinalSize != s.Validators[0].AcceptedSize {
			return false
		}
	}
	return true
}

// measure keeps the most memory that the gateway had.
func (c *crew) measure(ctx context.Context) {
	for sleep(ctx, time.Second) == nil {
		if now, err := c.memory(); err == nil {
			c.tally.count(func(n *counts) { n.Memory = max(n.Memory, now) })
		}
	}
}

// memory is what the gateway has resident.
func (c *crew) memory() (uint64, error) {
	raw, err := os.ReadFile(c.o.Folder.Pids())
	if err != nil {
		return 0, fmt.Errorf("find the gateway's process: %w", err)
	}
	var pids sandbox.Pids
	if err := json.Unmarshal(raw, &pids); err != nil {
		return 0, fmt.Errorf("find the gateway's process: %w", err)
	}
	status, err := os.Open(filepath.Join("/proc", strconv.Itoa(pids.Gateway), "status"))
	if err != nil {
		return 0, fmt.Errorf("read the gateway's memory: %w", err)
	}
	defer status.Close()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		text, ok := strings.CutPrefix(lines.Text(), "VmRSS:")
		if kib, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(text), " kB"), 10, 64); ok && err == nil {
			return kib << 10, nil
		}
	}
	return 0, errors.New("read the gateway's memory: the system does not tell it")
}
