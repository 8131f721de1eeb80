package africastalking

import (
	"testing"

	"github.com/umoja-ledger/umoja/ussd/adapter"
	"github.com/umoja-ledger/umoja/ussd/adapter/adaptertest"
	"github.com/umoja-ledger/umoja/ussd/ussdtest"
)

func TestConversations(t *testing.T) {
	adaptertest.Play(t, Dialect, adapter.Options{Path: "/ussd/at", Codes: []string{"*384*2050#"}, Open: true, Log: ussdtest.Log(t)})
}
