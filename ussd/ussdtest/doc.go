// Package ussdtest tests what speaks to phones.
//
// Store, Ledger and Outbox are in memory and tell the truth: the ledger has accounts, numbers, limits and a history, and
// can be told to hang, to apply without answering, or to refuse. Play runs conversation files: a person's dialling and
// answers after ">", the screens they must get below. CheckStore is the test that every Store passes.
package ussdtest
