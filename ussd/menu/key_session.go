package menu

// What every conversation has: the first screen, the lines below a screen, and the ways it can end early.
const (
	Greeting        Key = "greeting"
	BackLine        Key = "back_line"
	NextLine        Key = "next_line"
	Goodbye         Key = "goodbye"
	Resume          Key = "resume"
	ResumePlain     Key = "resume_plain"
	LineCancelled   Key = "line_cancelled"
	ChoiceUnknown   Key = "choice_unknown"
	LineChoice      Key = "line_choice"
	StarOrHash      Key = "star_or_hash"
	NoService       Key = "no_service"
	Busy            Key = "busy"
	Unreachable     Key = "unreachable"
	WaitAMoment     Key = "wait_a_moment"
	DialAgain       Key = "dial_again"
	NoMoneySentence Key = "no_money"
)

var _ = list(
	entry{Greeting, KindStatus, data{"provider", "name"}},
	entry{BackLine, KindLine, nil},
	entry{NextLine, KindLine, nil},
	entry{Goodbye, KindScreen, data{"dial"}},
	entry{Resume, KindScreen, data{"amount", "name"}},
	entry{ResumePlain, KindScreen, nil},
	entry{LineCancelled, KindStatus, nil},
	entry{ChoiceUnknown, KindCorrection, nil},
	entry{LineChoice, KindStatus, nil},
	entry{StarOrHash, KindCorrection, nil},
	entry{NoService, KindCorrection, nil},
	entry{Busy, KindScreen, nil},
	entry{Unreachable, KindRefusal, data{"dial?"}},
	entry{WaitAMoment, KindScreen, data{"dial?"}},
	entry{DialAgain, KindScreen, data{"dial?"}},
	entry{NoMoneySentence, KindLine, nil},
)
