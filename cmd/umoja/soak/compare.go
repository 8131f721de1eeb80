package soak

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// findings are what the ledger says against what people were told.
type findings struct {
	mu sync.Mutex
	// told counts payments by outcome and how it was learnt.
	told map[outcome]map[way]int
	// afterwards were made though the person was sure that the PIN never arrived; a later text told it.
	afterwards int
	// What must not be.
	double, lost, unasked, otherwise, untold, untexted, unbalanced int
	// examples are a few of them, in words.
	examples []string
}

const maxExamples = 20

func (f *findings) wrong(n *int, format string, args ...any) {
	*n++
	if len(f.examples) < maxExamples {
		f.examples = append(f.examples, fmt.Sprintf(format, args...))
	}
}

// textsWithin is how long a promised message may take once everything else is over.
const textsWithin = 90 * time.Second

// settled waits until every promised message has come, and every validator says the same.
func (c *crew) settled(ctx context.Context) error {
	c.tell("waiting for promised messages and for the validators to agree")
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for _, p := range c.people {
		group.Go(func() error {
			for end := time.Now().Add(textsWithin); p.awaits() && time.Now().Before(end); {
				if err := p.readTexts(inner); err != nil {
					return err
				}
				if err := p.pause(inner, time.Second); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return c.o.Folder.Await(ctx, "all validators at one final size", sandbox.Status.Quiet)
}

// compare reads everybody's history and balance.
func (c *crew) compare(ctx context.Context) (*findings, error) {
	f := &findings{told: make(map[outcome]map[way]int)}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for _, p := range c.people {
		group.Go(func() error {
			l, err := c.ledgerOf(ctx, p)
			if err != nil {
				return fmt.Errorf("read the account of phone %d: %w", p.place, err)
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			f.take(p, l)
			return nil
		})
	}
	return f, group.Wait()
}

// movements are an account on the ledger.
type movements struct {
	// out are the payments, by amount; sum is what all movements leave, balance what the ledger says.
	out          map[amount.Amount][]movement
	sum, balance amount.Amount
}

type movement struct {
	code string
	to   tx.AccountID
}

func (c *crew) ledgerOf(ctx context.Context, p *person) (movements, error) {
	m := movements{out: make(map[amount.Amount][]movement)}
	in, out := amount.Amount(0), amount.Amount(0)
	const page = 100
	for before := uint64(0); ; {
		entries, err := c.client.History(ctx, p.account, before, page)
		if err != nil {
			return m, err
		}
		for _, e := range entries {
			before = e.LeafIndex
			if e.Signed == nil || e.Record.Result.Code != tx.OK {
				continue
			}
			for _, op := range e.Signed.Body.Operations {
				t, ok := op.(tx.Transfer)
				switch {
				case !ok:
				case t.Debit == p.account:
					m.out[t.Amount] = append(m.out[t.Amount], movement{e.Code, t.Credit})
					if out += t.Amount; t.Fee != nil {
						out += t.Fee.Amount
					}
				case t.Credit == p.account:
					in += t.Amount
				}
			}
		}
		if len(entries) < page {
			break
		}
	}
	balance, err := c.client.Balance(ctx, p.account, kes, sdk.Final)
	if err != nil {
		return m, err
	}
	m.sum, m.balance = in-out, balance.Posted
	return m, nil
}

// take compares one person with the ledger. The caller holds mu.
func (f *findings) take(p *person, l movements) {
	who := func(a amount.Amount) string { return fmt.Sprintf("phone %d, payment of %s", p.place, a.Text(scale)) }
	for a, made := range l.out {
		pay := p.payments[a]
		if p.earlier[a] {
			continue
		}
		if len(made) > 1 {
			f.wrong(&f.double, "%s: %d times on the ledger", who(a), len(made))
		}
		if pay == nil || !pay.asked {
			f.wrong(&f.unasked, "%s: on the ledger, and no PIN was given", who(a))
		} else if to := p.crew.people[pay.to]; made[0].to != to.account {
			f.wrong(&f.otherwise, "%s: went to another account than the confirm screen said", who(a))
		}
	}
	for a, pay := range p.payments {
		if !pay.tried {
			continue
		}
		made := l.out[a]
		switch {
		case pay.outcome == paid && len(made) == 0:
			f.wrong(&f.lost, "%s: told paid %s, not on the ledger", who(a), pay.how)
		case pay.outcome == paid && made[0].code != pay.code:
			f.wrong(&f.otherwise, "%s: another receipt code than on the ledger", who(a))
		case (pay.outcome == notMade || pay.outcome == refused) && len(made) > 0:
			f.wrong(&f.otherwise, "%s: told %s, and it is on the ledger", who(a), pay.outcome)
		case pay.contradicted:
			f.wrong(&f.otherwise, "%s: two outcomes were told", who(a))
		case pay.open():
			f.wrong(&f.untold, "%s: unknown after redial; %d on the ledger", who(a), len(made))
		}
		if pay.outcome == unreached && len(made) > 0 {
			f.afterwards++
		}
		if pay.promised && !pay.texted {
			f.wrong(&f.untexted, "%s: a message was promised and did not come", who(a))
		}
		if f.told[pay.outcome] == nil {
			f.told[pay.outcome] = make(map[way]int)
		}
		f.told[pay.outcome][pay.how]++
	}
	if l.sum != l.balance {
		f.wrong(&f.unbalanced, "phone %d: has %s, its movements leave %s", p.place, l.balance.Text(scale), l.sum.Text(scale))
	}
}

// audits stops one validator after the other, has it audited, and starts it again.
func (c *crew) audits(ctx context.Context) (passed int, err error) {
	if c.o.Audit == nil {
		return 0, nil
	}
	for n := range c.genesis.Validators {
		s, err := c.o.Folder.Status(ctx)
		if err != nil {
			return passed, err
		}
		c.tell("auditing validator %d", n+1)
		if pid := s.Validators[n].Pid; pid != 0 {
			if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
				return passed, fmt.Errorf("stop validator %d: %w", n+1, err)
			}
		}
		dead := func(s sandbox.Status) bool { return s.Validators[n].Pid == 0 }
		if err := c.o.Folder.Await(ctx, "validator "+strconv.Itoa(n+1)+" stopped", dead); err != nil {
			return passed, err
		}
		audit := c.o.Audit(ctx, filepath.Clean(c.o.Folder.Validator(n+1)))
		if err := c.o.Folder.Restart(ctx, strconv.Itoa(n+1)); err != nil {
			return passed, fmt.Errorf("start validator %d again: %w", n+1, err)
		}
		if audit != nil {
			return passed, fmt.Errorf("audit of validator %d: %w", n+1, audit)
		}
		passed++
	}
	return passed, nil
}
