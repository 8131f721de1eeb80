package ledger

import (
	"math"
	"math/bits"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Credits keep one author from filling the ledger, without fees. Every account earns a credit for each interval of ledger time, up to a
// burst, the same for everyone; a transaction costs one for each operation, each leg and each further signature. A provider that signs pays from its
// pool instead, which is so many times as large as its shares. What has no account yet (an account opened by its own key) shares
// one bucket of the network.
//
// An entry holds time(8) and debt(8): credits spent and not earned back yet, times the interval, times 1 for an account.
// It is 0 when there is no entry.

// creditsBytes is the length of such an entry.
const creditsBytes = 8 + 8

// charge takes the credits of the transaction; QUOTA_EXHAUSTED when they are not there. They are gone also when the rules then refuse it,
// since the refusal is recorded for ever.
func (d *draft) charge() (tx.Code, error) {
	interval := d.parameters.creditIntervalMs
	if interval == 0 {
		return tx.OK, nil
	}
	account, shares, err := d.payerOfCredits()
	if err != nil {
		return 0, err
	}
	key := keyCredits(account)
	raw, err := d.overlay.get(key)
	if err != nil {
		return 0, err
	}
	var debt uint64
	if raw != nil {
		r := reader{rest: raw}
		since, owed := r.u64(), r.u64()
		if err := r.end("credits"); err != nil {
			return 0, err
		}
		if earned := times(d.timeUnixMs-since, shares); earned < owed {
			debt = owed - earned
		}
	}
	debt += cost(d.signed) * interval
	if debt > d.parameters.creditBurst*interval*shares {
		return tx.QuotaExhausted, nil
	}
	d.charged = Entry{Key: append(d.room(len(key)), key...), Value: put64(put64(d.room(creditsBytes), d.timeUnixMs), debt)}
	return tx.OK, nil
}

// payerOfCredits is the account whose credits pay for the transaction, and its shares.
func (d *draft) payerOfCredits() (tx.AccountID, uint64, error) {
	provider, err := d.sponsor()
	if err != nil {
		return tx.AccountID{}, 0, err
	}
	if provider != nil {
		entry, err := known(d.overlay, keyProvider(*provider), decodeProvider)
		if err != nil || entry == nil {
			return tx.AccountID{}, 0, corrupt(err, "provider of a key has no entry")
		}
		return *provider, uint64(entry.Shares), nil
	}
	if _, opens := d.signed.Body.Operations[0].(tx.OpenAccount); opens {
		return tx.AccountID{}, 1, nil
	}
	account, err := d.actor(d.signed.Body.Operations[0])
	return account, 1, err
}

// sponsor is the first provider among the signers.
func (d *draft) sponsor() (*tx.AccountID, error) {
	for _, sig := range d.signed.Signatures {
		provider, err := d.ProviderByKey(sig.Signer)
		if err != nil || provider != nil {
			return provider, err
		}
	}
	return nil, nil
}

// cost is the price of a transaction in credits: one for each operation, one for each leg beyond the first of a bulk transfer, and one
// for each signature beyond the first, which every validator must check.
func cost(signed *tx.Signed) uint64 {
	n := uint64(len(signed.Body.Operations) + len(signed.Signatures) - 1)
	for _, op := range signed.Body.Operations {
		if o, ok := op.(tx.BulkTransfer); ok {
			n += uint64(len(o.Legs)) - 1
		}
	}
	return n
}

// times multiplies; what does not fit is the largest number.
func times(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	if high != 0 {
		return math.MaxUint64
	}
	return low
}
