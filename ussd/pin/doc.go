// Package pin keeps the four digits that move a phone account's money.
//
// A PIN arrives as a Secret, which prints as "redacted" everywhere. When it is chosen, Check refuses the ones a thief
// tries first. A Hasher then turns it into a Record: HMAC-SHA256 under the provider's pepper over account and PIN, and
// argon2id over that. Ten thousand PINs are no secret to whoever can try them all, so the pepper, which never stands
// beside the records, is the true protection; argon2id makes a leak of both slow instead of instant. A pepper that may be
// known is followed by a new one: a record names its pepper, older ones still compare, and the first right PIN renews the
// record. When the PIN is typed to pay, Attempts counts first and compares after, so that pulling the plug gives no free try.
//
// A hash takes a core for tens of milliseconds. A fixed number run at once, and a short queue waits, in which each number has one
// place and each aggregator its own lane: a flood makes its lane ErrBusy, at once, and leaves the others their turn. Beside the
// count of each account the Hasher watches for guessing across accounts (Alarm), with keyed digests in memory only.
//
// The package promises that a wrong PIN is counted before it is answered, that three wrong ones stop sending and
// nothing else, and that what it holds in memory is bounded. It refuses records whose parameters it did not
// choose: a store that was tampered with cannot make it spend a gigabyte.
package pin
