package main

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/store"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// transfer is an envelope of the issuer's that pays Amina; the number makes it unlike any other.
func transfer(t *testing.T, w *ledgertest.World, number uint64, a amount.Amount) []byte {
	t.Helper()
	body, err := tx.Body{
		Nonce: w.Nonce(number), ExpiresAtUnixMs: ledgertest.GenesisTimeUnixMs + 60_000,
		Operations: []tx.Operation{tx.Transfer{
			Debit: w.IssuerAccount, Credit: w.Amina.Account, Asset: ledgertest.KES, Amount: a, Reference: "wages",
			Fee: &tx.Fee{Provider: w.ProviderAccount, ScheduleVersion: 1, Amount: ledgertest.FlatFee},
		}},
	}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := tx.Seal(w.Network, body, w.Issuer, w.Provider)
	if err != nil {
		t.Fatal(err)
	}
	return signed.Envelope()
}

// cosigned is the checkpoint of the newest state with the cosignatures of a quorum.
func cosigned(t *testing.T, c *ledgertest.Chain) []byte {
	t.Helper()
	head := c.Memory.Head()
	point := checkpoint.Checkpoint{Network: c.World.Network, Size: head.Size, Root: head.Root}
	var cosigs []checkpoint.Cosignature
	for _, v := range c.World.Set[:c.World.Set.Quorum()] {
		cosigs = append(cosigs, point.Cosign(v.Name, c.World.Validators[v.Name], head.TimeUnixMs/1000))
	}
	note, err := point.Seal(c.World.Set, cosigs)
	if err != nil {
		t.Fatal(err)
	}
	return note
}

// validatorFolder makes PARENT/validator1 with three batches, the last final, beside PARENT/genesis.json; change may alter the
// effects of the last. The store is left open.
func validatorFolder(t *testing.T, parent string, change func(*ledger.Effects)) (string, *ledgertest.Chain, *store.Store) {
	t.Helper()
	w := ledgertest.Network(t, t.Name())
	c := ledgertest.NewChain(t, w)
	dir := filepath.Join(parent, "validator1")
	check(t, os.Mkdir(dir, 0o700))
	check(t, os.WriteFile(filepath.Join(dir, "..", "genesis.json"), w.Raw, 0o644))
	s, err := store.Open(filepath.Join(dir, "state"), store.Options{NoSync: true})
	check(t, err)
	t.Cleanup(func() { _ = s.Close() })
	fx, err := ledger.Found(w.Genesis)
	check(t, err)
	check(t, s.Found(w.Network, fx))
	for i := range uint64(3) {
		c.Tick(1000)
		fx := c.Batch(t, transfer(t, w, i, 10_00))
		if change != nil && i == 2 {
			change(fx)
		}
		check(t, s.Commit(i+1, 1, fx))
	}
	check(t, s.SetFinal(cosigned(t, c), c.Memory.Head().Size, c.Memory.Head().Root))
	return dir, c, s
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAuditReplaysAFolder(t *testing.T) {
	dir, c, s := validatorFolder(t, t.TempDir(), nil)
	if _, _, err := umoja(t, "audit", "--dir", dir); err == nil || !strings.Contains(err.Error(), "in use") || !strings.Contains(err.Error(), "stop the validator") {
		t.Errorf("while the validator runs: %v", err)
	}
	check(t, s.Close())
	head := c.Memory.Head()
	root := head.State.Root()
	for range 2 { // An audit changes nothing, so it can be done again.
		out, notes, err := umoja(t, "audit", "--dir", dir)
		check(t, err)
		for _, line := range []string{
			"batches     3\n", "leaves      7\n", "final size  7\n", "supply      1,010,500.00 KES\n", "audit passed\n",
			"tree root   " + hex.EncodeToString(head.Root[:]) + "\n", "state root  " + hex.EncodeToString(root[:]) + "\n",
		} {
			if !strings.Contains(out, line) {
				t.Errorf("no line %q in\n%s", line, out)
			}
		}
		if notes != "" {
			t.Errorf("progress on what is no terminal: %q", notes)
		}
	}
	out, _, err := umoja(t, "audit", "--dir", dir, "--json")
	check(t, err)
	var d auditDocument
	check(t, json.Unmarshal([]byte(out), &d))
	if !d.Passed || d.Batches != 3 || d.Leaves != 7 || d.FinalSize != 7 || len(d.Supply) != 1 || d.Supply[0].Amount != "1010500.00" || d.Supply[0].Asset != "KES" {
		t.Errorf("%+v", d)
	}
}

// A validator that was killed leaves files that only a writer can complete. The process that is killed is this test in a
// process of its own.
func TestAuditAfterAKill(t *testing.T) {
	const variable = "UMOJA_TEST_KILLED"
	if parent := os.Getenv(variable); parent != "" {
		validatorFolder(t, parent, nil)
		os.Exit(9) // Nothing is closed.
	}
	parent := t.TempDir()
	killed := exec.Command(os.Args[0], "-test.run=^TestAuditAfterAKill$")
	killed.Env = append(os.Environ(), variable+"="+parent)
	if out, err := killed.CombinedOutput(); killed.ProcessState.ExitCode() != 9 {
		t.Fatalf("%v\n%s", err, out)
	}
	for range 2 {
		out, _, err := umoja(t, "audit", "--dir", filepath.Join(parent, "validator1"))
		if err != nil || !strings.Contains(out, "leaves      7\n") || !strings.Contains(out, "audit passed\n") {
			t.Errorf("%q, %v", out, err)
		}
	}
}

func TestAuditFindsWhatIsWrong(t *testing.T) {
	dir, _, s := validatorFolder(t, t.TempDir(), func(fx *ledger.Effects) {
		for i := range fx.Changes { // One unit more than the leaves say, on one balance.
			entry := ledger.Entry{Key: fx.Changes[i].Key, Value: fx.Changes[i].After}
			if _, is, err := ledger.BalanceOf(entry); err == nil && is {
				fx.Changes[i].After[7]++
				return
			}
		}
		t.Fatal("the batch changes no balance")
	})
	check(t, s.Close())
	out, _, err := umoja(t, "audit", "--dir", dir)
	if err == nil || out != "" || !strings.HasPrefix(err.Error(), "audit: ") {
		t.Errorf("a balance was changed: %q, %v", out, err)
	}
}

func TestAuditRefuses(t *testing.T) {
	dir, _, s := validatorFolder(t, t.TempDir(), nil)
	check(t, s.Close())
	other := filepath.Join(t.TempDir(), "other.json")
	check(t, os.WriteFile(other, ledgertest.Network(t, "other").Raw, 0o644))
	for name, try := range map[string]struct {
		args []string
		says string
	}{
		"no folder named":   {nil, "--dir is missing"},
		"no such folder":    {[]string{"--dir", filepath.Join(dir, "nowhere"), "--genesis", other}, "no state in"},
		"no genesis file":   {[]string{"--dir", t.TempDir()}, "no genesis file"},
		"another network":   {[]string{"--dir", dir, "--genesis", other}, "belongs to another network"},
		"state folder":      {[]string{"--dir", filepath.Join(dir, "state"), "--genesis", other}, "no state in"},
		"one word too many": {[]string{"--dir", dir, "1"}, "one argument too many"},
	} {
		if out, _, err := umoja(t, append([]string{"audit"}, try.args...)...); err == nil || !strings.Contains(err.Error(), try.says) || out != "" {
			t.Errorf("%s: %q, %v", name, out, err)
		}
	}
}
