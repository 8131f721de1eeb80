package menu

// The first dial: language, name, PIN, account.
const (
	LanguageTitle    Key = "language_title"
	RegisterName     Key = "register_name"
	RegisterPIN      Key = "register_pin"
	RegisterPINAgain Key = "register_pin_again"
	Registered       Key = "registered"
	RegisterWaiting  Key = "register_waiting"
	LineRegistered   Key = "line_registered"
	NameEmpty        Key = "name_empty"
	NameTooLong      Key = "name_too_long"
	NameLetters      Key = "name_letters"
	PINForm          Key = "pin_form"
	PINWeak          Key = "pin_weak"
	PINsDiffer       Key = "pins_differ"
	NotRegistered    Key = "not_registered"
	NumberTaken      Key = "number_taken"
	NumberResting    Key = "number_resting"
)

var _ = list(
	entry{LanguageTitle, KindLine, data{"provider"}},
	entry{RegisterName, KindPrompt, nil},
	entry{RegisterPIN, KindPrompt, nil},
	entry{RegisterPINAgain, KindPrompt, nil},
	entry{Registered, KindScreen, data{"name", "account", "dial?"}},
	entry{RegisterWaiting, KindScreen, nil},
	entry{LineRegistered, KindStatus, data{"name"}},
	entry{NameEmpty, KindCorrection, nil},
	entry{NameTooLong, KindCorrection, nil},
	entry{NameLetters, KindCorrection, nil},
	entry{PINForm, KindCorrection, nil},
	entry{PINWeak, KindCorrection, nil},
	entry{PINsDiffer, KindCorrection, nil},
	entry{NotRegistered, KindRefusal, data{"dial?"}},
	entry{NumberTaken, KindRefusal, nil},
	entry{NumberResting, KindRefusal, data{"dial?"}},
)
