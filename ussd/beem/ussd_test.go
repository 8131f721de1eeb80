package beem

import (
	"testing"

	"github.com/umoja-ledger/umoja/ussd/adapter"
	"github.com/umoja-ledger/umoja/ussd/adapter/adaptertest"
)

func TestConversations(t *testing.T) {
	adaptertest.Play(t, Dialect, adapter.Options{Path: "/ussd/beem", Codes: []string{"*149*46#"}, Open: true})
}
