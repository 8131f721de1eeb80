package soak

import (
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ussd/gsm7"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// words read screens and messages: every text of the gateway is a pattern here, so a text that is rewritten is read all the same.
type words struct {
	book      *menu.Book
	languages []menu.Language
	screens   map[menu.Language][]phrase
	messages  map[menu.Language][]phrase
	// send is the line of the main menu that no other screen has.
	send map[menu.Language]string
}

// phrase is one text.
type phrase struct {
	key   menu.Key
	match *regexp.Regexp
	// letters is how much of it is fixed.
	letters int
}

// said is what a screen or message says.
type said struct {
	// key is empty for a text that is none of those read here.
	key menu.Key
	// menu says that the main menu stands below.
	menu           bool
	amount         amount.Amount
	number, code   string
	hasAmount      bool
	unreadableText string
}

// texted are those that come as messages.
var texted = []menu.Key{menu.SMSPaid, menu.SMSNotMade}

// newWords loads the texts of every language that is written in GSM-7.
func newWords() (*words, error) {
	book, err := menu.Load(menu.Languages()...)
	if err != nil {
		return nil, err
	}
	w := &words{book: book, screens: map[menu.Language][]phrase{}, messages: map[menu.Language][]phrase{}, send: map[menu.Language]string{}}
	for _, l := range book.Offered() {
		if book.Header(l).Alphabet != gsm7.GSM7 {
			continue
		}
		w.languages = append(w.languages, l)
		w.send[l] = "\n1 " + book.Text(l, "choice_send", menu.Args{})
		read := menu.Keys(menu.KindPrompt, menu.KindScreen, menu.KindCorrection, menu.KindRefusal, menu.KindStatus)
		if w.screens[l], err = phrases(book, l, append(read, menu.LinePayments, menu.LanguageTitle)); err != nil {
			return nil, err
		}
		if w.messages[l], err = phrases(book, l, texted); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// forms are what some data looks like; a name beside them may hold spaces.
var forms = map[string]string{
	"amount": `[0-9][0-9,.]* [A-Z]+`, "fee": `[0-9][0-9,.]* [A-Z]+`, "balance": `[0-9][0-9,.]* [A-Z]+`, "number": `\+?[0-9]+`, "code": `[0-9A-Z]{8}`,
}

// phrases makes patterns of texts, those with the most fixed letters first.
func phrases(book *menu.Book, l menu.Language, keys []menu.Key) ([]phrase, error) {
	var args menu.Args
	var pairs []string
	fields := reflect.ValueOf(&args).Elem()
	for i := range fields.NumField() {
		mark := fmt.Sprintf("QQ%dQQ", i)
		fields.Field(i).SetString(mark)
		name := strings.ToLower(fields.Type().Field(i).Name)
		pairs = append(pairs, mark, "(?P<"+name+">"+cmp.Or(forms[name], `[^\n]*?`)+")")
	}
	fill, blank := strings.NewReplacer(pairs...), regexp.MustCompile(`QQ\d+QQ`)
	var all []phrase
	for _, key := range keys {
		text := strings.TrimRight(book.Text(l, key, args), "\n")
		match, err := regexp.Compile("^" + fill.Replace(regexp.QuoteMeta(text)) + `(?:\n|$)`)
		if err != nil {
			return nil, fmt.Errorf("text %s of %s: %w", key, l, err)
		}
		all = append(all, phrase{key, match, len(blank.ReplaceAllString(text, ""))})
	}
	slices.SortStableFunc(all, func(a, b phrase) int { return cmp.Compare(b.letters, a.letters) })
	return all, nil
}

// screen reads a screen in a language.
func (w *words) screen(l menu.Language, text string) said {
	s := find(w.screens[l], text)
	if s.key == "" {
		s = find(w.screens[menu.English], text) // What depends on nothing is said without knowing the user.
	}
	s.menu = strings.Contains(text, w.send[l])
	if s.key == "" {
		s.unreadableText = text
	}
	return s
}

// message reads a text message.
func (w *words) message(l menu.Language, text string) said { return find(w.messages[l], text) }

// language finds the language of a main menu; false when there is none.
func (w *words) language(text string) (menu.Language, bool) {
	for _, l := range w.languages {
		if strings.Contains(text, w.send[l]) {
			return l, true
		}
	}
	return "", false
}

func find(all []phrase, text string) said {
	for _, p := range all {
		m := p.match.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		s := said{key: p.key}
		for i, name := range p.match.SubexpNames() {
			switch name {
			case "amount":
				s.amount, s.hasAmount = money(m[i])
			case "number":
				s.number = m[i]
			case "code":
				s.code = m[i]
			}
		}
		return s
	}
	return said{}
}

// money reads an amount as screens write it, such as 1,250.00 KES.
func money(text string) (amount.Amount, bool) {
	digits, _, _ := strings.Cut(text, " ")
	a, err := amount.Parse(strings.ReplaceAll(digits, ",", ""), scale)
	return a, err == nil
}

// choice finds the number of a language on the language screen; "" when it is not there.
func (w *words) choice(text string, l menu.Language) string {
	for line := range strings.SplitSeq(text, "\n") {
		if digit, name, ok := strings.Cut(line, " "); ok && name == w.book.Header(l).Name {
			return digit
		}
	}
	return ""
}

// meaning is what a text says about a payment whose PIN was typed.
type meaning int

const (
	// nothing is said about it.
	nothing meaning = iota
	isPaid
	isOpen
	isNotMade
	// isRefused: the PIN was not taken.
	isRefused
)

var meanings = map[menu.Key]meaning{
	menu.Paid: isPaid, menu.PaidNoBalance: isPaid, menu.LinePaid: isPaid, menu.SMSPaid: isPaid,
	menu.Processing: isOpen, menu.ProcessingBusy: isOpen, menu.LineProcessing: isOpen,
	menu.NotMade: isNotMade, menu.LineNotMade: isNotMade, menu.SMSNotMade: isNotMade, menu.ConfirmExpired: isNotMade,
	menu.RefusedBalance: isNotMade, menu.RefusedCap: isNotMade, menu.RefusedCapDay: isNotMade, menu.RefusedPayee: isNotMade,
	menu.RefusedFrozen: isNotMade, menu.RefusedShop: isNotMade, menu.RefusedVoucher: isNotMade, menu.PayeeMoved: isNotMade,
	menu.PINWrong: isRefused, menu.StoppedToday: isRefused, menu.StoppedTomorrow: isRefused,
}
