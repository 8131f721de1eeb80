// Package gsm7 knows the 7-bit alphabet of GSM 03.38 (3GPP TS 23.038), the one every phone shows.
//
// A text begins as UTF-8. Transliterate brings what came from people (names) into the alphabet where that loses no
// letter; Septets counts what the text costs on the air, where a character of the extension table costs two; Encode
// and Pack make the octets; Split cuts a long text into the parts of a concatenated SMS, never inside an extension
// pair.
//
// It promises that Decode(Encode(text)) is the text, and that a count never differs from what Encode produces. It
// refuses, with ErrUnrepresentable, a text with a character outside the alphabet: it never puts a question mark in its
// place, because a changed name or amount is worse than none.
package gsm7
