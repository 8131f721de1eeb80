package vectors_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

var rulesOfLeaf = map[string]string{
	"result": "has no result", "empty": "leaf is empty", "form": "not in canonical form", "fixed-length": "state_root must be 32 bytes",
}

func makeLeaf(m *maker) []vectors.Vector {
	c := m.history()
	ok := func(name, comment string, index uint64) vectors.Vector {
		raw := must(c.Memory.Leaf(index))(m)
		return accept(name, comment, fields{"leaf": hx(raw)}, leafOut(must(tx.ParseLeaf(raw))(m), raw))
	}
	no := func(name, rule, comment string, raw []byte) vectors.Vector {
		return reject(name, rule, comment, fields{"leaf": hx(raw)})
	}
	return []vectors.Vector{
		ok("header-of-the-genesis", "Leaf 0 of every network: batch 0, and the root of the state that the genesis founds.", leafGenesis),
		ok("header-of-batch-1", "The end of a batch that opened an account.", 2),
		ok("registration", "A transaction that touched no balance has no post-states.", 1),
		ok("payment", "Three balances, ascending by account: here payee, payer and provider. No leaf touched them before, so previous is 0.", leafPayment),
		ok("payment-refused", "Amina has too little: the result names the rule and the operation, and no balance changed.", leafRefused),
		no("transaction-without-result", "result", "A record says what came of it.", ld(2, ld(1, []byte{1}))),
		no("nothing", "empty", "A leaf is one of its two kinds.", nil),
		no("both-kinds", "form", "A leaf is one of its two kinds, not both.", cat(ld(1, vi(1, 1)), ld(2, ld(2, vi(1, 1))))),
		no("unknown-code", "form", "A result code that this version does not know.", ld(2, ld(2, vi(1, 4000)))),
		no("state-root-of-31-bytes", "fixed-length", "Hashes have their length.", ld(1, cat(ld(3, fill(1, 31)), ld(4, fill(2, 32))))),
	}
}

func leafOut(l tx.Leaf, raw []byte) fields {
	hash := checkpoint.LeafHash(raw)
	out := fields{"leaf_hash": hx(hash[:])}
	if l.Header != nil {
		out["batch"], out["time_unix_ms"], out["state_root"] = dec(l.Header.Batch), dec(l.Header.TimeUnixMs), hx(l.Header.StateRoot[:])
		out["validator_set_hash"], out["rules_version"] = hx(l.Header.ValidatorSetHash[:]), dec(uint64(l.Header.RulesVersion))
		return out
	}
	out["code"], out["operation"] = l.Record.Result.Code.String(), dec(uint64(l.Record.Result.Operation))
	out["envelope"], out["receipt_code"] = hx(l.Record.Envelope), checkpoint.ReceiptCode(hash)
	for i, p := range l.Record.PostStates {
		out["post_state_"+dec(uint64(i))] = p.Account.String() + " asset " + dec(uint64(p.Asset)) + " posted " + dec(uint64(p.Posted)) +
			" held " + dec(uint64(p.Held)) + " previous " + dec(p.PreviousLeaf)
	}
	return out
}

func checkLeaf(t *testing.T, v vectors.Vector) (fields, error) {
	raw := unhex(t, v, "leaf")
	l, err := tx.ParseLeaf(raw)
	if err != nil {
		return nil, err
	}
	var again []byte
	if l.Header != nil {
		again = l.Header.Encode()
	} else {
		again = l.Record.Encode()
	}
	if !bytes.Equal(again, raw) {
		return nil, errDiffers
	}
	return leafOut(l, raw), nil
}

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
