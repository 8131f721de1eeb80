// Package hubtel speaks the wire form of Hubtel's programmable services (Ghana).
//
// Each request is a JSON POST with SessionId, Mobile, ServiceCode, Type, Message, Operator, Sequence and ClientState. Type initiation
// is a dial, whose Message is the dialled string, or blank when the service was opened in Hubtel's app; response has the last
// input; release and timeout end the session. Sequence counts the requests of a session, so it tells a repeated request from
// a repeated answer. The reply names the session, Type response or release, and the Message.
//
// Hubtel calls from addresses that are agreed with its engineers: put them into the allow-list. ClientState is not used: what a session
// needs to know is the gateway's. Payments by Hubtel (AddToCart and the fulfilment callback) are not: money moves on the ledger.
package hubtel

import "github.com/umoja-ledger/umoja/ussd/adapter"

// Dialect is Hubtel's service interaction.
var Dialect = &adapter.Dialect{
	Name:  "hubtel",
	Title: "Hubtel",
	Facts: adapter.Facts{
		Source: "developers.hubtel.com/docs/api-reference-prog-services and hubtel.readme.io/reference/sample-general-services-interaction; npm ussd-builder 1.3.2",
		Date:   "2026-11-21",
		Doubt:  "type timeout is from memory; label, data type and field type of the reply; whether Sequence stays the same when a request is repeated",
	},
	Methods:  adapter.Post,
	Encoding: adapter.JSON,
	Dial:     adapter.DialFull,
	Fields: adapter.Fields{
		Session: adapter.SessionField("SessionId"),
		Phone:   adapter.PhoneField("Mobile"),
		Code:    adapter.Field{Name: "ServiceCode", Also: "serviceCode", Max: 64},
		Input:   adapter.InputField("Message"),
		Request: adapter.RequestField("Sequence"),
		Others:  []adapter.Field{adapter.OtherField("Operator"), adapter.OtherField("Platform")},
	},
	Stage: adapter.Stage{
		Field: adapter.Field{Name: "Type", Max: 16},
		Dial:  []string{"initiation"}, Answer: []string{"response"}, End: []string{"release", "timeout"},
	},
	Reply: adapter.Reply{
		Members: []adapter.Member{
			adapter.Echo("SessionId", "SessionId"), adapter.Either("Type", "response", "release"), adapter.Shown("Message"),
			adapter.Fixed("Label", "Menu"), adapter.Either("DataType", "input", "display"), adapter.Fixed("FieldType", "text"),
		},
		Ended: []adapter.Member{adapter.Echo("SessionId", "SessionId"), adapter.Fixed("Type", "release"), adapter.Fixed("Message", "")},
	},
	Septets: 160,
	UCS2:    70,
}
