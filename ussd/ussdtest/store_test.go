package ussdtest

import (
	"testing"

	"github.com/umoja-ledger/umoja/ussd"
)

func TestMemoryIsAStore(t *testing.T) {
	CheckStore(t, func(*testing.T) ussd.Store { return NewStore() })
}
