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
// Validators change by ballot, so a Client follows who they are: from the set of the genesis by the chain of changes, each proved under
// the set before it, to the newest that anybody has shown it. It learns when it meets a receipt of a later set, when a validator says
// something that is under no checkpoint (then it first asks the same validator for its newest checkpoint), and every ten minutes of use; it
// keeps what it knows in Config.SetFile, or beside a wallet's outbox. Nothing is believed that is not proved, and nothing is forgotten for
// what a server sends. Each word counts by the right set:
//
//   - a receipt by the set in force at the size of its checkpoint; one of a set that has ended has to be of the history that was seen;
//   - an expiry statement by the newest set, and only if its tree is of the history that was seen and not from before that set was
//     decided, so that it was signed since. Who has left settles nothing, and f is that of the newest set;
//   - a submission promise by the newest set; evidence by any set that was, since it proves what a key has signed.
//
// One honest validator that is heard is enough to know of a change. A client that hears none, because all who answer hold back the newest
// change, goes on with the set before. It believes f+1 of it about an expiry only with a checkpoint that an honest one has cosigned after
// that expiry and at most seven days ago by the client's clock: who has fewer leaked keys than a quorum cannot make one. So what such a
// client may believe wrongly is that a payment was never made that expired before the last checkpoint it was shown, and for at most seven
// days after it. A quorum of leaked keys of a set whose end the client has never heard of can show it any history: who has left destroys its
// keys, and SetFile remembers. A client whose clock is more than seven days ahead settles no expiry. Answers without a signature (see below)
// are counted by address: who is behind one is for the operator of the client to know, and to change in Config.Addresses with the set.
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
