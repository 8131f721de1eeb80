package menu

// Key names a text.
type Key string

// Screens that ask or tell.
const (
	ChooseLanguage   Key = "choose_language"
	RegisterName     Key = "register_name"
	RegisterPIN      Key = "register_pin"
	RegisterPINAgain Key = "register_pin_again"
	Registered       Key = "registered"
	RegisterWaiting  Key = "register_waiting"
	MainMenu         Key = "main_menu"
	SendPayee        Key = "send_payee"
	SendAmount       Key = "send_amount"
	Confirm          Key = "confirm"
	ConfirmAccount   Key = "confirm_account"
	Paid             Key = "paid"
	PaidNoBalance    Key = "paid_no_balance"
	Processing       Key = "processing"
	ProcessingBusy   Key = "processing_busy"
	Balance          Key = "balance"
	NoPayments       Key = "no_payments"
	Busy             Key = "busy"
)

// Lines that stand above or in a screen, and words inside texts.
const (
	Greeting        Key = "greeting"
	LinePaid        Key = "line_paid"
	LineProcessing  Key = "line_processing"
	LineNotMade     Key = "line_not_made"
	LineRegistered  Key = "line_registered"
	LinePayments    Key = "line_payments"
	LineIn          Key = "line_in"
	LineOut         Key = "line_out"
	AccountLabel    Key = "account_label"
	NoMoneySentence Key = "no_money"
)

// Refusals: what happened, that no money was moved, and what to do.
const (
	ChoiceUnknown   Key = "choice_unknown"
	StarOrHash      Key = "star_or_hash"
	NameEmpty       Key = "name_empty"
	NameTooLong     Key = "name_too_long"
	NameLetters     Key = "name_letters"
	PINForm         Key = "pin_form"
	PINWeak         Key = "pin_weak"
	PINsDiffer      Key = "pins_differ"
	PINWrong        Key = "pin_wrong"
	StoppedToday    Key = "stopped_today"
	StoppedTomorrow Key = "stopped_tomorrow"
	PayeeForm       Key = "payee_form"
	PayeeUnknown    Key = "payee_unknown"
	PayeeSelf       Key = "payee_self"
	PayeeMoved      Key = "payee_moved"
	AmountForm      Key = "amount_form"
	AmountDecimals  Key = "amount_decimals"
	AmountZero      Key = "amount_zero"
	AmountBalance   Key = "amount_balance"
	AmountCap       Key = "amount_cap"
	AmountCapDay    Key = "amount_cap_day"
	RefusedBalance  Key = "refused_balance"
	RefusedCap      Key = "refused_cap"
	RefusedCapDay   Key = "refused_cap_day"
	RefusedPayee    Key = "refused_payee_full"
	RefusedFrozen   Key = "refused_frozen"
	RefusedShop     Key = "refused_not_listed"
	RefusedVoucher  Key = "refused_voucher_over"
	ConfirmExpired  Key = "confirm_expired"
	NotMade         Key = "not_made"
	Cancelled       Key = "cancelled"
	TooManyOpen     Key = "too_many_open"
	NotGranted      Key = "not_granted"
	NotRegistered   Key = "not_registered"
	NumberTaken     Key = "number_taken"
	NumberResting   Key = "number_resting"
	Unreachable     Key = "unreachable"
	WaitAMoment     Key = "wait_a_moment"
	DialAgain       Key = "dial_again"
)

// Messages by SMS.
const (
	SMSReceived      Key = "sms_received"
	SMSPaid          Key = "sms_paid"
	SMSHoldPaid      Key = "sms_hold_paid"
	SMSHoldReturned  Key = "sms_hold_returned"
	SMSNotMade       Key = "sms_not_made"
	SMSRegistered    Key = "sms_registered"
	SMSNotRegistered Key = "sms_not_registered"
)

// Kind says where a text appears, and so what it may cost and must say.
type Kind int

// The kinds.
const (
	KindScreen Kind = iota
	KindRefusal
	KindLine
	KindSMS
)

// data lists what a text may and must mention, by the names in braces.
type data []string

type entry struct {
	key  Key
	kind Kind
	data data
}

// entries lists every key once, with the data its text mentions.
var entries = []entry{
	{ChooseLanguage, KindScreen, nil},
	{RegisterName, KindScreen, nil},
	{RegisterPIN, KindScreen, nil},
	{RegisterPINAgain, KindScreen, nil},
	{Registered, KindScreen, data{"name", "account", "dial"}},
	{RegisterWaiting, KindScreen, nil},
	{MainMenu, KindLine, nil},
	{SendPayee, KindScreen, nil},
	{SendAmount, KindScreen, data{"asset"}},
	{Confirm, KindScreen, data{"amount", "name", "number", "fee"}},
	{ConfirmAccount, KindScreen, data{"amount", "account", "fee"}},
	{Paid, KindScreen, data{"amount", "name", "fee", "code", "balance"}},
	{PaidNoBalance, KindScreen, data{"amount", "name", "fee", "code"}},
	{Processing, KindScreen, data{"amount", "name"}},
	{ProcessingBusy, KindScreen, data{"amount", "name"}},
	{Balance, KindScreen, data{"balance", "account"}},
	{NoPayments, KindScreen, data{"account"}},
	{Busy, KindScreen, nil},
	{Greeting, KindLine, data{"name"}},
	{LinePaid, KindLine, data{"amount", "name", "code"}},
	{LineProcessing, KindLine, data{"amount", "name"}},
	{LineNotMade, KindLine, data{"amount", "name"}},
	{LineRegistered, KindLine, data{"name"}},
	{LinePayments, KindLine, data{"asset"}},
	{LineIn, KindLine, data{"amount", "name", "code"}},
	{LineOut, KindLine, data{"amount", "name", "code"}},
	{AccountLabel, KindLine, data{"account"}},
	{NoMoneySentence, KindLine, nil},
	{ChoiceUnknown, KindRefusal, data{"dial"}},
	{StarOrHash, KindRefusal, data{"dial"}},
	{NameEmpty, KindRefusal, data{"dial"}},
	{NameTooLong, KindRefusal, data{"dial"}},
	{NameLetters, KindRefusal, data{"dial"}},
	{PINForm, KindRefusal, data{"dial"}},
	{PINWeak, KindRefusal, data{"dial"}},
	{PINsDiffer, KindRefusal, data{"dial"}},
	{PINWrong, KindRefusal, data{"tries", "dial"}},
	{StoppedToday, KindRefusal, data{"time"}},
	{StoppedTomorrow, KindRefusal, data{"time"}},
	{PayeeForm, KindRefusal, data{"dial"}},
	{PayeeUnknown, KindRefusal, data{"number"}},
	{PayeeSelf, KindRefusal, data{"dial"}},
	{PayeeMoved, KindRefusal, data{"name", "dial"}},
	{AmountForm, KindRefusal, data{"dial"}},
	{AmountDecimals, KindRefusal, data{"dial"}},
	{AmountZero, KindRefusal, data{"dial"}},
	{AmountBalance, KindRefusal, data{"balance", "fee"}},
	{AmountCap, KindRefusal, data{"limit"}},
	{AmountCapDay, KindRefusal, data{"limit"}},
	{RefusedBalance, KindRefusal, data{"amount", "name"}},
	{RefusedCap, KindRefusal, data{"amount", "name"}},
	{RefusedCapDay, KindRefusal, data{"amount", "name"}},
	{RefusedPayee, KindRefusal, data{"amount", "name"}},
	{RefusedFrozen, KindRefusal, nil},
	{RefusedShop, KindRefusal, data{"name", "dial"}},
	{RefusedVoucher, KindRefusal, nil},
	{ConfirmExpired, KindRefusal, data{"dial"}},
	{NotMade, KindRefusal, data{"amount", "name", "dial"}},
	{Cancelled, KindRefusal, data{"dial"}},
	{TooManyOpen, KindRefusal, data{"dial"}},
	{NotGranted, KindRefusal, nil},
	{NotRegistered, KindRefusal, data{"dial"}},
	{NumberTaken, KindRefusal, nil},
	{NumberResting, KindRefusal, data{"dial"}},
	{Unreachable, KindRefusal, data{"dial"}},
	{WaitAMoment, KindScreen, data{"dial"}},
	{DialAgain, KindScreen, data{"dial"}},
	{SMSReceived, KindSMS, data{"amount", "name", "code", "balance"}},
	{SMSPaid, KindSMS, data{"amount", "name", "fee", "code", "balance"}},
	{SMSHoldPaid, KindSMS, data{"amount", "name", "code", "balance"}},
	{SMSHoldReturned, KindSMS, data{"amount", "balance"}},
	{SMSNotMade, KindSMS, data{"amount", "name", "dial"}},
	{SMSRegistered, KindSMS, data{"name", "account", "dial"}},
	{SMSNotRegistered, KindSMS, data{"dial"}},
}
