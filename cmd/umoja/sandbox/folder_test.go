package sandbox

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/consensus/validator"
	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/sdk"
)

// founded makes a sandbox's folder, with nothing running in it.
func founded(t *testing.T) (Folder, *genesis.Genesis) {
	t.Helper()
	f := Folder(filepath.Join(t.TempDir(), "box"))
	g, err := f.found(4, anyPlan(t))
	if err != nil {
		t.Fatal(err)
	}
	return f, g
}

func anyPlan(t *testing.T) plan {
	t.Helper()
	p, err := newPlan("127.0.0.1:0", "127.0.0.1:0", 4, 2)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFoundedNetworkFoundsALedger(t *testing.T) {
	f, g := founded(t)
	if _, err := ledger.Found(g); err != nil {
		t.Fatal(err)
	}
	if !g.Test || g.DayOffsetMinutes != 180 || len(g.Aliases) != 4 || len(g.Grants) != 4 || len(g.Providers) != 2 || g.Providers[0].Schedules[0].Bands[0].Flat != 1_00 {
		t.Errorf("the genesis is not the sandbox's: %+v", g)
	}
	if len(g.Governors) != 4 || len(g.Attestors) != 3 || g.Parameters.CreditBurst < 100_000 || g.Providers[0].Shares < 1000 {
		t.Errorf("governors %v, attestors %v, parameters %+v", g.Governors, g.Attestors, g.Parameters)
	}
	keys, err := f.readKeys(4)
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range keys.Governors {
		if g.Governors[i].Account != sdk.AccountOf(k.Public()) {
			t.Errorf("governor %d has no key", i+1)
		}
	}
	again, err := f.founded()
	if err != nil {
		t.Fatal(err)
	}
	if again.Network() != g.Network() {
		t.Error("the genesis that is read back is another")
	}
	for i, p := range phones {
		if g.Aliases[i].Alias != keys.Alias.Alias(p.number) {
			t.Errorf("phone %d is not bound", i+1)
		}
		if name, err := keys.Alias.OpenName(p.number, g.Aliases[i].SealedName); err != nil || name != p.name {
			t.Errorf("phone %d is called %q, %v", i+1, name, err)
		}
	}
}

func TestFoundingThatWasCutOffIsTakenUp(t *testing.T) {
	f, _ := founded(t)
	before, err := f.readKeys(4)
	if err != nil {
		t.Fatal(err)
	}
	// The genesis is written last, so this is what a crash leaves.
	if err := os.Remove(f.Genesis()); err != nil {
		t.Fatal(err)
	}
	write(t, f.Genesis()+partSuffix, "{")
	if g, err := f.founded(); g != nil || err != nil {
		t.Fatalf("founded: %v, %v", g, err)
	}
	if _, err := f.found(4, anyPlan(t)); err != nil {
		t.Fatal(err)
	}
	after, err := f.readKeys(4)
	if err != nil {
		t.Fatal(err)
	}
	if before.Issuer.Public() != after.Issuer.Public() {
		t.Error("the keys were made anew")
	}
	if _, err := f.founded(); err != nil {
		t.Error(err)
	}
}

func TestFoldersThatAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		change func(t *testing.T, f Folder)
		want   error
		says   string
	}{
		"another genesis": {func(t *testing.T, f Folder) {
			other, _ := founded(t)
			raw, err := os.ReadFile(other.Genesis())
			if err != nil {
				t.Fatal(err)
			}
			write(t, f.Genesis(), string(raw))
		}, ErrOtherNetwork, "put the right genesis.json back"},
		"a genesis that was edited": {func(t *testing.T, f Folder) {
			raw, err := os.ReadFile(f.Genesis())
			if err != nil {
				t.Fatal(err)
			}
			write(t, f.Genesis(), strings.Replace(string(raw), "umoja-sandbox", "umoja-sandbax", 1))
		}, ErrOtherNetwork, ""},
		"one validator of another network": {func(t *testing.T, f Folder) {
			write(t, filepath.Join(f.Validator(3), networkFile), strings.Repeat("0", 64))
		}, ErrOtherNetwork, "validator3 belongs to network 0000000000000000…"},
		"a validator's folder is gone": {func(t *testing.T, f Folder) {
			if err := os.RemoveAll(f.Validator(2)); err != nil {
				t.Fatal(err)
			}
		}, ErrForeign, "validator2 does not say which network it belongs to"},
		"the name of a validator's network is gone": {func(t *testing.T, f Folder) {
			if err := os.Remove(filepath.Join(f.Validator(2), networkFile)); err != nil {
				t.Fatal(err)
			}
		}, ErrForeign, "put back its network.id"},
		"the genesis is gone and there is a ledger": {func(t *testing.T, f Folder) {
			write(t, filepath.Join(f.Validator(1), "state", "MANIFEST"), "x")
			write(t, f.path("gateway", "gateway.toml"), "")
			if err := os.Remove(f.Genesis()); err != nil {
				t.Fatal(err)
			}
		}, ErrOtherNetwork, "genesis.json is gone"},
		"the genesis is no genesis": {func(t *testing.T, f Folder) { write(t, f.Genesis(), "{}") }, genesis.ErrBadGenesis, ""},
		"something else": {func(t *testing.T, f Folder) {
			if err := os.RemoveAll(string(f)); err != nil {
				t.Fatal(err)
			}
			write(t, f.path("thesis.doc"), "years of work")
		}, ErrForeign, "thesis.doc"},
	} {
		t.Run(name, func(t *testing.T) {
			f, _ := founded(t)
			test.change(t, f)
			_, err := f.founded()
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v; want %v that says %q", err, test.want, test.says)
			}
		})
	}
}

func TestFolderIsForOneSandboxAtATime(t *testing.T) {
	f, _ := founded(t)
	if err := f.checkUnlocked(); err != nil {
		t.Fatal(err)
	}
	release, err := f.take()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.checkUnlocked(); !errors.Is(err, ErrInUse) {
		t.Errorf("look: %v", err)
	}
	if _, err := f.take(); !errors.Is(err, ErrInUse) {
		t.Errorf("take: %v", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	release, err = f.take()
	if err != nil {
		t.Fatalf("after release: %v", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
}

func TestFolderOfSomebodyElseIsNamed(t *testing.T) {
	f, _ := founded(t)
	// Root may open a file of any mode, so something that nobody may open for writing stands in for it.
	if err := os.Mkdir(f.lock(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := f.checkUnlocked(); err == nil || !strings.Contains(err.Error(), string(f)+" cannot be used") ||
		!strings.Contains(err.Error(), "choose another with --dir") {
		t.Errorf("got %v; want an error that names the folder and says what to do", err)
	}
}

func TestLeftoversOfAKilledParentAreNamed(t *testing.T) {
	f, _ := founded(t)
	// A process whose first argument is that of a child, and that lives until its input ends.
	script := t.TempDir()
	write(t, filepath.Join(script, ValidatorCommand), "read line\n")
	child := exec.Command("sh", ValidatorCommand)
	child.Dir = script
	lifeline, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	// This process lives too, and is no child of a sandbox: its pid was given away since.
	if err := writeJSON(f.Pids(), Pids{Validators: []int{0, child.Process.Pid, os.Getpid(), 0}}, 0o644); err != nil {
		t.Fatal(err)
	}
	err = f.checkLeftovers()
	if !errors.Is(err, ErrInUse) || !strings.HasSuffix(err.Error(), "stop them with kill "+strconv.Itoa(child.Process.Pid)) {
		t.Errorf("while it lives: %v", err)
	}
	if err := lifeline.Close(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // It ends with the status of read, which does not matter.
	if err := f.checkLeftovers(); err != nil {
		t.Errorf("after its end: %v", err)
	}
}

func TestControlSocketOfALongPath(t *testing.T) {
	short, err := Folder("/tmp/box").controlPath()
	if err != nil || short != "/tmp/box/control.sock" {
		t.Errorf("short: %q, %v", short, err)
	}
	long := strings.Repeat("/a-folder-with-a-long-name", 8)
	a, err := Folder(long + "/a").controlPath()
	if err != nil {
		t.Fatal(err)
	}
	b, err := Folder(long + "/b").controlPath()
	if err != nil {
		t.Fatal(err)
	}
	if len(a) > maxSocketPath || filepath.Dir(a) != filepath.Clean(os.TempDir()) || a == b {
		t.Errorf("long: %q and %q", a, b)
	}
}

func TestValidatorsFilesAreThoseOfInit(t *testing.T) {
	f, g := founded(t)
	for i, r := range g.Validators {
		// Init keeps keys that are there, so it gives the record of the genesis only if it made them.
		again, err := validator.Init(f.Validator(i+1), r.Name, r.PeerAddress, r.Address)
		if err != nil {
			t.Fatal(err)
		}
		if string(again.Key) != string(r.Key) || string(again.TLSKeyHash) != string(r.TLSKeyHash) {
			t.Errorf("validator %d: the genesis names other keys", i+1)
		}
	}
}
