// Package menu holds what phones show: the menus, and every text in every language.
//
// A language is one file in text/, TOML with a text per key and names in braces where data goes; its head says what the
// language is called, in which alphabet it is sent, whether a native speaker has read it, and which of its words change
// before a name ("de Amina" is "d'Amina" in French). The menus stand in tree.toml. A translator or somebody who moves a choice needs no Go. A key is declared in one of the files key_*.go,
// beside the kind of its text and the data that the text mentions; the texts are written in text/en.toml first.
//
// Load reads the languages. English is whole, or nothing is loaded. A translation that lacks a text, or has it with
// other data than its key, shows English there, and Missing names the key: a translation may be a day behind, but a test
// fails while one is. A language that no native speaker has read is a draft, and shown to nobody before the provider
// switches it on. Text then fills in the data; in a language of GSM-7 a name loses the marks that the alphabet lacks, so
// that no name makes a screen of 160 characters one of 70.
//
// It promises that no text mentions what a person cannot know (transaction, session, invalid), that each refusal says
// that no money was moved and what to do, that a number never changes its meaning, that 0 goes back, and that every
// screen, every menu and every message fits with the longest data: tests count each of them in each language, in septets
// or, for Amharic and Arabic, in the 70 units of UCS-2. A text in those two may leave out what its key marks with a
// question mark. The tree refuses more than six choices, more than three menus in a row, and a label without a text.
package menu
