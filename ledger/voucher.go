package ledger

import (
	"encoding/binary"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Vouchers are issued to anybody, spent only at payees that the issuer lists, and until a date. What is then left at anybody who was never
// listed returns to the issuer by itself; a payee keeps what it has taken and can give it to the issuer at any time. One that the issuer takes
// off the list takes no more, and keeps what it has: else an issuer could take back what it owes for goods that were handed over.

// Listed says whether the issuer of a voucher asset lists a payee.
func (s State) Listed(asset tx.Asset, payee tx.AccountID) (bool, error) {
	raw, err := s.get(keyPayee(asset, payee))
	return len(raw) == 1 && raw[0] == 1, err
}

// keepsVouchers says whether vouchers stay with an account after their date: it is a payee, or was one.
func (s State) keepsVouchers(asset tx.Asset, payee tx.AccountID) (bool, error) {
	raw, err := s.get(keyPayee(asset, payee))
	return raw != nil, err
}

// voucherExpired decides whether the payer can spend vouchers at all.
func (p *payer) voucherExpired() (tx.Code, error) {
	if p.asset.Kind != tx.Voucher || p.d.timeUnixMs <= p.asset.SpendUntilUnixMs {
		return tx.OK, nil
	}
	keeps, err := p.d.keepsVouchers(p.number, p.account)
	if err != nil || keeps {
		return tx.OK, err
	}
	return tx.VoucherExpired, nil
}

// mayPay decides whether the units may go to that account.
func (p *payer) mayPay(credit tx.AccountID) (tx.Code, error) {
	if p.asset.Kind != tx.Voucher || credit == p.asset.Issuer {
		return tx.OK, nil
	}
	if p.d.timeUnixMs > p.asset.SpendUntilUnixMs {
		return tx.VoucherExpired, nil
	}
	if p.account == p.asset.Issuer {
		return tx.OK, nil
	}
	listed, err := p.d.Listed(p.number, credit)
	if err != nil || listed {
		return tx.OK, err
	}
	return tx.PayeeNotListed, nil
}

// watchVouchers makes the return of vouchers due while there are any.
func (a *act) watchVouchers(h holding, b Balance) error {
	is, known := a.vouchers[h.asset]
	if !known {
		asset, err := a.Asset(h.asset)
		if err != nil || asset == nil {
			return corrupt(err, "balance of an asset without an entry")
		}
		is = asset.Kind == tx.Voucher
		a.vouchers[h.asset] = is
	}
	if !is {
		return nil
	}
	asset, err := a.Asset(h.asset)
	if err != nil || asset == nil {
		return corrupt(err, "balance of an asset without an entry")
	}
	subject := append(put32(nil, uint32(h.asset)), h.account[:]...)
	keeps := h.account == asset.Issuer || b.Posted == 0
	if !keeps && a.timeUnixMs > asset.SpendUntilUnixMs {
		if keeps, err = a.keepsVouchers(h.asset, h.account); err != nil {
			return err
		}
	}
	// Also after the date: a hold of vouchers ends before they do, but its leaf may come in a batch that is later.
	if !keeps {
		a.schedule(asset.SpendUntilUnixMs, dueVoucher, subject)
	} else {
		a.unschedule(asset.SpendUntilUnixMs, dueVoucher, subject)
	}
	return nil
}

// returnVouchers gives back to the issuer what was not spent. Holds of vouchers end before the vouchers do, so nothing is held.
func (a *act) returnVouchers(subject []byte) (*tx.Effect, error) {
	number, account := tx.Asset(binary.BigEndian.Uint32(subject)), tx.AccountID(subject[4:])
	asset, err := a.Asset(number)
	if err != nil || asset == nil {
		return nil, corrupt(err, "vouchers due without an asset")
	}
	keeps, err := a.keepsVouchers(number, account)
	if err != nil || keeps {
		return nil, err
	}
	balance, err := a.Balance(account, number)
	if err != nil {
		return nil, err
	}
	left := balance.Available()
	if left == 0 {
		return nil, nil
	}
	balance.Posted -= left
	if err := a.touch(account, number, balance); err != nil {
		return nil, err
	}
	if code, err := a.credit(asset.Issuer, number, left); err != nil || code != tx.OK {
		return nil, corrupt(err, "vouchers above the supply")
	}
	return &tx.Effect{Kind: tx.VoucherReturned, Debit: &account, Credit: &asset.Issuer, Asset: number, Amount: left}, nil
}
