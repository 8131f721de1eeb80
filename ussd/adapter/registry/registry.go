// Package registry lists the adapters of all aggregators that speak HTTP, and makes one by its name.
//
// The list is written here by hand and in order: nothing registers itself, so what a gateway can speak is what this file says.
package registry

import (
	"errors"
	"fmt"
	"strings"

	"github.com/umoja-ledger/umoja/ussd/adapter"
	"github.com/umoja-ledger/umoja/ussd/africastalking"
	"github.com/umoja-ledger/umoja/ussd/airtel"
	"github.com/umoja-ledger/umoja/ussd/arkesel"
	"github.com/umoja-ledger/umoja/ussd/beem"
	"github.com/umoja-ledger/umoja/ussd/hubtel"
	"github.com/umoja-ledger/umoja/ussd/infobip"
	"github.com/umoja-ledger/umoja/ussd/nalo"
	"github.com/umoja-ledger/umoja/ussd/safaricom"
)

// ErrUnknown means that no adapter has that name.
var ErrUnknown = errors.New("unknown aggregator")

// All are the dialects, by name.
func All() []*adapter.Dialect {
	return []*adapter.Dialect{
		africastalking.Dialect, airtel.Dialect, arkesel.Dialect, beem.Dialect, hubtel.Dialect, infobip.Dialect, nalo.Dialect, safaricom.Dialect,
	}
}

// Find gives the dialect of a name.
func Find(name string) (*adapter.Dialect, error) {
	names := make([]string, 0, len(All()))
	for _, d := range All() {
		if d.Name == name {
			return d, nil
		}
		names = append(names, d.Name)
	}
	return nil, fmt.Errorf("%w: it is none of %s", ErrUnknown, strings.Join(names, ", "))
}

// New makes the adapter of a name.
func New(name string, service adapter.Service, o adapter.Options) (*adapter.Handler, error) {
	d, err := Find(name)
	if err != nil {
		return nil, err
	}
	return adapter.New(d, service, o)
}

// Row is one line of the list of adapters.
type Row struct {
	Name, Title string
	// Wire says how it asks and is answered, in a few words.
	Wire string
	// Confirmed is yes or unconfirmed.
	Confirmed    string
	Source, Date string
	Doubt        string
}

// Rows are what there is to say about each adapter.
func Rows() []Row {
	rows := make([]Row, 0, len(All()))
	for _, d := range All() {
		row := Row{Name: d.Name, Title: d.Title, Wire: wire(d), Confirmed: "unconfirmed", Source: d.Source, Date: d.Date, Doubt: d.Doubt}
		if d.Confirmed {
			row.Confirmed = "yes"
		}
		rows = append(rows, row)
	}
	return rows
}

func wire(d *adapter.Dialect) string {
	input, reply, ends := "last input", "JSON", "no end event"
	if d.Cumulative {
		input = "all input"
	}
	switch {
	case d.Reply.Open != "":
		reply = strings.TrimSpace(d.Reply.Open) + "/" + strings.TrimSpace(d.Reply.Close)
	case d.Reply.Headers != nil:
		reply = "header " + d.Reply.Headers[0].Name
	}
	if d.Notice != nil || d.Stage.End != nil {
		ends = "end event"
	}
	return fmt.Sprintf("%s %s, %s, %s, %s", d.Methods[0], d.Encoding, input, reply, ends)
}
