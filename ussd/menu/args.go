package menu

import (
	"strings"

	"github.com/umoja-ledger/umoja/ussd/gsm7"
)

// Args is the data of a text. Amounts carry their asset, such as "150.00 KES". What a text does not mention is ignored.
type Args struct {
	// Dial is the service code as people dial it. Provider is what the provider calls itself; empty is "Umoja".
	// Telephone is the provider's, for a person to speak to.
	Dial, Provider, Telephone string
	// Name and Number are the other side's. Other is a second person's name, Account an account number.
	Name, Number, Account, Other string
	// Away is what is dialled for another provider.
	Away string
	// Asset is the code of an asset. Limit is the most that may be done, Total a sum of several amounts.
	Asset, Amount, Fee, Balance, Limit, Total string
	// Commission is what an agent earns, Cash what an agent should have in the drawer, Float what is on the agent's account.
	Commission, Cash, Float string
	// Code is a receipt code or a one-time code, Case the number of a complaint, State what became of it, in words.
	Code, Case, State string
	// Group is the name of a savings group, Reason what a payment is for.
	Group, Reason string
	// Tries, Count, Of, Minutes, Hours and Days are small numbers in digits; Of is the whole that Count is a part of.
	Tries, Count, Of, Minutes, Hours, Days string
	// Time is a time of day such as "23:59", Date a day such as "31/12".
	Time, Date string
}

// defaultProvider stands where the provider's own name was not given.
const defaultProvider = "Umoja"

// values lists the data under the names that texts use for it.
func (a Args) values() []string {
	return []string{
		"dial", a.Dial, "provider", a.Provider, "telephone", a.Telephone,
		"name", a.Name, "number", a.Number, "account", a.Account, "other", a.Other, "away", a.Away,
		"asset", a.Asset, "amount", a.Amount, "fee", a.Fee, "balance", a.Balance, "limit", a.Limit, "total", a.Total,
		"commission", a.Commission, "cash", a.Cash, "float", a.Float,
		"code", a.Code, "case", a.Case, "state", a.State, "group", a.Group, "reason", a.Reason,
		"tries", a.Tries, "count", a.Count, "of", a.Of, "minutes", a.Minutes, "hours", a.Hours, "days", a.Days,
		"time", a.Time, "date", a.Date,
	}
}

// replacer fills in the data.
func (a Args) replacer() *strings.Replacer {
	pairs := a.values()
	for i := 0; i < len(pairs); i += 2 {
		pairs[i] = "{" + pairs[i] + "}"
	}
	return strings.NewReplacer(pairs...)
}

// plain brings what people chose themselves into the alphabet of GSM-7, so that one letter in a name does not make a
// screen of 160 characters one of 70.
func (a Args) plain() Args {
	for _, chosen := range []*string{&a.Provider, &a.Name, &a.Other, &a.Group, &a.Reason} {
		*chosen = gsm7.Transliterate(*chosen)
	}
	return a
}
