package ussd

import (
	"context"
	"reflect"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Ledger is what the gateway asks of the ledger, in one asset. Reads see the final state and need no leader. Every method
// gives up with the context; an error of a method is never an outcome.
type Ledger interface {
	// ResolvePhone finds who is paid at a phone number, or ErrPayeeUnknown.
	ResolvePhone(ctx context.Context, phone Phone) (Payee, error)
	// ResolveNumber finds who is paid at an account number, or ErrPayeeUnknown.
	ResolveNumber(ctx context.Context, number tx.AccountNumber) (Payee, error)
	// PrepareRegistration fixes the transaction that opens an account for a phone number and grants it to this provider.
	// Nothing is submitted.
	PrepareRegistration(ctx context.Context, registration Registration) (Founding, error)
	// Prepare fixes the transaction of an order, with the fee in force and the order's expiry, and reads what
	// the payer may spend. Nothing is submitted, and no amount is refused: limits are the caller's to compare. Without a
	// grant that covers the order it is ErrNotGranted.
	Prepare(ctx context.Context, order Order) (Offer, error)
	// Submit signs and hands over a prepared transaction, any number of times, and waits for its final outcome. An error,
	// whatever it is, means that the outcome is not known yet: the same transaction may still be applied. ErrBusy says why. The outcome of a
	// registration that was made has its account number.
	Submit(ctx context.Context, prepared Prepared) (Outcome, error)
	// NumberOf finds the number of an account.
	NumberOf(ctx context.Context, account tx.AccountID) (tx.AccountNumber, error)
	// AliasOf is the keyed hash of a phone number, bound or not.
	AliasOf(phone Phone) key.Alias
	// Binding reads what an alias is bound to, or ErrPayeeUnknown. It decides who gets money without the ledger asking again, so more
	// than one validator must say so.
	Binding(ctx context.Context, alias key.Alias) (Binding, error)
	// Balance reads what an account can spend.
	Balance(ctx context.Context, account tx.AccountID) (amount.Amount, error)
	// Limits reads what an account may spend through this provider; ErrNotGranted when that is nothing.
	Limits(ctx context.Context, account tx.AccountID) (Limits, error)
	// HasPaid tells whether a movement from one account to another is among the newest of the first one's history.
	HasPaid(ctx context.Context, payer, payee tx.AccountID) (bool, error)
	// Home reads where a phone number is; one that nobody has is a Home without an account.
	Home(ctx context.Context, phone Phone) (Home, error)
	// Rivals lists other providers with what one of an account's last payments would cost there, on average, or a sample where there were none.
	Rivals(ctx context.Context, account tx.AccountID) (Rates, error)
	// Recent reads the newest leaves of an account that say what is open on it, or is so no more, oldest first.
	Recent(ctx context.Context, account tx.AccountID) ([]FinalLeaf, error)
	// LastPayments lists the newest movements of money from and to an account, newest first. What is kept for somebody, and was neither paid
	// nor given back, is one of them.
	LastPayments(ctx context.Context, account tx.AccountID, limit int) ([]PastPayment, error)
	// Receipts finds the movements of money from or to an account that have a receipt code. It looks at the newest ones; whole is unset when the
	// account has older ones, which were not looked at.
	Receipts(ctx context.Context, account tx.AccountID, code string) (found []PastPayment, whole bool, err error)
	// Rebuild reads a signed payment out of a text message: ErrLetters or ErrUnsigned for one that is none.
	Rebuild(ctx context.Context, text string) (Relayed, error)
	// Relay hands over a payment that its payer signed, any number of times, and waits for its final outcome, as Submit does. ErrNotTaken
	// means that validators would not take it.
	Relay(ctx context.Context, payment Relayed) (Outcome, error)
	// WatchFinal calls take for every final leaf from an index on, in order and without a gap, and then for each new one,
	// until the context ends or take refuses. It returns why it stopped.
	WatchFinal(ctx context.Context, from uint64, take func(FinalLeaf) error) error
}

// Payee is who would be paid.
type Payee struct {
	Account tx.AccountID     `json:"account"`
	Number  tx.AccountNumber `json:"number"`
	// Alias is the keyed hash of Phone; zero when the payee was named by account number.
	Alias key.Alias `json:"alias"`
	// Phone is the number the payer typed; empty when the payee was named by account number.
	Phone Phone `json:"phone,omitempty"`
	// Name is the display name, unsealed; empty when the payee was named by account number or has none.
	Name string `json:"name,omitempty"`
}

// is tells whether two orders named the same person: one account, or one number while nobody has registered it.
func (p Payee) is(other Payee) bool {
	return p.Account != tx.AccountID{} && p.Account == other.Account || p.Phone != "" && p.Phone == other.Phone
}

// Binding is what an alias is bound to.
type Binding struct {
	Account tx.AccountID
	// Attested means that attestors bound it. Else Provider did so alone.
	Attested bool
	Provider tx.AccountID
	// InflowDay is the most that numbers which one provider alone vouches for may receive in a day; 0 means that it is not bounded.
	InflowDay amount.Amount
}

// Registration is what a person gives to register.
type Registration struct {
	Phone Phone
	// Name is what payers will see.
	//
	// Invariant: at most 14 septets of GSM-7, by CheckName.
	Name string
	// Unbound opens the account without the number, which another provider vouches for; attestors bind it then.
	Unbound bool `json:",omitempty"`
}

// Order is a transaction to prepare. Which fields say something depends on its kind.
type Order struct {
	Kind Kind `json:"kind,omitempty"`
	// Payer is the account that does it.
	Payer tx.AccountID `json:"payer"`
	// Payee is the other side.
	Payee  Payee         `json:"payee"`
	Amount amount.Amount `json:"amount,omitempty"`
	// Rival is another provider that it is about, by name.
	Rival string `json:"rival,omitempty"`
	// Request is the request to pay that it answers.
	Request *tx.RequestID `json:"request,omitempty"`
	// EndsAtUnixMs is when what it makes, such as a request or an amount that is kept, ends by itself.
	EndsAtUnixMs uint64 `json:"ends_at_unix_ms,omitempty"`
	// ExpiresAtUnixMs is after when the transaction can never be applied.
	ExpiresAtUnixMs uint64 `json:"expires_at_unix_ms,omitempty"`
	// Hold is the amount kept that is taken or given up.
	Hold tx.HoldID `json:"hold,omitzero"`
	// Of is the payment from this phone that is given up.
	Of tx.ID `json:"of,omitzero"`
	// VouchedBy is the provider that alone vouches for the payee's number; zero when attestors do.
	VouchedBy tx.AccountID `json:"vouched_by,omitzero"`
	// Leaf and Position name the movement that is given back.
	Leaf     uint64 `json:"leaf,omitempty"`
	Position uint32 `json:"position,omitempty"`
	// Commission is what an agent earns beside Amount; the payer's.
	Commission amount.Amount `json:"commission,omitempty"`
	// Founds is the group that an account is opened for.
	Founds *GroupFounding `json:"founds,omitempty"`
	// Group is the savings group's account that the money comes from, in place of the payer's; Proposal is what its members agree to.
	Group     tx.AccountID `json:"group,omitzero"`
	GroupName string       `json:"group_name,omitempty"`
	Proposal  Digest       `json:"proposal,omitzero"`
}

// Debit is the account that the money comes from.
func (o Order) Debit() tx.AccountID {
	if o.Group != (tx.AccountID{}) {
		return o.Group
	}
	return o.Payer
}

// Value is what the order moves, or sets aside, without the provider's fee; false when that is no amount.
func (o Order) Value() (amount.Amount, bool) { return o.Amount.Add(o.Commission) }

// total is Value and the fee.
func (o Order) total(fee amount.Amount) (amount.Amount, bool) {
	value, ok := o.Value()
	if !ok {
		return 0, false
	}
	return value.Add(fee)
}

// same tells whether two orders ask for the same thing.
func (o Order) same(other Order) bool {
	for _, p := range []*Order{&o, &other} {
		p.ExpiresAtUnixMs, p.EndsAtUnixMs = 0, 0
		p.VouchedBy = tx.AccountID{}
		p.Payee = Payee{Account: p.Payee.Account, Phone: p.Payee.Phone}
	}
	return reflect.DeepEqual(o, other)
}

// Prepared is a transaction that is fixed and not signed: repeating it can only repeat the same transaction.
type Prepared struct {
	ID tx.ID `json:"id"`
	// Body is the canonical encoding, as it will be signed. It is never made again from its parts.
	Body            []byte `json:"body"`
	ExpiresAtUnixMs uint64 `json:"expires_at_unix_ms"`
	// Signatures are those of others that it needs beside this provider's.
	Signatures []tx.Signature `json:"signatures,omitempty"`
}

// Founding is a prepared registration and the account that it opens.
type Founding struct {
	Prepared
	Account tx.AccountID
}

// Offer is a prepared payment, its fee, and what the payer may spend.
type Offer struct {
	Prepared
	Fee amount.Amount
	// Attestors is how many attestors have to sign it; 0 where it needs none.
	Attestors int
	// Available is what the payer's account can spend.
	Available amount.Amount
	// CapTransaction is the most that one payment may debit, amount and fee.
	CapTransaction amount.Amount
	// Pending are transactions of the account that validators took and that have no outcome yet, as far as they say.
	Pending []tx.ID
	// Elsewhere means that one of them is not this gateway's. The service finds that out, not the ledger.
	Elsewhere bool
	// LeftToday is the most that may still be debited today, amount and fee.
	LeftToday amount.Amount
	// Opens is the account that it opens; zero when none.
	Opens tx.AccountID
}

// OutcomeCode says how a transaction ended.
type OutcomeCode uint8

// The outcomes. Their numbers are stored: they are never reused.
const (
	// OutcomeUnknown is no outcome: the zero value never passes for one.
	OutcomeUnknown OutcomeCode = iota
	// OutcomeOK means applied and final.
	OutcomeOK
	// OutcomeInsufficientBalance means that the payer had too little.
	OutcomeInsufficientBalance
	// OutcomeCapTransaction means above the grant's cap, or the account's limit, for one transaction.
	OutcomeCapTransaction
	// OutcomeCapDay means above what was left of the grant's cap, or of the account's limit, for the day.
	OutcomeCapDay
	// OutcomeAliasNotBound means that the payee's number belongs to another account now.
	OutcomeAliasNotBound
	// OutcomeExpired means that the ledger's time passed the expiry and the transaction can never be applied.
	OutcomeExpired
	// OutcomeAliasTaken means that the number to register is bound already.
	OutcomeAliasTaken
	// OutcomeRefused means any other recorded refusal.
	OutcomeRefused
	// OutcomePayeeFull means that the payee's number, which nobody but its provider vouches for, has received too much today.
	OutcomePayeeFull
	// OutcomeFrozen means that the validators have stopped payments from the account for a time.
	OutcomeFrozen
	// OutcomePayeeNotListed means that vouchers cannot be spent at the payee.
	OutcomePayeeNotListed
	// OutcomeVoucherOver means that the vouchers can no longer be spent.
	OutcomeVoucherOver
	// OutcomeAliasResting means that the number to register was given up a short time ago.
	OutcomeAliasResting
	// OutcomeRequestEnded means that the request to pay was answered, taken back or over.
	OutcomeRequestEnded
	// OutcomeHoldOver means that what was kept has been paid or given back.
	OutcomeHoldOver
	// OutcomeReturned means that all of the payment was given back before.
	OutcomeReturned
)

// Outcome is the final word on a transaction.
type Outcome struct {
	Code OutcomeCode `json:"code"`
	// ReceiptCode is the eight characters bound to the leaf; set when Code is OutcomeOK.
	ReceiptCode string `json:"receipt_code,omitempty"`
	// Number is the account number that a registration was given.
	Number tx.AccountNumber `json:"number,omitempty"`
	// Balance is the payer's balance after the payment, when HasBalance.
	Balance    amount.Amount `json:"balance,omitempty"`
	HasBalance bool          `json:"has_balance,omitempty"`
}

// PastPayment is one movement of money from or to an account.
type PastPayment struct {
	ID       tx.ID
	Incoming bool
	Amount   amount.Amount
	// Fee is what the payer paid for it; 0 where money came in.
	Fee amount.Amount
	// Other is the account at the other end; zero when the amount is kept for whoever gets a phone number.
	Other       tx.AccountID
	OtherNumber tx.AccountNumber
	ReceiptCode string
	// Kept means that the amount is kept and has not moved yet. Hold names it.
	Kept        bool
	Hold        tx.HoldID
	UntilUnixMs uint64
	// MayRelease means that the payer may take back what is kept.
	MayRelease bool
	// Leaf and Position say where it stands in the history, and TimeUnixMs when; Returnable that the payee can give it back from there.
	Leaf       uint64
	Position   uint32
	TimeUnixMs uint64
	Returnable bool
}

// FinalLeaf is one leaf of the history under a final checkpoint.
type FinalLeaf struct {
	Index uint64
	// TimeUnixMs is the ledger's time.
	TimeUnixMs uint64
	// Transfers are what moved; empty for headers, refusals and everything else.
	Transfers []FinalTransfer
	// Notices are what else people are told of.
	Notices []Notice
}

// How says how money moved, and so who is told what.
type How uint8

// The ways in which money moves.
const (
	// ByPayment is a transfer: both sides are told.
	ByPayment How = iota
	// ByBulk is one leg of a payment to many: the payee is told.
	ByBulk
	// ByIssue is new money from the issuer: the payee is told.
	ByIssue
	// ByHold is money that was kept for the payee and is paid now: both sides are told.
	ByHold
	// HoldReturned is money that was kept for somebody and is the payer's again, who is told. Nobody is credited.
	HoldReturned
	// ByReturn gives back what was paid: both sides are told.
	ByReturn
)

// FinalTransfer is money that moved.
type FinalTransfer struct {
	// ID is the transaction's; zero for what ledger time did.
	ID  tx.ID
	How How
	// Credit is zero when nobody is credited.
	Debit, Credit               tx.AccountID
	Amount, Fee                 amount.Amount
	DebitBalance, CreditBalance amount.Amount
	ReceiptCode                 string
	// Hold is what was kept; zero for what was not. HoldEnds means that nothing of it is kept any longer.
	Hold     tx.HoldID
	HoldEnds bool
	// Position is the operation's in the transaction. Of is the movement that is given back, for ByReturn.
	Position uint32
	Of       Movement
}

// Movement names a movement of money by its place in the history.
type Movement struct {
	Leaf     uint64
	Position uint32
}
