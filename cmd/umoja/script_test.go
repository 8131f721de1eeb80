package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/sdk/sdktest"
)

// TestScript runs the scripts in testdata/script. Each has a network of its own: validators that serve the real API on
// loopback from one ledger in memory, named by UMOJA_DIR. Beside testscript's own commands there are
//
//	fund KEYFILE AMOUNT           pay a key's account from the issuer
//	reserve CODE AMOUNT           the issuer states what it holds, as of an hour ago
//	define CODE                   the issuer defines vouchers
//	pass DURATION                 ledger time passes
//	hold order|finality|nothing   take submissions and order nothing, or let nothing become final
//	validators down|up            cut every connection, or serve again
//	accuse NAME TERM              let two validators hold evidence that one voted twice in a term
//	governor NAME FILE            write the key of who speaks for a validator
//	flip FILE BIT                 change one bit of a file, counted from 0
//	fold FILE FILE                break a text message as carriers do
//	envelope OUTBOX FILE          copy the one envelope of an outbox, also in hexadecimal (FILE.hex)
//	capture VAR REGEXP            keep the first group in what was printed last
func TestScript(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "script", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			n := sdktest.New(t)
			addresses := serve(t, n)
			testscript.Run(t, testscript.Params{
				Files:               []string{file},
				RequireExplicitExec: true,
				Setup:               func(env *testscript.Env) error { return setup(env, n, addresses) },
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"fund": func(ts *testscript.TestScript, _ bool, args []string) {
						secret, err := readKeyFile(ts.MkAbs(args[0]))
						ts.Check(err)
						a, err := amount.Parse(args[1], 2)
						ts.Check(err)
						n.Fund(t, sdk.AccountOf(secret.Public()), a)
					},
					"reserve": func(ts *testscript.TestScript, _ bool, args []string) {
						a, err := amount.Parse(args[1], 2)
						ts.Check(err)
						n.Apply(t, []key.Signer{n.Issuer}, tx.StateReserve{
							Asset: ledgertest.KES, Issuer: n.IssuerAccount, Reserve: a, AsOfUnixMs: n.NowUnixMs() - 3_600_000, EvidenceHash: [32]byte{8},
						})
					},
					"define": func(_ *testscript.TestScript, _ bool, args []string) {
						n.Apply(t, []key.Signer{n.Issuer}, tx.DefineAsset{
							Issuer: n.IssuerAccount, Code: args[0], Scale: 2, Kind: tx.Voucher, SpendUntilUnixMs: n.NowUnixMs() + 90*24*3_600_000,
						})
					},
					"pass": func(ts *testscript.TestScript, _ bool, args []string) {
						d, err := time.ParseDuration(args[0])
						ts.Check(err)
						n.Advance(d)
						n.Fund(t, n.ProviderAccount, 1) // Ledger time moves by batches.
					},
					"hold": func(_ *testscript.TestScript, _ bool, args []string) {
						n.HoldOrder(args[0] == "order")
						n.HoldFinality(args[0] == "finality")
					},
					"validators": func(_ *testscript.TestScript, _ bool, args []string) {
						for _, v := range n.Validators {
							if args[0] == "down" {
								v.Stop()
							} else {
								v.Start()
							}
						}
					},
					"accuse": func(ts *testscript.TestScript, _ bool, args []string) {
						term, err := strconv.ParseUint(args[1], 10, 64)
						ts.Check(err)
						for _, v := range n.Validators[:2] {
							v.Keeps(n.DoubleVote(args[0], term))
						}
					},
					"governor": func(ts *testscript.TestScript, _ bool, args []string) {
						ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(n.Governors[args[0]].Text()+"\n"), 0o600))
					},
					"fold":     fold,
					"envelope": envelope,
					"flip":     flip,
					"capture":  capture,
				},
			})
		})
	}
}

func setup(env *testscript.Env, n *sdktest.Network, addresses []string) error {
	dir := filepath.Join(env.WorkDir, "net")
	box, err := json.Marshal(sandboxFile{HTTP: "127.0.0.1:1", GRPC: addresses, ServiceCode: "*384*2050#"})
	if err != nil {
		return err
	}
	env.Setenv("UMOJA_DIR", dir)
	env.Setenv("AMINA", n.Amina.Account.String())
	env.Setenv("JUMA", n.Juma.Account.String())
	env.Setenv("AMINA_NUMBER", tx.AccountNumber(4).Text())
	return errors.Join(
		os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, "genesis.json"), n.Raw, 0o644),
		os.WriteFile(filepath.Join(dir, "sandbox.json"), box, 0o644),
		os.WriteFile(filepath.Join(env.WorkDir, "other.json"), bytes.Replace(n.Raw, []byte(`"umoja-test"`), []byte(`"other"`), 1), 0o644),
	)
}

func flip(ts *testscript.TestScript, _ bool, args []string) {
	bit, err := strconv.Atoi(args[1])
	ts.Check(err)
	raw, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	raw[bit/8] ^= 1 << (bit % 8)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), raw, 0o644))
}

func fold(ts *testscript.TestScript, _ bool, args []string) {
	text := strings.ToLower(strings.TrimSpace(ts.ReadFile(args[0])))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text[:70]+"\r\n "+text[70:100]+" \n"+text[100:]), 0o644))
}

func envelope(ts *testscript.TestScript, _ bool, args []string) {
	files, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "*", "*.tx"))
	ts.Check(err)
	if len(files) != 1 {
		ts.Fatalf("%d envelopes in the outbox", len(files))
	}
	raw, err := os.ReadFile(files[0])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), raw, 0o644))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]+".hex"), []byte(hex.EncodeToString(raw)+"\n"), 0o644))
}

func capture(ts *testscript.TestScript, _ bool, args []string) {
	found := regexp.MustCompile("(?m)" + args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) < 2 {
		ts.Fatalf("nothing matches %s", args[1])
	}
	ts.Setenv(args[0], found[1])
}

// serve puts each validator of a network in memory behind a port of this machine.
func serve(t *testing.T, n *sdktest.Network) []string {
	t.Helper()
	var addresses []string
	var wait sync.WaitGroup
	t.Cleanup(wait.Wait)
	for _, v := range n.Validators {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		addresses = append(addresses, l.Addr().String())
		wait.Go(func() {
			for {
				client, err := l.Accept()
				if err != nil {
					return // The test is over.
				}
				server, err := n.Dial(t.Context(), v.Address())
				if err != nil {
					_ = client.Close()
					continue
				}
				// Whichever side ends first ends both.
				wait.Go(func() { _, _ = io.Copy(server, client); _ = server.Close() })
				wait.Go(func() { _, _ = io.Copy(client, server); _ = client.Close() })
			}
		})
	}
	return addresses
}
