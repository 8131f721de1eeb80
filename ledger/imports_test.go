package ledger_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

const module = "github.com/umoja-ledger/umoja/"

// arrows say what a package may not import, itself or (deep) through others, and what it does instead. Paths in the
// module are written without its name; a pattern that begins with "not " is of every package but these. Packages whose
// name ends in "test" serve tests and are free.
var arrows = []struct {
	of, never string
	deep      bool
	instead   string
}{
	{`ledger(/(tx|amount|key|genesis|checkpoint|compact))?`, `time|context|sync|(os|net|math/rand|crypto/rand)(/.*)?`, false,
		"time comes in the batch, random bytes in an io.Reader, and what is read or kept in a ledger.View"},
	{`ledger(/(tx|amount|key|genesis|checkpoint|compact))?`, `google.golang.org/grpc.*|github.com/(hashicorp|dgraph-io)/.*|consensus.*|proto/umoja/(api|peer)/.*`, true,
		"the rules are called by ledger/store and consensus and know neither"},
	{`ledger/(amount|key)`, `ledger.*`, false, "ledger/tx is built on them, not they on it"},
	{`ledger`, `google.golang.org/protobuf/.*|proto/.*`, false, "ledger/tx turns messages into plain types"},
	{`ledger/store`, `consensus.*|google.golang.org/grpc.*`, true, "consensus calls the store"},
	{`(sdk|ussd|console)(/.*)?`, `consensus.*|ledger|ledger/store|github.com/hashicorp/.*`, true,
		"a gateway is a client like any other: sdk.Client, and ledger/{tx,amount,key,genesis,checkpoint}"},
	{`(ledger|consensus)(/.*)?`, `(sdk|ussd|console|cmd)(/.*)?`, true, "only cmd knows both sides"},
	{`sdk(/.*)?`, `(ussd|console)(/.*)?|github.com/dgraph-io/.*`, true, "the sdk is below the gateway; the gateway's store is ussd/store"},
	{`(ussd|console)(/.*)?`, `proto/.*|google.golang.org/(grpc|protobuf).*`, false, "sdk gives plain types"},
	{`not ledger/key`, `github.com/(btcsuite/btcd/btcec|decred)/.*`, false, "ledger/key signs and verifies"},
	{`not ledger/key/batch`, `github.com/consensys/.*`, false, "ledger/key/batch verifies many signatures at once"},
	{`ledger/key/batch`, `time|context|(os|net|math/rand|crypto/rand)(/.*)?`, false, "coefficients are a hash, and verdicts come from the items alone"},
	{`(sdk|ussd|console)(/.*)?|ledger/(tx|amount|key|genesis|checkpoint|compact)`, `github.com/consensys/.*|ledger/key/batch`, true,
		"a wallet verifies a few signatures, one by one"},
	{`not ledger/store|ussd/store`, `github.com/dgraph-io/.*`, false, "ledger/store keeps the ledger, ussd/store what a gateway keeps"},
	{`not consensus(/.*)?`, `github.com/hashicorp/raft.*|go.etcd.io/.*`, false, "consensus.Node orders"},
	{`not ledger`, `github.com/zeebo/blake3|lukechampine.com/.*`, false, "ledger.LtHash hashes the state"},
}

func matches(pattern, path string) bool {
	return regexp.MustCompile(`^(?:` + pattern + `)$`).MatchString(path)
}

// TestImportsRunOneWay holds the arrows: cmd → consensus → ledger/store → ledger → ledger/{tx,amount,key,genesis}, and
// cmd → ussd → sdk → ledger/{tx,amount,key,genesis,checkpoint}; one importer for each heavy dependency.
func TestImportsRunOneWay(t *testing.T) {
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,Deps", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for d := json.NewDecoder(strings.NewReader(string(out))); ; seen++ {
		var p struct {
			ImportPath    string
			Imports, Deps []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(p.ImportPath, module)
		for _, a := range arrows {
			of, except := strings.CutPrefix(a.of, "not ")
			if strings.HasSuffix(name, "test") || matches(of, name) == except {
				continue
			}
			imports := p.Imports
			if a.deep {
				imports = p.Deps
			}
			for _, i := range imports {
				if i = strings.TrimPrefix(i, module); matches(a.never, i) {
					t.Errorf("%s imports %s: %s", name, i, a.instead)
					break // What it brings along is no news.
				}
			}
		}
	}
	if seen < 10 {
		t.Fatalf("go list found %d packages", seen)
	}
}
