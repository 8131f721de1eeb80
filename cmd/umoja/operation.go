package main

import (
	"fmt"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// act is one operation of a transaction, in words and as --json writes it.
type act struct {
	// Kind is transfer, issue, open_account, issue_grant, revoke_grant or bind_alias.
	Kind string `json:"kind"`
	// From is set for a transfer; To for a transfer and an issue; Account for the others.
	From    *tx.AccountID `json:"from,omitempty"`
	To      *tx.AccountID `json:"to,omitempty"`
	Account *tx.AccountID `json:"account,omitempty"`
	*money
	Fee       *fee   `json:"fee,omitempty"`
	Reference string `json:"reference,omitempty"`
}

// fee is the leg of a transfer to the provider.
type fee struct {
	money
	To tx.AccountID `json:"to"`
}

// actsOf lists what a transaction asks for.
func actsOf(g *genesis.Genesis, body tx.Body) []act {
	acts := make([]act, 0, len(body.Operations))
	for _, operation := range body.Operations {
		acts = append(acts, actOf(g, operation))
	}
	return acts
}

func actOf(g *genesis.Genesis, operation tx.Operation) act {
	switch o := operation.(type) {
	case tx.Transfer:
		m := moneyOf(g, o.Asset, o.Amount)
		a := act{Kind: "transfer", From: &o.Debit, To: &o.Credit, money: &m, Reference: o.Reference}
		if o.Fee != nil {
			a.Fee = &fee{moneyOf(g, o.Asset, o.Fee.Amount), o.Fee.Provider}
		}
		return a
	case tx.Issue:
		m := moneyOf(g, o.Asset, o.Amount)
		return act{Kind: "issue", To: &o.Credit, money: &m}
	case tx.OpenAccount:
		id := o.Account()
		return act{Kind: "open_account", Account: &id}
	case tx.IssueGrant:
		return act{Kind: "issue_grant", Account: &o.Account}
	case tx.RevokeGrant:
		return act{Kind: "revoke_grant", Account: &o.Account}
	case tx.BindAlias:
		return act{Kind: "bind_alias", Account: &o.Account}
	}
	return act{Kind: fmt.Sprintf("%T", operation)}
}

// String says the act as what a person wants done.
func (a act) String() string {
	switch a.Kind {
	case "transfer":
		text := fmt.Sprintf("%s from %s to %s", a.money, a.From, a.To)
		if a.Fee != nil {
			text += fmt.Sprintf(", fee %s to %s", a.Fee.money, a.Fee.To)
		}
		if a.Reference != "" {
			text += ", reference " + quoted(a.Reference)
		}
		return text
	case "issue":
		return fmt.Sprintf("issue of %s to %s", a.money, a.To)
	case "open_account":
		return fmt.Sprintf("opening of %s", a.Account)
	case "issue_grant":
		return fmt.Sprintf("grant on %s", a.Account)
	case "revoke_grant":
		return fmt.Sprintf("end of a grant on %s", a.Account)
	case "bind_alias":
		return fmt.Sprintf("phone number for %s", a.Account)
	}
	return a.Kind
}

func actsText(acts []act) string {
	words := make([]string, len(acts))
	for i, a := range acts {
		words[i] = a.String()
	}
	return strings.Join(words, "; ")
}

// movement is what a transaction did to one account, as a line of its history.
type movement struct {
	// Sign is "+", "-", or "" when no money moved.
	Sign string `json:"sign"`
	*money
	// Fee is what the account paid on top.
	Fee *money `json:"fee,omitempty"`
	// Other is whom the money went to or came from.
	Other *tx.AccountID `json:"other,omitempty"`
	// What names an act that moves nothing, and money from the issuer or a fee.
	What      string `json:"what,omitempty"`
	Reference string `json:"reference,omitempty"`
}

// movementsOf lists what the operations mean to an account.
func movementsOf(g *genesis.Genesis, account tx.AccountID, body tx.Body) []movement {
	var all []movement
	add := func(m movement, asset tx.Asset, a amount.Amount) {
		named := moneyOf(g, asset, a)
		m.money = &named
		all = append(all, m)
	}
	for _, operation := range body.Operations {
		switch o := operation.(type) {
		case tx.Transfer:
			if o.Debit == account {
				m := movement{Sign: "-", Other: &o.Credit, Reference: o.Reference}
				if o.Fee != nil {
					f := moneyOf(g, o.Asset, o.Fee.Amount)
					m.Fee = &f
				}
				add(m, o.Asset, o.Amount)
			}
			if o.Credit == account {
				add(movement{Sign: "+", Other: &o.Debit, Reference: o.Reference}, o.Asset, o.Amount)
			}
			if o.Fee != nil && o.Fee.Provider == account {
				add(movement{Sign: "+", Other: &o.Debit, What: "fee"}, o.Asset, o.Fee.Amount)
			}
		case tx.Issue:
			if o.Credit == account {
				add(movement{Sign: "+", What: "issue"}, o.Asset, o.Amount)
			}
		default:
			if a := actOf(g, operation); a.Account != nil && *a.Account == account {
				all = append(all, movement{What: a.Kind})
			}
		}
	}
	return all
}
