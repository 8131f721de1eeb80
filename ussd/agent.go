package ussd

import (
	"context"
	"errors"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// Agents take cash for money and give cash for money. The balance of an agent's account is the float. The provider says who is one; the
// ledger knows nothing of it. An agent types an agent's PIN only: what leaves a customer's account was agreed to on the customer's phone.

// agentFlows are the flows of agents and their customers, by name.
func agentFlows(name string) (flow, bool) {
	switch name {
	case "cashin":
		return cashInFlow(), true
	case "cashout":
		return cashOutFlow(), true
	case "cashcapture":
		return captureFlow(), true
	case "float":
		return floatFlow(), true
	case "floatsend":
		return floatSendFlow(), true
	case "dayclose":
		return dayCloseFlow(), true
	case "commission":
		return commissionFlow(), true
	}
	return flow{}, false
}

// agentMenu is the menu of the tree that is for agents.
const agentMenu = "agent"

// forAgents lets agents through to a flow, and tells others whom it is for.
func forAgents(enter func(m *Machine, f Facts, s *Session) Action) func(m *Machine, f Facts, s *Session) Action {
	return func(m *Machine, f Facts, s *Session) Action {
		if f.User.Role != RoleAgent {
			return m.again(s, menu.AgentsOnly, menu.Args{})
		}
		return enter(m, f, s)
	}
}

// nameAgent asks for the agent at a number that was typed.
func (m *Machine) nameAgent(s *Session, a Answer) Action {
	destination, err := ParseDestination(trim(a.Input), m.region)
	if err != nil {
		return m.againForm(s, a, menu.PayeeForm)
	}
	return Action{Ask: AskAgent{destination}}
}

// agentFound keeps the agent as the other side of the order and shows the next prompt.
func (m *Machine) agentFound(f Facts, s *Session, agent Payee, next Prompt) Action {
	if agent.Account == f.User.Account {
		return m.again(s, menu.PayeeSelf, menu.Args{})
	}
	s.Draft.Order.Payee = agent
	return m.goTo(f, s, next)
}

type (
	// AskAgent asks which agent of this provider has a number.
	AskAgent struct{ Destination Destination }
	// AgentFound answers AskAgent.
	AgentFound struct{ Agent Payee }
	// AgentMissing answers AskAgent: nobody has the number, or no agent of this provider.
	AgentMissing struct{ Destination Destination }
)

func (AgentFound) event()   {}
func (AgentMissing) event() {}

// The account is the ledger's word, that it is an agent's is this provider's own.
func (a AskAgent) find(ctx context.Context, s *Service, f Facts) (Event, error) {
	found, err := AskPayee(a).find(ctx, s, f)
	payee, ok := found.(PayeeFound)
	if err != nil || !ok {
		return AgentMissing(a), err
	}
	agent := payee.Payee
	var user *User
	err = s.store.View(ctx, func(r Reader) (err error) {
		user, err = userOf(r, agent.Account)
		return err
	})
	if err != nil || user == nil || user.Role != RoleAgent {
		return AgentMissing(a), err
	}
	// An agent's name is on the shop: it is shown for an account number too.
	agent.Name = user.Name
	return AgentFound{agent}, nil
}

// checkCommission takes bands that ascend, the last without a bound.
func checkCommission(bands []tx.FeeBand) error {
	for i, b := range bands {
		last := i == len(bands)-1
		switch {
		case last != (b.UpTo == 0):
			return fmt.Errorf("%w: commission: the last band has no bound, and no other", ErrConfig)
		case i > 0 && !last && b.UpTo <= bands[i-1].UpTo:
			return fmt.Errorf("%w: commission: bands must ascend", ErrConfig)
		case b.BasisPoints > tx.MaxBasisPoints:
			return fmt.Errorf("%w: commission: a band has above %d basis points", ErrConfig, tx.MaxBasisPoints)
		}
	}
	return nil
}

// commissionFor is what an agent earns by giving out an amount in cash: the arithmetic is that of published fees.
func (m *Machine) commissionFor(value amount.Amount) (amount.Amount, bool) {
	if len(m.commission) == 0 {
		return 0, true
	}
	return tx.FeeFor(m.commission, value)
}

// Roles are the numbers that the provider takes for more than a person's.
type Roles map[Phone]Role

func roleKey(phone Phone) []byte { return append([]byte("role/"), phone...) }

// maxRoles bounds how many numbers have a role.
const maxRoles = 100_000

// SetRoles gives roles to numbers, whether they are registered or will be, and takes back those given by an earlier call. It is for a start,
// before turns are answered.
func (s *Service) SetRoles(ctx context.Context, roles Roles) error {
	if len(roles) > maxRoles {
		return fmt.Errorf("set roles: %w: more than %d", ErrConfig, maxRoles)
	}
	var before []Phone
	err := s.store.View(ctx, func(r Reader) error {
		return r.Scan([]byte("role/"), nil, maxRoles, func(key, _ []byte) error {
			before = append(before, Phone(key[len("role/"):]))
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("set roles: %w", err)
	}
	for _, phone := range before {
		if _, stays := roles[phone]; !stays {
			if err := s.setRole(ctx, phone, RolePerson); err != nil {
				return err
			}
		}
	}
	for phone, role := range roles {
		if err := s.setRole(ctx, phone, role); err != nil {
			return err
		}
	}
	return nil
}

// setRole is one store transaction: a crash between two of them leaves numbers for the next start.
func (s *Service) setRole(ctx context.Context, phone Phone, role Role) error {
	err := s.store.Update(ctx, func(w Writer) error {
		if role == RolePerson {
			if err := w.Delete(roleKey(phone)); err != nil {
				return err
			}
		} else if err := w.Set(roleKey(phone), []byte(role)); err != nil {
			return err
		}
		user, err := getUser(w, phone)
		if err != nil || user == nil || user.Role == role {
			return err
		}
		user.Role = role
		return putUser(w, *user)
	})
	if err != nil {
		return fmt.Errorf("set role of %s: %w", phone.Short(), err)
	}
	return nil
}

// givenRole is the role that SetRoles gave to a number.
func givenRole(r Reader, phone Phone) (Role, error) {
	role, err := r.Get(roleKey(phone))
	if errors.Is(err, ErrNotFound) {
		return RolePerson, nil
	}
	return Role(role), err
}
