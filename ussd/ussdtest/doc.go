// Package ussdtest tests what speaks to phones.
//
// Store, Ledger and Outbox are in memory and tell the truth: the ledger has accounts, numbers, limits and a history, and
// can be told to hang, to apply without answering, or to refuse. Converse runs conversation files: a person's dialling and
// answers after ">", the screens they must get below; what may be done is told at Converse. A new one needs no Go: write the lines of the
// person into testdata, run the tests with -update, and read what came. Together they show every text in English, Swahili and French, on
// the screen or in the message where it belongs; a test fails for each that they leave out. CheckStore is the test that every Store passes.
package ussdtest
