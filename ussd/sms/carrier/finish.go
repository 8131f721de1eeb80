package carrier

import (
	"errors"
	"io"
	"log/slog"
	"net/http"

	"github.com/umoja-ledger/umoja/ussd/sms"
)

// Finish answers a carrier by what became of its call. The body of a good answer is empty: some carriers send it on as a message. What is not
// the carrier's fault is logged, with what names the end of the route.
func Finish(w http.ResponseWriter, err error, log *slog.Logger, end string) {
	var refused *refusal
	switch {
	case err == nil:
		answer(w, http.StatusOK, "")
	case errors.As(err, &refused):
		log.Debug("SMS call refused", "end", end, "error", err)
		answer(w, refused.status, refused.text)
	case errors.Is(err, sms.ErrInbound), errors.Is(err, sms.ErrReport):
		log.Debug("SMS call refused", "end", end, "error", err)
		answer(w, http.StatusBadRequest, err.Error())
	default:
		log.Error("SMS call was not taken", "end", end, "error", err)
		answer(w, http.StatusServiceUnavailable, "not taken, bring it again")
	}
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // A carrier that hung up calls again.
}
