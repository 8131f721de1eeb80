package vectors_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// makeState gives states as lists of entries, "key=value" in hexadecimal.
func makeState(m *maker) []vectors.Vector {
	ok := func(name, comment string, entries []ledger.Entry) vectors.Vector {
		var list []string
		for _, e := range entries {
			list = append(list, hx(e.Key)+"="+hx(e.Value))
		}
		in := fields{"network": m.Network.String(), "entries": string(must(json.Marshal(list))(m))}
		return accept(name, comment, in, fields{"state_root": rootOf(m.t, m.Network, entries)})
	}
	founded := must(ledgertest.NewChain(m.t, m.World).Memory.Scan(nil, nil, 1000))(m)
	one := founded[0]
	return []vectors.Vector{
		ok("empty", "No entry: BLAKE3 of 2,048 zero bytes.", nil),
		ok("one-entry", "One expansion, whose words are the sums.", []ledger.Entry{one}),
		ok("border-moved", "The same bytes with the border between key and value moved: the key's length is hashed, so the root differs.", []ledger.Entry{
			{Key: one.Key[:len(one.Key)-1], Value: append([]byte{one.Key[len(one.Key)-1]}, one.Value...)},
		}),
		ok("genesis", "The whole state of the network of these vectors; its root stands in leaf 0.", founded),
	}
}

func rootOf(t testing.TB, network tx.NetworkID, entries []ledger.Entry) string {
	t.Helper()
	sums, err := ledger.Rescan(network, func() (ledger.Entry, bool, error) {
		if len(entries) == 0 {
			return ledger.Entry{}, false, nil
		}
		e := entries[0]
		entries = entries[1:]
		return e, true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	root := sums.Root()
	return hx(root[:])
}

func checkState(t *testing.T, v vectors.Vector) (fields, error) {
	var list []string
	if err := json.Unmarshal([]byte(v.In["entries"]), &list); err != nil {
		return nil, err
	}
	network := tx.NetworkID(b32(t, v, "network"))
	var entries []ledger.Entry
	for _, text := range list {
		entry, err := entryOf(text)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	root := rootOf(t, network, entries)
	slices.Reverse(entries)
	if again := rootOf(t, network, entries); again != root {
		return nil, errors.New("the root depends on the order of entries")
	}
	return fields{"state_root": root}, nil
}

func entryOf(text string) (ledger.Entry, error) {
	k, v, ok := strings.Cut(text, "=")
	if !ok {
		return ledger.Entry{}, fmt.Errorf("entry %q has no border", text)
	}
	key, err1 := hex.DecodeString(k)
	value, err2 := hex.DecodeString(v)
	return ledger.Entry{Key: key, Value: value}, errors.Join(err1, err2)
}
