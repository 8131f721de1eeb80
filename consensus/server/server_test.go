package server

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/consensus"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

func refused(t *testing.T, what string, err error, code codes.Code, reason string) {
	t.Helper()
	got := ""
	for _, d := range status.Convert(err).Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok && info.GetDomain() == consensus.Domain {
			got = info.GetReason()
		}
	}
	if status.Code(err) != code || got != reason {
		t.Errorf("%s: %s %q, want %s %q (%v)", what, status.Code(err), got, code, reason, err)
	}
}

// TestBadCalls: each wrong call has its own stable code and reason.
func TestBadCalls(t *testing.T) {
	n := theNetwork(t)
	c, blind := n.client(t, 0), dial(t, n.serve(t, 1, nil), "127.0.0.1")
	juma, id := n.world.Juma.Account[:], bytes.Repeat([]byte{7}, 32)
	n.pay(t, c)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	type call = func() error
	number := func(c apiv1.LedgerServiceClient, text string) call {
		return func() error {
			_, err := c.ResolveAlias(ctx, &apiv1.ResolveAliasRequest{Alias: &apiv1.ResolveAliasRequest_PhoneNumber{PhoneNumber: text}})
			return err
		}
	}
	account := func(req *apiv1.GetAccountRequest) call {
		return func() error { _, err := c.GetAccount(ctx, req); return err }
	}
	history := func(req *apiv1.ListHistoryRequest) call {
		return func() error { _, err := c.ListHistory(ctx, req); return err }
	}
	transaction := func(id []byte, wait apiv1.Stage) call {
		return func() error {
			_, err := c.GetTransaction(ctx, &apiv1.GetTransactionRequest{Id: id, Wait: wait})
			return err
		}
	}
	expiry := func(id []byte, expires uint64) call {
		return func() error {
			_, err := c.GetExpiryStatement(ctx, &apiv1.GetExpiryStatementRequest{Id: id, ExpiresAtUnixMs: expires})
			return err
		}
	}
	submit := func(ctx context.Context, envelope []byte, wait apiv1.Stage) call {
		return func() error {
			_, err := c.Submit(ctx, &apiv1.SubmitRequest{Envelope: envelope, Wait: wait})
			return err
		}
	}
	long := metadata.AppendToOutgoingContext(ctx, "x", strings.Repeat("x", 64<<10))
	for _, bad := range []struct {
		what   string
		call   call
		code   codes.Code
		reason string
	}{
		{"account of 15 bytes", account(&apiv1.GetAccountRequest{Account: &apiv1.GetAccountRequest_Id{Id: juma[:15]}}), codes.InvalidArgument, "INVALID_FIELD"},
		{"no account", account(&apiv1.GetAccountRequest{}), codes.InvalidArgument, "INVALID_FIELD"},
		{"account number 0", account(&apiv1.GetAccountRequest{Account: &apiv1.GetAccountRequest_Number{}}), codes.NotFound, "NOT_FOUND"},
		{"huge account number", account(&apiv1.GetAccountRequest{Account: &apiv1.GetAccountRequest_Number{Number: 1<<64 - 1}}), codes.NotFound, "NOT_FOUND"},
		{"number past 32 bits", account(&apiv1.GetAccountRequest{Account: &apiv1.GetAccountRequest_Number{Number: 1<<32 + 1}}), codes.NotFound, "NOT_FOUND"},
		{"unknown account", account(&apiv1.GetAccountRequest{Account: &apiv1.GetAccountRequest_Id{Id: id[:16]}}), codes.NotFound, "NOT_FOUND"},
		{"unknown freshness", account(&apiv1.GetAccountRequest{Account: &apiv1.GetAccountRequest_Id{Id: juma}, Freshness: 99}), codes.InvalidArgument, "INVALID_FIELD"},
		{"history of nobody", history(&apiv1.ListHistoryRequest{Limit: 1}), codes.InvalidArgument, "INVALID_FIELD"},
		{"history of limit 0", history(&apiv1.ListHistoryRequest{Account: juma}), codes.InvalidArgument, "INVALID_FIELD"},
		{"history of limit 101", history(&apiv1.ListHistoryRequest{Account: juma, Limit: 101}), codes.InvalidArgument, "INVALID_FIELD"},
		{"history of a huge limit", history(&apiv1.ListHistoryRequest{Account: juma, Limit: 1<<32 - 1}), codes.InvalidArgument, "INVALID_FIELD"},
		{"short id", transaction(id[:31], apiv1.Stage_STAGE_UNSPECIFIED), codes.InvalidArgument, "INVALID_FIELD"},
		{"unknown stage", transaction(id, 99), codes.InvalidArgument, "INVALID_FIELD"},
		{"unknown stage of a submission", submit(ctx, n.payment(t, time.Hour).Envelope(), 99), codes.InvalidArgument, "INVALID_FIELD"},
		{"expiry 0", expiry(id, 0), codes.InvalidArgument, "INVALID_FIELD"},
		{"expiry to come", expiry(id, uint64(time.Now().Add(time.Hour).UnixMilli())), codes.FailedPrecondition, "NOT_EXPIRED"},
		{"expiry at the end of time", expiry(id, 1<<64-1), codes.FailedPrecondition, "NOT_EXPIRED"},
		{"receipt of nothing", func() error { _, err := c.GetReceipt(ctx, &apiv1.GetReceiptRequest{Id: id}); return err }, codes.NotFound, "NOT_FOUND"},
		{"evidence of 31 bytes", func() error { _, err := c.GetEvidence(ctx, &apiv1.GetEvidenceRequest{Hash: id[:31]}); return err }, codes.InvalidArgument, "INVALID_FIELD"},
		{"evidence that is none", func() error { _, err := c.GetEvidence(ctx, &apiv1.GetEvidenceRequest{Hash: id}); return err }, codes.NotFound, "NOT_FOUND"},
		{"balance of nobody", func() error { _, err := c.GetBalance(ctx, &apiv1.GetBalanceRequest{}); return err }, codes.InvalidArgument, "INVALID_FIELD"},
		{"grant to no key", func() error {
			_, err := c.GetGrant(ctx, &apiv1.GetGrantRequest{Account: juma, Grantee: make([]byte, 32)})
			return err
		}, codes.InvalidArgument, "INVALID_FIELD"},
		{"alias of 31 bytes", func() error {
			_, err := c.ResolveAlias(ctx, &apiv1.ResolveAliasRequest{Alias: &apiv1.ResolveAliasRequest_Hash{Hash: id[:31]}})
			return err
		}, codes.InvalidArgument, "INVALID_FIELD"},
		{"number without +", number(c, "254711000001"), codes.InvalidArgument, "INVALID_FIELD"},
		{"number with letters", number(c, "+25471100000a"), codes.InvalidArgument, "INVALID_FIELD"},
		{"number with a star", number(c, "+254*711000"), codes.InvalidArgument, "INVALID_FIELD"},
		{"unbound number", number(c, "+254799999999"), codes.NotFound, "NOT_FOUND"},
		{"number to a node without the alias key", number(blind, n.world.Juma.Number), codes.FailedPrecondition, "NO_ALIAS_KEY"},
		{"expired", submit(ctx, n.payment(t, -time.Minute).Envelope(), apiv1.Stage_STAGE_FINAL), codes.FailedPrecondition, "EXPIRED"},
		{"message of 65 KiB", submit(ctx, make([]byte, 65<<10), 0), codes.ResourceExhausted, ""}, // gRPC's own answer.
		{"headers of 64 KiB", submit(long, nil, 0), codes.Internal, ""},
		{"watch far past the end", func() error {
			stream, err := c.Watch(ctx, &apiv1.WatchRequest{FromLeaf: 1<<64 - 1})
			if err == nil {
				_, err = stream.Recv()
			}
			return err
		}, codes.InvalidArgument, "INVALID_FIELD"},
	} {
		err := bad.call()
		if bad.what == "headers of 64 KiB" {
			if err == nil {
				t.Errorf("%s were taken", bad.what)
			}
			continue
		}
		refused(t, bad.what, err, bad.code, bad.reason)
	}
	if err := n.nodes[0].Err(); err != nil {
		t.Errorf("a bad call has ended the node: %v", err)
	}
}

// TestReads: the same account by every way that leads to it.
func TestReads(t *testing.T) {
	n := theNetwork(t)
	c := n.client(t, 0)
	signed, paid := n.pay(t, c)
	n.pay(t, c)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	juma := n.world.Juma
	byID, err := c.GetAccount(ctx, &apiv1.GetAccountRequest{Account: &apiv1.GetAccountRequest_Id{Id: juma.Account[:]}})
	if err != nil {
		t.Fatal(err)
	}
	byNumber, err := c.GetAccount(ctx, &apiv1.GetAccountRequest{Account: &apiv1.GetAccountRequest_Number{Number: byID.GetNumber()}})
	if err != nil || !bytes.Equal(byNumber.GetId(), juma.Account[:]) {
		t.Errorf("by number: %v, %v", byNumber, err)
	}
	hashed, err := c.ResolveAlias(ctx, &apiv1.ResolveAliasRequest{Alias: &apiv1.ResolveAliasRequest_Hash{Hash: juma.Alias[:]}})
	if err != nil || !bytes.Equal(hashed.GetAccount(), juma.Account[:]) || len(hashed.GetSealedName()) == 0 || hashed.GetShortName() != "" {
		t.Errorf("by hash: %v, %v", hashed, err)
	}
	plain, err := c.ResolveAlias(ctx, &apiv1.ResolveAliasRequest{Alias: &apiv1.ResolveAliasRequest_PhoneNumber{PhoneNumber: juma.Number}})
	if err != nil || !bytes.Equal(plain.GetAccount(), juma.Account[:]) || len(plain.GetSealedName()) != 0 || plain.GetShortName() == "" || plain.GetShortName() == juma.Name {
		t.Errorf("by phone number: %v, %v: want the account and no more than a short name", plain, err)
	}
	grant, err := c.GetGrant(ctx, &apiv1.GetGrantRequest{Account: juma.Account[:], Grantee: publicOf(n.world.Provider)})
	if err != nil || grant.GetCapDay() != uint64(ledgertest.CapDay) || grant.GetLeftToday() > grant.GetCapDay() {
		t.Errorf("grant: %v, %v", grant, err)
	}
	final, err := c.GetBalance(ctx, &apiv1.GetBalanceRequest{Account: juma.Account[:], Asset: uint32(ledgertest.KES)})
	if err != nil || final.GetAsOf().GetSize() <= paid.GetLeafIndex() {
		t.Errorf("final balance: %v, %v", final, err)
	}
	for validator := range n.nodes {
		accepted, err := n.client(t, validator).GetBalance(ctx, &apiv1.GetBalanceRequest{
			Account: juma.Account[:], Asset: uint32(ledgertest.KES), Freshness: apiv1.Freshness_FRESHNESS_ACCEPTED,
		})
		if err != nil || accepted.GetPosted() != final.GetPosted() {
			t.Errorf("balance at validator %d: %v, %v; want %d", validator+1, accepted, err, final.GetPosted())
		}
	}
	receipt, err := c.GetReceipt(ctx, &apiv1.GetReceiptRequest{Id: signedID(signed)})
	if err != nil || receipt.GetReceipt() == nil {
		t.Errorf("receipt: %v", err)
	}
	if net, err := c.GetNetwork(ctx, &apiv1.GetNetworkRequest{}); err != nil || !bytes.Equal(net.GetNetworkId(), n.world.Network[:]) || net.GetFinalSize() > net.GetAcceptedSize() || len(net.GetParameters()) != 6 {
		t.Errorf("network: %v, %v", net, err)
	}
}

func publicOf(k key.Private) []byte {
	p := k.Public()
	return p[:]
}

func signedID(signed *tx.Signed) []byte {
	id := signed.ID()
	return id[:]
}

// TestHistoryAndWatch: pages of the history meet without a gap, and what Watch streams is the same leaves.
func TestHistoryAndWatch(t *testing.T) {
	n := theNetwork(t)
	c := n.client(t, 2)
	for range 3 {
		n.pay(t, c)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	req := &apiv1.ListHistoryRequest{Account: n.world.Juma.Account[:], Limit: 100}
	whole, err := c.ListHistory(ctx, req)
	if err != nil || len(whole.GetEntries()) < 3 {
		t.Fatalf("history: %v", err)
	}
	req.Limit = 1
	for i, want := range whole.GetEntries() {
		page, err := c.ListHistory(ctx, req)
		if err != nil || len(page.GetEntries()) != 1 || !proto.Equal(page.GetEntries()[0], want) {
			t.Fatalf("page %d: %v, %v", i, page, err)
		}
		req.BeforeLeaf = want.GetLeafIndex()
	}
	req.BeforeLeaf = 1<<64 - 1
	if page, err := c.ListHistory(ctx, req); err != nil || !proto.Equal(page.GetEntries()[0], whole.GetEntries()[0]) {
		t.Errorf("before the end of time: %v, %v", page, err)
	}
	newest := whole.GetEntries()[0]
	stream, err := c.Watch(ctx, &apiv1.WatchRequest{FromLeaf: newest.GetLeafIndex()})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := stream.Recv(); err != nil || !proto.Equal(got.GetEntry(), newest) {
		t.Errorf("watch: %v, %v", got, err)
	}
}

// TestWaitsEndInTime: a submission that does not want to wait is answered at once; a deadline that passes gives what is
// known, and not an error.
func TestWaitsEndInTime(t *testing.T) {
	n := theNetwork(t)
	c := n.client(t, 3)
	signed := n.payment(t, time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	res, err := c.Submit(ctx, &apiv1.SubmitRequest{Envelope: signed.Envelope(), Wait: apiv1.Stage_STAGE_PENDING})
	if err != nil || res.GetStatus().GetStage() < apiv1.Stage_STAGE_PENDING || !bytes.Equal(res.GetStatus().GetId(), signedID(signed)) {
		t.Fatalf("pending: %v, %v", res, err)
	}
	got, err := c.GetTransaction(ctx, &apiv1.GetTransactionRequest{Id: signedID(signed), Wait: apiv1.Stage_STAGE_FINAL})
	if err != nil || got.GetStatus().GetStage() != apiv1.Stage_STAGE_FINAL {
		t.Errorf("what nobody waited for: %v, %v", got, err)
	}
	short, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	got, err = c.GetTransaction(short, &apiv1.GetTransactionRequest{Id: make([]byte, 32), Wait: apiv1.Stage_STAGE_FINAL})
	if err != nil || got.GetStatus().GetStage() != apiv1.Stage_STAGE_UNSPECIFIED {
		t.Errorf("an unknown id: %v, %v", got, err)
	}
}

// TestListPending: only a key that may act for the account, with a fresh signature, sees what is open.
func TestListPending(t *testing.T) {
	n := theNetwork(t)
	c := n.client(t, 0)
	account := n.world.IssuerAccount
	ask := func(signer key.Private, at time.Time, change func(*apiv1.ListPendingRequest)) error {
		t.Helper()
		ms := uint64(at.UnixMilli())
		signature, err := signer.Sign(tx.PendingDigest(n.world.Network, account, ms))
		if err != nil {
			t.Fatal(err)
		}
		req := &apiv1.ListPendingRequest{Account: account[:], TimeUnixMs: ms, Signer: publicOf(signer), Signature: signature[:]}
		if change != nil {
			change(req)
		}
		_, err = c.ListPending(t.Context(), req)
		return err
	}
	if err := ask(n.world.Issuer, time.Now(), nil); err != nil {
		t.Errorf("the owner: %v", err)
	}
	refused(t, "a stranger", ask(n.world.Key(t, "stranger"), time.Now(), nil), codes.PermissionDenied, "UNAUTHORISED")
	refused(t, "an old request", ask(n.world.Issuer, time.Now().Add(-6*time.Minute), nil), codes.InvalidArgument, "INVALID_FIELD")
	refused(t, "a request of tomorrow", ask(n.world.Issuer, time.Now().Add(24*time.Hour), nil), codes.InvalidArgument, "INVALID_FIELD")
	refused(t, "another account", ask(n.world.Issuer, time.Now(), func(r *apiv1.ListPendingRequest) { r.Account = n.world.Juma.Account[:] }), codes.Unauthenticated, "BAD_SIGNATURE")
	refused(t, "another time", ask(n.world.Issuer, time.Now(), func(r *apiv1.ListPendingRequest) { r.TimeUnixMs++ }), codes.Unauthenticated, "BAD_SIGNATURE")
	refused(t, "a short signature", ask(n.world.Issuer, time.Now(), func(r *apiv1.ListPendingRequest) { r.Signature = r.Signature[:63] }), codes.InvalidArgument, "INVALID_FIELD")
	refused(t, "no time", ask(n.world.Issuer, time.Now(), func(r *apiv1.ListPendingRequest) { r.TimeUnixMs = 0 }), codes.InvalidArgument, "INVALID_FIELD")
}
