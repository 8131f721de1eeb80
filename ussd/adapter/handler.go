package adapter

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/ussd"
)

// Service answers turns; *ussd.Service does.
type Service interface {
	Handle(ctx context.Context, turn ussd.Turn) (ussd.Reply, error)
	// Ended hears that a session ended.
	Ended(ctx context.Context, turn ussd.Turn)
}

// Handler serves one aggregator.
type Handler struct {
	dialect  *Dialect
	service  Service
	options  Options
	codes    []string // bare
	screen   ussd.Screen
	deadline time.Duration
	sessions *sessions
	log      *slog.Logger
}

// New makes a handler of a dialect. Mount it at Options.Path and below, for which Register is there.
func New(d *Dialect, service Service, o Options) (*Handler, error) {
	if err := o.check(d); err != nil {
		return nil, err
	}
	h := &Handler{dialect: d, service: service, options: o, deadline: d.Deadline, sessions: newSessions(), log: o.Log}
	for _, code := range o.Codes {
		h.codes = append(h.codes, bare(code))
	}
	if o.Deadline > 0 {
		h.deadline = o.Deadline
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	h.screen = d.room(o.Septets, o.UCS2)
	return h, nil
}

// room is what is left of a screen beside the reply's prefix.
func (d *Dialect) room(septets, ucs2 int) ussd.Screen {
	if septets == 0 {
		septets = d.Septets
	}
	if ucs2 == 0 {
		ucs2 = d.UCS2
	}
	prefix := max(len(d.Reply.Open), len(d.Reply.Close))
	return ussd.Screen{Septets: septets - prefix, UCS2: ucs2 - prefix}
}

// Register mounts the handler at its path and at the addresses below it that the aggregator uses too.
func (h *Handler) Register(mux *http.ServeMux) {
	mux.Handle(h.options.Path, h)
	mux.Handle(h.options.Path+"/", h)
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := h.serve(w, r)
	if err == nil {
		return
	}
	refused := (*refusal)(nil)
	if !errors.As(err, &refused) {
		refused = &refusal{status: http.StatusInternalServerError, reason: "the request could not be taken"}
	}
	h.log.Info("callback refused", "aggregator", h.dialect.Name, "status", refused.status, "reason", refused.reason)
	h.dialect.fault(w, refused)
}

// serve answers a request, or gives the reason why not before anything is written.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request) error {
	place, err := h.place(r.URL)
	if err != nil {
		return err
	}
	if err := h.options.admit(r); err != nil {
		return err
	}
	if !slices.Contains(h.dialect.Methods, r.Method) {
		return refuse(http.StatusMethodNotAllowed, "this address takes %s", strings.Join(h.dialect.Methods, " or "))
	}
	now := time.Now()
	if place.status {
		open, err := h.statusOf(place.session, now)
		if err != nil {
			return err
		}
		writeJSON(w, h.dialect.Reply.Status, answer{status: http.StatusOK, open: open})
		return nil
	}
	fields, err := h.dialect.decode(w, r)
	if err != nil {
		return err
	}
	if h.dialect.SessionInPath {
		fields[PathSession], fields[PathStep] = value{text: place.session}, value{text: place.step}
	}
	if err := h.options.login(h.dialect, fields); err != nil {
		return err
	}
	understood, err := h.understand(fields, place.notice, now)
	if err != nil {
		return err
	}
	if understood.what == anEnd {
		h.ended(w, r, understood)
		return nil
	}
	h.answer(w, r, understood)
	return nil
}

// answer gives a turn to the service and writes its screen.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, asked request) {
	reply, err := h.service.Handle(r.Context(), asked.turn)
	if err != nil {
		h.log.Error("turn was not completed", "aggregator", h.dialect.Name, "phone", asked.turn.Phone, "error", err)
	}
	if reply.End && asked.what == aDial && h.dialect.Reply.FirstStaysOpen {
		// The aggregator would not close it. Whatever is typed now gets the service's word that the session is over.
		reply.End = false
	}
	if reply.End {
		h.sessions.end(asked.turn.SessionID)
	}
	h.dialect.screen(w, reply, asked.fields)
}

// ended tells the service and thanks the aggregator.
func (h *Handler) ended(w http.ResponseWriter, r *http.Request, told request) {
	if told.turn.Phone != "" {
		h.service.Ended(r.Context(), told.turn)
	}
	if h.dialect.Reply.Ended == nil {
		plain(w, http.StatusOK, "")
		return
	}
	writeJSON(w, h.dialect.Reply.Ended, answer{status: http.StatusOK, fields: told.fields})
}

// place is what a request's path says.
type place struct {
	notice        bool
	session, step string
	status        bool
}

// place reads the path behind Options.Path.
func (h *Handler) place(u *url.URL) (place, error) {
	elsewhere := refuse(http.StatusNotFound, "there is nothing at this address")
	rest := u.EscapedPath()
	if h.options.Path != "" {
		if len(rest) < len(h.options.Path) || equal(rest[:len(h.options.Path)], h.options.Path) != 1 {
			return place{}, elsewhere
		}
		rest = rest[len(h.options.Path):]
	}
	if n := h.dialect.Notice; n != nil && n.Suffix != "" && strings.HasSuffix(rest, n.Suffix) && (h.options.Path == "" || rest == n.Suffix) {
		return place{notice: true}, nil
	}
	if !h.dialect.SessionInPath {
		if h.options.Path != "" && rest != "" {
			return place{}, elsewhere
		}
		return place{}, nil
	}
	parts := strings.Split(rest, "/")
	if len(parts) < 4 || h.options.Path != "" && len(parts) != 4 || parts[len(parts)-3] != "session" {
		return place{}, elsewhere
	}
	session, err := url.PathUnescape(parts[len(parts)-2])
	step := parts[len(parts)-1]
	if err != nil {
		return place{}, elsewhere
	}
	isStatus := slices.Contains(h.dialect.Stage.Status, step)
	if steps := h.dialect.Stage; !isStatus && !slices.Contains(slices.Concat(steps.Dial, steps.Answer, steps.End), step) {
		return place{}, elsewhere
	}
	return place{session: session, step: step, status: isStatus}, nil
}
