package ussdtest

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"testing/synctest"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// allTexts reads the texts of all languages, once: under the race detector a reading takes half a second.
var allTexts = sync.OnceValues(func() (*menu.Book, error) { return menu.Load(menu.Languages()...) })

// codeInText finds the code in a message that offers a payment. It is drawn anew each time, so NNNN is shown for it.
var codeInText = regexp.MustCompile(`(` + payWords() + `) ([0-9]{4}) `)

// payWords are the words that pay, in every language.
func payWords() string {
	book, err := allTexts()
	if err != nil {
		panic(err) // The texts are built in.
	}
	var words []string
	for _, language := range menu.Languages() {
		words = append(words, strings.Fields(book.Text(language, menu.WordPay, menu.Args{}))...)
	}
	return strings.Join(words, "|")
}

// text sends an SMS from the phone at hand. What goes wrong is shown: the message is to be taken again. What the gateway does behind it is
// waited for, so that messages come in one order.
func (c *conversation) text(what string) (string, error) {
	defer synctest.Wait()
	last := len(c.texts) - 1
	switch what {
	case "again", "twice":
		m := c.texts[last]
		if what == "again" {
			m.Number = uint64(len(c.texts) + 1)
		}
		c.texts = append(c.texts, m)
	default:
		code := c.code()
		another := code
		if code != "" {
			another = string('0'+(code[0]-'0'+1)%10) + code[1:]
		}
		broken := strings.Replace(c.signed, c.signed[:min(1, len(c.signed))], "=", 1)
		what = strings.NewReplacer("another code", another, "the code", code, "the broken payment", broken, "the payment", c.signed).Replace(what)
		c.texts = append(c.texts, ussd.Text{Number: uint64(len(c.texts) + 1), From: c.phone, Text: what})
	}
	if err := c.world.Service.TakeText(context.Background(), c.texts[len(c.texts)-1]); err != nil {
		return err.Error(), nil
	}
	return "", nil
}

// code is the code that the phone at hand was sent last.
func (c *conversation) code() string {
	for _, text := range c.world.SMS(c.phone) {
		if found := codeInText.FindStringSubmatch(text); found != nil {
			c.lastCode = found[2]
		}
	}
	return c.lastCode
}
