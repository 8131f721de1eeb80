// Package sdk pays, reads and proves from a program: it is what wallets, gateways and tools link.
//
// A Client knows several validators and trusts none of them. A payment lives in it like this. Submit hands the signed
// bytes to the validator that answered last; when that one fails the same bytes go to the next at once, and when it is
// slow they go to the next as well. The same bytes are applied at most once, whoever takes them, so sending again is never
// a second payment. A validator's word that the transaction is final is not believed: its receipt is fetched and verified
// against the genesis, and only then does Submit answer. A transaction whose expiry has passed is settled as never made by
// the signed statements of f+1 validators. Until one or the other, the outcome is unknown (ErrUnknown): a timeout never
// means failed. A Wallet adds a key, an account, and an Outbox, so that not even a crash leaves an outcome unknown.
//
// The package promises that Outcome.Final and Outcome.Expired are proved, that what names a payee or says what an amount
// means without a proof (an account number, a phone number, a request, an asset, a provider) was answered alike by f+1 validators, and
// that no read is older than what this client has seen final as long as some validator is that far. Other reads (balance, history, holds) are one validator's word;
// Receipt proves a transaction of a history. It refuses to guess: no call turns an error into an outcome.
//
// A Light client needs no validator to verify a receipt: it remembers the highest checkpoint that it has seen and the chain
// of validator sets that led there, in one small file, and tells two histories from one with evidence.
//
// It links neither the consensus nor a store; imports_test.go holds it to that.
package sdk
