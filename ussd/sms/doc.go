// Package sms sends and takes text messages: each is sent at least once and as a rule exactly once, and taken exactly once.
//
// A message to be sent is put in the Outbox inside the store transaction that decides to send it, under a reference of the
// gateway's own; the same reference again is the same message. It waits in the queue of a route, the first one at the
// beginning. Run takes what is due, counts the try and sets the next one durably, and only then hands the message to the route's
// Sender. What happens then depends on what the carrier can have done with it:
//
//   - It took it: the message is sent, and its delivery reports are kept when they come.
//   - It surely did not (ErrRefused, ErrNotTaken, ErrDown): the message goes to the next route. A route that refused it is not
//     asked again; when all refused, it is given up.
//   - Nobody knows (any other error, a crash): the message stays with this route, however long that is down, because another
//     route would send it a second time.
//
// A route that fails several times in a row rests; what nobody tried there moves to the next. What is tried for a day is given
// up, logged as an error and listed by GivenUp for a year; Undelivered lists what a carrier took and could not deliver. The
// outbox is bounded; a full one fails the transaction that wanted to send, which tries again, so that nothing is dropped in
// silence.
//
// A crash or a lost answer between the Sender and the record of it sends a message twice on the same route, unless the carrier
// knows the reference or its delivery report comes first. Every text about money therefore carries the receipt code.
//
// A message that a person sent goes the other way: a carrier's adapter gives it to the Inbox, which keeps it before the carrier is
// answered, knows it again for two days, and hands it to the handler until that succeeds.
//
// Texts are GSM-7, or UCS-2 when a character needs it, of at most three parts.
package sms
