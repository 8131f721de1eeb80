package menu

// Confirming a number, and changing provider.
const (
	Welcome              Key = "welcome"
	LimitsProvisional    Key = "limits_provisional"
	ConfirmFirst         Key = "confirm_first"
	AttestDone           Key = "attest_done"
	AttestProcessing     Key = "attest_processing"
	AttestNotMade        Key = "attest_not_made"
	SMSAttestNotMade     Key = "sms_attest_not_made"
	LineAttestDone       Key = "line_attest_done"
	LineAttestProcessing Key = "line_attest_processing"
	LineAttestNotMade    Key = "line_attest_not_made"
	CodesEnter           Key = "codes_enter"
	CodeLast             Key = "code_last"
	CodeForm             Key = "code_form"
	CodeWrong            Key = "code_wrong"
	CodesWait            Key = "codes_wait"
	CodesOver            Key = "codes_over"
	CodesTooMany         Key = "codes_too_many"
	CodesNotSent         Key = "codes_not_sent"
	CodeSilent           Key = "code_silent"
	AnotherProvider      Key = "another_provider"
	MoveOffer            Key = "move_offer"
	MoveBack             Key = "move_back"
	MoveHeld             Key = "move_held"
	MoveLoose            Key = "move_loose"
	MovingHere           Key = "moving_here"
	MovingElsewhere      Key = "moving_elsewhere"
	ArrivePIN            Key = "arrive_pin"
	Arrived              Key = "arrived"
	MoveDone             Key = "move_done"
	MoveProcessing       Key = "move_processing"
	MoveNotMade          Key = "move_not_made"
	SMSMoveNotMade       Key = "sms_move_not_made"
	LineMoveDone         Key = "line_move_done"
	LineMoveProcessing   Key = "line_move_processing"
	LineMoveNotMade      Key = "line_move_not_made"
	SMSArrived           Key = "sms_arrived"
	SMSMovingHere        Key = "sms_moving_here"
	SMSMoveHeld          Key = "sms_move_held"
	SMSMoveLapsed        Key = "sms_move_lapsed"
	RivalsTitle          Key = "rivals_title"
	RivalsSample         Key = "rivals_sample"
	RivalLine            Key = "rival_line"
	LineNoRivals         Key = "line_no_rivals"
	LeavePIN             Key = "leave_pin"
	LeaveCodes           Key = "leave_codes"
	LeaveDial            Key = "leave_dial"
	LeavingOffer         Key = "leaving_offer"
	StopConfirm          Key = "stop_confirm"
	StopDone             Key = "stop_done"
	StopProcessing       Key = "stop_processing"
	StopNotMade          Key = "stop_not_made"
	SMSStopNotMade       Key = "sms_stop_not_made"
	LineStopDone         Key = "line_stop_done"
	LineStopProcessing   Key = "line_stop_processing"
	LineStopNotMade      Key = "line_stop_not_made"
	SMSLeaving           Key = "sms_leaving"
	SMSLeavingConfirmed  Key = "sms_leaving_confirmed"
	SMSLeft              Key = "sms_left"
)

var _ = list(
	entry{Welcome, KindScreen, data{"name", "account"}},
	entry{LimitsProvisional, KindScreen, data{"limit", "amount"}},
	entry{ConfirmFirst, KindScreen, nil},
	entry{AttestDone, KindScreen, nil},
	entry{AttestProcessing, KindScreen, nil},
	entry{AttestNotMade, KindRefusal, data{"dial?"}},
	entry{SMSAttestNotMade, KindSMS, data{"dial?"}},
	entry{LineAttestDone, KindStatus, nil},
	entry{LineAttestProcessing, KindStatus, nil},
	entry{LineAttestNotMade, KindStatus, nil},
	entry{CodesEnter, KindScreen, data{"name", "other", "dial?"}},
	entry{CodeLast, KindScreen, data{"name"}},
	entry{CodeForm, KindCorrection, nil},
	entry{CodeWrong, KindCorrection, data{"tries"}},
	entry{CodesWait, KindCorrection, nil},
	entry{CodesOver, KindRefusal, data{"dial"}},
	entry{CodesTooMany, KindRefusal, data{"dial?"}},
	entry{CodesNotSent, KindRefusal, data{"dial?"}},
	entry{CodeSilent, KindRefusal, data{"dial?"}},
	entry{AnotherProvider, KindLine, nil},
	entry{MoveOffer, KindScreen, data{"other"}},
	entry{MoveBack, KindScreen, nil},
	entry{MoveHeld, KindScreen, data{"other"}},
	entry{MoveLoose, KindScreen, data{"other", "away?"}},
	entry{MovingHere, KindScreen, data{"date", "time", "dial?"}},
	entry{MovingElsewhere, KindRefusal, data{"other"}},
	entry{ArrivePIN, KindPrompt, nil},
	entry{Arrived, KindScreen, data{"name", "account", "dial"}},
	entry{MoveDone, KindScreen, data{"dial"}},
	entry{MoveProcessing, KindScreen, nil},
	entry{MoveNotMade, KindRefusal, data{"dial?"}},
	entry{SMSMoveNotMade, KindSMS, data{"dial?"}},
	entry{LineMoveDone, KindStatus, nil},
	entry{LineMoveProcessing, KindStatus, nil},
	entry{LineMoveNotMade, KindStatus, nil},
	entry{SMSArrived, KindSMS, data{"provider", "dial"}},
	entry{SMSMovingHere, KindSMS, data{"provider", "date", "time"}},
	entry{SMSMoveHeld, KindSMS, data{"provider", "other", "dial"}},
	entry{SMSMoveLapsed, KindSMS, data{"provider", "dial"}},
	entry{RivalsTitle, KindLine, data{"fee"}},
	entry{RivalsSample, KindLine, data{"amount", "fee"}},
	entry{RivalLine, KindLine, data{"count", "other", "fee"}},
	entry{LineNoRivals, KindStatus, nil},
	entry{LeavePIN, KindScreen, data{"other", "fee"}},
	entry{LeaveCodes, KindScreen, data{"away"}},
	entry{LeaveDial, KindScreen, data{"other", "away"}},
	entry{LeavingOffer, KindScreen, data{"other", "date?", "time"}},
	entry{StopConfirm, KindScreen, data{"other"}},
	entry{StopDone, KindScreen, data{"other"}},
	entry{StopProcessing, KindScreen, data{"other"}},
	entry{StopNotMade, KindRefusal, data{"other", "dial?"}},
	entry{SMSStopNotMade, KindSMS, data{"other", "dial?"}},
	entry{LineStopDone, KindStatus, data{"other"}},
	entry{LineStopProcessing, KindStatus, data{"other"}},
	entry{LineStopNotMade, KindStatus, data{"other"}},
	entry{SMSLeaving, KindSMS, data{"other", "date", "time", "dial"}},
	entry{SMSLeavingConfirmed, KindSMS, data{"other", "date", "time"}},
	entry{SMSLeft, KindSMS, data{"provider", "other", "away"}},
)
