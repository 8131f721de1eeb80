// Package smpp speaks SMPP 3.4 with an operator or aggregator: SMS out and in, delivery reports, and USSD.
//
// # The life of a link
//
// Run dials (TLS where Config.TLS is set), binds, and keeps the link until its context ends: it asks whether the peer is
// there (enquire_link), binds again with growing rests when the connection is lost, and at the end lets the turns under
// way finish, unbinds and closes. While it is not bound, Send waits for as long as its context lets it. At most
// Config.Window requests are unanswered at any time. Where the peer says that it is throttled or full, the whole link
// rests, longer each time, and goes on.
//
// # SMS
//
// Send implements sms.Sender. A text in GSM-7 goes in the link's default alphabet, another one in UCS-2; a long one is cut
// into parts under a header of concatenation, never inside an extension pair or a surrogate pair. The last part asks for a
// delivery receipt, and its id is the message's. A part that the peer took is not sent again when a later one has to be.
// When the answer to a part is lost, nobody can tell whether it was taken: Send says that it may have been, and a second
// try can be a second SMS.
//
// A delivery receipt becomes an sms.Report, a message an sms.Inbound once all its parts are there, and each is acknowledged
// only when its taker has stored it; until then the peer keeps it and delivers it again. The exception is the parts before the
// last of a long message, which wait in memory, a bounded number for a bounded time: a crash in that time loses them.
//
// # USSD
//
// A deliver_sm with ussd_service_op is a turn of a session, and the reply goes as submit_sm with an operation and an end flag
// that differ between operators: a Dialect says how, as data. its_session_info is returned as it came but for its lowest
// bit, which is the end flag. The peer's number is the id of the session, so that a gateway that starts again goes on with it. The number is small
// and comes back: a dial begins a new session under an old number, unless it is the same dial delivered again.
//
// A turn is acknowledged when the service has answered it, and then its reply goes out. The peer's window must have room for as
// many slow turns as there are under way.
//
// # What it promises and refuses
//
// Everything is bounded: PDUs, requests unanswered, turns and messages under way, sessions, parts. What does not fit is
// answered with a temporary error, which makes the peer try again. No text, PIN or full number is in an error or a log. It
// does not know query_sm, cancel_sm, replace_sm, data_sm, submit_multi or outbind.
//
// # Why not a library
//
// The one that is alive, linxGnu/gosmpp 0.3.1, cuts unpacked GSM-7 texts inside extension pairs (its issue 175), so encoding and
// cutting have to be ours anyway; what remains are ten PDUs, which package pdu reads strictly and is fuzzed on.
package smpp
