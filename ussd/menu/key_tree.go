package menu

import "strings"

// Titles and choices of the menus. Only the tree file names them, so they need no constant.
var _ = list(treeKeys(`
	title_requests title_more title_account title_group title_agent
	choice_send choice_balance choice_last choice_cash choice_requests choice_more
	choice_ask choice_asked
	choice_account choice_check choice_wrong choice_help choice_group choice_agent
	choice_limits choice_pin choice_forgot choice_language choice_provider choice_close
	choice_group_in choice_group_paid choice_group_out choice_group_approve choice_group_new choice_group_members
	choice_cash_in choice_cash_out choice_float choice_float_send choice_day_close choice_commission
`)...)

func treeKeys(names string) []entry {
	var of []entry
	for name := range strings.FieldsSeq(names) {
		of = append(of, entry{Key(name), KindLine, nil})
	}
	return of
}
