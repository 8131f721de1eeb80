package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/door"
)

// The control socket is where the provider's own people ask a running gateway: it is a Unix socket that only the gateway's user can open.
// They list complaints and answer them.
//
//	GET  /cases?from=1000&closed=1     up to 100 complaints, oldest first
//	POST /cases/10008                  {"state": "looked_at"} or {"state": "closed", "answer": "…"}

const (
	// controlName is the socket's below the gateway's folder.
	controlName = "control.sock"
	// maxControlPath is the longest path that every system takes for a Unix socket.
	maxControlPath = 100
	// listedCases is the length of one page.
	listedCases = 100
	maxAnswer   = 4 << 10
)

// controlPath is where the control socket is.
func (c Config) controlPath() string {
	if c.Control != "" {
		return c.Control
	}
	return filepath.Join(c.Dir, controlName)
}

// listenControl opens the control socket. The store is open, so no other process of this folder has it; what a killed one left is removed. It is
// nil where the folder's own path is too long for a socket and the configuration names no other.
func (w *gateway) listenControl() (net.Listener, error) {
	path := w.config.controlPath()
	if len(path) > maxControlPath {
		w.log.Warn("no control socket: the path of dir is too long, set control", "path", path)
		return nil, nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("control: %w", err)
	}
	// The folder of the socket keeps others out between its making and its mode.
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("control: %w", err), listener.Close())
	}
	return listener, nil
}

// serveControl answers on the control socket until the context ends.
func (w *gateway) serveControl(ctx context.Context) error {
	listener, err := w.listenControl()
	if err != nil || listener == nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /cases", w.listCases)
	mux.HandleFunc("POST /cases/{number}", w.answerCase)
	return door.Door{Handler: mux, Log: w.log}.Serve(ctx, listener)
}

func (w *gateway) listCases(res http.ResponseWriter, req *http.Request) {
	from, err := strconv.ParseUint(req.FormValue("from"), 10, 63)
	if err != nil {
		http.Error(res, "from must be a number", http.StatusBadRequest)
		return
	}
	cases, err := w.service.Cases(req.Context(), req.FormValue("closed") != "", ussd.CaseNumber(from), listedCases)
	if err != nil {
		w.log.Error("list cases", "error", err)
		http.Error(res, "the cases could not be read", http.StatusInternalServerError)
		return
	}
	res.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(res).Encode(cases) // Who hung up does not need it.
}

// caseAnswer is the body of an answer.
type caseAnswer struct {
	State  ussd.CaseState `json:"state"`
	Answer string         `json:"answer,omitempty"`
}

func (w *gateway) answerCase(res http.ResponseWriter, req *http.Request) {
	number, err := ussd.ParseCaseNumber(req.PathValue("number"))
	var a caseAnswer
	if err == nil {
		d := json.NewDecoder(http.MaxBytesReader(res, req.Body, maxAnswer))
		d.DisallowUnknownFields()
		err = d.Decode(&a)
	}
	if err != nil {
		http.Error(res, err.Error(), http.StatusBadRequest)
		return
	}
	switch err := w.service.Answer(req.Context(), number, a.State, a.Answer); {
	case err == nil:
		res.WriteHeader(http.StatusNoContent)
	case errors.Is(err, ussd.ErrNotFound):
		http.Error(res, "there is no such case", http.StatusNotFound)
	case errors.Is(err, ussd.ErrCaseClosed):
		http.Error(res, "the case is closed", http.StatusConflict)
	case errors.Is(err, ussd.ErrCaseAnswer):
		http.Error(res, ussd.ErrCaseAnswer.Error(), http.StatusBadRequest)
	default:
		w.log.Error("answer case", "error", err)
		http.Error(res, "the answer could not be kept", http.StatusInternalServerError)
	}
}

// Control talks to the gateway that runs with a configuration.
type Control struct {
	path   string
	client *http.Client
}

// NewControl makes a client of a gateway's control socket.
func NewControl(c Config) *Control {
	path := c.controlPath()
	return &Control{path: path, client: &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}}}}
}

// ErrControl means that the running gateway refused, or that none runs.
var ErrControl = errors.New("the gateway refused")

// Close closes connections.
func (c *Control) Close() { c.client.CloseIdleConnections() }

// Cases lists complaints from a number on, oldest first, at most 100: the open ones, or with closed all that are kept.
func (c *Control) Cases(ctx context.Context, closed bool, from ussd.CaseNumber) ([]ussd.Case, error) {
	query := url.Values{"from": {strconv.FormatUint(uint64(from), 10)}}
	if closed {
		query.Set("closed", "1")
	}
	var cases []ussd.Case
	err := c.do(ctx, http.MethodGet, "/cases?"+query.Encode(), nil, &cases)
	return cases, err
}

// Answer says that somebody looks at a complaint, or closes it with a text.
func (c *Control) Answer(ctx context.Context, number ussd.CaseNumber, state ussd.CaseState, answer string) error {
	return c.do(ctx, http.MethodPost, "/cases/"+number.Text(), caseAnswer{state, answer}, nil)
}

// do makes one request; in and out may be nil.
func (c *Control) do(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("ask the gateway: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://gateway"+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask the gateway: %w", err)
	}
	res, err := c.client.Do(req)
	if err != nil {
		return fmt.Errorf("ask the gateway at %s: is it running? %w", c.path, err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	switch {
	case err != nil:
		return fmt.Errorf("ask the gateway: %w", err)
	case res.StatusCode >= http.StatusBadRequest:
		return fmt.Errorf("%w: %s", ErrControl, bytes.TrimSpace(raw))
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("read the gateway's answer: %w", err)
	}
	return nil
}
