package africastalking

import (
	"testing"

	"github.com/umoja-ledger/umoja/ussd/adapter"
	"github.com/umoja-ledger/umoja/ussd/adapter/adaptertest"
)

func TestConversations(t *testing.T) {
	adaptertest.Play(t, Dialect, adapter.Options{Path: "/ussd/at", Codes: []string{"*384*2050#"}, Open: true})
}
