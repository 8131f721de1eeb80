// Package africastalking speaks Africa's Talking's wire forms: USSD callbacks in, and SMS.
//
// A USSD callback is a form POST with sessionId, serviceCode, phoneNumber, networkCode and text, where text is everything
// typed so far, joined by "*"; a dial with answers behind the code has them in its first text. The reply is 200, text/plain and
// "CON " or "END " before the screen; anything else ends the session. After ten seconds Africa's Talking gives up.
//
// When a session has ended, a second form comes to an address of its own, here that of the callback with /end behind
// it: sessionId, serviceCode, phoneNumber, networkCode, status (Success, Incomplete or Failed), cost, durationInMillis, hopsCount,
// hopsMetadata, lastAppResponse and input. It is answered with 200. Its input is the whole transcript with every PIN in it, so nothing
// of it is looked at but session, number and code, and nothing is logged.
//
// The callbacks are not signed and the addresses they come from are not published, so nothing in them is proof of who sent
// them: the PIN and the limits are. Africa's Talking pages screens that are too long with 98 and 00; the menus have no such keys.
//
// Of the SMS side, Sender sends one message per call and sorts the answers into sent, never, and try again.
package africastalking
