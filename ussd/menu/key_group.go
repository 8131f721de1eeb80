package menu

// Savings groups: opening one, joining, paying in, and paying out by two of three.
const (
	GroupName              Key = "group_name"
	GroupNameForm          Key = "group_name_form"
	GroupSecond            Key = "group_second"
	GroupThird             Key = "group_third"
	GroupMemberForm        Key = "group_member_form"
	GroupMemberUnknown     Key = "group_member_unknown"
	GroupMemberTwice       Key = "group_member_twice"
	GroupMemberFull        Key = "group_member_full"
	GroupsFull             Key = "groups_full"
	GroupOpenConfirm       Key = "group_open_confirm"
	GroupOpened            Key = "group_opened"
	GroupOpening           Key = "group_opening"
	GroupNotOpened         Key = "group_not_opened"
	LineGroupOpened        Key = "line_group_opened"
	LineGroupOpening       Key = "line_group_opening"
	LineGroupNotOpened     Key = "line_group_not_opened"
	SMSGroupNotOpened      Key = "sms_group_not_opened"
	SMSGroupInvite         Key = "sms_group_invite"
	GroupJoin              Key = "group_join"
	GroupJoined            Key = "group_joined"
	GroupJoinedAll         Key = "group_joined_all"
	GroupOver              Key = "group_over"
	SMSGroupOver           Key = "sms_group_over"
	SMSGroupReady          Key = "sms_group_ready"
	LineNoGroup            Key = "line_no_group"
	LineGroupWaits         Key = "line_group_waits"
	GroupWhich             Key = "group_which"
	GroupInAmount          Key = "group_in_amount"
	GroupInConfirm         Key = "group_in_confirm"
	GroupInDone            Key = "group_in_done"
	GroupInDoneBalance     Key = "group_in_done_balance"
	SMSGroupIn             Key = "sms_group_in"
	GroupPaidTitle         Key = "group_paid_title"
	LineGroupHas           Key = "line_group_has"
	LineOthersPaid         Key = "line_others_paid"
	GroupMembersTitle      Key = "group_members_title"
	LineMember             Key = "line_member"
	LineMemberAsked        Key = "line_member_asked"
	GroupOutPayee          Key = "group_out_payee"
	GroupOutSelf           Key = "group_out_self"
	GroupOutAmount         Key = "group_out_amount"
	GroupOutShort          Key = "group_out_short"
	GroupOutConfirm        Key = "group_out_confirm"
	GroupOutAsked          Key = "group_out_asked"
	GroupOutBusy           Key = "group_out_busy"
	SMSGroupAsked          Key = "sms_group_asked"
	LineNothingWaits       Key = "line_nothing_waits"
	GroupWaitsTitle        Key = "group_waits_title"
	GroupAgree             Key = "group_agree"
	GroupOwn               Key = "group_own"
	GroupRefused           Key = "group_refused"
	GroupRefusedAll        Key = "group_refused_all"
	GroupTakenBack         Key = "group_taken_back"
	SMSGroupRefused        Key = "sms_group_refused"
	GroupPayConfirm        Key = "group_pay_confirm"
	GroupPayConfirmAccount Key = "group_pay_confirm_account"
	GroupPayShort          Key = "group_pay_short"
	GroupPaidOut           Key = "group_paid_out"
	GroupPaidOutBalance    Key = "group_paid_out_balance"
	GroupAnswered          Key = "group_answered"
	SMSGroupOut            Key = "sms_group_out"
	SMSGroupPaidYou        Key = "sms_group_paid_you"
	SMSGroupNotPaid        Key = "sms_group_not_paid"
)

var _ = list(
	entry{GroupName, KindPrompt, nil},
	entry{GroupNameForm, KindCorrection, nil},
	entry{GroupSecond, KindPrompt, nil},
	entry{GroupThird, KindPrompt, nil},
	entry{GroupMemberForm, KindCorrection, nil},
	entry{GroupMemberUnknown, KindCorrection, data{"number"}},
	entry{GroupMemberTwice, KindCorrection, nil},
	entry{GroupMemberFull, KindCorrection, data{"number"}},
	entry{GroupsFull, KindRefusal, nil},
	entry{GroupOpenConfirm, KindScreen, data{"group", "name", "other"}},
	entry{GroupOpened, KindScreen, data{"group", "name?", "other?"}},
	entry{GroupOpening, KindScreen, data{"group"}},
	entry{GroupNotOpened, KindRefusal, data{"group", "dial?"}},
	entry{LineGroupOpened, KindStatus, data{"group"}},
	entry{LineGroupOpening, KindStatus, data{"group"}},
	entry{LineGroupNotOpened, KindStatus, data{"group"}},
	entry{SMSGroupNotOpened, KindSMS, data{"group", "dial"}},
	entry{SMSGroupInvite, KindSMS, data{"name", "group", "dial"}},
	entry{GroupJoin, KindScreen, data{"name", "other?", "group"}},
	entry{GroupJoined, KindScreen, data{"group"}},
	entry{GroupJoinedAll, KindScreen, data{"group", "account"}},
	entry{GroupOver, KindScreen, data{"group"}},
	entry{SMSGroupOver, KindSMS, data{"name", "group"}},
	entry{SMSGroupReady, KindSMS, data{"group", "account", "dial"}},
	entry{LineNoGroup, KindStatus, nil},
	entry{LineGroupWaits, KindStatus, nil},
	entry{GroupWhich, KindLine, nil},
	entry{GroupInAmount, KindPrompt, data{"group", "asset"}},
	entry{GroupInConfirm, KindScreen, data{"amount", "group", "fee?"}},
	entry{GroupInDone, KindScreen, data{"amount", "group", "fee?", "code"}},
	entry{GroupInDoneBalance, KindScreen, data{"amount", "group", "fee?", "code", "balance?"}},
	entry{SMSGroupIn, KindSMS, data{"amount", "group", "fee", "code", "balance"}},
	entry{GroupPaidTitle, KindLine, data{"group"}},
	entry{LineGroupHas, KindLine, data{"balance"}},
	entry{LineOthersPaid, KindLine, data{"amount"}},
	entry{GroupMembersTitle, KindLine, data{"group", "account"}},
	entry{LineMember, KindLine, data{"name", "number"}},
	entry{LineMemberAsked, KindLine, data{"name"}},
	entry{GroupOutPayee, KindPrompt, data{"group"}},
	entry{GroupOutSelf, KindCorrection, nil},
	entry{GroupOutAmount, KindPrompt, data{"name", "asset"}},
	entry{GroupOutShort, KindCorrection, data{"balance", "fee?"}},
	entry{GroupOutConfirm, KindScreen, data{"group?", "amount", "name", "fee?"}},
	entry{GroupOutAsked, KindScreen, data{"amount?", "name?"}},
	entry{GroupOutBusy, KindRefusal, data{"group"}},
	entry{SMSGroupAsked, KindSMS, data{"name", "group", "amount", "other", "dial"}},
	entry{LineNothingWaits, KindStatus, nil},
	entry{GroupWaitsTitle, KindLine, nil},
	entry{GroupAgree, KindScreen, data{"name?", "group?", "amount", "other"}},
	entry{GroupOwn, KindScreen, data{"group?", "amount", "other"}},
	entry{GroupRefused, KindScreen, data{"amount"}},
	entry{GroupRefusedAll, KindScreen, data{"amount"}},
	entry{GroupTakenBack, KindScreen, data{"amount"}},
	entry{SMSGroupRefused, KindSMS, data{"name", "group", "amount"}},
	entry{GroupPayConfirm, KindScreen, data{"group?", "amount", "name", "number?", "fee?"}},
	entry{GroupPayConfirmAccount, KindScreen, data{"group?", "amount", "account", "fee?"}},
	entry{GroupPayShort, KindRefusal, data{"amount", "name?"}},
	entry{GroupPaidOut, KindScreen, data{"group?", "amount", "name", "code"}},
	entry{GroupPaidOutBalance, KindScreen, data{"group?", "amount", "name", "code", "balance?"}},
	entry{GroupAnswered, KindScreen, nil},
	entry{SMSGroupOut, KindSMS, data{"group", "amount", "name", "fee", "code", "balance"}},
	entry{SMSGroupPaidYou, KindSMS, data{"amount", "group", "code", "balance"}},
	entry{SMSGroupNotPaid, KindSMS, data{"group", "amount", "name"}},
)
