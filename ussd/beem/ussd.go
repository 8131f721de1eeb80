// Package beem speaks the wire form of Beem Africa's USSD hub (Tanzania).
//
// Each request is a JSON POST with command, msisdn, operator, session_id and payload, which holds request_id and response. The command
// initiate is a dial and tells nothing that was dialled, continue has the last input in payload.response, terminate ends the session.
// request_id is the request's own: the same again is a repeated request. The reply repeats all of it and shows payload.request.
package beem

import "github.com/umoja-ledger/umoja/ussd/adapter"

// Dialect is Beem's USSD hub.
var Dialect = &adapter.Dialect{
	Name:  "beem",
	Title: "Beem Africa",
	Facts: adapter.Facts{
		Source: "npm ussd-builder 1.3.2, an application that others run on it, without its mistakes in session_id",
		Date:   "2026-11-21",
		Doubt:  "Beem's own documentation was not read; whether payload.response says on a dial what was dialled; what terminate is answered with",
	},
	Methods:  adapter.Post,
	Encoding: adapter.JSON,
	Dial:     adapter.DialNothing,
	Fields: adapter.Fields{
		Session: adapter.SessionField("session_id"),
		Phone:   adapter.PhoneField("msisdn"),
		Input:   adapter.InputField("payload.response"),
		Request: adapter.RequestField("payload.request_id"),
		Others:  []adapter.Field{adapter.OtherField("operator")},
	},
	Stage: adapter.Stage{
		Field: adapter.Field{Name: "command", Max: 16},
		Dial:  []string{"initiate"}, Answer: []string{"continue"}, End: []string{"terminate"},
	},
	Reply: adapter.Reply{
		Members: members(adapter.Either("command", "continue", "terminate"), adapter.Shown("request")),
		Ended:   members(adapter.Fixed("command", "terminate"), adapter.Fixed("request", "")),
	},
	Septets: 160,
	UCS2:    70,
}

// members are a reply's.
func members(command, request adapter.Member) []adapter.Member {
	return []adapter.Member{
		adapter.Echo("msisdn", "msisdn"), adapter.Echo("operator", "operator"), adapter.Echo("session_id", "session_id"), command,
		adapter.Object("payload", adapter.Echo("request_id", "payload.request_id"), request),
	}
}
