package menu

// Agents: cash in, cash out, float, and the close of a day.
const (
	AgentsOnly           Key = "agents_only"
	AgentNumber          Key = "agent_number"
	AgentUnknown         Key = "agent_unknown"
	CashInCustomer       Key = "cashin_customer"
	CashInAmount         Key = "cashin_amount"
	CashInConfirm        Key = "cashin_confirm"
	CashInConfirmAccount Key = "cashin_confirm_account"
	CashInDone           Key = "cashin_done"
	CashInDoneFloat      Key = "cashin_done_float"
	SMSCashIn            Key = "sms_cashin"
	SMSCashInAgent       Key = "sms_cashin_agent"
	CashOutAmount        Key = "cashout_amount"
	CashOutConfirm       Key = "cashout_confirm"
	CashOutShort         Key = "cashout_short"
	CashOutDone          Key = "cashout_done"
	CashOutWaits         Key = "cashout_waits"
	LineCashOut          Key = "line_cashout"
	SMSCashKept          Key = "sms_cash_kept"
	SMSCashWaits         Key = "sms_cash_waits"
	SMSCashCancelled     Key = "sms_cash_cancelled"
	SMSCashBack          Key = "sms_cash_back"
	SMSCashOut           Key = "sms_cashout"
	CustomersTitle       Key = "customers_title"
	LineNoCustomers      Key = "line_no_customers"
	GiveConfirm          Key = "give_confirm"
	GiveDone             Key = "give_done"
	GiveDoneFloat        Key = "give_done_float"
	GiveWait             Key = "give_wait"
	GiveNot              Key = "give_not"
	GiveOver             Key = "give_over"
	LineGiven            Key = "line_given"
	LineGiveWait         Key = "line_give_wait"
	LineGiveNot          Key = "line_give_not"
	SMSGiveNot           Key = "sms_give_not"
	SMSGave              Key = "sms_gave"
	Float                Key = "float"
	FloatUncounted       Key = "float_uncounted"
	FloatAmount          Key = "float_amount"
	FloatConfirm         Key = "float_confirm"
	SMSLowFloat          Key = "sms_low_float"
	DayWaits             Key = "day_waits"
	DayCount             Key = "day_count"
	DayFirst             Key = "day_first"
	DayEven              Key = "day_even"
	DayNoted             Key = "day_noted"
	DayShort             Key = "day_short"
	DayOver              Key = "day_over"
	SMSDay               Key = "sms_day"
	SMSDayFirst          Key = "sms_day_first"
	NoCommission         Key = "no_commission"
	CommissionTitle      Key = "commission_title"
	LineBand             Key = "line_band"
	LineBandAbove        Key = "line_band_above"
	LineBandAny          Key = "line_band_any"
)

var _ = list(
	entry{AgentsOnly, KindCorrection, nil},
	entry{AgentNumber, KindPrompt, nil},
	entry{AgentUnknown, KindCorrection, data{"number"}},
	entry{CashInCustomer, KindPrompt, nil},
	entry{CashInAmount, KindPrompt, data{"name", "asset"}},
	entry{CashInConfirm, KindScreen, data{"amount", "name", "number", "fee?"}},
	entry{CashInConfirmAccount, KindScreen, data{"amount", "account", "fee?"}},
	entry{CashInDone, KindScreen, data{"amount", "name", "fee?", "code"}},
	entry{CashInDoneFloat, KindScreen, data{"amount", "name", "fee?", "code", "balance?"}},
	entry{SMSCashIn, KindSMS, data{"amount", "name", "code", "balance"}},
	entry{SMSCashInAgent, KindSMS, data{"amount", "name", "fee", "code", "balance"}},
	entry{CashOutAmount, KindPrompt, data{"name", "asset"}},
	entry{CashOutConfirm, KindScreen, data{"amount?", "name", "commission", "fee?", "total"}},
	entry{CashOutShort, KindCorrection, data{"balance", "commission?", "fee?"}},
	entry{CashOutDone, KindScreen, data{"amount", "name", "time", "dial?"}},
	entry{CashOutWaits, KindScreen, data{"amount", "name?", "time"}},
	entry{LineCashOut, KindStatus, data{"amount", "name", "time"}},
	entry{SMSCashKept, KindSMS, data{"amount", "name", "total", "time", "balance", "dial"}},
	entry{SMSCashWaits, KindSMS, data{"amount", "name", "time", "dial"}},
	entry{SMSCashCancelled, KindSMS, data{"amount", "name"}},
	entry{SMSCashBack, KindSMS, data{"amount", "name", "total", "balance"}},
	entry{SMSCashOut, KindSMS, data{"amount", "name", "commission", "fee", "code", "balance"}},
	entry{CustomersTitle, KindLine, nil},
	entry{LineNoCustomers, KindStatus, nil},
	entry{GiveConfirm, KindScreen, data{"amount", "name", "number?", "commission?"}},
	entry{GiveDone, KindScreen, data{"amount", "name", "commission?", "code"}},
	entry{GiveDoneFloat, KindScreen, data{"amount", "name", "commission?", "code", "balance?"}},
	entry{GiveWait, KindScreen, data{"amount?", "name"}},
	entry{GiveNot, KindRefusal, data{"amount?", "name"}},
	entry{GiveOver, KindRefusal, data{"amount?", "name"}},
	entry{LineGiven, KindStatus, data{"amount", "name", "code"}},
	entry{LineGiveWait, KindStatus, data{"amount", "name"}},
	entry{LineGiveNot, KindStatus, data{"amount?", "name"}},
	entry{SMSGiveNot, KindSMS, data{"amount", "name"}},
	entry{SMSGave, KindSMS, data{"amount", "name", "commission", "code", "float"}},
	entry{Float, KindScreen, data{"float", "cash", "amount?", "total?", "commission?"}},
	entry{FloatUncounted, KindScreen, data{"float", "amount?", "total?", "commission?"}},
	entry{FloatAmount, KindPrompt, data{"name", "asset"}},
	entry{FloatConfirm, KindScreen, data{"amount", "name", "number?", "fee?"}},
	entry{SMSLowFloat, KindSMS, data{"float", "limit"}},
	entry{DayWaits, KindRefusal, nil},
	entry{DayCount, KindPrompt, data{"amount?", "count?", "total?", "of?", "commission?", "cash"}},
	entry{DayFirst, KindPrompt, data{"amount?", "count?", "total?", "of?", "commission?"}},
	entry{DayEven, KindScreen, data{"cash"}},
	entry{DayNoted, KindScreen, data{"cash"}},
	entry{DayShort, KindScreen, data{"cash?", "limit", "amount"}},
	entry{DayOver, KindScreen, data{"cash?", "limit", "amount"}},
	entry{SMSDay, KindSMS, data{"date", "amount", "total", "commission", "cash", "limit", "float"}},
	entry{SMSDayFirst, KindSMS, data{"date", "amount", "total", "commission", "cash", "float"}},
	entry{NoCommission, KindScreen, nil},
	entry{CommissionTitle, KindLine, data{"asset"}},
	entry{LineBand, KindLine, data{"limit", "commission"}},
	entry{LineBandAbove, KindLine, data{"commission"}},
	entry{LineBandAny, KindLine, data{"commission"}},
)
