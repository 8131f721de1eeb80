package main

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"

	"github.com/umoja-ledger/umoja/ussd/handset"
)

// ErrNoWords means that a text message says nothing.
var ErrNoWords = errors.New("a text message needs words, such as BAL")

// writeText sends a text message by the sandbox's carrier, which posts it to the gateway as an aggregator does. Every message has an id of its
// own: a person who writes the same twice means it twice.
func writeText(ctx context.Context, phone *handset.Handset, words string) error {
	if words = strings.TrimSpace(words); words == "" {
		return ErrNoWords
	}
	return phone.Write(ctx, rand.Text(), words)
}
