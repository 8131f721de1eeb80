package menu

// Money that waits for somebody, and money that is asked back.
const (
	SendAmountTo  Key = "send_amount_to"
	SendAmountNew Key = "send_amount_new"
	LineOutKept   Key = "line_out_kept"
	LineComing    Key = "line_coming"
	LineFee       Key = "line_fee"

	KeepConfirm  Key = "keep_confirm"
	KeepDone     Key = "keep_done"
	LineKept     Key = "line_kept"
	DelayConfirm Key = "delay_confirm"
	DelayDone    Key = "delay_done"
	LineDelayed  Key = "line_delayed"

	CancelAsk            Key = "cancel_ask"
	CancelDone           Key = "cancel_done"
	CancelProcessing     Key = "cancel_processing"
	CancelTooLate        Key = "cancel_too_late"
	CancelNotMade        Key = "cancel_not_made"
	LineCancelDone       Key = "line_cancel_done"
	LineCancelProcessing Key = "line_cancel_processing"
	LineCancelNotMade    Key = "line_cancel_not_made"
	SMSCancelNotMade     Key = "sms_cancel_not_made"

	LineClaimed  Key = "line_claimed"
	LineClaiming Key = "line_claiming"

	SMSKept            Key = "sms_kept"
	SMSInvite          Key = "sms_invite"
	SMSWaits           Key = "sms_waits"
	SMSWaitsConfirm    Key = "sms_waits_confirm"
	SMSDelayed         Key = "sms_delayed"
	SMSComing          Key = "sms_coming"
	SMSCancelled       Key = "sms_cancelled"
	SMSComingCancelled Key = "sms_coming_cancelled"
	SMSHoldReturnedTo  Key = "sms_hold_returned_to"
	SMSNotFetched      Key = "sms_not_fetched"

	WrongTitle         Key = "wrong_title"
	WrongNone          Key = "wrong_none"
	WrongSure          Key = "wrong_sure"
	WrongAsked         Key = "wrong_asked"
	WrongAlready       Key = "wrong_already"
	WrongMany          Key = "wrong_many"
	WrongElsewhere     Key = "wrong_elsewhere"
	WrongElsewhereCall Key = "wrong_elsewhere_call"

	LineBack           Key = "line_back"
	BackAsked          Key = "back_asked"
	BackKept           Key = "back_kept"
	BackConfirm        Key = "back_confirm"
	BackDone           Key = "back_done"
	BackProcessing     Key = "back_processing"
	BackShort          Key = "back_short"
	BackTooLate        Key = "back_too_late"
	BackNotMade        Key = "back_not_made"
	LineBackDone       Key = "line_back_done"
	LineBackProcessing Key = "line_back_processing"
	LineBackNotMade    Key = "line_back_not_made"
	SMSBackNotMade     Key = "sms_back_not_made"
	SMSAskedBack       Key = "sms_asked_back"
	SMSKeptBack        Key = "sms_kept_back"
	SMSGaveBack        Key = "sms_gave_back"
	SMSGotBack         Key = "sms_got_back"
)

var _ = list(
	entry{SendAmountTo, KindPrompt, data{"asset", "name"}},
	entry{SendAmountNew, KindPrompt, data{"asset", "number", "days"}},
	entry{LineOutKept, KindLine, data{"amount", "name"}},
	entry{LineComing, KindLine, data{"amount", "name"}},
	entry{LineFee, KindLine, data{"fee"}},

	entry{KeepConfirm, KindScreen, data{"amount", "number", "date?", "fee"}},
	entry{KeepDone, KindScreen, data{"amount", "number", "date", "dial", "code?"}},
	entry{LineKept, KindStatus, data{"amount", "name", "date"}},
	entry{DelayConfirm, KindScreen, data{"amount", "name", "number", "fee"}},
	entry{DelayDone, KindScreen, data{"amount", "name", "time", "code?", "dial"}},
	entry{LineDelayed, KindStatus, data{"amount", "name", "time"}},

	entry{CancelAsk, KindScreen, data{"amount", "name"}},
	entry{CancelDone, KindScreen, data{"amount", "name"}},
	entry{CancelProcessing, KindScreen, data{"amount", "name"}},
	entry{CancelTooLate, KindScreen, data{"amount", "name", "dial?"}},
	entry{CancelNotMade, KindScreen, data{"amount", "name", "dial?"}},
	entry{LineCancelDone, KindStatus, data{"amount", "name"}},
	entry{LineCancelProcessing, KindStatus, data{"amount", "name"}},
	entry{LineCancelNotMade, KindStatus, data{"amount", "name"}},
	entry{SMSCancelNotMade, KindSMS, data{"amount", "name", "dial"}},

	entry{LineClaimed, KindStatus, data{"amount", "name", "code"}},
	entry{LineClaiming, KindStatus, data{"amount"}},

	entry{SMSKept, KindSMS, data{"amount", "name", "fee", "date", "code", "balance"}},
	entry{SMSInvite, KindSMS, data{"amount", "name", "dial", "days"}},
	entry{SMSWaits, KindSMS, data{"amount", "name", "date"}},
	entry{SMSWaitsConfirm, KindSMS, data{"amount", "name", "date", "dial"}},
	entry{SMSDelayed, KindSMS, data{"amount", "name", "time", "dial", "code"}},
	entry{SMSComing, KindSMS, data{"amount", "name", "time"}},
	entry{SMSCancelled, KindSMS, data{"amount", "name", "balance"}},
	entry{SMSComingCancelled, KindSMS, data{"amount", "name"}},
	entry{SMSHoldReturnedTo, KindSMS, data{"amount", "name", "balance"}},
	entry{SMSNotFetched, KindSMS, data{"amount", "name"}},

	entry{WrongTitle, KindLine, nil},
	entry{WrongNone, KindScreen, nil},
	entry{WrongSure, KindScreen, data{"amount", "name"}},
	entry{WrongAsked, KindScreen, data{"amount?", "name"}},
	entry{WrongAlready, KindRefusal, data{"amount?", "name"}},
	entry{WrongMany, KindRefusal, nil},
	entry{WrongElsewhere, KindRefusal, data{"name", "code"}},
	entry{WrongElsewhereCall, KindRefusal, data{"name", "code?", "telephone"}},

	entry{LineBack, KindStatus, data{"amount", "name"}},
	entry{BackAsked, KindScreen, data{"amount", "name", "date?"}},
	entry{BackKept, KindScreen, data{"name", "amount?"}},
	entry{BackConfirm, KindScreen, data{"amount", "name"}},
	entry{BackDone, KindScreen, data{"amount", "name", "code"}},
	entry{BackProcessing, KindScreen, data{"amount", "name"}},
	entry{BackShort, KindRefusal, data{"amount", "name?"}},
	entry{BackTooLate, KindRefusal, data{"amount?", "name"}},
	entry{BackNotMade, KindRefusal, data{"amount", "name", "dial?"}},
	entry{LineBackDone, KindStatus, data{"amount", "name"}},
	entry{LineBackProcessing, KindStatus, data{"amount", "name"}},
	entry{LineBackNotMade, KindStatus, data{"amount", "name"}},
	entry{SMSBackNotMade, KindSMS, data{"amount", "name", "dial"}},
	entry{SMSAskedBack, KindSMS, data{"amount", "name", "dial?", "date", "code"}},
	entry{SMSKeptBack, KindSMS, data{"amount", "name"}},
	entry{SMSGaveBack, KindSMS, data{"amount", "name", "code", "balance"}},
	entry{SMSGotBack, KindSMS, data{"amount", "name", "code", "balance"}},
)
