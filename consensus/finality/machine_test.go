package finality

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

var update = flag.Bool("update", false, "rewrite the expected effects in testdata")

var testNetwork = tx.NetworkID{1, 2, 3}

// members makes a set named a, b, c … with fixed keys.
func members(t testing.TB, n int) (checkpoint.ValidatorSet, map[string]ed25519.PrivateKey) {
	t.Helper()
	keys := make(map[string]ed25519.PrivateKey)
	var all []checkpoint.Validator
	for i := range n {
		name := string(rune('a' + i))
		seed := sha256.Sum256([]byte("validator " + name))
		keys[name] = ed25519.NewKeyFromSeed(seed[:])
		v := checkpoint.Validator{Name: name, Key: [32]byte(keys[name].Public().(ed25519.PublicKey))}
		v.TLSKeyHash = sha256.Sum256([]byte("tls " + name))
		all = append(all, v)
	}
	stranger := sha256.Sum256([]byte("validator z")) // Has a key, but is no member.
	keys["z"] = ed25519.NewKeyFromSeed(stranger[:])
	set, err := checkpoint.NewValidatorSet(all)
	if err != nil {
		t.Fatal(err)
	}
	return set, keys
}

// rootOf is the root of a made-up tree at a size. Branches share nothing.
func rootOf(branch string, size uint64) [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%s %d", branch, size))
}

func branchOf(root [32]byte, size uint64) string {
	for _, branch := range []string{"fork", "other"} {
		if rootOf(branch, size) == root {
			return "/" + branch
		}
	}
	return ""
}

func signVote(key ed25519.PrivateKey, kind checkpoint.VoteKind, epoch, size uint64, root [32]byte) SignedVote {
	vote := checkpoint.Vote{Epoch: epoch, Size: size, Root: root}
	return SignedVote{Vote: vote, Signature: vote.Sign(testNetwork, kind, key)}
}

func certificate(keys map[string]ed25519.PrivateKey, epoch, size uint64, root [32]byte, names ...string) checkpoint.Certificate {
	c := checkpoint.Certificate{Vote: checkpoint.Vote{Epoch: epoch, Size: size, Root: root}}
	for _, name := range names {
		signed := signVote(keys[name], checkpoint.Attestation, epoch, size, root)
		c.Signatures = append(c.Signatures, Signature{Validator: name, Signature: signed.Signature})
	}
	return c
}

func signCheckpoint(name string, key ed25519.PrivateKey, size uint64, root [32]byte) SignedCheckpoint {
	cosig := checkpoint.Checkpoint{Network: testNetwork, Size: size, Root: root}.Cosign(name, key, 1000)
	return SignedCheckpoint{Size: size, Root: root, TimeUnixS: 1000, Signature: cosig.Signature}
}

// script runs one machine, validator a. Sizes are written "10", or "10/fork" on a tree that is not a's.
type script struct {
	t       *testing.T
	set     checkpoint.ValidatorSet
	keys    map[string]ed25519.PrivateKey
	machine *Machine
	// durable is what a restart finds; forgotten is what the disk had before that.
	durable, forgotten State
	// branch is the tree that a has now; odd sizes are no header leaf's boundary.
	branch string
	now    uint64
}

func (s *script) start(state State) string {
	m, err := New(Config{
		Network: testNetwork, Reign: Reign{Validators: s.set}, Name: "a", Key: s.keys["a"], State: state,
		RootAt: func(size uint64) ([32]byte, uint64, bool) { return rootOf(s.branch, size), 0, size%2 == 0 },
	})
	if err != nil {
		return "refused: " + err.Error() + "\n"
	}
	s.machine = m
	return "send " + showMessages(m.Messages()) + "\n"
}

func (s *script) size(word string) (uint64, [32]byte) {
	number, branch, forked := strings.Cut(word, "/")
	size, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		s.t.Fatalf("size %q: %v", word, err)
	}
	if !forked {
		branch = "main"
	}
	return size, rootOf(branch, size)
}

func (s *script) number(word string) uint64 {
	n, err := strconv.ParseUint(word, 10, 64)
	if err != nil {
		s.t.Fatalf("number %q: %v", word, err)
	}
	return n
}

// run lets one line happen and shows its effects.
func (s *script) run(line string) string {
	words := strings.Fields(line)
	said := func(change func(m *Messages)) string {
		m := Messages{Validator: words[1]}
		change(&m)
		return s.step(Message{From: words[1], Messages: m})
	}
	switch words[0] {
	case "start":
		s.set, s.keys = members(s.t, int(s.number(words[1])))
		return s.start(State{})
	case "restart":
		return s.start(s.durable)
	case "rollback": // The disk is put back to what it was before the last Persist.
		return s.start(s.forgotten)
	case "rewrite": // a's own tree becomes another.
		s.branch = words[1]
		return ""
	case "applied":
		size := s.number(words[1])
		return s.step(Applied{Size: size, Root: rootOf(s.branch, size)})
	case "leading":
		return s.step(Leading{Term: s.number(words[1])})
	case "following":
		return s.step(Following{Leader: strings.Trim(words[1], "-"), Term: s.number(words[2])})
	case "name":
		return s.step(Name{})
	case "tick":
		return s.step(Tick{})
	case "named":
		return said(func(m *Messages) { m.Named = Named{Term: s.number(words[2]), Size: s.number(words[3])} })
	case "attest", "ratify", "cosign", "forge", "foreign-epoch":
		size, root := s.size(words[2])
		return said(func(m *Messages) {
			key := s.keys[words[1]]
			switch words[0] {
			case "attest":
				m.Attestation = signVote(key, checkpoint.Attestation, 0, size, root)
			case "ratify":
				m.Ratification = signVote(key, checkpoint.Ratification, 0, size, root)
			case "cosign":
				m.Cosignature = signCheckpoint(words[1], key, size, root)
			case "foreign-epoch":
				m.Attestation = signVote(key, checkpoint.Attestation, 1, size, root)
			case "forge": // An attestation's signature is no ratification's.
				m.Ratification = signVote(key, checkpoint.Attestation, 0, size, root)
				m.Attestation = signVote(key, checkpoint.Ratification, 0, size, root)
				m.Cosignature = SignedCheckpoint{Size: size, Root: root}
			}
		})
	case "relay": // One validator hands on another's word.
		size, root := s.size(words[3])
		vote := signVote(s.keys[words[2]], checkpoint.Attestation, 0, size, root)
		return s.step(Message{From: words[1], Messages: Messages{Validator: words[2], Attestation: vote}})
	case "ahead": // A peer says what is final for it.
		return said(func(m *Messages) { m.FinalSize = s.number(words[2]) })
	case "proof":
		size, root := s.size(words[1])
		return s.step(Proof{Note: sealBy(s.t, s.set, s.keys, size, root, words[2:]...)})
	}
	s.t.Fatalf("unknown act %q", line)
	return ""
}

func sealBy(t testing.TB, set checkpoint.ValidatorSet, keys map[string]ed25519.PrivateKey, size uint64, root [32]byte, names ...string) []byte {
	t.Helper()
	c := checkpoint.Checkpoint{Network: testNetwork, Size: size, Root: root}
	var cosigs []checkpoint.Cosignature
	for _, name := range names {
		cosigs = append(cosigs, c.Cosign(name, keys[name], 1000))
	}
	note, err := c.Seal(set, cosigs)
	if err != nil {
		t.Fatal(err)
	}
	return note
}

func (s *script) step(e Event) string {
	s.now++
	var b strings.Builder
	for _, effect := range s.machine.Step(s.now, e) {
		if p, ok := effect.(Persist); ok {
			s.forgotten, s.durable = s.durable, p.State
		}
		fmt.Fprintln(&b, show(effect))
	}
	if s.machine.Ready() {
		fmt.Fprintln(&b, "ready")
	}
	return b.String()
}

func show(e Effect) string {
	switch e := e.(type) {
	case Persist:
		return "persist " + showWords(e.State.Attested, e.State.Ratified, e.State.Cosigned)
	case Send:
		return "send " + showMessages(e.Messages)
	case Final:
		out := fmt.Sprintf("final %d%s by", e.Checkpoint.Size, branchOf(e.Checkpoint.Root, e.Checkpoint.Size))
		for _, s := range e.Ratifications {
			out += " " + s.Validator
		}
		return out
	case Sealed:
		return fmt.Sprintf("sealed %d%s with %d cosignatures", e.Checkpoint.Size, branchOf(e.Checkpoint.Root, e.Checkpoint.Size), bytes.Count(e.Note, []byte("— ")))
	case Accuse:
		return fmt.Sprintf("accuse %s of %s", e.Evidence.Validator, e.Offence)
	case EpochReady:
		return fmt.Sprintf("epoch %d is ready with %d votes from size %d", e.Change.Epoch, len(e.Change.Votes), e.Change.Start().Size)
	case Astray:
		return fmt.Sprintf("astray at %d%s of epoch %d", e.At.Size, branchOf(e.At.Root, e.At.Size), e.At.Epoch)
	case Halt:
		return "halt: " + e.Err.Error()
	}
	return fmt.Sprintf("%#v", e)
}

func showMessages(m Messages) string {
	out := ""
	if m.Named.Size > 0 {
		out = fmt.Sprintf("named=%d ", m.Named.Size)
	}
	return out + showWords(m.Attestation, m.Ratification, m.Cosignature) + fmt.Sprintf(" final=%d", m.FinalSize)
}

func showWords(a, r SignedVote, c SignedCheckpoint) string {
	return fmt.Sprintf("attested=%d ratified=%d cosigned=%d", a.Size, r.Size, c.Size)
}

// TestScripts runs testdata/*.txt: after "> " an act, below it the effects in order. "ready" means that a leader may
// name a round.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts:", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := &script{t: t, branch: "main"}
			var got strings.Builder
			lines := bufio.NewScanner(bytes.NewReader(raw))
			for lines.Scan() {
				line := lines.Text()
				act, isAct := strings.CutPrefix(line, "> ")
				switch {
				case isAct:
					got.WriteString(line + "\n" + s.run(act))
				case strings.HasPrefix(line, "#") || line == "":
					got.WriteString(line + "\n")
				}
			}
			if *update {
				if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if diff := cmp.Diff(string(raw), got.String()); diff != "" {
				t.Errorf("effects differ (-want +got):\n%s", diff)
			}
		})
	}
}
