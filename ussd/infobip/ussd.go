package infobip

import "github.com/umoja-ledger/umoja/ussd/adapter"

// Dialect is Infobip's USSD gateway calling a third-party application.
var Dialect = &adapter.Dialect{
	Name:  "infobip",
	Title: "Infobip",
	Facts: adapter.Facts{
		Source: "praekeltfoundation/vumi b74b5da, transports/infobip, which quotes Infobip's USSD Gateway to Third-party Application HTTP/REST/JSON Web Service API",
		Date:   "2020-11-16",
		Doubt:  "today's product may differ; what text holds on a dial; end by POST or PUT",
	},
	Methods:       []string{"POST", "PUT", "GET"},
	Encoding:      adapter.JSON,
	SessionInPath: true,
	Dial:          adapter.DialAny,
	Fields: adapter.Fields{
		Session: adapter.SessionField(adapter.PathSession),
		Phone:   adapter.PhoneField("msisdn"),
		Input:   adapter.InputField("text"),
		Others: []adapter.Field{
			adapter.OtherField("shortCode"), adapter.OtherField("imsi"), adapter.OtherField("ussdGwId"), adapter.OtherField("language"),
			adapter.OtherField("exitCode"), {Name: "reason", Max: 256, Need: adapter.Optional},
		},
	},
	Stage: adapter.Stage{
		Field: adapter.Field{Name: adapter.PathStep, Max: 16},
		Dial:  []string{"start"}, Answer: []string{"response"}, End: []string{"end"}, Status: []string{"status"},
	},
	Reply: adapter.Reply{
		Members: []adapter.Member{
			adapter.IsClosed("shouldClose"), adapter.Shown("ussdMenu"), adapter.StatusCode("responseExitCode"), adapter.Fixed("responseMessage", ""),
		},
		Ended:          []adapter.Member{adapter.StatusCode("responseExitCode"), adapter.Fixed("responseMessage", "")},
		Status:         []adapter.Member{adapter.IsOpen("sessionActive"), adapter.StatusCode("responseExitCode"), adapter.Fixed("responseMessage", "")},
		Fault:          []adapter.Member{adapter.StatusCode("responseExitCode"), adapter.Shown("responseMessage")},
		FirstStaysOpen: true,
	},
	Septets: 160,
	UCS2:    70,
}
