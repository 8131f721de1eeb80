// Package kannel speaks Kannel's smsbox: messages out, delivery reports and messages in.
//
// A message out is one request to /cgi-bin/sendsms, a GET with everything in the query or a POST with X-Kannel headers and the text as
// body. A text in GSM-7 goes as UTF-8 with coding 0, another one as UTF-16BE with coding 2; Kannel cuts long ones, if its sendsms-user has
// concatenation on and max-messages of 3. The answer 202 says that Kannel has the message; it tells no id, and the id of its reports
// differs from one report to the next. So the address of the reports, dlr-url, carries our own reference, in base64 without percent signs, which
// Kannel would take for its own escapes.
//
// A report is a GET of that address with %d as the state: 8 when the network's centre took the message, 1 when the phone has it, 4 when it waits
// for the phone, 2 and 16 when it failed. A message in is a GET or POST of the address that GetURL or PostURL make for the configuration
// of an sms-service; the service needs max-messages = 0, and smsbox http-request-retry, or Kannel loses what is not taken at the first call.
// coding is 2 for UTF-16BE; 0, and -1 from some centres, is text in UTF-8; 1 is no text.
//
// Kannel signs nothing. The addresses are to be secret, and reachable for Kannel's machine only.
package kannel
