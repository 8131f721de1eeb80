// Package pin keeps the four digits that move a phone account's money.
//
// A PIN arrives as a Secret, which prints as "redacted" everywhere. When it is chosen, Check refuses the ones a thief
// tries first. A Hasher then turns it into a Record: HMAC-SHA256 under the provider's pepper over account and PIN, and
// argon2id over that. Ten thousand PINs are no secret to whoever can try them all, so the pepper, which never stands
// beside the records, is the true protection; argon2id makes a leak of both slow instead of instant. When the PIN is
// typed to pay, Attempts counts first and compares after, so that pulling the plug gives no free try.
//
// The package promises that a wrong PIN is counted before it is answered, that three wrong ones stop sending and
// nothing else, and that at most a fixed number of hashes run at once. It refuses records whose parameters it did not
// choose: a store that was tampered with cannot make it spend a gigabyte.
package pin
