package sdk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// WalletOptions are what a Wallet may be told; the zero value is ready to use.
type WalletOptions struct {
	// Account is the account paid from; nil is the key's own (AccountOf).
	Account *tx.AccountID
	// Outbox keeps each transaction from before it is sent until its outcome is known; nil keeps nothing, so that a crash
	// leaves outcomes unknown. In the folder of a FileOutbox the client also keeps which validator sets it has seen, unless it has a
	// file for that.
	Outbox Outbox
	// Lifetime is how long a payment may take to be applied; 0 is 10 minutes.
	Lifetime time.Duration
	// Rand gives nonces; nil is crypto/rand.
	Rand io.Reader
}

// Wallet is a key with an account, used through a Client. It is safe for use by many goroutines when its signer is.
type Wallet struct {
	client  *Client
	signer  key.Signer
	account tx.AccountID
	options WalletOptions
}

// NewWallet makes the wallet of a signer. Call Resume first when it has an outbox.
func NewWallet(client *Client, signer key.Signer, options WalletOptions) *Wallet {
	w := &Wallet{client: client, signer: signer, account: AccountOf(signer.Public()), options: options}
	if options.Account != nil {
		w.account = *options.Account
	}
	if w.options.Outbox == nil {
		w.options.Outbox = nowhere{}
	}
	if box, ok := options.Outbox.(*FileOutbox); ok {
		client.keepSetsIn(filepath.Join(box.dir, setFileName))
	}
	if w.options.Lifetime == 0 {
		w.options.Lifetime = Lifetime
	}
	if w.options.Rand == nil {
		w.options.Rand = rand.Reader
	}
	return w
}

// Opening is the operation that opens a key's own account. Its salt is made from the key, so that the account is known
// from the key alone and a backup of the key is a backup of the account.
func Opening(k key.Public) tx.OpenAccount {
	salt := key.TaggedHash("umoja/wallet-salt/v1", k[:])
	return tx.OpenAccount{Authority: tx.SingleKey(k), Salt: [16]byte(salt[:16])}
}

// AccountOf is the account of a key's own, whether it is open or not.
func AccountOf(k key.Public) tx.AccountID { return Opening(k).Account() }

// Account is the account that the wallet pays from.
func (w *Wallet) Account() tx.AccountID { return w.account }

// OpenAccount opens the key's own account. An account that is open already gives the result tx.AccountExists.
func (w *Wallet) OpenAccount(ctx context.Context) (Outcome, error) {
	return w.Do(ctx, Opening(w.signer.Public()))
}

// Pay pays whoever the text names: a phone number in E.164 form, an account number with its check digit, or an account
// (umoja1…). Each call is a payment of its own: when it ends with ErrUnknown, call Resume, not Pay.
func (w *Wallet) Pay(ctx context.Context, to string, asset tx.Asset, a amount.Amount, reference string) (Outcome, error) {
	payment, err := w.NewPayment(ctx, to, asset, a, reference)
	if err != nil {
		return Outcome{}, err
	}
	return w.Do(ctx, payment)
}

// NewPayment finds the payee and makes the operation of a payment.
func (w *Wallet) NewPayment(ctx context.Context, to string, asset tx.Asset, a amount.Amount, reference string) (tx.Transfer, error) {
	payee, err := w.client.FindPayee(ctx, to)
	return tx.Transfer{
		Debit: w.account, Credit: payee.Account, Alias: payee.Alias, Asset: asset, Amount: a, Reference: reference,
	}, err
}

// Do makes one transaction of the operations, signs it, keeps it in the outbox, sends it and settles it: all or none of them are applied, in
// order. The other calls of a Wallet are made of it. A transaction that ends with ErrUnknown is in the outbox: call Resume, not Do.
func (w *Wallet) Do(ctx context.Context, operations ...tx.Operation) (Outcome, error) {
	signed, err := w.Sign(ctx, operations...)
	if err != nil {
		return Outcome{}, err
	}
	// A crash from here on: Resume sends the same bytes again.
	return w.settle(ctx, signed)
}

// Sign makes one transaction of the operations, signs it and keeps it in the outbox, and does not send it: it may travel by other ways, such
// as a text message, and anybody may submit it until it expires. Resume submits it too.
func (w *Wallet) Sign(ctx context.Context, operations ...tx.Operation) (*tx.Signed, error) {
	expires, err := w.client.ExpiryIn(ctx, w.options.Lifetime)
	if err != nil {
		return nil, err
	}
	body, err := NewBody(w.options.Rand, expires, operations...)
	if err != nil {
		return nil, err
	}
	raw, err := body.Encode()
	if err != nil {
		return nil, fmt.Errorf("make transaction: %w", err)
	}
	signed, err := tx.Seal(w.client.Genesis().Network(), raw, w.signer)
	if err != nil {
		return nil, err
	}
	// A crash before Put: nothing was sent, there is no payment.
	if err := w.options.Outbox.Put(signed.ID(), signed.Envelope()); err != nil {
		return nil, fmt.Errorf("keep transaction before it is sent: %w", err)
	}
	return signed, nil
}

// settle submits and, once the outcome is known, lets the outbox forget. A crash before that: Resume submits again.
func (w *Wallet) settle(ctx context.Context, signed *tx.Signed) (Outcome, error) {
	outcome, err := w.client.Submit(ctx, signed)
	var refused *RefusedError
	if err == nil || errors.As(err, &refused) && !refused.Unsettled {
		w.forget(signed.ID())
	}
	return outcome, err
}

// forget lets the outbox forget a transaction whose outcome is known. A crash before it, or its failure, changes nothing:
// Resume meets the recorded outcome once more.
func (w *Wallet) forget(id tx.ID) {
	if err := w.options.Outbox.Done(id); err != nil {
		w.client.log.Warn("outbox did not forget a settled transaction", "id", id, "error", err)
	}
}

// resumeAtOnce is how many transactions of the outbox are settled at a time: one that waits for credits, or for a leader, holds up few.
const resumeAtOnce = 64

// Resume settles what an earlier run left in the outbox: the same bytes are sent again, so nothing is paid twice. It gives
// the outcomes that are known now, as they came to be known, and an error that joins what is still open and stays in the outbox. What is refused now
// stays too until it has expired, since the earlier run may have handed it to somebody.
func (w *Wallet) Resume(ctx context.Context) ([]Outcome, error) {
	left, err := w.options.Outbox.Left()
	problems := []error{err}
	var all []*tx.Signed
	for _, envelope := range left {
		signed, err := tx.Parse(w.client.Genesis().Network(), envelope)
		if err == nil {
			err = signed.VerifySignatures() // An outbox of another network has other ids, so no signature verifies.
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("resume from outbox: %w", err))
			continue
		}
		all = append(all, signed)
	}
	type end struct {
		signed  *tx.Signed
		outcome Outcome
		err     error
	}
	ends, places := make(chan end), make(chan struct{}, resumeAtOnce)
	for _, signed := range all {
		go func() {
			places <- struct{}{}
			outcome, err := w.client.Submit(ctx, signed)
			<-places
			ends <- end{signed, outcome, err}
		}()
	}
	var outcomes []Outcome
	for range all {
		e := <-ends
		if e.err != nil {
			problems = append(problems, fmt.Errorf("resume %s: %w", e.signed.ID(), e.err))
			continue
		}
		w.forget(e.signed.ID()) // By one at a time, and as soon as it is known.
		outcomes = append(outcomes, e.outcome)
	}
	return outcomes, errors.Join(problems...)
}

// Balance reads what the account has of an asset.
func (w *Wallet) Balance(ctx context.Context, asset tx.Asset) (Balance, error) {
	return w.client.Balance(ctx, w.account, asset, Final)
}

// History lists the account's leaves below before (0: all), newest first.
func (w *Wallet) History(ctx context.Context, before uint64, limit int) ([]Entry, error) {
	return w.client.History(ctx, w.account, before, limit)
}

// Receipt fetches and verifies the receipt of a transaction, to be kept as a proof.
func (w *Wallet) Receipt(ctx context.Context, id tx.ID) (checkpoint.Receipt, error) {
	receipt, _, err := w.client.Receipt(ctx, id)
	return receipt, err
}

// Verify checks a receipt offline, against the genesis alone.
func (w *Wallet) Verify(receipt checkpoint.Receipt) (*checkpoint.Verified, error) {
	return w.client.Verify(receipt)
}
