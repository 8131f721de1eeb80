package profile

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"math"
	"runtime/pprof"
	"testing"
	"time"
)

// TestOwnProfile: a profile of hashing says that hashing used the CPU.
func TestOwnProfile(t *testing.T) {
	var raw bytes.Buffer
	if err := pprof.StartCPUProfile(&raw); err != nil {
		t.Skip("somebody else takes a profile: ", err)
	}
	sum := sha256.Sum256(nil)
	for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); {
		sum = sha256.Sum256(sum[:])
	}
	pprof.StopCPUProfile()
	stacks, err := Read(&raw)
	if err != nil {
		t.Fatal(err)
	}
	parts, rest, err := Parts(stacks, []Share{{"hash", []string{"sha256"}}})
	if err != nil {
		t.Fatal(err)
	}
	if parts["hash"] < 0.1 || // The rest is the collector's, and what a busy machine takes.
		math.Abs(parts["hash"]+rest-1) > 1e-9 {
		t.Errorf("hashing has %g, the rest %g", parts["hash"], rest)
	}
}

// TestOrder: a stack belongs to the first share that names one of its functions.
func TestOrder(t *testing.T) {
	stacks := []Stack{
		{[]string{"badger.(*DB).Get", "store.(*Store).Apply", "hashicorp/raft.runFSM"}, 30},
		{[]string{"syscall.Write", "crypto/tls.(*Conn).Write", "google.golang.org/grpc/internal/transport.(*loopyWriter).run"}, 10},
		{[]string{"hashicorp/raft.(*Raft).replicate"}, 40},
		{[]string{"runtime.schedule"}, 20},
	}
	parts, rest, err := Parts(stacks, Validator)
	if err != nil {
		t.Fatal(err)
	}
	if parts["store"] != 0.3 || parts["peers"] != 0.1 || parts["raft"] != 0.4 || rest != 0.2 {
		t.Errorf("%v, rest %g", parts, rest)
	}
}

// TestConsensusIsKnown: what is counted as consensus is a share.
func TestConsensusIsKnown(t *testing.T) {
	known := make(map[string]bool)
	for _, s := range Validator {
		known[s.Name] = true
	}
	for _, name := range Consensus {
		if !known[name] {
			t.Errorf("there is no share %q", name)
		}
	}
}

// TestNotAProfile: what is none is refused.
func TestNotAProfile(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	// A function whose name is beyond the texts.
	_, err := z.Write([]byte{0x2a, 4, 0x08, 1, 0x10, 9})
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	for what, raw := range map[string][]byte{"nothing": nil, "text": []byte("profile"), "a name that is missing": packed.Bytes()} {
		if _, err := Read(bytes.NewReader(raw)); !errors.Is(err, ErrProfile) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, _, err := Parts(nil, Validator); !errors.Is(err, ErrProfile) {
		t.Errorf("no samples: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte{0x2a, 4, 0x08, 1, 0x10, 0})
	f.Add([]byte{0x12, 4, 0x08, 1, 0x10, 9, 0x22, 2, 0x08, 1})
	f.Fuzz(func(t *testing.T, raw []byte) {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, err := z.Write(raw)
		if err := errors.Join(err, z.Close()); err != nil {
			t.Fatal(err)
		}
		if stacks, err := Read(&packed); err == nil {
			_, _, _ = Parts(stacks, Validator) // It may be empty.
		}
	})
}
