package menu

// Commands by SMS, and payments that other wallets sign. The words of a command stand in one text; the first is the one that other texts
// name. English ones are understood in every language.
const (
	WordBalance      Key = "word_balance"
	WordLast         Key = "word_last"
	WordSend         Key = "word_send"
	WordPay          Key = "word_pay"
	WordHelp         Key = "word_help"
	WordStop         Key = "word_stop"
	WordStart        Key = "word_start"
	TextHelp         Key = "text_help"
	TextHelpLooks    Key = "text_help_looks"
	TextNoAccount    Key = "text_no_account"
	TextStopped      Key = "text_stopped"
	TextStarted      Key = "text_started"
	TextSendForm     Key = "text_send_form"
	TextOffer        Key = "text_offer"
	TextOfferAccount Key = "text_offer_account"
	TextPayOff       Key = "text_pay_off"
	TextPayStopped   Key = "text_pay_stopped"
	TextOverCap      Key = "text_over_cap"
	TextOverCapDay   Key = "text_over_cap_day"
	TextCodeWrong    Key = "text_code_wrong"
	TextCodeLate     Key = "text_code_late"
	TextElsewhere    Key = "text_elsewhere"
	RelayPaid        Key = "relay_paid"
	RelayNotMade     Key = "relay_not_made"
	RelayBalance     Key = "relay_balance"
	RelayExpired     Key = "relay_expired"
	RelayWaits       Key = "relay_waits"
	RelayLetters     Key = "relay_letters"
	RelayUnsigned    Key = "relay_unsigned"
	RelayNotTaken    Key = "relay_not_taken"
)

var _ = list(
	entry{WordBalance, KindLine, nil},
	entry{WordLast, KindLine, nil},
	entry{WordSend, KindLine, nil},
	entry{WordPay, KindLine, nil},
	entry{WordHelp, KindLine, nil},
	entry{WordStop, KindLine, nil},
	entry{WordStart, KindLine, nil},
	entry{TextHelp, KindSMS, data{"dial"}},
	entry{TextHelpLooks, KindSMS, data{"dial"}},
	entry{TextNoAccount, KindSMS, data{"dial"}},
	entry{TextStopped, KindSMS, nil},
	entry{TextStarted, KindSMS, nil},
	entry{TextSendForm, KindSMS, nil},
	entry{TextOffer, KindSMS, data{"amount", "name", "number", "fee", "code", "minutes"}},
	entry{TextOfferAccount, KindSMS, data{"amount", "account", "fee", "code", "minutes"}},
	entry{TextPayOff, KindSMS, data{"dial"}},
	entry{TextPayStopped, KindSMS, data{"dial"}},
	entry{TextOverCap, KindSMS, data{"limit", "dial"}},
	entry{TextOverCapDay, KindSMS, data{"limit", "dial"}},
	entry{TextCodeWrong, KindSMS, data{"tries"}},
	entry{TextCodeLate, KindSMS, nil},
	entry{TextElsewhere, KindSMS, data{"dial"}},
	entry{RelayPaid, KindSMS, data{"amount", "code"}},
	entry{RelayNotMade, KindSMS, data{"amount"}},
	entry{RelayBalance, KindSMS, data{"amount"}},
	entry{RelayExpired, KindSMS, data{"amount"}},
	entry{RelayWaits, KindSMS, data{"amount"}},
	entry{RelayLetters, KindSMS, nil},
	entry{RelayUnsigned, KindSMS, nil},
	entry{RelayNotTaken, KindSMS, data{"amount"}},
)
