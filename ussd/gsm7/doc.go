// Package gsm7 knows the two alphabets of phones: the 7-bit one of GSM 03.38 (3GPP TS 23.038), which every phone shows,
// and UCS-2 for the scripts that it lacks, where a screen holds 70 characters instead of 160.
//
// A text begins as UTF-8. Transliterate brings what came from people (names) into the 7-bit alphabet where that loses no
// letter; Units counts what the text costs on the air and says in which alphabet, since one character outside the 7-bit
// alphabet makes the whole text UCS-2; Fit cuts it to a screen; Encode and Pack, or EncodeUCS2, make the octets; Split
// cuts a long text into the parts of a concatenated SMS, never inside a character.
//
// It promises that decoding what was encoded is the text, and that a count never differs from what the encoders
// produce. It refuses, with ErrUnrepresentable, a text that the asked alphabet lacks: it never puts a question mark in
// its place, because a changed name or amount is worse than none.
package gsm7
