package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// readTimeout bounds a command that only reads.
const readTimeout = 15 * time.Second

// walletFlags say whose wallet a command uses, and on which network.
type walletFlags struct {
	networkFlags
	keyPath string
	wait    time.Duration
}

func (f *walletFlags) add(cmd *cobra.Command) {
	f.networkFlags.add(cmd)
	cmd.Flags().StringVar(&f.keyPath, "key", "", "the wallet's key file; umoja key new makes one")
}

func (f *walletFlags) addWait(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&f.wait, "wait", 30*time.Second, "how long to wait until the outcome is known")
}

// again writes the flags that lead another command to the same network, each with a space before it.
func (f *networkFlags) again() string {
	var text string
	if f.genesis != "" {
		text += " --genesis " + shellWord(f.genesis)
	} else if f.dir != defaultDir {
		text += " --dir " + shellWord(f.dir)
	}
	for _, v := range f.validators {
		text += " --validator " + shellWord(v)
	}
	if f.tls != "" {
		text += " --tls " + shellWord(f.tls)
	}
	return text
}

// purse is a key's wallet with its outbox, opened on a network.
type purse struct {
	flags   *walletFlags
	client  *sdk.Client
	genesis *genesis.Genesis
	units   *units
	secret  key.Private
	wallet  *sdk.Wallet
	outbox  *sdk.FileOutbox
}

// openPurse opens the wallet of a key file. Its outbox is a folder beside the key file, one for each network: an envelope is
// worth nothing on another network, and must not stop payments on it.
func (f *walletFlags) openPurse(ctx context.Context) (*purse, error) {
	secret, err := readKeyFile(f.keyPath)
	if err != nil {
		return nil, err
	}
	client, g, err := f.open()
	if err != nil {
		return nil, err
	}
	outbox, err := sdk.NewFileOutbox(filepath.Join(f.keyPath+".outbox", g.Network().String()[:16]))
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	wallet := sdk.NewWallet(client, secret, sdk.WalletOptions{Outbox: outbox})
	return &purse{flags: f, client: client, genesis: g, units: unitsOn(ctx, client, g), secret: secret, wallet: wallet, outbox: outbox}, nil
}

// within bounds a call by --wait.
func (p *purse) within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, p.flags.wait)
}

// earlier is a transaction of an earlier run with the outcome that it has now.
type earlier struct {
	body    tx.Body
	outcome sdk.Outcome
}

// resume settles what earlier runs left open, and says each outcome. The error lists what is open still.
func (p *purse) resume(ctx context.Context, out io.Writer) ([]earlier, error) {
	left, err := p.outbox.Left()
	if err != nil {
		return nil, err
	}
	bodies := make(map[tx.ID]tx.Body, len(left))
	for _, envelope := range left {
		// What does not parse is told of by Resume.
		if signed, err := tx.Parse(p.genesis.Network(), envelope); err == nil {
			bodies[signed.ID()] = signed.Body
		}
	}
	ctx, cancel := p.within(ctx)
	defer cancel()
	outcomes, err := p.wallet.Resume(ctx)
	var settled []earlier
	for _, o := range outcomes {
		settled = append(settled, earlier{bodies[o.ID], o})
		fmt.Fprintf(out, "settled an earlier transaction: %s\n", actsText(actsOf(p.units, bodies[o.ID], o.Result)))
		if refusal := refusalText(o); refusal != "" {
			fmt.Fprintf(out, "  not done: %s; no money moved\n", refusal)
		} else {
			fmt.Fprintf(out, "  done; receipt code %s\n", o.ReceiptCode)
		}
		fmt.Fprintf(out, "  transaction %s\n", o.ID)
	}
	return settled, err
}

// refusalText says why an outcome is not what was asked for; it is empty when it is.
func refusalText(o sdk.Outcome) string {
	switch {
	case o.Applied():
		return ""
	case o.Expired:
		return "it was not taken in time, and never can be now"
	}
	return ruleText(o.Result.Code)
}

// settled makes of a submission's end the error of the command, nil when it is final and was done. doing is what was
// wanted, in words and without a phone number; notes hears how to ask again.
func (p *purse) settled(notes io.Writer, doing string, o sdk.Outcome, err error) error {
	var refused *sdk.RefusedError
	sent := o.ID != tx.ID{}
	switch {
	case err == nil && o.Applied():
		return nil
	case err == nil:
		return fmt.Errorf("%s: refused: %s; no money moved (transaction %s)", doing, refusalText(o), o.ID)
	case !sent:
		return fmt.Errorf("%s: %w; nothing was sent and no money moved", doing, err)
	case errors.As(err, &refused) && !refused.Unsettled:
		return fmt.Errorf("%s: refused: %s; no money moved", doing, reasonText(refused.Reason))
	}
	fmt.Fprintf(notes, "transaction %s\n"+
		"It may have been done, or may still be. Do not start anew; ask again, which never does it twice:\n  umoja pay --resume --key %s%s\n"+
		"or, once it is done, fetch its receipt:\n  umoja receipt get %s --out FILE%s\n",
		o.ID, shellWord(p.flags.keyPath), p.flags.again(), o.ID, p.flags.again())
	return fmt.Errorf("%s: %s", doing, oneLine(err))
}

// findAccount finds the account that a person names: a phone number, an account number or an account's text.
func findAccount(ctx context.Context, client *sdk.Client, text string) (tx.AccountID, error) {
	payee, err := client.FindPayee(ctx, text)
	if err != nil {
		return tx.AccountID{}, fmt.Errorf("find account: %w", err) // Without the text: it may be a phone number.
	}
	return payee.Account, nil
}

// account is the one named by the argument, or else the key's own.
func (f *walletFlags) account(ctx context.Context, client *sdk.Client, args []string) (tx.AccountID, error) {
	switch {
	case len(args) > 0 && f.keyPath != "":
		return tx.AccountID{}, errors.New("an account and --key are both given: leave one out")
	case len(args) > 0:
		return findAccount(ctx, client, args[0])
	case f.keyPath == "":
		return tx.AccountID{}, errors.New("whose? Name an account (umoja1…, an account number or +254…), or a key file with --key")
	}
	secret, err := readKeyFile(f.keyPath)
	if err != nil {
		return tx.AccountID{}, err
	}
	return sdk.AccountOf(secret.Public()), nil
}

// balance is what an account has of one asset, as --json writes it.
type balance struct {
	Asset     string `json:"asset"`
	Available string `json:"available"`
	Held      string `json:"held"`
	Posted    string `json:"posted"`

	available, held money
	nothingHeld     bool
}

// maxAssets is of how many assets balances are read.
const maxAssets = 100

// balancesOf reads what an account has of every asset of the network. Of those that were defined after it was founded, only what it has is
// told.
func balancesOf(ctx context.Context, client *sdk.Client, g *genesis.Genesis, account tx.AccountID) ([]balance, error) {
	u := unitsOf(g)
	count := len(g.Assets)
	assets, err := client.Assets(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range assets[:min(len(assets), maxAssets)] {
		u.known[a.Number] = unit{a.Code, a.Scale}
		count = max(count, int(a.Number))
	}
	balances := make([]balance, 0, count)
	for i := range count {
		asset := tx.Asset(i + 1)
		b, err := client.Balance(ctx, account, asset, sdk.Final)
		if err != nil {
			return nil, err
		}
		if i >= len(g.Assets) && b.Posted == 0 {
			continue
		}
		available, held := u.money(asset, b.Available()), u.money(asset, b.Held)
		balances = append(balances, balance{
			Asset: available.Asset, Available: available.Amount, Held: held.Amount, Posted: u.money(asset, b.Posted).Amount,
			available: available, held: held, nothingHeld: b.Held == 0,
		})
	}
	return balances, nil
}

// String says what may be spent, and what is held beside it.
func (b balance) String() string {
	if b.nothingHeld {
		return b.available.String()
	}
	return fmt.Sprintf("%s, and %s held", b.available, b.held)
}

// reading opens the network for a command that only reads.
func (f *networkFlags) reading(cmd *cobra.Command, read func(ctx context.Context, client *sdk.Client, g *genesis.Genesis) error) error {
	client, g, err := f.open()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), readTimeout)
	defer cancel()
	err = read(ctx, client, g)
	if errors.Is(err, sdk.ErrUnavailable) {
		err = fmt.Errorf("%w; is the network running, and do --dir, --genesis and --validator name it?", err)
	}
	return errors.Join(err, client.Close())
}
