package ussdtest

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/umoja-ledger/umoja/ussd"
)

// mover is a person who does what each screen says until the number is here, and dials again when a session ends.
type mover struct {
	w        *World
	phone    ussd.Phone
	sessions int
	typed    string
}

// answer is what a person types under a screen; false when it is the end of the way.
func (m *mover) answer(screen string) (string, bool) {
	texts := m.w.Attestors.Messages(m.phone)
	code := func(attestor string) string {
		for i := len(texts) - 1; i >= 0; i-- {
			if rest, ok := strings.CutPrefix(texts[i], attestor+" (en): code "); ok {
				return rest
			}
		}
		return "000000"
	}
	switch {
	case strings.Contains(screen, "1 English"), strings.Contains(screen, "Move it here?"):
		return "1", true
	case strings.Contains(screen, "Codes come by SMS"):
		return code("Attestor 1"), true
	case strings.Contains(screen, "from Attestor 2"):
		return code("Attestor 2"), true
	case strings.Contains(screen, "from Attestor 1"):
		return code("Attestor 1"), true
	case strings.Contains(screen, "Choose a secret PIN"), strings.Contains(screen, "the same PIN again"):
		return "5937", true
	}
	return "", false
}

func (m *mover) dial() string {
	m.sessions++
	m.typed = ""
	return m.w.Post(m.phone, fmt.Sprint("m", m.sessions), "")
}

func (m *mover) repeat() string { return m.w.Post(m.phone, fmt.Sprint("m", m.sessions), m.typed) }

// The store breaks before or after any one of its commits while a number moves here, and the gateway is started again. The person repeats or
// dials again, and in the end the number has moved once and the PIN is theirs.
func TestACrashAtAnyCommitMovesOnce(t *testing.T) {
	for _, consent := range []bool{true, false} {
		for n := 2; n < 22; n++ {
			if !consent && (n%2 == 0 || n/2 > 8) {
				continue // From there on the feed commits too.
			}
			t.Run(fmt.Sprintf("consent %t commit %d", consent, n/2), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := NewWorld(t)
					w.Attestors = NewAttestors()
					w.Start()
					m := &mover{w: w, phone: "+254711000003"}
					id, _ := w.Ledger.Open(m.phone, "Zawadi", 70_00)
					w.Ledger.Serve(m.phone, Tumaini)
					w.Ledger.Consent(consent)
					w.Stop() // Only the turns commit, so that n means the same each time.
					broke := crashAt(w, []string{"before", "after"}[n%2], n/2)
					screen, crashed := m.dial(), false
					for range 40 {
						if broke() && !crashed {
							crashed = true
							w.Start()
							if n%4 < 2 {
								screen = m.repeat()
							} else {
								screen = m.dial()
							}
						}
						if strings.Contains(screen, "Your number moves to us") {
							synctest.Wait()
							w.Start()
							time.Sleep(MoveDelay + time.Minute)
							w.Ledger.Due()
						}
						answer, ok := m.answer(screen)
						switch {
						case strings.Contains(screen, "with us now, with all your money"), strings.Contains(screen, "1 Send money"):
							w.Start()
							if got := w.Play(m.phone, "last", "2"); !strings.Contains(got, "Your balance is 70.00 KES") {
								t.Errorf("the balance: %q", got)
							}
							if got := w.Ledger.Moves(id); got != 1 {
								t.Errorf("%d moves", got)
							}
							return
						case ok:
							m.typed = join(m.typed, answer)
							screen = m.repeat()
						default:
							screen = m.dial()
						}
					}
					t.Errorf("never here, last %q", screen)
				})
			})
		}
	}
}
