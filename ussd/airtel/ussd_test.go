package airtel

import (
	"testing"

	"github.com/umoja-ledger/umoja/ussd/adapter"
	"github.com/umoja-ledger/umoja/ussd/adapter/adaptertest"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

func TestConversations(t *testing.T) {
	adaptertest.Play(t, Dialect, adapter.Options{Path: "/ussd/airtel", Codes: []string{"*121#"}, Open: true, Query: adapter.Credentials{User: "umoja", Password: pin.NewSecret("s3cr3t-in-the-query")}})
}
