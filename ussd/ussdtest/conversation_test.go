package ussdtest

import (
	"path/filepath"
	"strings"
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
		if testing.Short() && translated(path) {
			continue
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { Converse(t, path) })
		})
	}
}

// translated says that a conversation is another's in a further language: other texts by the same code.
func translated(path string) bool {
	return strings.HasSuffix(path, "_sw.txt") || strings.HasSuffix(path, "_fr.txt")
}

func secret(text string) pin.Secret { return pin.NewSecret(text) }
