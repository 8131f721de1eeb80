// Package carrier has what the SMS routes of all carriers that speak HTTP share.
//
// A route has three ends: a sender that posts a message to the carrier, an address where the carrier posts delivery reports, and one where it
// posts messages that people sent. Ask makes the request of the first and tells by the answer, or by its absence, whether the carrier
// can have taken the message: that decides if another route may get it. Values reads the form or query of the other two strictly, and
// Object their JSON; both refuse what is there twice, too long or not UTF-8, with an error that names the field and the rule and
// repeats nothing of what was sent. Finish answers: 200 only for what is durable, 400 for what can never be taken, and 503 for what the
// carrier is to bring again.
//
// Nothing here is proof of who called. The addresses are kept secret and long, and what a forged call can do is small: it marks a message
// as delivered, or puts words into a mouth that are answered to that person's own phone.
package carrier
