package menu

// Help and complaints.
const (
	Help               Key = "help"
	HelpNoTelephone    Key = "help_no_telephone"
	ComplainAbout      Key = "complain_about"
	ComplainWhich      Key = "complain_which"
	ComplainNone       Key = "complain_none"
	CaseOpened         Key = "case_opened"
	CaseOpenedStranger Key = "case_opened_stranger"
	CaseTooMany        Key = "case_too_many"
	CaseNone           Key = "case_none"
	CaseIsOpen         Key = "case_is_open"
	CaseIsLooked       Key = "case_is_looked_at"
	CaseIsClosed       Key = "case_is_closed"
	SMSCaseOpened      Key = "sms_case_opened"
	SMSCaseLooked      Key = "sms_case_looked_at"
	SMSCaseClosed      Key = "sms_case_closed"
)

var _ = list(
	entry{Help, KindScreen, data{"telephone"}},
	entry{HelpNoTelephone, KindScreen, nil},
	entry{ComplainAbout, KindScreen, nil},
	entry{ComplainWhich, KindLine, nil},
	entry{ComplainNone, KindLine, nil},
	entry{CaseOpened, KindScreen, data{"case"}},
	entry{CaseOpenedStranger, KindScreen, data{"case", "dial?"}},
	entry{CaseTooMany, KindScreen, data{"count"}},
	entry{CaseNone, KindCorrection, nil},
	entry{CaseIsOpen, KindLine, data{"case", "date"}},
	entry{CaseIsLooked, KindLine, data{"case", "date"}},
	entry{CaseIsClosed, KindLine, data{"case", "date"}},
	entry{SMSCaseOpened, KindSMS, data{"case", "dial"}},
	entry{SMSCaseLooked, KindSMS, data{"case"}},
	entry{SMSCaseClosed, KindSMS, data{"case"}},
)
