package compact

import (
	"encoding/binary"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// template is the one this version knows. Others begin with another byte, and may have another length.
const template = 1

// The bytes of a message, in order (package comment).
const (
	templateAt  = 0
	nonceAt     = templateAt + 1
	expiryAt    = nonceAt + 8
	payerAt     = expiryAt + 6
	payeeAt     = payerAt + 4
	assetAt     = payeeAt + 4
	amountAt    = assetAt + 2
	providerAt  = amountAt + 5
	scheduleAt  = providerAt + 4
	feeAmountAt = scheduleAt + 2
	signatureAt = feeAmountAt + 4
	checksumAt  = signatureAt + 64

	messageBytes = checksumAt + 2
)

func (m Message) encode() (raw [messageBytes]byte) {
	raw[templateAt] = template
	copy(raw[nonceAt:], m.nonce[:])
	putUint(raw[expiryAt:payerAt], m.expiresAtUnixMs)
	putUint(raw[payerAt:payeeAt], uint64(m.payer))
	putUint(raw[payeeAt:assetAt], uint64(m.payee))
	putUint(raw[assetAt:amountAt], uint64(m.asset))
	putUint(raw[amountAt:providerAt], uint64(m.amount))
	putUint(raw[providerAt:scheduleAt], uint64(m.fee.Provider))
	putUint(raw[scheduleAt:feeAmountAt], uint64(m.fee.ScheduleVersion))
	putUint(raw[feeAmountAt:signatureAt], uint64(m.fee.Amount))
	copy(raw[signatureAt:], m.signature[:])
	binary.BigEndian.PutUint16(raw[checksumAt:], crc16(raw[:checksumAt]))
	return raw
}

func decode(raw [messageBytes]byte) (Message, error) {
	if crc16(raw[:checksumAt]) != binary.BigEndian.Uint16(raw[checksumAt:]) {
		return Message{}, ErrChecksum
	}
	if raw[templateAt] != template {
		return Message{}, fmt.Errorf("template %d: %w", raw[templateAt], ErrTemplate)
	}
	m := Message{
		nonce:           [8]byte(raw[nonceAt:expiryAt]),
		expiresAtUnixMs: getUint(raw[expiryAt:payerAt]),
		payer:           tx.AccountNumber(getUint(raw[payerAt:payeeAt])),
		payee:           tx.AccountNumber(getUint(raw[payeeAt:assetAt])),
		asset:           tx.Asset(getUint(raw[assetAt:amountAt])),
		amount:          amount.Amount(getUint(raw[amountAt:providerAt])),
		fee: Fee{
			Provider:        tx.AccountNumber(getUint(raw[providerAt:scheduleAt])),
			ScheduleVersion: uint32(getUint(raw[scheduleAt:feeAmountAt])),
			Amount:          amount.Amount(getUint(raw[feeAmountAt:signatureAt])),
		},
		signature: [64]byte(raw[signatureAt:checksumAt]),
	}
	return m, m.check()
}

// check is what holds of every transfer, so that what Parse accepts has a body.
func (m Message) check() error {
	zero := ""
	switch {
	case m.expiresAtUnixMs == 0:
		zero = "expiry"
	case m.payer == 0:
		zero = "payer"
	case m.payee == 0:
		zero = "payee"
	case m.asset == 0:
		zero = "asset"
	case m.amount == 0:
		zero = "amount"
	case m.fee == Fee{}:
		return nil
	case m.fee.Provider == 0:
		zero = "provider of a fee"
	case m.fee.ScheduleVersion == 0:
		zero = "schedule version of a fee"
	default:
		return nil
	}
	return fmt.Errorf("%s is zero: %w", zero, ErrField)
}

// fits says whether a value that is not negative fits the bytes that a message has for it.
func fits(value uint64, from, to int) bool { return value>>(8*(to-from)) == 0 }

// putUint writes big-endian in all of to, at most 8 bytes.
func putUint(to []byte, value uint64) {
	for i := len(to) - 1; i >= 0; i-- {
		to[i] = byte(value)
		value >>= 8
	}
}

func getUint(from []byte) (value uint64) {
	for _, b := range from {
		value = value<<8 | uint64(b)
	}
	return value
}
