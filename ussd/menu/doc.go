// Package menu holds what phones show, in every language.
//
// Each language is one file in text/, TOML with a text per key and names in braces where data goes: a translator needs
// no Go. Load reads all of them and refuses a file that lacks a key, has one too many, or names data that the key does
// not have, so that a language is either whole or not there. Text then fills in the data.
//
// It promises that no text mentions what a person cannot know (transaction, session, invalid), that each refusal says
// that no money was moved, and that every screen fits in 160 septets with the longest data: tests count each of them in
// each language.
package menu
