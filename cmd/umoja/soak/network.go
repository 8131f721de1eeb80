package soak

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/cmd/internal/daemon"
	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
	"github.com/umoja-ledger/umoja/ledger/amount"
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
	keys, err := c.o.Folder.ReadKeys()
	if err != nil {
		return err
	}
	c.issuer = keys.Issuer
	c.client, err = sdk.Open(sdk.Config{Genesis: c.genesis, Addresses: c.addresses.GRPC, AliasKey: &keys.Alias})
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
	var gifts []sandbox.Gift
	for _, p := range people {
		balance, err := c.client.Balance(ctx, p.account, kes, sdk.Final)
		if err != nil {
			return fmt.Errorf("read the balance of phone %d: %w", p.place, err)
		}
		if has := balance.Available(); has < full/2 {
			gifts = append(gifts, sandbox.Gift{To: p.account, Amount: full - has})
		}
	}
	return sandbox.Give(ctx, c.client, c.issuer, kes, gifts)
}

// kill kills the gateway or the leader again and again, and has the sandbox start it again.
func (c *crew) kill(ctx context.Context, what string, every time.Duration) error {
	for daemon.Sleep(ctx, every) == nil {
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
		_ = daemon.Sleep(ctx, time.Second)
		if err := c.o.Folder.Restart(context.WithoutCancel(ctx), place); err != nil && ctx.Err() == nil {
			return fmt.Errorf("start %s again: %w", place, err)
		}
		if what == Leader {
			if err := c.o.Folder.Await(context.WithoutCancel(ctx), "the validators level again", sandbox.Status.Level); err != nil {
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
	if i := s.Leader(); i >= 0 {
		return strconv.Itoa(i + 1), s.Validators[i].Pid, nil
	}
	return "", 0, errors.New("there is none")
}

// measure keeps the most memory that the gateway had.
func (c *crew) measure(ctx context.Context) {
	for daemon.Sleep(ctx, time.Second) == nil {
		if now, err := c.memory(); err == nil {
			c.tally.count(func(n *counts) { n.Memory = max(n.Memory, now) })
		}
	}
}

// memory is what the gateway has resident.
func (c *crew) memory() (uint64, error) {
	u, err := c.o.Folder.Usage()
	if err != nil {
		return 0, err
	}
	resident, alive := u.Resident[Gateway]
	if !alive {
		return 0, errors.New("read the gateway's memory: it is dead")
	}
	return resident, nil
}
