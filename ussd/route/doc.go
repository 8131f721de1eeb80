// Package route makes the ways by which a process sends text messages, from its configuration.
//
// A Config is one [[sms]] table: which carrier, its address, and a file with the key; Open makes the routes of all tables in their order, which
// is that of preference. In a sandbox there is one route: a Carrier of the process's own, which takes messages over HTTP in Africa's Talking's
// form and keeps them for GET /sandbox/sms, so that the real sender runs in every demonstration.
//
// The package promises that texts and keys leave this machine under TLS only, and refuses key files that others can read.
package route
