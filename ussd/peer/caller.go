package peer

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 10

// ErrAddress means that a receiver's address is not one to send to.
var ErrAddress = errors.New("peer: address must be https://…, or http:// on this machine")

// ErrUnreachable means that no answer came, or none that can be read. The request may have been taken: the same again is the same.
var ErrUnreachable = errors.New("peer: no answer")

// CallerConfig is what a Caller is made of.
type CallerConfig struct {
	Network tx.NetworkID
	// Address is https://host, or http:// on this machine, without a slash at the end.
	Address string
	// To is the receiver's key, Signer the sender's.
	To     key.Public
	Signer key.Signer
	// HTTP is used as it is but for redirects; nil is a client of its own. The deadline is the context's.
	HTTP *http.Client
	// NowUnixMs is the own clock; nil is the machine's.
	NowUnixMs func() uint64
}

// Caller sends requests to one receiver.
type Caller struct {
	config CallerConfig
	client *http.Client
}

// NewCaller makes a caller.
func NewCaller(c CallerConfig) (*Caller, error) {
	if err := CheckAddress(c.Address); err != nil {
		return nil, err
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 5 * time.Second,
		}}
	}
	if c.NowUnixMs == nil {
		c.NowUnixMs = func() uint64 { return uint64(time.Now().UnixMilli()) }
	}
	// A redirect would take a signed request to whom it is not for.
	own := *c.HTTP
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Caller{config: c, client: &own}, nil
}

// CheckAddress says whether an address is one to send to: phone numbers and codes leave this machine under TLS only.
func CheckAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || len(u.Path) > 0 && u.Path[len(u.Path)-1] == '/' {
		return fmt.Errorf("no plain address: %w", ErrAddress)
	}
	here := net.ParseIP(u.Hostname())
	if u.Scheme != "https" && (u.Scheme != "http" || here == nil || !here.IsLoopback()) {
		return fmt.Errorf("scheme: %w", ErrAddress)
	}
	return nil
}

// To is the receiver's key.
func (c *Caller) To() key.Public { return c.config.To }

// Close lets go of idle connections.
func (c *Caller) Close() { c.client.CloseIdleConnections() }

// Call sends a request and reads the answer into answer. An error is a *Refusal, or ErrUnreachable.
func (c *Caller) Call(ctx context.Context, path string, request, answer any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("encode request: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.Address+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	now := c.config.NowUnixMs()
	// The path as the receiver sees it, with whatever stands before it in the address.
	signature, err := c.config.Signer.Sign(digest(c.config.Network, c.config.To, now, body, req.URL.Path))
	if err != nil {
		return fmt.Errorf("sign request: %w", err)
	}
	from := c.config.Signer.Public()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(signerHeader, hex.EncodeToString(from[:]))
	req.Header.Set(timeHeader, strconv.FormatUint(now, 10))
	req.Header.Set(signatureHeader, hex.EncodeToString(signature[:]))
	res, err := c.client.Do(req)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if res.StatusCode != http.StatusOK {
		refusal := &Refusal{Status: res.StatusCode}
		if err := json.Unmarshal(raw, refusal); err != nil || refusal.Code == "" {
			return fmt.Errorf("%w: HTTP status %d", ErrUnreachable, res.StatusCode)
		}
		return refusal
	}
	if err := json.Unmarshal(raw, answer); err != nil {
		return fmt.Errorf("%w: answer is not what was asked for", ErrUnreachable)
	}
	return nil
}
