package menu

// Checking a receipt.
const (
	CheckCode     Key = "check_code"
	CheckForm     Key = "check_form"
	CheckAmount   Key = "check_amount"
	CheckIn       Key = "check_in"
	CheckOut      Key = "check_out"
	CheckNone     Key = "check_none"
	CheckKept     Key = "check_kept"
	CheckOlder    Key = "check_older"
	CheckTooOften Key = "check_too_often"
)

var _ = list(
	entry{CheckCode, KindPrompt, nil},
	entry{CheckForm, KindCorrection, nil},
	entry{CheckAmount, KindPrompt, data{"code", "asset"}},
	entry{CheckIn, KindScreen, data{"amount", "name", "date", "time", "code"}},
	entry{CheckOut, KindScreen, data{"amount", "name", "date", "time", "code"}},
	entry{CheckNone, KindScreen, data{"amount", "code"}},
	entry{CheckKept, KindScreen, data{"amount?", "code"}},
	entry{CheckOlder, KindScreen, data{"amount?", "code"}},
	entry{CheckTooOften, KindRefusal, nil},
)
