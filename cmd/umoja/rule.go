package main

import (
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// ruleWords says each rule as a reason not to pay.
var ruleWords = map[tx.Code]string{
	tx.Unauthorised:         "the key may not act on the account",
	tx.ExpiryTooFar:         "its expiry is too far ahead: set this machine's clock",
	tx.AccountExists:        "the account is open already",
	tx.AccountUnknown:       "the account is not open",
	tx.DebitAccountUnknown:  "the account to pay from is not open: open it with umoja account open",
	tx.CreditAccountUnknown: "the payee's account is not open",
	tx.AssetUnknown:         "the network has no such asset",
	tx.SelfTransfer:         "payer and payee are the same account",
	tx.AliasTaken:           "the phone number belongs to another account",
	tx.AliasNotBoundToPayee: "the phone number has moved to another account: pay again, so that it is looked up anew",
	tx.GrantUnknown:         "there is no such grant",
	tx.GrantAboveTier:       "the grant is above the account's limits",
	tx.FeeProviderUnknown:   "the fee names a provider that is not registered",
	tx.FeeScheduleNotValid:  "the fee schedule is not in force",
	tx.FeeMismatch:          "the fee is not the one published",
	tx.FeeAboveCeiling:      "the fee is above what the grant allows",
	tx.CapTransaction:       "the amount is above what one payment may move",
	tx.CapDay:               "the amount is above what is left for today",
	tx.InsufficientBalance:  "there is not enough money in the account",
	tx.AmountOverflow:       "the payee's balance would pass the largest amount",
	tx.LeafTooLarge:         "the transaction is too large",
}

// reasonWords says the reasons of a validator that takes no envelope; those that are rules too have the rule's words.
var reasonWords = map[string]string{
	"TOO_LARGE":     "the transaction is too large",
	"NOT_CANONICAL": "the transaction is not in canonical form",
	"MALFORMED":     "the transaction is malformed",
	"BAD_SIGNATURE": "a signature does not verify",
}

// ruleText says a rule in words, with its stable name.
func ruleText(code tx.Code) string {
	if words, ok := ruleWords[code]; ok {
		return words + " (" + code.String() + ")"
	}
	return code.String()
}

// reasonText says a validator's reason in words, with its stable name.
func reasonText(reason string) string {
	if words, ok := reasonWords[reason]; ok {
		return words + " (" + reason + ")"
	}
	for code := range ruleWords {
		if code.String() == reason {
			return ruleText(code)
		}
	}
	return reason
}
