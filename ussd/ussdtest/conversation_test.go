package ussdtest

import (
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/umoja-ledger/umoja/ussd/pin"
)

func TestConversations(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { Converse(t, path) })
		})
	}
}

func secret(text string) pin.Secret { return pin.NewSecret(text) }
