package menu

// Messages by SMS about payments and registrations.
const (
	SMSReceived      Key = "sms_received"
	SMSPaid          Key = "sms_paid"
	SMSHoldPaid      Key = "sms_hold_paid"
	SMSHoldReturned  Key = "sms_hold_returned"
	SMSNotMade       Key = "sms_not_made"
	SMSRegistered    Key = "sms_registered"
	SMSNotRegistered Key = "sms_not_registered"
)

var _ = list(
	entry{SMSReceived, KindSMS, data{"amount", "name", "code", "balance"}},
	entry{SMSPaid, KindSMS, data{"amount", "name", "fee", "code", "balance"}},
	entry{SMSHoldPaid, KindSMS, data{"amount", "name", "code", "balance"}},
	entry{SMSHoldReturned, KindSMS, data{"amount", "balance"}},
	entry{SMSNotMade, KindSMS, data{"amount", "name", "dial"}},
	entry{SMSRegistered, KindSMS, data{"name", "account", "dial"}},
	entry{SMSNotRegistered, KindSMS, data{"dial"}},
)
