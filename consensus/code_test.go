package consensus

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/umoja-ledger/umoja/consensus/transport"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// answers are the sentinels that may reach a caller, with what the world sees of them. Neither is ever changed: clients
// decide by them.
var answers = []struct {
	name   string
	err    error
	code   codes.Code
	reason string
	// back is what another validator makes of it; nil is the sentinel itself.
	back error
}{
	{"tx.ErrTooLarge", tx.ErrTooLarge, codes.InvalidArgument, "TOO_LARGE", nil},
	{"tx.ErrNotCanonical", tx.ErrNotCanonical, codes.InvalidArgument, "NOT_CANONICAL", nil},
	{"tx.ErrMalformed", tx.ErrMalformed, codes.InvalidArgument, "MALFORMED", nil},
	{"tx.ErrBadSignature", tx.ErrBadSignature, codes.Unauthenticated, "BAD_SIGNATURE", nil},
	{"ErrExpired", ErrExpired, codes.FailedPrecondition, "EXPIRED", nil},
	{"ErrNotExpired", ErrNotExpired, codes.FailedPrecondition, "NOT_EXPIRED", nil},
	{"ErrNotFound", ErrNotFound, codes.NotFound, "NOT_FOUND", nil},
	{"ErrNotFinal", ErrNotFinal, codes.FailedPrecondition, "NOT_FINAL", nil},
	{"ErrOverloaded", ErrOverloaded, codes.ResourceExhausted, "OVERLOADED", nil},
	{"ErrRateLimited", ErrRateLimited, codes.ResourceExhausted, "RATE_LIMITED", nil},
	{"ErrField", ErrField, codes.InvalidArgument, "INVALID_FIELD", nil},
	{"ErrNoAliasKey", ErrNoAliasKey, codes.FailedPrecondition, "NO_ALIAS_KEY", nil},
	{"ErrNoLeader", ErrNoLeader, codes.Unavailable, "NO_LEADER", nil},
	{"ErrNotLeader", ErrNotLeader, codes.Unavailable, "NO_LEADER", ErrNoLeader},
	{"transport.ErrStranger", transport.ErrStranger, codes.Unauthenticated, "STRANGER", nil},
	{"ErrReplaced", ErrReplaced, codes.Unavailable, "STATE_REPLACED", nil},
	{"ErrStopped", ErrStopped, codes.Unavailable, "STOPPING", nil},
	{"ErrRemoved", ErrRemoved, codes.Unavailable, "STOPPING", ErrStopped},
	{"ErrUnknownOutcome", ErrUnknownOutcome, codes.Unavailable, "UNKNOWN_OUTCOME", nil},
	{"context.DeadlineExceeded", context.DeadlineExceeded, codes.DeadlineExceeded, "DEADLINE", nil},
	{"context.Canceled", context.Canceled, codes.Canceled, "CANCELED", nil},
}

func reasonOf(t *testing.T, err error) string {
	t.Helper()
	for _, d := range status.Convert(err).Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok && info.GetDomain() == Domain {
			return info.GetReason()
		}
	}
	return ""
}

// TestEverySentinelHasItsAnswer walks the sentinels of this package and of ledger/tx in the source: each is in the table
// above, gives that code and reason, wrapped or not, and comes back from another validator as what it was.
func TestEverySentinelHasItsAnswer(t *testing.T) {
	want := make(map[string]bool)
	for _, a := range answers {
		want[a.name] = true
		wrapped := fmt.Errorf("do something to %d: %w", 7, a.err)
		for _, err := range []error{a.err, wrapped} {
			public := ToStatus(err)
			if code, reason := status.Code(public), reasonOf(t, public); code != a.code || reason != a.reason {
				t.Errorf("%v: %s %s, want %s %s", err, code, reason, a.code, a.reason)
			}
			back := a.back
			if back == nil {
				back = a.err
			}
			if got := fromStatus(public); !errors.Is(got, back) {
				t.Errorf("%v came back as %v", err, got)
			}
		}
	}
	if len(answers) != len(table) {
		t.Errorf("%d answers for a table of %d rows", len(answers), len(table))
	}
	internal := map[string]bool{"tx.ErrBadAccount": true} // Of text forms, which no call has.
	for _, s := range append(sentinels(t, ".", ""), sentinels(t, "../ledger/tx", "tx.")...) {
		if !want[s] && !internal[s] {
			t.Errorf("%s has no answer", s)
		}
	}
}

// sentinels lists the exported errors of a package.
func sentinels(t *testing.T, dir, prefix string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no source in %s: %v", dir, err)
	}
	var names []string
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			vars, ok := d.(*ast.GenDecl)
			if !ok || vars.Tok != token.VAR {
				continue
			}
			for _, spec := range vars.Specs {
				for _, name := range spec.(*ast.ValueSpec).Names {
					if strings.HasPrefix(name.Name, "Err") {
						names = append(names, prefix+name.Name)
					}
				}
			}
		}
	}
	if len(names) == 0 {
		t.Fatalf("no sentinels in %s", dir)
	}
	return names
}

// TestRefusalsKeepTheirCode: a refusal's reason is its result code, on both sides.
func TestRefusalsKeepTheirCode(t *testing.T) {
	for _, code := range refusals {
		public := ToStatus(fmt.Errorf("submit: %w", &Refusal{Code: code}))
		if status.Code(public) != codes.PermissionDenied || reasonOf(t, public) != code.String() {
			t.Errorf("%s: %v", code, public)
		}
		if !isRefusal(fromStatus(public), code) {
			t.Errorf("%s came back as %v", code, fromStatus(public))
		}
	}
}

// TestOtherErrors: what is in no table says nothing of its text, and what another validator did not say itself leaves the
// outcome unknown.
func TestOtherErrors(t *testing.T) {
	public := ToStatus(errors.New("open /secret/path"))
	if status.Code(public) != codes.Internal || reasonOf(t, public) != "INTERNAL" || strings.Contains(public.Error(), "secret") {
		t.Errorf("got %v", public)
	}
	if ToStatus(nil) != nil {
		t.Error("no error became one")
	}
	for _, err := range []error{
		public, status.Error(codes.Unavailable, "connection broke"), status.Error(codes.Canceled, ""), status.Error(codes.NotFound, "no reason"),
	} {
		if got := fromStatus(err); !errors.Is(got, ErrUnknownOutcome) {
			t.Errorf("%v came back as %v", err, got)
		}
	}
	// Where two apply, the one that leaves more open is told.
	both := fmt.Errorf("%w: %w", ErrUnknownOutcome, context.DeadlineExceeded)
	if public := ToStatus(both); reasonOf(t, public) != "UNKNOWN_OUTCOME" {
		t.Errorf("got %v", public)
	}
	both = fmt.Errorf("%w: %w", ErrUnknownOutcome, ErrOverloaded)
	if public := ToStatus(both); reasonOf(t, public) != "UNKNOWN_OUTCOME" {
		t.Errorf("got %v", public)
	}
}
