// Package africastalking speaks Africa's Talking's wire forms: USSD callbacks in, SMS out.
//
// A USSD callback is a form POST with sessionId, serviceCode, phoneNumber, networkCode and text, where text is everything
// typed so far, joined by "*". Handler checks the form strictly, makes a ussd.Turn of it and writes the reply as the
// carrier wants it: status 200, text/plain, "CON " or "END " and the screen. A person's mistake is always a 200 with a
// screen; only what no person can cause has another status: 405 for another method, 413 above 8 KiB, 400 naming the
// field that is missing, doubled or malformed.
//
// The callbacks are not signed, so nothing in them is proof of who sent them: the PIN and the limits are. The text holds
// PINs; it is hidden in a pin.Secret at once and never logged. Africa's Talking posts the whole transcript once more when
// a session ends; that URL is not served.
//
// Sender sends one SMS per call and sorts the answers into sent, never, and try again.
package africastalking
