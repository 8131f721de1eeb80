package vectors_test

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// kindsOfEntries says what the letters of state keys stand for (SPEC.md 6.4).
var kindsOfEntries = []struct{ letter, name, comment string }{
	{"a", "account", "Number, tier, what waits, freeze, and the authority in canonical form at the end."},
	{"#", "number", "The account of a number."},
	{"b", "balance", "Posted, held, the leaf that touched it last, and what was used of a day."},
	{"n", "counter", "Two counters, of accounts and of assets, by name."},
	{"g", "grant", "Its terms, what was used of a day, and its operations as bits."},
	{"G", "exposure", "What all grants to a key allow a day, in 128 bits, and how many they are."},
	{"l", "alias", "Account, status, quarantine, who vouched, when it moves, and the sealed name."},
	{"m", "move", "What waits, from and to, and the grants that end and begin."},
	{"M", "moves", "The aliases of an account whose moves wait."},
	{"c", "recovery", "What waits, and the authority to be."},
	{"k", "provider-key", "The provider of a key, and whether it has retired it."},
	{"p", "provider", "Shares, the last version, and the directory entry in canonical form."},
	{"f", "fee-schedule", "Asset, times, and the bands one behind the other."},
	{"e", "latest-fees", "The version that was published last for an asset."},
	{"w", "inflow", "What provisional numbers received on a day."},
	{"o", "attestor", "The directory entry in canonical form."},
	{"O", "attestor-key", "The attestor of a key."},
	{"s", "asset", "Supply, rules, the last statement of its reserve, and its code at the end."},
	{"S", "asset-code", "The number of a code."},
	{"t", "limit", "What a tier may be debited."},
	{"y", "payee", "Listed, or listed once."},
	{"i", "issuer", "That an account is one."},
	{"h", "hold", "Payer, payee or alias, what is left, fee, expiry, flags, hashlock."},
	{"R", "request", "Payee, payer, asset, amount, expiry."},
	{"z", "returned", "What was returned of what an operation of a leaf moved."},
	{"d", "due", "What happens when, by time, kind and subject."},
	{"q", "credits", "When they were last spent, and what is owed."},
	{"B", "ballot", "Times, votes, and the decision in canonical form."},
	{"V", "governor", "The account that speaks for a validator, and where it listens if the ballot said."},
	{"P", "parameter", "Its value."},
	{"r", "rules", "The version in force, and the offset of the day."},
	{"v", "validator-set", "The set in force, in canonical form."},
	{"u", "validator-set-before", "The set that judges the head while the one in force has not begun, in canonical form."},
	{"x", "seen", "An id that was decided: its leaf, code and operation."},
}

// makeState gives states as lists of entries, "key=value" in hexadecimal.
func makeState(m *maker) []vectors.Vector {
	ok := func(name, comment string, entries []ledger.Entry) vectors.Vector {
		list := []string{}
		for _, e := range entries {
			list = append(list, hx(e.Key)+"="+hx(e.Value))
		}
		in := fields{"network": m.Network.String(), "entries": string(must(json.Marshal(list))(m))}
		return accept(name, comment, in, fields{"state_root": rootOf(m.t, m.Network, entries)})
	}
	founded := must(ledgertest.NewChain(m.t, m.World).Memory.Scan(nil, nil, 1000))(m)
	one := founded[0]
	all := []vectors.Vector{
		ok("empty", "No entry: BLAKE3 of 2,048 zero bytes.", nil),
		ok("one-entry", "One expansion, whose words are the sums.", []ledger.Entry{one}),
		ok("border-moved", "The same bytes with the border between key and value moved: the key's length is hashed, so the root differs.", []ledger.Entry{
			{Key: one.Key[:len(one.Key)-1], Value: append([]byte{one.Key[len(one.Key)-1]}, one.Value...)},
		}),
		ok("genesis", "The whole state of the network of these vectors; its root stands in leaf 0.", founded),
	}
	entries := m.entriesOfEachKind()
	for _, k := range kindsOfEntries {
		if len(entries[k.letter]) == 0 {
			m.t.Errorf("no ledger has an entry %q, %s", k.letter, k.name)
		}
		all = append(all, ok(k.name, k.comment, entries[k.letter]))
		delete(entries, k.letter)
	}
	for letter := range entries {
		m.t.Errorf("entries %q are of no kind here", letter)
	}
	return all
}

// entriesOfEachKind takes the longest entries of each kind, two at most, out of what the whole ledgers write.
func (m *maker) entriesOfEachKind() map[string][]ledger.Entry {
	found := map[string]map[string]ledger.Entry{}
	for _, tale := range tales {
		for _, l := range tale(m) {
			for _, b := range l.Batches {
				for k, v := range b.Changes {
					if v == nil {
						continue
					}
					e := ledger.Entry{Key: must(hex.DecodeString(k))(m), Value: must(hex.DecodeString(*v))(m)}
					letter := string(rune(e.Key[0]))
					if found[letter] == nil {
						found[letter] = map[string]ledger.Entry{}
					}
					found[letter][k+"="+*v] = e
				}
			}
		}
	}
	for _, e := range must(ledgertest.NewChain(m.t, m.World).Memory.Scan(nil, nil, 1000))(m) {
		if letter := string(rune(e.Key[0])); found[letter] == nil {
			found[letter] = map[string]ledger.Entry{hx(e.Key): e}
		}
	}
	out := map[string][]ledger.Entry{}
	for letter, all := range found {
		texts := slices.SortedFunc(maps.Keys(all), func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
		for _, text := range texts {
			// Of several values of one entry, one.
			if e := all[text]; len(out[letter]) < 2 && (len(out[letter]) == 0 || !bytes.Equal(out[letter][0].Key, e.Key)) {
				out[letter] = append(out[letter], e)
			}
		}
	}
	return out
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
