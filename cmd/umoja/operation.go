package main

import (
	"fmt"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// act is one operation of a transaction, in words and as --json writes it.
type act struct {
	// Kind is the operation's name in transaction.proto, such as transfer or place_hold.
	Kind string `json:"kind"`
	// From and To are who is debited and credited, where the operation names both or one of them; Account is whom it concerns otherwise.
	From    *tx.AccountID `json:"from,omitempty"`
	To      *tx.AccountID `json:"to,omitempty"`
	Account *tx.AccountID `json:"account,omitempty"`
	*money
	Fee       *fee   `json:"fee,omitempty"`
	Reference string `json:"reference,omitempty"`
	// ID is the hold, request or ballot that is named, in hexadecimal.
	ID string `json:"id,omitempty"`
	// Legs are those of a bulk transfer.
	Legs []actLeg `json:"legs,omitempty"`
	// Detail is what else there is to say, for people.
	Detail string `json:"detail,omitempty"`
}

// actLeg is a leg of a bulk transfer.
type actLeg struct {
	money
	To tx.AccountID `json:"to"`
	// Refused is the stable name of the rule that refused the leg; empty when it was applied.
	Refused string `json:"refused,omitempty"`
}

// fee is the leg of a transfer to the provider.
type fee struct {
	money
	To tx.AccountID `json:"to"`
}

// actsOf lists what a transaction asks for, and which legs of bulk transfers its result refused.
func actsOf(u *units, body tx.Body, result tx.Result) []act {
	acts := make([]act, 0, len(body.Operations))
	for _, operation := range body.Operations {
		acts = append(acts, actOf(u, operation))
	}
	for _, leg := range result.Legs {
		if int(leg.Operation) < len(acts) && int(leg.Leg) < len(acts[leg.Operation].Legs) {
			acts[leg.Operation].Legs[leg.Leg].Refused = leg.Code.String()
		}
	}
	return acts
}

// actOf says what an operation is; those that move or keep money are in moneyAct.
func actOf(u *units, operation tx.Operation) act {
	if a, ok := moneyAct(u, operation); ok {
		return a
	}
	switch o := operation.(type) {
	case tx.OpenAccount:
		id := o.Account()
		return act{Kind: "open_account", Account: &id}
	case tx.SetAuthority:
		return act{Kind: "set_authority", Account: &o.Account, Detail: authorityText(o.Authority)}
	case tx.IssueGrant:
		return act{Kind: "issue_grant", Account: &o.Account, Detail: fmt.Sprintf("to key %s, at most %s at once and %s a day, until %s",
			o.Grantee, u.money(o.Asset, o.CapTransaction), u.money(o.Asset, o.CapDay), clock(o.ExpiresAtUnixMs))}
	case tx.RevokeGrant:
		return act{Kind: "revoke_grant", Account: &o.Account, Detail: "to key " + o.Grantee.String()}
	case tx.SetTier:
		return act{Kind: "set_tier", Account: &o.Account, Detail: fmt.Sprintf("tier %d", o.Tier)}
	case tx.StartRecovery:
		return act{Kind: "start_recovery", Account: &o.Account, Detail: authorityText(o.Authority)}
	case tx.CancelRecovery:
		return act{Kind: "cancel_recovery", Account: &o.Account}
	case tx.CompleteRecovery:
		return act{Kind: "complete_recovery", Account: &o.Account}
	case tx.BindAlias:
		return act{Kind: "bind_alias", Account: &o.Account}
	case tx.AttestAlias:
		return act{Kind: "attest_alias", Account: &o.Account}
	case tx.ReleaseAlias:
		return act{Kind: "release_alias", Account: &o.Account}
	case tx.StartMove:
		return act{Kind: "start_move", From: &o.From, To: &o.To}
	case tx.CancelMove:
		return act{Kind: "cancel_move", Account: &o.Account}
	case tx.ConfirmMove:
		return act{Kind: "confirm_move", Account: &o.Account}
	case tx.DefineAsset:
		return act{Kind: "define_asset", Account: &o.Issuer, Detail: o.Code}
	case tx.SetLimits:
		return act{Kind: "set_limits", Account: &o.Issuer, Detail: u.money(o.Asset, 0).Asset}
	case tx.ListPayee:
		detail := "no longer"
		if o.Listed {
			detail = "from now on"
		}
		return act{Kind: "list_payee", Account: &o.Payee, Detail: u.money(o.Asset, 0).Asset + ", " + detail}
	case tx.RegisterProvider:
		return act{Kind: "register_provider", Account: &o.Account, Detail: quoted(o.Name)}
	case tx.PublishFees:
		return act{Kind: "publish_fees", Account: &o.Provider, Detail: fmt.Sprintf("version %d, from %s", o.Version, clock(o.EffectiveAtUnixMs))}
	case tx.Propose:
		why := ""
		if o.EvidenceHash != nil {
			why = fmt.Sprintf(", on evidence %x", *o.EvidenceHash)
		}
		return act{Kind: "propose", Detail: fmt.Sprintf("by validator %s: %s%s", o.Validator, decisionText(o.Decision), why)}
	case tx.Vote:
		word := "no"
		if o.Yes {
			word = "yes"
		}
		return act{Kind: "vote", ID: o.Ballot.String(), Detail: fmt.Sprintf("%s by validator %s", word, o.Validator)}
	}
	return act{Kind: fmt.Sprintf("%T", operation)}
}

// moneyAct says what an operation moves, keeps or asks for.
func moneyAct(u *units, operation tx.Operation) (act, bool) {
	switch o := operation.(type) {
	case tx.Transfer:
		m := u.money(o.Asset, o.Amount)
		a := act{Kind: "transfer", From: &o.Debit, To: &o.Credit, money: &m, Fee: feeOf(u, o.Asset, o.Fee), Reference: o.Reference}
		if o.Request != nil {
			a.ID = o.Request.String()
		}
		return a, true
	case tx.BulkTransfer:
		sum, _ := o.Amount() // A body that was parsed has a sum.
		m := u.money(o.Asset, sum)
		a := act{Kind: "bulk_transfer", From: &o.Debit, money: &m, Fee: feeOf(u, o.Asset, o.Fee), Reference: o.Reference}
		for _, leg := range o.Legs {
			a.Legs = append(a.Legs, actLeg{money: u.money(o.Asset, leg.Amount), To: leg.Credit})
		}
		return a, true
	case tx.Issue:
		m := u.money(o.Asset, o.Amount)
		return act{Kind: "issue", To: &o.Credit, money: &m}, true
	case tx.Redeem:
		m := u.money(o.Asset, o.Amount)
		return act{Kind: "redeem", From: &o.Issuer, money: &m}, true
	case tx.StateReserve:
		m := u.money(o.Asset, o.Reserve)
		return act{Kind: "state_reserve", Account: &o.Issuer, money: &m, Detail: "as of " + clock(o.AsOfUnixMs)}, true
	case tx.PlaceHold:
		m := u.money(o.Asset, o.Amount)
		detail := "returns " + clock(o.ExpiresAtUnixMs)
		if o.OnExpiry == tx.ExpiryCompletes {
			detail = "is paid " + clock(o.ExpiresAtUnixMs)
		}
		return act{Kind: "place_hold", From: &o.Debit, To: o.Credit, money: &m, Fee: feeOf(u, o.Asset, o.Fee), Reference: o.Reference, Detail: detail}, true
	case tx.CaptureHold:
		m := u.money(o.Asset, o.Amount)
		return act{Kind: "capture_hold", From: &o.Debit, To: &o.Credit, money: &m, ID: o.Hold.String()}, true
	case tx.ReleaseHold:
		return act{Kind: "release_hold", From: &o.Debit, ID: o.Hold.String()}, true
	case tx.RequestPayment:
		m := u.money(o.Asset, o.Amount)
		return act{Kind: "request_payment", From: &o.Debit, To: &o.Credit, money: &m, Reference: o.Reference}, true
	case tx.DeclineRequest:
		return act{Kind: "decline_request", Account: &o.Account, ID: o.Request.String()}, true
	case tx.Return:
		m := u.money(o.Asset, o.Amount)
		return act{Kind: "return", From: &o.Debit, To: &o.Credit, money: &m, Detail: fmt.Sprintf("of leaf %d", o.LeafIndex)}, true
	}
	return act{}, false
}

func feeOf(u *units, asset tx.Asset, f *tx.Fee) *fee {
	if f == nil {
		return nil
	}
	return &fee{u.money(asset, f.Amount), f.Provider}
}

// decisionText names what a ballot decides.
func decisionText(d tx.Decision) string {
	switch d := d.(type) {
	case tx.SetValidators:
		return fmt.Sprintf("another set of %d validators", len(d.Validators))
	case tx.SetParameter:
		return parameterText(d)
	case tx.SetRules:
		return fmt.Sprintf("rules version %d", d.Version)
	case tx.SetIssuer:
		return fmt.Sprintf("issuer %s: %t", d.Account, d.Issuer)
	case tx.SetAttestor:
		return "attestor " + quoted(d.Attestor.Name)
	case tx.RemoveAttestor:
		return fmt.Sprintf("no longer attestor: %s", d.Account)
	case tx.Freeze:
		if d.UntilUnixMs == 0 {
			return fmt.Sprintf("%s is no longer frozen", d.Account)
		}
		return fmt.Sprintf("%s is frozen until %s", d.Account, clock(d.UntilUnixMs))
	case tx.SetPool:
		return fmt.Sprintf("pool of %s: %d shares", d.Provider, d.Shares)
	}
	return fmt.Sprintf("%T", d)
}

// actWords are the sentences of the acts: {money}, {from}, {to}, {account}, {id} and {legs} are filled in.
var actWords = map[string]string{
	"transfer":          "{money} from {from} to {to}",
	"bulk_transfer":     "{money} from {from} to {legs} payees",
	"issue":             "issue of {money} to {to}",
	"redeem":            "redemption of {money} by {from}",
	"state_reserve":     "statement of {account} that {money} is held in reserve",
	"place_hold":        "hold of {money} of {from} for {to}",
	"capture_hold":      "{money} from {from} to {to}, out of hold {id}",
	"release_hold":      "end of hold {id} of {from}",
	"request_payment":   "request of {to} that {from} pays {money}",
	"decline_request":   "request {id} declined by {account}",
	"return":            "{money} given back by {from} to {to}",
	"open_account":      "opening of {account}",
	"set_authority":     "new keys for {account}",
	"issue_grant":       "grant on {account}",
	"revoke_grant":      "end of a grant on {account}",
	"set_tier":          "tier of {account}",
	"start_recovery":    "recovery of {account}",
	"cancel_recovery":   "recovery of {account} stopped",
	"complete_recovery": "recovery of {account} confirmed",
	"bind_alias":        "phone number for {account}",
	"attest_alias":      "phone number of {account} attested",
	"release_alias":     "phone number of {account} given up",
	"start_move":        "move of a phone number from {from} to {to}",
	"cancel_move":       "move of a phone number of {account} stopped",
	"confirm_move":      "move of a phone number of {account} confirmed",
	"define_asset":      "new asset of {account}",
	"set_limits":        "new limits of an asset of {account}",
	"list_payee":        "vouchers at {account}",
	"register_provider": "provider {account}",
	"publish_fees":      "fees of provider {account}",
	"propose":           "proposal",
	"vote":              "vote on {id}",
}

// String says the act as what a person wants done.
func (a act) String() string {
	to := "a phone number that is not registered"
	if a.To != nil {
		to = a.To.String()
	}
	name := func(id *tx.AccountID) string {
		if id == nil {
			return "nobody"
		}
		return id.String()
	}
	sum := ""
	if a.money != nil {
		sum = a.money.String()
	}
	words, ok := actWords[a.Kind]
	if !ok {
		return a.Kind
	}
	text := strings.NewReplacer("{money}", sum, "{from}", name(a.From), "{to}", to, "{account}", name(a.Account), "{id}", a.ID,
		"{legs}", fmt.Sprint(len(a.Legs))).Replace(words)
	if a.Fee != nil {
		text += fmt.Sprintf(", fee %s to %s", a.Fee.money, a.Fee.To)
	}
	if a.Detail != "" {
		text += ": " + a.Detail
	}
	if a.Reference != "" {
		text += ", reference " + quoted(a.Reference)
	}
	return text
}

func actsText(acts []act) string {
	words := make([]string, len(acts))
	for i, a := range acts {
		words[i] = a.String()
	}
	return strings.Join(words, "; ")
}
