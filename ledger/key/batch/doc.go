// Package batch verifies many BIP340 signatures at once, several times faster than one by one.
//
// An Item is born of a signature that came in, and is judged once: Verifier.Verify takes a slice of them and names those that
// are bad. A signature (R, s) of key P over a digest holds when s·G = R + e·P, with e the challenge. For a whole slice one
// equation is computed instead,
//
//	Σ aᵢ·Rᵢ + Σ (aᵢ·eᵢ)·Pᵢ - (Σ aᵢ·sᵢ)·G = O
//
// with a coefficient aᵢ of 128 bits for each item: the terms of one key are merged, scalars of 256 bits are halved with the
// curve's endomorphism, and the sum is made by buckets (multiexp.go). When it is not zero, halves are looked at, down to
// single items. BenchmarkVerify compares: 5 to 6 times as fast as one by one at 64 items, 6 to 9 times at 1024, the more the
// better the keys are known. A third of what is left is the square root that each R takes.
//
// # What is promised
//
// The verdict on an item is that of key.Public.Verify, whatever else is in the slice, in any order and on any machine: if
// validators disagreed about one signature, one would hold a batch for void that the others apply. The two directions stand
// on different ground.
//
//   - Never refused though valid: no refusal is this package's own word. An item is bad only when key.Public.Verify, that is
//     btcec, says so of it alone. A fault in here could cost time, not money.
//
//   - Never accepted though bad: each valid item makes its share of the equation the neutral element O, and what is in no
//     form to be valid (r not the x of a point, s not below the group order, a key that is not on the curve) does not come
//     into the equation at all. R and P are lifted with an even y, as BIP340 says, so R can be neither O nor odd. The group
//     has prime order and no cofactor: there is no small subgroup in which a wrong share could hide. So a bad item gives a share
//     aᵢ·E with E ≠ O, and for every value of the other coefficients at most one aᵢ of 2^128 makes the whole sum O.
//
// The coefficients are not drawn: the ledger is deterministic, so they are SHA-256 over all keys, nonces, challenges and
// scalars of the slice (seed, in equation.go). Nobody knows them before he has fixed every bit of every item, and whoever
// changes one bit gets all of them anew. An attacker may try as often as he can hash: to have one bad signature accepted he
// needs about 2^128 hashes, each for a fresh slice. That is as much as it costs to compute a private key from a public one,
// and more than a second preimage search could be hoped to win elsewhere in the protocol, so the batch is not its weak place.
// The equations of halves use the same coefficients, and a slice has fewer than twice as many halves as items; each chance
// takes an attacker at least one coefficient, which is half a hash, so the halves gain him less than two bits.
//
// What that means for consensus: nodes see the same signature in slices of different neighbours (at ingress, in an entry of
// the log, alone when it is looked at again), so their coefficients differ, and the verdicts are the same because each of them is right, not
// because they are computed alike. The chance of a disagreement is that of a forgery.
//
// Nothing in here is secret, so nothing runs in constant time. The package starts no goroutine, reads no clock and draws
// nothing at random. It is the only importer of gnark-crypto, whose field and curve arithmetic it uses; key does not
// import it, so that a wallet does not carry it.
package batch
