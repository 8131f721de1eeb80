package menu

// A payment, from whom to the receipt.
const (
	SendPayee       Key = "send_payee"
	Confirm         Key = "confirm"
	ConfirmAccount  Key = "confirm_account"
	Paid            Key = "paid"
	PaidNoBalance   Key = "paid_no_balance"
	Processing      Key = "processing"
	ProcessingBusy  Key = "processing_busy"
	Elsewhere       Key = "elsewhere"
	LinePaid        Key = "line_paid"
	LineProcessing  Key = "line_processing"
	LineNotMade     Key = "line_not_made"
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
	TooManyOpen     Key = "too_many_open"
	NotGranted      Key = "not_granted"
)

var _ = list(
	entry{SendPayee, KindPrompt, nil},
	entry{Confirm, KindScreen, data{"amount", "name", "number", "fee"}},
	entry{ConfirmAccount, KindScreen, data{"amount", "account", "fee"}},
	entry{Paid, KindScreen, data{"amount", "name", "fee?", "code", "balance?"}},
	entry{PaidNoBalance, KindScreen, data{"amount", "name", "fee?", "code"}},
	entry{Processing, KindScreen, data{"amount", "name"}},
	entry{ProcessingBusy, KindScreen, data{"amount", "name"}},
	entry{Elsewhere, KindScreen, nil},
	entry{LinePaid, KindStatus, data{"amount", "name", "code"}},
	entry{LineProcessing, KindStatus, data{"amount", "name"}},
	entry{LineNotMade, KindStatus, data{"amount", "name"}},
	entry{PINWrong, KindRefusal, data{"tries", "dial?"}},
	entry{StoppedToday, KindRefusal, data{"time"}},
	entry{StoppedTomorrow, KindRefusal, data{"time"}},
	entry{PayeeForm, KindCorrection, nil},
	entry{PayeeUnknown, KindCorrection, data{"number"}},
	entry{PayeeSelf, KindCorrection, nil},
	entry{PayeeMoved, KindRefusal, data{"name", "dial?"}},
	entry{AmountForm, KindCorrection, nil},
	entry{AmountDecimals, KindCorrection, nil},
	entry{AmountZero, KindCorrection, nil},
	entry{AmountBalance, KindCorrection, data{"balance", "fee?"}},
	entry{AmountCap, KindCorrection, data{"limit"}},
	entry{AmountCapDay, KindCorrection, data{"limit"}},
	entry{RefusedBalance, KindRefusal, data{"amount", "name?"}},
	entry{RefusedCap, KindRefusal, data{"amount", "name?"}},
	entry{RefusedCapDay, KindRefusal, data{"amount", "name?"}},
	entry{RefusedPayee, KindRefusal, data{"amount?", "name"}},
	entry{RefusedFrozen, KindRefusal, nil},
	entry{RefusedShop, KindRefusal, data{"name", "dial?"}},
	entry{RefusedVoucher, KindRefusal, nil},
	entry{ConfirmExpired, KindRefusal, data{"dial?"}},
	entry{NotMade, KindRefusal, data{"amount", "name?", "dial?"}},
	entry{TooManyOpen, KindRefusal, data{"dial?"}},
	entry{NotGranted, KindRefusal, nil},
)
