package attestor

import (
	"fmt"
	"net/http"

	"github.com/umoja-ledger/umoja/ussd/peer"
)

// The codes of this package's refusals, beside those of package peer. They never change their meaning.
const (
	// CodeNotProvider means that the sender's key is no registered provider's, or not one that this attestor serves.
	CodeNotProvider = "not_provider"
	// CodeBody means that the body is not one that attestors sign for that number.
	CodeBody = "body"
	// CodeLedger means that the ledger is not as the body says: the number is bound to another account, there is no such move.
	CodeLedger = "ledger"
	// CodeTakesPart means that the attestor's own provider is a part of it: ask another attestor.
	CodeTakesPart = "takes_part"
	// CodeTooMany means that this was asked too often; RetryAtUnixMs says when it may be asked again.
	CodeTooMany = "too_many"
	// CodeUnknown means that this provider has asked for no such code, or that a later ask for the number took its place.
	CodeUnknown = "unknown"
	// CodeWrong means that the code is another one; TriesLeft says how many may still be tried.
	CodeWrong = "wrong_code"
	// CodeLocked means that there were too many wrong codes: make a new transaction and ask again.
	CodeLocked = "locked"
	// CodeEnded means that the code's time is over: make a new transaction and ask again.
	CodeEnded = "ended"
)

var statuses = map[string]int{
	CodeNotProvider: http.StatusForbidden, CodeBody: http.StatusUnprocessableEntity, CodeLedger: http.StatusConflict, CodeTakesPart: http.StatusForbidden,
	CodeTooMany: http.StatusTooManyRequests, CodeUnknown: http.StatusNotFound, CodeWrong: http.StatusUnprocessableEntity,
	CodeLocked: http.StatusConflict, CodeEnded: http.StatusGone, peer.CodeMalformed: http.StatusBadRequest,
}

// refuse makes a refusal; the words never hold a phone number or a code.
func refuse(code, format string, args ...any) *peer.Refusal {
	return &peer.Refusal{Code: code, Text: fmt.Sprintf(format, args...), Status: statuses[code]}
}
