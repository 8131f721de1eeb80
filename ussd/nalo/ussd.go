// Package nalo speaks Nalo Solutions' wire form (Ghana).
//
// Each request is a JSON POST with USERID, MSISDN, USERDATA, MSGTYPE, NETWORK and SESSIONID. MSGTYPE is true on the dial, whose USERDATA is
// the dialled string, and false afterwards, when USERDATA is the last input. The reply repeats USERID and MSISDN; its MSGTYPE is
// true while the session waits and false at its end. Nothing says that a person hung up, and nothing numbers the requests.
//
// Older integrations had no SESSIONID. They are refused: under the number alone a new dial could not be told from an old session.
package nalo

import "github.com/umoja-ledger/umoja/ussd/adapter"

// Dialect is Nalo's USSD API.
var Dialect = &adapter.Dialect{
	Name:  "nalo",
	Title: "Nalo Solutions",
	Facts: adapter.Facts{
		Source: "documenter.gw.postman.com 7705958/UyrEhaLQ, USSD API Documentation, and what others made of it; npm ussd-builder 1.3.2",
		Date:   "2026-11-21",
		Doubt:  "what USERDATA holds on a dial; whether every account is sent a SESSIONID",
	},
	Methods:  adapter.Post,
	Encoding: adapter.JSON,
	Dial:     adapter.DialAny,
	Fields: adapter.Fields{
		Session: adapter.SessionField("SESSIONID"),
		Phone:   adapter.PhoneField("MSISDN"),
		Input:   adapter.InputField("USERDATA"),
		Others:  []adapter.Field{{Name: "USERID", Max: 64}, adapter.OtherField("NETWORK")},
	},
	Stage: adapter.Stage{
		Field: adapter.Field{Name: "MSGTYPE", Kind: adapter.Bool},
		Dial:  []string{"true"}, Answer: []string{"false"},
	},
	Reply: adapter.Reply{Members: []adapter.Member{
		adapter.Echo("USERID", "USERID"), adapter.Echo("MSISDN", "MSISDN"), adapter.Shown("MSG"), adapter.IsOpen("MSGTYPE"),
	}},
	Septets: 160,
	UCS2:    70,
}
