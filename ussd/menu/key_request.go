package menu

// A request to pay: asking, and being asked.
const (
	AskFrom               Key = "ask_from"
	AskAmount             Key = "ask_amount"
	AskConfirm            Key = "ask_confirm"
	AskConfirmAccount     Key = "ask_confirm_account"
	AskDone               Key = "ask_done"
	AskProcessing         Key = "ask_processing"
	AskNotMade            Key = "ask_not_made"
	SMSAskNotMade         Key = "sms_ask_not_made"
	LineAskDone           Key = "line_ask_done"
	LineAskProcessing     Key = "line_ask_processing"
	LineAskNotMade        Key = "line_ask_not_made"
	AskedTitle            Key = "asked_title"
	AskedOne              Key = "asked_one"
	LineNoRequests        Key = "line_no_requests"
	DeclineConfirm        Key = "decline_confirm"
	DeclineDone           Key = "decline_done"
	DeclineProcessing     Key = "decline_processing"
	DeclineNotMade        Key = "decline_not_made"
	SMSDeclineNotMade     Key = "sms_decline_not_made"
	LineDeclineDone       Key = "line_decline_done"
	LineDeclineProcessing Key = "line_decline_processing"
	LineDeclineNotMade    Key = "line_decline_not_made"
	RefusedRequest        Key = "refused_request_ended"
	SMSAsked              Key = "sms_asked"
	SMSDeclined           Key = "sms_declined"
)

var _ = list(
	entry{AskFrom, KindPrompt, nil},
	entry{AskAmount, KindPrompt, data{"name", "asset"}},
	entry{AskConfirm, KindScreen, data{"name", "number", "amount"}},
	entry{AskConfirmAccount, KindScreen, data{"account", "amount"}},
	entry{AskDone, KindScreen, data{"name", "amount"}},
	entry{AskProcessing, KindScreen, data{"name"}},
	entry{AskNotMade, KindRefusal, data{"name", "dial?"}},
	entry{SMSAskNotMade, KindSMS, data{"name", "dial?"}},
	entry{LineAskDone, KindStatus, data{"name", "amount"}},
	entry{LineAskProcessing, KindStatus, data{"name"}},
	entry{LineAskNotMade, KindStatus, data{"name"}},
	entry{AskedTitle, KindLine, nil},
	entry{AskedOne, KindScreen, data{"name", "amount"}},
	entry{LineNoRequests, KindStatus, nil},
	entry{DeclineConfirm, KindScreen, data{"name", "amount"}},
	entry{DeclineDone, KindScreen, data{"name"}},
	entry{DeclineProcessing, KindScreen, data{"name"}},
	entry{DeclineNotMade, KindRefusal, data{"name", "dial?"}},
	entry{SMSDeclineNotMade, KindSMS, data{"name", "dial?"}},
	entry{LineDeclineDone, KindStatus, data{"name"}},
	entry{LineDeclineProcessing, KindStatus, data{"name"}},
	entry{LineDeclineNotMade, KindStatus, data{"name"}},
	entry{RefusedRequest, KindRefusal, data{"name", "amount?"}},
	entry{SMSAsked, KindSMS, data{"name", "amount", "dial"}},
	entry{SMSDeclined, KindSMS, data{"name", "amount"}},
)
