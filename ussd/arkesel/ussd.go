// Package arkesel speaks Arkesel's wire form (Ghana).
//
// Each request is a JSON POST with sessionID, userID, newSession, msisdn, userData and network. newSession is true on the dial, whose
// userData is the dialled string, and false afterwards, when userData is the last input. The reply repeats sessionID, userID
// and msisdn; continueSession is true while the session waits. Nothing says that a person hung up, and nothing numbers the requests.
package arkesel

import "github.com/umoja-ledger/umoja/ussd/adapter"

// Dialect is Arkesel's USSD API.
var Dialect = &adapter.Dialect{
	Name:  "arkesel",
	Title: "Arkesel",
	Facts: adapter.Facts{
		Source: "npm ussd-builder 1.3.2, an application that others run on it; docs.page/nexlabstudio/starhash-docs",
		Date:   "2026-11-21",
		Doubt:  "Arkesel's own documentation was not read; what userData holds on a dial",
	},
	Methods:  adapter.Post,
	Encoding: adapter.JSON,
	Dial:     adapter.DialAny,
	Fields: adapter.Fields{
		Session: adapter.SessionField("sessionID"),
		Phone:   adapter.PhoneField("msisdn"),
		Input:   adapter.InputField("userData"),
		Others:  []adapter.Field{{Name: "userID", Max: 64, Kind: adapter.Number}, adapter.OtherField("network")},
	},
	Stage: adapter.Stage{
		Field: adapter.Field{Name: "newSession", Kind: adapter.Bool},
		Dial:  []string{"true"}, Answer: []string{"false"},
	},
	Reply: adapter.Reply{Members: []adapter.Member{
		adapter.Echo("sessionID", "sessionID"), adapter.Echo("userID", "userID"), adapter.Echo("msisdn", "msisdn"),
		adapter.Shown("message"), adapter.IsOpen("continueSession"),
	}},
	Septets: 160,
	UCS2:    70,
}
