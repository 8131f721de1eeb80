// Package safaricom speaks the wire form that Safaricom's own USSD gateway has (Kenya), and resellers after it.
//
// Each request is a GET with ORIG, DEST, SESSION_ID and USSD_PARAMS in the query. ORIG is the number without a plus, DEST the service code
// without star and hash, USSD_PARAMS everything typed so far, joined by "*"; on a dial it holds the answers behind the code. The
// reply is the text after "CON " or "END ". Nothing says that a person hung up. The start of a session was seen to come twice.
//
// The query holds PINs: nothing in front of the gateway may log it.
package safaricom

import "github.com/umoja-ledger/umoja/ussd/adapter"

// Dialect is Safaricom's gateway.
var Dialect = &adapter.Dialect{
	Name:  "safaricom",
	Title: "Safaricom",
	Facts: adapter.Facts{
		Source: "praekeltfoundation/vumi b74b5da, transports/safaricom, and its issue 304",
		Date:   "2020-11-16",
		Doubt:  "Safaricom's own documentation was not read; today's gateway may differ",
	},
	Methods:    adapter.Get,
	Encoding:   adapter.Query,
	Cumulative: true,
	Fields: adapter.Fields{
		Session: adapter.SessionField("SESSION_ID"),
		Phone:   adapter.PhoneField("ORIG"),
		Code:    adapter.CodeField("DEST"),
		Input:   adapter.TranscriptField("USSD_PARAMS"),
	},
	Reply:   adapter.Reply{Open: "CON ", Close: "END "},
	Septets: 160,
	UCS2:    70,
}
