package ussdtest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ussd"
)

var rewrite = flag.Bool("update", false, "rewrite the conversation files with what happened")

// Converse plays a conversation file in a new world. Lines that begin with # are for the reader. A line that begins
// with > is what a person does, one that begins with ! what happens around; what is seen then stands below, up to an
// empty line.
//
//	> dial              dials; the phone's transcript is empty
//	> dial 1*0711…      dials with answers behind the code
//	> 150               answers
//	! as +254711000002  the following is done on this phone
//	! again             the last callback arrives a second time
//	! late 2            the callback before the last but one arrives a second time
//	! lost 150          the person answers, but the callback is lost
//	! wait 10m          time passes
//	! telephone NUMBER  the gateway is stopped and started with the provider's telephone number
//	! ledger deaf       the ledger is well, down, deaf, mute or busy from now on
//	! refuse frozen     the ledger refuses the next transaction: payee_full, frozen, not_listed, voucher_over, resting, cap, cap_day, over (what was kept), ended (a request), returned or other
//	! money hold A B 5  5.00 moves from phone A to phone B by others: transfer, bulk, issue, hold, or a hold that returned
//	! restart           the gateway is stopped and started
//	! move PHONE        the phone's number moves to another account
//	! elsewhere PHONE   another provider opens an account for the number
//	! provisional PHONE another provider, and nobody else, vouches for an account of the number
//	! attest PHONE      attestors bind the phone's number
//	! enrol PHONE till Duka  the gateway serves a till, an agent or a person of that name, PIN 6194, in English
//	! protect 1000      the gateway is started again; a first payment above 1,000.00 waits
//	! revoke PHONE      the user takes the provider's grant back
//	! agent PHONE       the provider says that this phone, and no other one, is an agent's
//	! take PHONE 100    a wallet app spends 100.00 of the phone's account
//	! balance PHONE     shows a balance on the ledger
//	! case NUMBER closed We paid it back.
//	                    the provider answers a complaint: looked_at, or closed with a text
//	! text BAL          the phone sends an SMS; "the code", "another code" and "the payment" stand for what it was sent last
//	! text again        the last SMS arrives a second time, as another message; "text twice" as the same one
//	! signed A B 5      a wallet without data signs a payment of 5.00 from phone A to phone B
//	! texts off         nobody pays by SMS from now on
//	! rival A B 5       another provider hands over a payment, which stays open
//	! resolve           what is open has its outcome
//	! sms PHONE         shows messages that came since the last time
//
// conversation_move.go and conversation_rare.go have more of them.
//
// It must run in a synctest bubble, because time passes.
func Converse(t *testing.T, path string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := &conversation{world: NewWorld(t), phone: Amina, handsets: make(map[ussd.Phone]*handset)}
	var got strings.Builder
	inOutput := false
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSuffix(line, "\n")
		act, isAct := strings.CutPrefix(line, "> ")
		happening, isHappening := strings.CutPrefix(line, "! ")
		switch {
		case isAct, isHappening:
			seen, err := "", error(nil)
			if isAct {
				seen = c.act(act)
			} else if seen, err = c.happen(happening); err != nil {
				t.Fatalf("%s: %q: %v", path, line, err)
			}
			got.WriteString(line + "\n")
			if seen != "" {
				got.WriteString(seen + "\n")
			}
			inOutput = true
		case line == "" || strings.HasPrefix(line, "#"):
			got.WriteString(line + "\n")
			inOutput = false
		case !inOutput:
			t.Fatalf("%s: %q is neither an act nor below one", path, line)
		}
	}
	if *rewrite {
		if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if diff := cmp.Diff(string(raw), got.String()); diff != "" {
		t.Errorf("%s (-file +seen):\n%s", path, diff)
	}
	c.check(t)
}

type conversation struct {
	world    *World
	phone    ussd.Phone
	handsets map[ussd.Phone]*handset
	// texts are those sent, signed is the payment of a wallet.
	texts  []ussd.Text
	signed string
	// lastCode is the one that was sent last.
	lastCode string
}

// handset is what a phone shows and has typed.
type handset struct {
	sessions    int
	transcript  string
	transcripts []string
	read        int
	codes       int
}

func (c *conversation) handset(phone ussd.Phone) *handset {
	h := c.handsets[phone]
	if h == nil {
		h = &handset{}
		c.handsets[phone] = h
	}
	return h
}

// post sends a turn. What the gateway does behind it is waited for, so that messages come in one order.
func (c *conversation) post(h *handset, transcript string) string {
	defer synctest.Wait()
	return c.world.Post(c.phone, strconv.Itoa(h.sessions), transcript)
}

func (c *conversation) act(input string) string {
	h := c.handset(c.phone)
	if answers, ok := strings.CutPrefix(input, "dial"); ok {
		h.sessions++
		h.transcript, h.transcripts = strings.TrimSpace(answers), nil
	} else {
		h.transcript = join(h.transcript, input)
	}
	h.transcripts = append(h.transcripts, h.transcript)
	return c.post(h, h.transcript)
}

func join(transcript, input string) string {
	if transcript == "" {
		return input
	}
	return transcript + "*" + input
}

func (c *conversation) happen(what string) (string, error) {
	h := c.handset(c.phone)
	verb, rest, _ := strings.Cut(what, " ")
	words := strings.Fields(rest)
	switch verb {
	case "as":
		c.phone = ussd.Phone(rest)
	case "again":
		return c.post(h, h.transcript), nil
	case "late":
		steps, err := strconv.Atoi(rest)
		if err != nil || steps >= len(h.transcripts) {
			return "", fmt.Errorf("no callback %q before: %w", rest, err)
		}
		return c.post(h, h.transcripts[len(h.transcripts)-1-steps]), nil
	case "lost":
		h.transcript = join(h.transcript, rest)
	case "wait":
		d, err := time.ParseDuration(rest)
		c.world.wait(d)
		return "", err
	case "telephone":
		c.world.Telephone = rest
		c.world.Start()
	case "ledger":
		c.world.Ledger.SetMood(Mood(rest))
	case "restart":
		c.world.Start()
	case "refuse":
		outcome, ok := Refusals[rest]
		if !ok {
			return "", fmt.Errorf("no refusal %q", rest)
		}
		c.world.Ledger.Refuse(outcome)
	case "money":
		how, ok := Ways[words[0]]
		value, err := amount.Parse(words[3], 2)
		if !ok || err != nil {
			return "", fmt.Errorf("no way %q to move %q", words[0], words[3])
		}
		c.world.Ledger.MoveMoney(how, ussd.Phone(words[1]), ussd.Phone(words[2]), value)
	case "move":
		c.world.Ledger.Move(ussd.Phone(rest))
	case "revoke":
		c.world.Ledger.Revoke(ussd.Phone(rest))
	case "elsewhere":
		c.world.Ledger.Open(ussd.Phone(rest), "Elsewhere", 0)
	case "provisional":
		c.world.Ledger.OpenProvisional(ussd.Phone(rest), "Elsewhere")
	case "attest":
		c.world.Ledger.Attest(ussd.Phone(rest))
	case "enrol":
		return "", c.world.Enrol(ussd.Phone(words[0]), roleOf(words[1]), strings.Join(words[2:], " "))
	case "protect":
		value, err := amount.Parse(rest, 2)
		c.world.Protect = value
		c.world.Start()
		return "", err
	case "agent":
		return "", c.world.Service.SetRoles(context.Background(), ussd.Roles{ussd.Phone(rest): ussd.RoleAgent})
	case "take":
		value, err := amount.Parse(words[1], 2)
		c.world.Ledger.Take(ussd.Phone(words[0]), value)
		return "", err
	case "balance":
		return c.world.Ledger.BalanceOf(ussd.Phone(rest)).Grouped(2), nil
	case "text":
		return c.text(rest)
	case "texts":
		c.world.SMSCap = 0
		c.world.Start()
	case "signed", "rival":
		value, err := amount.Parse(words[2], 2)
		if verb == "signed" {
			c.signed = c.world.Ledger.Signed(ussd.Phone(words[0]), ussd.Phone(words[1]), value)
		} else {
			c.world.Ledger.Rival(ussd.Phone(words[0]), ussd.Phone(words[1]), value)
		}
		return "", err
	case "resolve":
		c.world.Ledger.Resolve()
	case "case":
		number, state, answer := caseAnswer(rest)
		if err := c.world.Answer(number, state, answer); err != nil {
			return err.Error(), nil
		}
	case "sms":
		time.Sleep(5 * time.Second) // The feed and the Settler have their turn.
		texts := c.world.SMS(ussd.Phone(rest))
		h := c.handset(ussd.Phone(rest))
		seen := codeInText.ReplaceAllString(strings.Join(texts[h.read:], "\n"), "$1 NNNN ")
		h.read = len(texts)
		if seen == "" {
			seen = "(none)"
		}
		return seen, nil
	default:
		seen, known, err := c.happenMove(verb, rest, words)
		if !known {
			seen, known, err = c.happenRare(verb, rest, words)
		}
		if !known {
			return "", fmt.Errorf("unknown: %q", verb)
		}
		return seen, err
	}
	return "", nil
}

// roleOf is what enrol calls a role.
func roleOf(word string) ussd.Role {
	if word == "person" {
		return ussd.RolePerson
	}
	return ussd.Role(word)
}

// check looks for what no conversation may leave behind.
func (c *conversation) check(t *testing.T) {
	t.Helper()
	c.world.Stop()
	dump := c.world.Store.Dump()
	for phone, h := range c.handsets {
		for _, transcript := range h.transcripts {
			if strings.Count(transcript, "*") >= 3 && (strings.Contains(dump, transcript) || strings.Contains(c.world.Log.String(), transcript)) {
				t.Errorf("a transcript of %s is stored or logged", phone.Short())
			}
		}
	}
	if log := c.world.Log.String(); strings.Contains(log, "254711") {
		t.Errorf("a phone number is logged: %s", log)
	}
}
