package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/attestor"
	"github.com/umoja-ledger/umoja/ussd/handset"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// rivals is a sandbox of two providers, as the second one's program sees it.
type rivals struct {
	dir      string
	box      sandboxFile
	client   *sdk.Client
	genesis  *genesis.Genesis
	alias    key.AliasKey
	old, new key.Private
	panel    *attestor.Panel
}

// TestMoveBetweenProviders: two phones move to the second provider on the word of two attestors, each a process with messages of its own. One
// goes at once, because the first provider signs too. The other is told by every attestor that asked how to stop it, and is held up.
func TestMoveBetweenProviders(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program and starts a sandbox of nine processes; run without -short")
	}
	d := startDev(t, buildUmoja(t), filepath.Join(t.TempDir(), "box"), "--providers", "2")
	defer d.interrupt(t)
	r := newRivals(t, d.dir)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()

	juma := "+254711000001"
	if o := r.move(ctx, t, juma, r.new, r.old); o.Result.Code != tx.OK {
		t.Fatalf("a move with both providers: %s", o.Result.Code)
	}
	if grants := r.grants(ctx, t, juma); len(grants) != 1 || grants[0].Grantee != r.new.Public() {
		t.Errorf("grants after it: %+v", grants)
	}
	r.await(ctx, t, juma, `^Attestor 1: your number is now with Tumaini\. Dial \*384\*3060#\.$`)

	amina := "+254711000002"
	if o := r.move(ctx, t, amina, r.new); o.Result.Code != tx.OK {
		t.Fatalf("a move without the old provider: %s", o.Result.Code)
	}
	for _, name := range []string{"Attestor 1", "Attestor 2"} {
		r.await(ctx, t, amina, `^`+name+`: simu yako inahamia Tumaini tarehe \d\d/\d\d \d\d:\d\d\. Hutaki\? Piga \*384\*2050# \(Umoja Sandbox\) kabla ya hapo uzuie\.$`)
	}
	payee, err := r.client.Resolve(ctx, amina)
	if err != nil {
		t.Fatal(err)
	}
	if o := r.submit(ctx, t, r.body(ctx, t, tx.CancelMove{Alias: *payee.Alias, Account: payee.Account}), nil, r.old); o.Result.Code != tx.OK {
		t.Fatalf("hold it up: %s", o.Result.Code)
	}
	if moves, err := r.client.Moves(ctx, *payee.Alias); err != nil || len(moves) != 1 || moves[0].State != sdk.MoveHeld {
		t.Errorf("the move: %+v, %v", moves, err)
	}
	if grants := r.grants(ctx, t, amina); len(grants) != 1 || grants[0].Grantee != r.old.Public() {
		t.Errorf("grants while it is held up: %+v", grants)
	}
}

func newRivals(t *testing.T, dir string) *rivals {
	t.Helper()
	r := &rivals{dir: dir}
	var err error
	if r.box, err = readSandbox(dir); err != nil {
		t.Fatal(err)
	}
	if r.genesis, err = sandbox.Folder(dir).ReadGenesis(); err != nil {
		t.Fatal(err)
	}
	secret := func(name string) string {
		t.Helper()
		raw, err := os.ReadFile(filepath.Join(dir, "keys", name))
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(raw))
	}
	if r.alias, err = key.ParseAliasKey(secret("alias.key")); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]*key.Private{"provider.key": &r.old, "provider2.key": &r.new} {
		if *to, err = key.ParsePrivate(secret(name)); err != nil {
			t.Fatal(err)
		}
	}
	if r.client, err = sdk.Open(sdk.Config{Genesis: r.genesis, Addresses: r.box.GRPC, AliasKey: &r.alias}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.client.Close() })
	var clients []*attestor.Client
	for i, a := range r.box.Attestors {
		c, err := attestor.NewClient(attestor.ClientConfig{
			Name: a.Name, Address: "http://" + a.HTTP, Key: r.genesis.Attestors[i].Key, Network: r.genesis.Network(), Signer: r.new,
		})
		if err != nil {
			t.Fatal(err)
		}
		clients = append(clients, c)
	}
	r.panel = attestor.NewPanel(clients...)
	t.Cleanup(r.panel.Close)
	return r
}

func (r *rivals) body(ctx context.Context, t *testing.T, op tx.Operation) []byte {
	t.Helper()
	expires, err := r.client.ExpiryIn(ctx, 10*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	body, err := sdk.NewBody(rand.Reader, expires, op)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := body.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// move starts the move of a number to the second provider, with the codes of two attestors and the signatures of providers.
func (r *rivals) move(ctx context.Context, t *testing.T, number string, by ...key.Signer) sdk.Outcome {
	t.Helper()
	payee, err := r.client.Resolve(ctx, number)
	if err != nil {
		t.Fatal(err)
	}
	grants := r.grants(ctx, t, number)
	account, err := r.client.Account(ctx, payee.Account)
	if err != nil {
		t.Fatal(err)
	}
	old := grants[0].Grantee
	body := r.body(ctx, t, tx.StartMove{
		Alias: *payee.Alias, From: payee.Account, To: payee.Account, OldGrantee: &old,
		Grant: &tx.IssueGrant{
			Account: payee.Account, Grantee: r.new.Public(), Operations: grants[0].Operations, Asset: grants[0].Asset, CapTransaction: grants[0].CapTransaction,
			CapDay: grants[0].CapDay, FeeCeiling: grants[0].FeeCeiling, ExpiresAtUnixMs: grants[0].ExpiresAtUnixMs,
		},
	})
	language := map[string]string{"+254711000002": "sw"}[number]
	if language == "" {
		language = "en"
	}
	sent, err := r.panel.Ask(ctx, attestor.CodeRequest{Phone: ussd.Phone(number), Body: body, Language: language, Send: 1}, int(account.Authority.Attestors))
	if err != nil {
		t.Fatal(err)
	}
	id := tx.NewID(r.genesis.Network(), body)
	var signatures []tx.Signature
	for _, s := range sent {
		code := r.await(ctx, t, number, `^`+s.Name+`: (?:code|namba) (\d{6}) (?:moves your number to|inahamisha simu yako kwenda) Tumaini \*384\*3060#\. `)[1]
		signature, err := r.panel.By(s.Key).Confirm(ctx, id, pin.NewSecret(code))
		if err != nil {
			t.Fatal(err)
		}
		signatures = append(signatures, signature)
	}
	return r.submit(ctx, t, body, signatures, by...)
}

func (r *rivals) submit(ctx context.Context, t *testing.T, body []byte, signatures []tx.Signature, by ...key.Signer) sdk.Outcome {
	t.Helper()
	own, err := tx.Seal(r.genesis.Network(), body, by...)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := tx.Pack(r.genesis.Network(), body, append(signatures, own.Signatures...))
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := r.client.Submit(ctx, signed)
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}

func (r *rivals) grants(ctx context.Context, t *testing.T, number string) []sdk.KeyGrant {
	t.Helper()
	payee, err := r.client.Resolve(ctx, number)
	if err != nil {
		t.Fatal(err)
	}
	grants, err := r.client.Grants(ctx, payee.Account)
	if err != nil {
		t.Fatal(err)
	}
	return grants
}

// await waits for a message on a phone, from whatever carrier, and gives the groups of the expression.
func (r *rivals) await(ctx context.Context, t *testing.T, number, expression string) []string {
	t.Helper()
	wanted := regexp.MustCompile(expression)
	for {
		for _, inbox := range inboxesOf(r.box) {
			for _, m := range messagesAt(ctx, t, inbox, number) {
				if found := wanted.FindStringSubmatch(m.Text); found != nil {
					return found
				}
			}
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("no message like %s", expression)
		}
	}
}

func messagesAt(ctx context.Context, t *testing.T, inbox, number string) (all []handset.Message) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/sandbox/sms?%s", inbox, url.Values{"to": {number}}.Encode()), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		var m handset.Message
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}
