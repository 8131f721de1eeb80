// Package airtel speaks HTTP Pull of Comviva's Flares, as Airtel runs it.
//
// Each request is a GET with userid, password, SessionID, MSISDN, MSC and input in the query. The first input of a session is what
// was dialled, without the star before it and the hash behind it; later ones are the last input. Nothing else tells them apart, so the
// adapter has to know its service codes. The reply is the text, and the header Freeflow says FC to go on or FB to end; charge
// and amount say that the person pays nothing for it. When a session ends, a GET comes with SessionID, msisdn, clean and error.
//
// The query holds PINs and a password: nothing in front of the gateway may log it.
package airtel

import (
	"time"

	"github.com/umoja-ledger/umoja/ussd/adapter"
)

// Dialect is Flares 1.5.
var Dialect = &adapter.Dialect{
	Name:  "airtel",
	Title: "Airtel (Comviva Flares)",
	Facts: adapter.Facts{
		Source: "praekeltfoundation/vumi b74b5da, transports/airtel, after Flares 1.5.0, document version 1.2.0, and its issue 550; Airtel's deadline from help.africastalking.com 1284071",
		Date:   "2020-11-16",
		Doubt:  "Comviva's own documentation was not read; whether MSISDN has the country code everywhere; how a clean call is answered",
	},
	Methods:  adapter.Get,
	Encoding: adapter.Query,
	Dial:     adapter.DialBare,
	Fields: adapter.Fields{
		Session: adapter.SessionField("SessionID"),
		Phone:   adapter.PhoneField("MSISDN"),
		Input:   adapter.InputField("input"),
		Others:  []adapter.Field{{Name: "MSC", Max: 64}},
	},
	Notice: &adapter.Notice{
		Marker: "clean",
		Fields: adapter.Fields{
			Session: adapter.SessionField("SessionID"),
			Phone:   adapter.PhoneField("msisdn"),
			Others:  []adapter.Field{adapter.OtherField("clean"), adapter.OtherField("error")},
		},
	},
	Reply: adapter.Reply{Headers: []adapter.Header{
		{Name: "Freeflow", Open: "FC", Close: "FB"}, {Name: "charge", Open: "N", Close: "N"}, {Name: "amount", Open: "0", Close: "0"},
	}},
	QueryLogin: adapter.Login{User: "userid", Password: "password"},
	Septets:    160,
	UCS2:       70,
	Deadline:   15 * time.Second,
}
