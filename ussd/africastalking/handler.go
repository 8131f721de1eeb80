package africastalking

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// MaxBody bounds a callback.
const MaxBody = 8 << 10

// name tells sessions of this aggregator from another's.
const name = "africastalking"

// Service answers turns; *ussd.Service does.
type Service interface {
	Handle(ctx context.Context, turn ussd.Turn) (ussd.Reply, error)
}

// Handler serves the USSD callback.
type Handler struct {
	service Service
	// serviceCode is the only code answered for; empty answers for any.
	serviceCode string
	log         *slog.Logger
}

// NewHandler makes a handler for one service code, such as *384*2050#, or with an empty one for every code.
func NewHandler(service Service, serviceCode string, log *slog.Logger) *Handler {
	return &Handler{service: service, serviceCode: serviceCode, log: log}
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		plain(w, http.StatusMethodNotAllowed, "this address takes POST")
		return
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		plain(w, http.StatusUnsupportedMediaType, "the body has to be application/x-www-form-urlencoded")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			plain(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d bytes", MaxBody))
			return
		}
		plain(w, http.StatusBadRequest, "the body ended early")
		return
	}
	turn, err := h.parse(string(body))
	if err != nil {
		plain(w, http.StatusBadRequest, err.Error())
		return
	}
	reply, err := h.service.Handle(r.Context(), turn)
	if err != nil {
		h.log.Error("turn was not completed", "phone", turn.Phone, "error", err)
	}
	prefix := "CON "
	if reply.End {
		prefix = "END "
	}
	plain(w, http.StatusOK, prefix+reply.Text)
}

// plain answers in text/plain, without a line break at the end, which a phone would show.
func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // A carrier that hung up posts again or the person dials again.
}

// parse takes the form. Its errors name the field and the rule and nothing of what was sent.
func (h *Handler) parse(body string) (ussd.Turn, error) {
	form, err := url.ParseQuery(body)
	if err != nil {
		return ussd.Turn{}, errors.New("the body is not a form")
	}
	fields := make(map[string]string, 5)
	for _, field := range []string{"sessionId", "serviceCode", "phoneNumber", "networkCode", "text"} {
		values := form[field]
		switch {
		case len(values) == 0:
			return ussd.Turn{}, fmt.Errorf("%s is missing", field)
		case len(values) > 1:
			return ussd.Turn{}, fmt.Errorf("%s is there %d times", field, len(values))
		case values[0] == "" && field != "text":
			return ussd.Turn{}, fmt.Errorf("%s is empty", field)
		case !utf8.ValidString(values[0]):
			return ussd.Turn{}, fmt.Errorf("%s is not UTF-8", field)
		}
		fields[field] = values[0]
	}
	if len(fields["sessionId"]) > 128 {
		return ussd.Turn{}, errors.New("sessionId has more than 128 bytes")
	}
	if len(fields["networkCode"]) > 16 {
		return ussd.Turn{}, errors.New("networkCode has more than 16 bytes")
	}
	if h.serviceCode != "" && fields["serviceCode"] != h.serviceCode {
		return ussd.Turn{}, errors.New("serviceCode is not served here")
	}
	if len(fields["text"]) > 1024 {
		return ussd.Turn{}, errors.New("text has more than 1024 bytes")
	}
	// A plus that was not encoded arrives as a space.
	phone, err := ussd.ParsePhone(strings.Replace(fields["phoneNumber"], " ", "+", 1))
	if err != nil {
		return ussd.Turn{}, errors.New("phoneNumber is not in E.164 form, such as +254711000001 (%2B254711000001 in a form)")
	}
	return ussd.Turn{Aggregator: name, SessionID: fields["sessionId"], Phone: phone, Transcript: pin.NewSecret(fields["text"])}, nil
}
