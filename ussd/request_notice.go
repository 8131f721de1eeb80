package ussd

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// What the ledger says of requests: one is made, or has ended. The gateway keeps those that a user of its own makes or is asked.

// RequestMade is a notice that somebody asks for money.
type RequestMade struct {
	ID            tx.RequestID
	Credit, Debit tx.AccountID
	Amount        amount.Amount
	EndsAtUnixMs  uint64
}

func (r RequestMade) accounts() []tx.AccountID { return []tx.AccountID{r.Debit, r.Credit} }

// requestRecord is what is kept of a request, by its id.
type requestRecord struct {
	// Key is where it stands in the list of who is asked; empty when that is no user of this gateway.
	Key []byte `json:"key,omitempty"`
	// Credit and Debit are who asks and who is asked.
	Credit tx.AccountID     `json:"credit"`
	Debit  tx.AccountID     `json:"debit"`
	Number tx.AccountNumber `json:"number"`
	Amount amount.Amount    `json:"amount"`
}

// take keeps the request, and tells whom it asks by SMS.
func (r RequestMade) take(s *Service, w Writer, n noticed) error {
	asked, err := userOf(w, r.Debit)
	if err != nil {
		return err
	}
	record := requestRecord{Credit: r.Credit, Debit: r.Debit, Number: n.numbers[r.Debit], Amount: r.Amount}
	if asked != nil {
		from := Payee{Account: r.Credit, Number: n.numbers[r.Credit]}
		asking, err := userOf(w, r.Credit)
		if err != nil {
			return err
		}
		if asking != nil {
			from.Name = asking.Name
		}
		record.Key = requestKey(asked.Phone, n.timeUnixMs, r.ID)
		if err := put(w, record.Key, Request{ID: r.ID, From: from, Amount: r.Amount, EndsAtUnixMs: r.EndsAtUnixMs}); err != nil {
			return err
		}
		if err := forgetAt(w, r.EndsAtUnixMs, record.Key); err != nil {
			return err
		}
		if err := r.tell(s, w, n.reference, *asked, from); err != nil {
			return err
		}
	}
	if err := put(w, requestIndex(r.ID), record); err != nil {
		return err
	}
	return forgetAt(w, r.EndsAtUnixMs, requestIndex(r.ID))
}

// maxAskedSMS is how many requests a phone is told of in a day: anybody may ask, and asking costs nothing. The others are in its list.
const maxAskedSMS = 10

// tell sends the SMS to whom the request asks.
func (r RequestMade) tell(s *Service, w Writer, reference string, asked User, from Payee) error {
	told, prefix := 0, phonePrefix("asked-sms", asked.Phone)
	if err := w.Scan(prefix, nil, maxAskedSMS, func(_, _ []byte) error { told++; return nil }); err != nil || told >= maxAskedSMS {
		return err
	}
	key := append(prefix, r.ID[:]...)
	if err := errors.Join(w.Set(key, nil), forgetAt(w, nowUnixMs()+sessionKept, key)); err != nil {
		return err
	}
	return s.tell(w, reference+"/asked", asked, menu.SMSAsked, from, menu.Args{Amount: s.machine.money(r.Amount)})
}

// RequestEnded is a notice that a request was paid, declined or taken back.
type RequestEnded struct {
	ID tx.RequestID
	// By is the account that ended it.
	By tx.AccountID
	// Paid means that it was paid: both sides hear of the payment.
	Paid bool
}

func (r RequestEnded) accounts() []tx.AccountID { return nil }

// found tells whether the request is kept here.
func (r RequestEnded) found(reader Reader) (bool, error) {
	record, err := get[requestRecord](reader, requestIndex(r.ID))
	return record != nil, err
}

// take forgets the request, and tells who asked when it was declined.
func (r RequestEnded) take(s *Service, w Writer, n noticed) error {
	record, err := get[requestRecord](w, requestIndex(r.ID))
	if err != nil || record == nil {
		return err
	}
	if err := w.Delete(requestIndex(r.ID)); err != nil {
		return fmt.Errorf("forget request: %w", err)
	}
	if len(record.Key) > 0 {
		if err := w.Delete(record.Key); err != nil {
			return fmt.Errorf("forget request: %w", err)
		}
	}
	asking, err := userOf(w, record.Credit)
	if err != nil || asking == nil || r.Paid || r.By == record.Credit {
		return err
	}
	by := Payee{Account: record.Debit, Number: record.Number}
	asked, err := userOf(w, record.Debit)
	if err != nil {
		return err
	}
	if asked != nil {
		by.Name = asked.Name
	}
	session := Session{Language: asking.Language}
	return s.notify(w, n.reference+"/declined", asking.Phone, s.machine.text(&session, menu.SMSDeclined,
		menu.Args{Name: s.machine.payeeName(&session, by), Amount: s.machine.money(record.Amount)}))
}

// requestKey lists the requests to a phone, newest first.
func requestKey(phone Phone, atUnixMs uint64, id tx.RequestID) []byte {
	return append(binary.BigEndian.AppendUint64(phonePrefix("request", phone), ^atUnixMs), id[:]...)
}

func requestIndex(id tx.RequestID) []byte { return append([]byte("request-id/"), id[:]...) }

// AskRequests asks for the newest requests to the phone that are open.
type AskRequests struct{ Phone Phone }

// RequestsRead answers AskRequests.
type RequestsRead struct{ Requests []Request }

func (RequestsRead) event() {}

func (a AskRequests) find(ctx context.Context, s *Service, f Facts) (Event, error) {
	var read RequestsRead
	err := s.store.View(ctx, func(r Reader) error {
		return r.Scan(phonePrefix("request", a.Phone), nil, maxRequests, func(key, _ []byte) error {
			request, err := get[Request](r, key)
			if err == nil && request != nil && f.NowUnixMs < request.EndsAtUnixMs && len(read.Requests) < listedRequests {
				read.Requests = append(read.Requests, *request)
			}
			return err
		})
	})
	return read, errors.Join(err)
}

// maxRequests is how many of a phone's requests are looked at.
const maxRequests = 32
