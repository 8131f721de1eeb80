// Package compact writes a signed transfer into one text message of 159 letters, and rebuilds the signed bytes from it.
//
// A wallet without data signs a transfer as ever: body, id, signature. Of then takes out of it whatever the ledger knows:
// account ids become account numbers, and the payer's key goes, because the payer's account names it. What is left has a
// fixed width, and String writes it as a Message of 159 letters that fit one SMS of 160. The message travels through
// phones, carriers and people, is read out, retyped or forwarded, and reaches somebody who can see the ledger: a gateway,
// a validator, a neighbour's wallet. There Parse reads the letters, which needs nothing but the letters, and Rebuild asks
// a Directory for ids and key, writes the body again, byte for byte as it was signed, verifies the signature and gives the
// envelope to be submitted. It may arrive any number of times and by any hand: the id is the same, so it is paid once.
//
// # Form
//
// One template: an account under exactly one owner key pays one transfer, with a fee or without, and signs it itself.
// Integers are big-endian; no bit is spare.
//
//	+--------------+-----------+------------+-----------+-----------+-----------+------------+
//	| template = 1 | nonce     | expiry, ms | payer     | payee     | asset     | amount     |
//	| (1)          | (8)       | (6)        | (4)       | (4)       | (2)       | (5)        |
//	+--------------+-----------+------------+-----------+-----------+-----------+------------+
//	| fee provider | fee schedule version   | fee       | signature             | checksum   |
//	| (4)          | (2)                    | (4)       | (64)                  | (2)        |
//	+--------------+------------------------+-----------+-----------------------+------------+
//
// Payer, payee and fee provider are account numbers, without check digit. No fee at all is all three fee fields zero. The
// checksum is CRC-16/IBM-3740 of the 104 bytes before it. The 106 bytes become letters as RFC 9285 (Base45) groups them,
// each two bytes three letters, in the alphabet
//
//	0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ=,%*+-./:
//
// which has "=" for the RFC's space and "," for its "$". Space is what carriers and people add and lose. "$" is 02 in
// GSM-7 and 24 in ASCII; links that take the one for the other are common, turn it into another sign, and would spoil
// nearly every message. All 45 letters here have one septet in GSM-7, and the same code in both.
//
// # Promises
//
// Any one letter changed to another is found by Parse, without the ledger: three letters carry two whole bytes, and a CRC
// of 16 bits finds every change within 16 bits. What gets past it by chance, one in 65,536 of wider changes, the signature
// finds in Rebuild. A message means one transfer and a transfer has one message: what Parse accepts, String writes again
// letter for letter, after white space (space, tab, line feed, carriage return) is taken out and lower case raised. Both
// are accepted anywhere: carriers fold lines, people retype in groups of letters, and phones write a small letter where
// none was meant or a capital one after a full stop, so both cases are one letter.
//
// A directory that is wrong, old, or of another network cannot lead money elsewhere: ids and network are part of what was
// signed, so the signature does not verify and nothing is rebuilt. So also when the payer's key was replaced in the
// meantime: the ledger would refuse the old key as well. Numbers of accounts whose opening is not final yet can still
// change; a writer that waits for finality spares its user that refusal.
//
// # What it cannot carry
//
// Of returns ErrCannotCarry, with the field and the limit, for: several operations, or another one than a transfer;
// several signatures, or one by another key than the payer's single owner key (a grant, a threshold); a reference, an
// alias, a request paid, or any field that later versions add; an amount from 2^40; a fee from 2^32; an asset or schedule
// version from 2^16; an account number from 2^32; an expiry from 2^48 ms. Nothing is cut or rounded to fit. The
// transaction stays good, and travels as an envelope by any other way: data, file, QR. A writer that must use SMS makes a
// transfer that fits before it asks for the signature: by account number in place of the alias, without reference.
//
// A message is not sealed: who carries it reads account numbers, amount and fee, and may submit it. He can change nothing.
//
// The package has no clock, randomness or I/O of its own, and does not judge what the ledger judges: a message that has
// expired, overdraws or pays oneself is rebuilt, and refused there.
package compact
