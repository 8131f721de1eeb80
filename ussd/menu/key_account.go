package menu

// The account: limits, language, PIN, and the end of the provider's access.
const (
	Limits              Key = "limits"
	LineLanguage        Key = "line_language"
	PINOld              Key = "pin_old"
	PINChanged          Key = "pin_changed"
	SMSPINChanged       Key = "sms_pin_changed"
	ResetOffer          Key = "reset_offer"
	ResetBegun          Key = "reset_begun"
	SMSResetBegun       Key = "sms_reset_begun"
	ResetWaitToday      Key = "reset_wait_today"
	ResetWaitTomorrow   Key = "reset_wait_tomorrow"
	LineResetStopped    Key = "line_reset_stopped"
	CloseConfirm        Key = "close_confirm"
	CloseDone           Key = "close_done"
	CloseProcessing     Key = "close_processing"
	CloseNotMade        Key = "close_not_made"
	SMSCloseNotMade     Key = "sms_close_not_made"
	LineCloseDone       Key = "line_close_done"
	LineCloseProcessing Key = "line_close_processing"
	LineCloseNotMade    Key = "line_close_not_made"
)

var _ = list(
	entry{Limits, KindScreen, data{"limit", "total?", "amount"}},
	entry{LineLanguage, KindStatus, nil},
	entry{PINOld, KindPrompt, nil},
	entry{PINChanged, KindScreen, nil},
	entry{SMSPINChanged, KindSMS, data{"dial?"}},
	entry{ResetOffer, KindScreen, data{"hours"}},
	entry{ResetBegun, KindScreen, data{"hours", "dial?"}},
	entry{SMSResetBegun, KindSMS, data{"hours", "dial"}},
	entry{ResetWaitToday, KindScreen, data{"time"}},
	entry{ResetWaitTomorrow, KindScreen, data{"time"}},
	entry{LineResetStopped, KindStatus, nil},
	entry{CloseConfirm, KindScreen, nil},
	entry{CloseDone, KindScreen, nil},
	entry{CloseProcessing, KindScreen, nil},
	entry{CloseNotMade, KindRefusal, data{"dial?"}},
	entry{SMSCloseNotMade, KindSMS, data{"dial?"}},
	entry{LineCloseDone, KindStatus, nil},
	entry{LineCloseProcessing, KindStatus, nil},
	entry{LineCloseNotMade, KindStatus, nil},
)
