package menu

// Balance and last payments.
const (
	Balance      Key = "balance"
	NoPayments   Key = "no_payments"
	LinePayments Key = "line_payments"
	LineIn       Key = "line_in"
	LineOut      Key = "line_out"
	AccountLabel Key = "account_label"
)

var _ = list(
	entry{Balance, KindScreen, data{"balance", "account"}},
	entry{NoPayments, KindScreen, data{"account"}},
	entry{LinePayments, KindLine, data{"asset"}},
	entry{LineIn, KindLine, data{"amount", "name", "code"}},
	entry{LineOut, KindLine, data{"amount", "name", "code"}},
	entry{AccountLabel, KindLine, data{"account"}},
)
