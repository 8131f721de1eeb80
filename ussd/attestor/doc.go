// Package attestor states that a person was reached at a phone number: it sends a code by its own SMS route, and signs the transaction that
// the code is for when the code comes back.
//
// # The life of a code
//
// A provider asks for one, in a request signed by its grant key (package peer):
//
//	POST /attestor/v1/code     {"phone": "+254711000001", "body": base64 of a transaction's body, "language": "sw", "send": 1}
//	                           {"state": "sent", "send": 1, "tries_left": 3, "ends_at_unix_ms": …, "resend_at_unix_ms": …}
//	POST /attestor/v1/confirm  {"id": the transaction's id in hexadecimal, "code": "482913"}
//	                           {"signer": …, "signature": …}
//
// The body holds one operation, one that attestors sign, for the alias of that number. The attestor asks the ledger (f+1 validators) whether it
// is as the body says: the alias is bound to that account, the grant is to who asks and within what the account's tier allows, the move that
// is to be confirmed or stopped is there. It refuses what its own provider is a part of; so does the ledger. Then the ask is stored: asked.
// Its code is six digits made from a secret of the attestor's, the ask's salt, the transaction and who asked, so it is written down nowhere,
// it is right for this one body only, and it can be sent again. The text says what the code does and names the provider as the directory
// does. Ten minutes later, or after three wrong codes, the ask is over. The right code makes it confirmed, durably, and only then is the
// signature given; asked again, it is the same. What began with a confirmed ask is followed on the ledger, and a notice tells the person that
// the number moves, when, and how to stop it.
//
// # What it promises and refuses
//
// The same request again changes nothing: neither a second message nor a second try, so a request may be replayed or sent again after a lost
// answer. A provider can neither guess (three codes an ask, a few asks a day and number, a bound on its wrong codes of an hour over all
// numbers) nor flood a number, and none can use up what others may ask for a number. An ask ends the one before it of the same provider and
// number. No code and no number is logged, and no error repeats one. Who holds the attestor's secret and its store can work out codes: both
// are the attestor's own, as its signing key is.
//
// It knows no aggregator, keeps no balances and moves no money. It does not watch over numbers that it was not asked about.
package attestor
