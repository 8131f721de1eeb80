// Package adapter is the engine under the HTTP aggregators: a Dialect says in data how one of them asks and wants to be
// answered, and Handler serves it.
//
// # The life of a request
//
// The handler looks first at who asks (its path, the address behind trusted proxies, a login or key where one is
// configured), then at the method, the media type and at no more than MaxBody bytes. The body or query becomes named fields, each
// once. The dialect's stage tells a dial from an answer and from the end of a session. A dial or an answer becomes a ussd.Turn,
// whose input is hidden in a pin.Secret before anything else happens with it; the service answers, and the dialect's reply form
// writes the screen. The end of a session is told to the service and answered with what the aggregator expects.
//
// A person's mistake is always a 200 with a screen. What no person can cause has another status and a sentence that names
// field and rule and repeats nothing of what was sent: 400 malformed, 401 or 403 not the aggregator, 404 no address here, 405
// method, 409 a session that belongs to another number or code, 413 or 414 too long, 415 media type. A log says the same sentence.
//
// # What it keeps
//
// For each session of the last minutes the handler remembers number and service code, in a bounded table: both have to stay
// what they were. It is memory only. After a restart a session is bound anew by its next request; the service has its own
// record, under the number, so a forged request with another number opens nothing.
//
// # What it does not do
//
// Aggregators sign nothing, so nothing here is proof of who is calling: the PIN and the limits are. In dialects that put
// the input or a login in the query (Safaricom, Airtel) whatever stands in front of the gateway must not log queries.
package adapter
