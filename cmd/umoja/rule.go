package main

import (
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// ruleWords says each rule as a reason not to pay.
var ruleWords = map[tx.Code]string{
	tx.Unauthorised:         "the key may not act on the account",
	tx.ExpiryTooFar:         "its expiry is too far ahead: set this machine's clock",
	tx.AccountUnknown:       "the account is not open",
	tx.DebitAccountUnknown:  "the account to pay from is not open: open it with umoja account open",
	tx.QuotaExhausted:       "the account has made too many transactions at once: it can make more in a moment",
	tx.AccountExists:        "the account is open already",
	tx.CreditAccountUnknown: "the payee's account is not open",
	tx.AssetUnknown:         "the network has no such asset",
	tx.AliasUnknown:         "the phone number has no account, or another one",
	tx.GrantUnknown:         "there is no such grant",
	tx.HoldUnknown:          "there is no such hold, or it has ended",
	tx.RequestUnknown:       "there is no such request, or it has ended",
	tx.MoveUnknown:          "the phone number is not being moved",
	tx.RecoveryUnknown:      "the account is not being recovered",
	tx.ProviderUnknown:      "there is no such provider",
	tx.AttestorUnknown:      "there is no such attestor",
	tx.BallotUnknown:        "there is no such ballot, or it has ended",
	tx.TransferUnknown:      "the history has no such payment between these accounts",
	tx.SelfTransfer:         "payer and payee are the same account",
	tx.AliasTaken:           "the phone number belongs to another account",
	tx.AliasQuarantined:     "the phone number was given up a short time ago, and nobody else can have it yet",
	tx.AliasNotBoundToPayee: "the phone number has moved to another account: pay again, so that it is looked up anew",
	tx.AliasProvisional:     "only a provider vouches for the phone number, which is not enough for this",
	tx.AssetCodeTaken:       "another asset has that code",
	tx.KeyTaken:             "another has that key",
	tx.MovePending:          "the phone number is being moved already",
	tx.RecoveryPending:      "the account is being recovered already",
	tx.AlreadyHeld:          "it was held up once already",
	tx.NotHeld:              "it was not held up, so it needs no confirmation",
	tx.AlreadyVoted:         "the validator has voted already",
	tx.NothingToChange:      "it is so already",
	tx.HoldMismatch:         "the hold is of another payer, payee or asset",
	tx.RequestMismatch:      "the request is of another payer, payee, asset or amount",
	tx.PreimageMismatch:     "the secret does not open the hold",
	tx.TimeNotValid:         "a time in it is too early or too far ahead",
	tx.VersionNotNext:       "the version is not the next one",
	tx.AssetIsNoVoucher:     "the asset is no voucher",
	tx.AccountFrozen:        "the validators have frozen the account for a time",
	tx.VoucherExpired:       "the vouchers can no longer be spent",
	tx.PayeeNotListed:       "the vouchers cannot be spent at that payee",
	tx.GrantAboveTier:       "the grant is above the account's limits",
	tx.FeeProviderUnknown:   "the fee names a provider that is not registered",
	tx.FeeScheduleNotValid:  "the fee schedule is not in force",
	tx.FeeSchedulePending:   "a fee schedule is published already that is not in force yet",
	tx.FeeRaiseTooSoon:      "a higher fee must be published eight days before it holds",
	tx.FeeMismatch:          "the fee is not the one published",
	tx.FeeAboveCeiling:      "the fee is above what the grant allows",
	tx.CapTransaction:       "the amount is above what the grant allows for one payment",
	tx.CapDay:               "the amount is above what is left for today of what the grant allows",
	tx.LimitTransaction:     "the amount is above the account's limit for one payment",
	tx.LimitDay:             "the amount is above what is left for today of the account's limit",
	tx.ProvisionalInflow:    "the payee's phone number is not confirmed, and has received too much for today",
	tx.InsufficientBalance:  "there is not enough money in the account",
	tx.CaptureAboveHold:     "the hold has less left",
	tx.ReturnAboveTransfer:  "that is more than what is left of the payment",
	tx.AmountOverflow:       "the payee's balance would pass the largest amount",
	tx.NoLegApplied:         "every leg was refused",
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
