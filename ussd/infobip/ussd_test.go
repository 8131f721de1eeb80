package infobip

import (
	"testing"

	"github.com/umoja-ledger/umoja/ussd/adapter"
	"github.com/umoja-ledger/umoja/ussd/adapter/adaptertest"
)

func TestConversations(t *testing.T) {
	adaptertest.Play(t, Dialect, adapter.Options{Path: "/ussd/infobip", Codes: []string{"*123#"}, Open: true})
}
