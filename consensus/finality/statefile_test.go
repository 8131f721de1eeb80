package finality

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// fullState is a state with every part set.
func fullState(t testing.TB) (State, Identity) {
	set, keys := members(t, 4)
	key := keys["a"]
	root := rootOf("main", 10)
	s := State{
		Attested:      signVote(key, checkpoint.Attestation, 0, 12, rootOf("main", 12)),
		Ratified:      signVote(key, checkpoint.Ratification, 0, 10, root),
		Highest:       certificate(keys, 0, 10, root, "a", "b", "c"),
		Final:         checkpoint.Vote{Size: 10, Root: root},
		Ratifications: []Signature{{Validator: "a", Signature: [64]byte{4}}, {Validator: "c", Signature: [64]byte{5}}},
		Cosigned:      signCheckpoint("a", key, 10, root),
		Sealed:        sealBy(t, set, keys, 10, root, "a", "b", "c"),
	}
	s.Wished = EpochWord{Epoch: 1, Certified: s.Highest.Vote, Certificate: s.Highest.Signatures}
	s.Wished.Signature = checkpoint.SignEpoch(testNetwork, 1, s.Highest.Vote, key)
	return s, Identity{Network: testNetwork, Name: "a", Key: [32]byte(key.Public().(ed25519.PublicKey))}
}

func TestStateSurvives(t *testing.T) {
	state, identity := fullState(t)
	path := filepath.Join(t.TempDir(), "signer")
	f, err := CreateStateFile(path, identity)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Save(state); err != nil {
		t.Fatal(err)
	}
	// What a crash before the rename leaves does no harm.
	if err := os.WriteFile(path+".new", []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := OpenStateFile(path, identity)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(state, again.State()); diff != "" {
		t.Error(diff)
	}
	if err := again.Save(state); err != nil {
		t.Error("save over what a crash left:", err)
	}
	if _, err := CreateStateFile(path, identity); !errors.Is(err, os.ErrExist) {
		t.Error("create over a state:", err)
	}
}

func TestBadStateFileIsRefused(t *testing.T) {
	state, identity := fullState(t)
	raw := encodeState(state, identity)
	for _, c := range []struct {
		name     string
		mutate   func(raw []byte) []byte
		identity func(*Identity)
		want     error
	}{
		{name: "missing", mutate: func([]byte) []byte { return nil }, want: ErrNoState},
		{name: "empty", mutate: func([]byte) []byte { return []byte{} }, want: ErrCorrupt},
		{name: "first bytes", mutate: func(raw []byte) []byte { return append([]byte{'x'}, raw[1:]...) }, want: ErrCorrupt},
		{name: "trailing byte", mutate: func(raw []byte) []byte { return append(raw, 0) }, want: ErrCorrupt},
		{name: "trailing part", mutate: func(raw []byte) []byte { return reseal(append(raw[:len(raw)-32], 0)) }, want: ErrCorrupt},
		{name: "missing part", mutate: func(raw []byte) []byte { return reseal(raw[:len(raw)-40]) }, want: ErrCorrupt},
		{name: "too long", mutate: func(raw []byte) []byte { return append(raw, make([]byte, maxStateBytes)...) }, want: ErrCorrupt},
		{name: "older format", mutate: func(raw []byte) []byte { raw[13] = 0; return reseal(raw[:len(raw)-32]) }, want: ErrFormat},
		{name: "newer format", mutate: func(raw []byte) []byte { raw[13] = 3; return reseal(raw[:len(raw)-32]) }, want: ErrFormat},
		{name: "other network", identity: func(i *Identity) { i.Network[0]++ }, want: ErrWrongSigner},
		{name: "other name", identity: func(i *Identity) { i.Name = "b" }, want: ErrWrongSigner},
		{name: "other key", identity: func(i *Identity) { i.Key[0]++ }, want: ErrWrongSigner},
	} {
		t.Run(c.name, func(t *testing.T) {
			path, identity, raw := filepath.Join(t.TempDir(), "signer"), identity, append([]byte(nil), raw...)
			if c.mutate != nil {
				raw = c.mutate(raw)
			}
			if c.identity != nil {
				c.identity(&identity)
			}
			if raw != nil {
				if err := os.WriteFile(path, raw, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := OpenStateFile(path, identity); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// TestEveryBitAndLengthCounts flips each bit and cuts at each length.
func TestEveryBitAndLengthCounts(t *testing.T) {
	state, identity := fullState(t)
	raw := encodeState(state, identity)
	for i := range len(raw) * 8 {
		raw[i/8] ^= 1 << (i % 8)
		if _, err := parseState(raw, identity); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("bit %d flipped: %v", i, err)
		}
		raw[i/8] ^= 1 << (i % 8)
	}
	for n := range raw {
		if _, err := parseState(raw[:n], identity); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
}

func TestSaveRefusesToGoBack(t *testing.T) {
	state, identity := fullState(t)
	_, keys := members(t, 4)
	f, err := CreateStateFile(filepath.Join(t.TempDir(), "signer"), identity)
	if err != nil {
		t.Fatal(err)
	}
	state.Epoch = 1
	if err := f.Save(state); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(s *State){
		"everything":         func(s *State) { *s = State{Epoch: 1} },
		"epoch":              func(s *State) { s.Epoch = 0 },
		"epoch vote":         func(s *State) { s.Wished = EpochWord{} },
		"epoch vote other":   func(s *State) { s.Wished.Certified.Root[0]++ },
		"certificate lower":  func(s *State) { s.Highest.Size-- },
		"final lower":        func(s *State) { s.Final.Size-- },
		"final other":        func(s *State) { s.Final.Root[0]++ },
		"ended epoch":        func(s *State) { s.Attested.Size++ },
		"attestation lower":  func(s *State) { s.Attested.Size-- },
		"attestation other":  func(s *State) { s.Attested.Root[0]++ },
		"ratification lower": func(s *State) { s.Ratified.Size-- },
		"ratification other": func(s *State) { s.Ratified.Root[0]++ },
		"cosignature lower":  func(s *State) { s.Cosigned.Size-- },
		"cosignature other":  func(s *State) { s.Cosigned.Root[0]++ },
	} {
		next := state
		change(&next)
		if err := f.Save(next); !errors.Is(err, ErrWatermark) {
			t.Errorf("%s went back: %v", name, err)
		}
	}
	state.Attested = signVote(keys["a"], checkpoint.Attestation, 1, 14, rootOf("main", 14))
	if err := f.Save(state); err != nil {
		t.Error("after refusals:", err)
	}
	state.Wished.Epoch = 2
	if err := f.Save(state); err != nil {
		t.Error("a later epoch vote:", err)
	}
	state.Attested = signVote(keys["a"], checkpoint.Attestation, 1, 16, rootOf("main", 16))
	if err := f.Save(state); !errors.Is(err, ErrWatermark) {
		t.Error("an attestation in the epoch that was ended:", err)
	}
}

func TestDiskErrorIsForGood(t *testing.T) {
	state, identity := fullState(t)
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := CreateStateFile(filepath.Join(dir, "signer"), identity)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	first := f.Save(state)
	if err := os.Rename(dir+".away", dir); err != nil {
		t.Fatal(err)
	}
	if second := f.Save(state); first == nil || second == nil {
		t.Errorf("saved after a disk error: %v, %v", first, second)
	}
}

func TestSignerStaysAboveItsWatermarks(t *testing.T) {
	_, keys := members(t, 4)
	s := &signer{network: testNetwork, name: "a", key: keys["a"]}
	vote := checkpoint.Vote{Size: 10, Root: rootOf("main", 10)}
	if err := s.attest(vote); err != nil {
		t.Fatal(err)
	}
	if err := s.wish(0); !errors.Is(err, ErrWatermark) {
		t.Errorf("vote for the epoch in force: %v", err)
	}
	before := s.state
	for name, v := range map[string]checkpoint.Vote{
		"another root": {Size: 10, Root: rootOf("fork", 10)},
		"a lower size": {Size: 8, Root: rootOf("main", 8)},
		"a past epoch": {Epoch: 1, Size: 20, Root: rootOf("main", 20)},
	} {
		if err := s.attest(v); !errors.Is(err, ErrWatermark) {
			t.Errorf("attest %s: %v", name, err)
		}
	}
	if err := s.attest(vote); err != nil {
		t.Error("attest the same again:", err)
	}
	if diff := cmp.Diff(before, s.state); diff != "" {
		t.Error("refusals changed the state:", diff)
	}
	s.state.Final, s.state.Cosigned = checkpoint.Vote{Size: 8, Root: rootOf("main", 8)}, signCheckpoint("a", keys["a"], 10, rootOf("main", 10))
	if err := s.cosign(1); !errors.Is(err, ErrWatermark) {
		t.Errorf("cosign below what was cosigned: %v", err)
	}
	if err := s.wish(2); err != nil {
		t.Fatal(err)
	}
	before = s.state
	s.state.Highest = certificate(keys, 0, 12, rootOf("main", 12), "b", "c", "d") // It comes too late.
	for _, epoch := range []uint64{1, 2} {
		if err := s.wish(epoch); !errors.Is(err, ErrWatermark) || s.state.Wished.Certified != before.Wished.Certified {
			t.Errorf("vote for epoch %d after one for epoch 2: %v", epoch, err)
		}
	}
	if err := s.attest(checkpoint.Vote{Size: 20, Root: rootOf("main", 20)}); !errors.Is(err, ErrWatermark) {
		t.Errorf("attest in an epoch that was ended: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	set, keys := members(t, 4)
	state, _ := fullState(t)
	ok := Config{
		Network: testNetwork, Reign: Reign{Validators: set}, Name: "a", Key: keys["a"], State: state,
		RootAt: func(uint64) ([32]byte, uint64, bool) { return [32]byte{}, 0, false },
	}
	if _, err := New(ok); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		mutate func(c *Config)
		want   error
	}{
		{"no RootAt", func(c *Config) { c.RootAt = nil }, ErrConfig},
		{"not in the set", func(c *Config) { c.Name = "z"; c.Key = keys["z"] }, ErrConfig},
		{"another's key", func(c *Config) { c.Key = keys["b"] }, ErrConfig},
		{"no key", func(c *Config) { c.Key = nil }, ErrConfig},
		{"attestation signed by another", func(c *Config) { c.State.Attested.Signature[0]++ }, ErrWrongSigner},
		{"ratification signed by another", func(c *Config) { c.State.Ratified.Signature[0]++ }, ErrWrongSigner},
		{"cosignature signed by another", func(c *Config) { c.State.Cosigned.Signature[0]++ }, ErrWrongSigner},
		{"bad note", func(c *Config) { c.State.Sealed = []byte("note") }, ErrWrongSigner},
		{"own cosignature forgotten", func(c *Config) { c.State.Cosigned = SignedCheckpoint{} }, ErrRolledBack},
	} {
		config := ok
		c.mutate(&config)
		if _, err := New(config); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

// FuzzParseState checks that what is accepted is written the same way again. The checksum is put right, so that the
// parts are reached.
func FuzzParseState(f *testing.F) {
	state, identity := fullState(f)
	full, empty := encodeState(state, identity), encodeState(State{}, identity)
	f.Add(full[:len(full)-32])
	f.Add(empty[:len(empty)-32])
	f.Fuzz(func(t *testing.T, body []byte) {
		raw := reseal(body)
		state, err := parseState(raw, identity)
		if err != nil {
			return
		}
		if again := encodeState(state, identity); string(again) != string(raw) {
			t.Error("two ways to write one state")
		}
	})
}

// reseal puts a checksum on a body.
func reseal(body []byte) []byte {
	sum := sha256.Sum256(body)
	return append(append([]byte(nil), body...), sum[:]...)
}
