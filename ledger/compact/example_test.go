package compact_test

import (
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/compact"
)

// panicking is the tester of an example, which has no *testing.T.
type panicking struct{}

func (panicking) Helper()                         {}
func (panicking) Fatal(args ...any)               { panic(fmt.Sprint(args...)) }
func (panicking) Fatalf(form string, args ...any) { panic(fmt.Sprintf(form, args...)) }

// A wallet without data pays by SMS; a gateway that sees the ledger rebuilds what was signed. The carrier has folded the
// text on the way.
func Example() {
	w := newWorld(panicking{})
	signed := w.seal(panicking{}, w.body(w.transfer()))

	sent, err := compact.Of(signed, w.book)
	if err != nil {
		fmt.Println(err)
	}
	text := sent.String()
	fmt.Println(len(text), "letters:")
	fmt.Println(text[:80])
	fmt.Println(text[80:])

	received, err := compact.Parse(text[:80] + "\r\n" + text[80:])
	if err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%s pays %s %s\n", received.Payer().Text(), received.Payee().Text(), received.Amount().Text(2))
	rebuilt, err := received.Rebuild(network, w.book)
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println("same transaction:", rebuilt.ID() == signed.ID())
	// Output:
	// 159 letters:
	// W50KB0*M0DY0O01ITJ:ZSCCO000,*0400UOQV50000FI7000300100000A20KOSRXD0032-19*CT:S,=
	// 20FF=0T,1O5U2Z+L6280P21VJ+=T-8C=9IOMK/FO994DTR%A6*/27:J73IGP9-HPU=DT5P%G1PLTCTK
	// 76 pays 12340 150.00
	// same transaction: true
}
