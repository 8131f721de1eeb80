package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// readme gives the indented blocks of the README that hold a text, without their indentation.
func readme(t *testing.T, holding string) string {
	t.Helper()
	raw, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var block []string
	for line := range strings.Lines(string(raw) + "\nend\n") {
		if code, ok := strings.CutPrefix(line, "    "); ok {
			block = append(block, code)
			continue
		}
		if text := strings.Join(block, ""); strings.Contains(text, holding) {
			return text
		}
		block = nil
	}
	t.Fatalf("the README has no block with %q", holding)
	return ""
}

// changing is what differs from one sandbox to the next.
var changing = regexp.MustCompile(`umoja1[a-z0-9]+|[0-9a-f]{64}|\b[0-9A-HJKMNP-TV-Z]{8}\b|New balance [0-9,.]+ KES|leaf +[0-9]+, in a checkpoint of [0-9]+|cosigned by .*`)

// readmePayment makes the payment of the README, with its own commands, and compares what they print with what it says.
func readmePayment(t *testing.T, b *box) {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the README's payment needs %s: %v", tool, err)
		}
	}
	dir := t.TempDir()
	run := func(script string) string {
		t.Helper()
		script = strings.ReplaceAll(script, "127.0.0.1:8080", b.addresses.HTTP)
		script = strings.ReplaceAll(script, "go run ./cmd/umoja", b.binary)
		cmd := exec.Command("bash", "-ec", script)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "UMOJA_DIR="+b.dir)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", script, err, out)
		}
		return string(out)
	}
	same := func(what, printed, said string) {
		t.Helper()
		if got, want := changing.ReplaceAllString(printed, "…"), changing.ReplaceAllString(said, "…"); strings.TrimSpace(got) != strings.TrimSpace(want) {
			t.Errorf("%s prints\n%s\nand the README says\n%s", what, printed, said)
		}
	}
	screens := run(readme(t, "curl -s"))
	same("the payment", screens[strings.Index(screens, "CON Enter phone"):], readme(t, "END Paid")[strings.Index(readme(t, "END Paid"), "CON Enter phone"):])
	printed := run(readme(t, "receipt get last"))
	if _, err := os.Stat(filepath.Join(dir, "payment.receipt")); err != nil {
		t.Error(err)
	}
	worst := run(readme(t, "provider show"))
	if !strings.Contains(worst, "\nworst 24 hours  at most ") || !strings.HasPrefix(readme(t, "worst 24 hours"), "worst 24 hours  at most ") {
		t.Errorf("the provider's worst day is\n%s", worst)
	}
	same("the verification", printed[strings.Index(printed, "verified\n"):], readme(t, "cosigned by"))
}

// TestReadmeCommands: every command that the README names exists.
func TestReadmeCommands(t *testing.T) {
	raw, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`go run \./cmd/umoja ([a-z]+(?: [a-z]+)?)`).FindAllStringSubmatch(string(raw), -1)
	if len(named) == 0 {
		t.Fatal("the README names no command")
	}
	for _, n := range named {
		words := strings.Fields(n[1])
		if cmd, _, err := newRootCommand().Find(words); err != nil || cmd.Name() == "umoja" {
			t.Errorf("umoja %s: %v", n[1], err)
		}
	}
}
