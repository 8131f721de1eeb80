// Package peer is how providers and attestors speak to each other: JSON over HTTP, each request signed by the key that the ledger knows its
// sender by.
//
// A request is one POST. Its sender signs network, receiver, time, path and the hash of the body, so a request that somebody saw is worth
// nothing at another path, at another receiver, on another network, or a minute and a half later:
//
//	POST /attestor/v1/code
//	Content-Type: application/json
//	Umoja-Signer: 64 hexadecimal digits, the sender's public key
//	Umoja-Time: milliseconds since 1970
//	Umoja-Signature: 128 hexadecimal digits
//
//	digest (32) = TaggedHash("umoja/peer/v1",
//	  +-----------------+--------------------+----------+-------------------------+-----------------------+
//	  | network id (32) | receiver's key (32) | time (8) | SHA-256 of the body (32) | path (variable, last) |
//	  +-----------------+--------------------+----------+-------------------------+-----------------------+ )
//
// A Receiver takes the bytes, at most MaxBody, checks time and signature and gives a Letter: who sends, and what. Whether the sender may is
// the caller's to say, from the ledger. Decode reads the JSON: one object of named values, each name once and spelt as it is written,
// nothing behind it. An answer is 200 with an object, or another status with a Refusal: a code that never changes its meaning, and words for
// people.
//
// The package promises that a request is read whole or refused, that no error repeats what a request holds, and that a Caller never sends over
// plain HTTP to another machine. Within the minute a request can be replayed, so what takes requests must be so made that the same one again
// changes nothing; answers are not signed, so whatever matters in one must verify by itself.
package peer
