package ussd

import (
	"context"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// Checking a receipt. An SMS about a payment is easily forged, so who was shown one types its code and amount here, and is told what the
// ledger says of the caller's own account.

const (
	promptCheckCode   Prompt = "check/code"
	promptCheckAmount Prompt = "check/amount"
)

const (
	// receiptLetters are those of a receipt code: Crockford's base 32.
	receiptLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	receiptLength  = 8
	// maxMisses is how many receipts a phone may check in a day that are none of its own.
	maxMisses = 20
	day       = uint64(24 * time.Hour / time.Millisecond)
)

// ParseReceiptCode reads a receipt code as people copy it: in upper or lower case, with spaces or hyphens, and with O for 0 and I or L for
// 1, since no code has those letters.
func ParseReceiptCode(text string) (string, bool) {
	code := strings.NewReplacer(" ", "", "-", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(text))
	if len(code) != receiptLength {
		return "", false
	}
	for i := range len(code) {
		if strings.IndexByte(receiptLetters, code[i]) < 0 {
			return "", false
		}
	}
	return code, true
}

// AskReceipt asks whether money moved under a receipt code. It was counted as a miss.
type AskReceipt struct {
	Account tx.AccountID
	Code    string
	Amount  amount.Amount
}

type (
	// ReceiptRead answers AskReceipt.
	ReceiptRead struct {
		PaymentLine
		// Found is unset when no money moved under this code in this amount.
		Found bool
		// Older means that the account has payments that were not looked at.
		Older bool
	}
	// ReceiptsRefused answers AskReceipt: too many were none of the phone's.
	ReceiptsRefused struct{}
)

func (ReceiptRead) event()     {}
func (ReceiptsRefused) event() {}

// misses are the receipts checked in vain since a time.
type misses struct {
	SinceUnixMs uint64 `json:"since_unix_ms"`
	Count       int    `json:"count"`
}

func missesKey(phone Phone) []byte { return []byte("misses/" + string(phone)) }

// CountCheck counts a check, or takes one that hit back.
type CountCheck struct {
	Phone Phone
	Hit   bool
}

func (e CountCheck) apply(_ *Service, w Writer, nowUnixMs uint64) error {
	key := missesKey(e.Phone)
	m, err := get[misses](w, key)
	if err != nil {
		return err
	}
	if m == nil || nowUnixMs >= m.SinceUnixMs+day {
		m = &misses{SinceUnixMs: nowUnixMs}
		if err := forgetAt(w, nowUnixMs+day, key); err != nil {
			return err
		}
	}
	if e.Hit {
		m.Count = max(m.Count-1, 0)
	} else {
		m.Count++
	}
	return put(w, key, m)
}

func (a AskReceipt) find(ctx context.Context, s *Service, f Facts) (Event, error) {
	var m *misses
	err := s.store.View(ctx, func(r Reader) (err error) {
		m, err = get[misses](r, missesKey(f.Phone))
		return err
	})
	if err != nil {
		return nil, err
	}
	if m != nil && m.Count > maxMisses {
		return ReceiptsRefused{}, nil
	}
	all, whole, err := s.ledger.Receipts(ctx, a.Account, a.Code)
	if err != nil {
		return nil, err
	}
	for _, found := range all {
		if found.Amount != a.Amount {
			continue
		}
		lines, err := s.named(ctx, []PastPayment{found})
		if err != nil {
			return nil, err
		}
		return ReceiptRead{PaymentLine: lines[0], Found: true}, nil
	}
	// A code stands for one leaf of the history: one that was found in another amount was looked for far enough.
	return ReceiptRead{Older: !whole && len(all) == 0}, nil
}

func checkFlow() flow {
	return flow{show: (*Machine).showCheck, take: (*Machine).takeCheck, enter: func(m *Machine, f Facts, s *Session) Action {
		return m.goTo(f, s, promptCheckCode)
	}}
}

func (m *Machine) showCheck(_ Facts, s *Session) Action {
	if s.Prompt == promptCheckCode {
		return m.ask(s, menu.CheckCode, menu.Args{})
	}
	return m.ask(s, menu.CheckAmount, menu.Args{Code: s.Draft.Code})
}

func (m *Machine) takeCheck(f Facts, s *Session, e Event) Action {
	switch e := e.(type) {
	case Answer:
		if s.Prompt == promptCheckCode {
			code, ok := ParseReceiptCode(trim(e.Input))
			if !ok {
				return m.againForm(s, e, menu.CheckForm)
			}
			s.Draft.Code = code
			return m.goTo(f, s, promptCheckAmount)
		}
		value, refusal := m.readAmount(s, e)
		if refusal != nil {
			return *refusal
		}
		s.Draft.Order.Amount = value
		return Action{Effects: []Effect{CountCheck{Phone: s.Phone}}, Ask: AskReceipt{Account: f.User.Account, Code: s.Draft.Code, Amount: value}}
	case ReceiptsRefused:
		return m.end(s, menu.CheckTooOften, menu.Args{})
	case ReceiptRead:
		return m.receipt(s, e)
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

// receipt says what became of a check.
func (m *Machine) receipt(s *Session, e ReceiptRead) Action {
	args := menu.Args{Code: s.Draft.Code, Amount: m.money(s.Draft.Order.Amount)}
	key := menu.CheckNone
	switch {
	case !e.Found && e.Older:
		key = menu.CheckOlder
	case e.Kept:
		key = menu.CheckKept
	case e.Found:
		args.Name = m.payeeName(s, e.other())
		args.Date, args.Time = m.moment(e.TimeUnixMs)
		if key = menu.CheckOut; e.Incoming {
			key = menu.CheckIn
		}
	}
	action := m.end(s, key, args)
	if e.Found {
		action.Effects = []Effect{CountCheck{Phone: s.Phone, Hit: true}}
	}
	return action
}

// moment writes when something was as people at the network's offset see it: the day and the time of day.
func (m *Machine) moment(atUnixMs uint64) (date, clock string) {
	at := time.UnixMilli(int64(atUnixMs)).UTC().Add(time.Duration(m.offsetMinutes) * time.Minute)
	return at.Format("02/01"), at.Format("15:04")
}
