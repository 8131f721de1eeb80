package hubtel

import (
	"testing"

	"github.com/umoja-ledger/umoja/ussd/adapter"
	"github.com/umoja-ledger/umoja/ussd/adapter/adaptertest"
)

func TestConversations(t *testing.T) {
	adaptertest.Play(t, Dialect, adapter.Options{Path: "/ussd/hubtel", Codes: []string{"*711*2#"}, Open: true})
}
