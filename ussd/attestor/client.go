package attestor

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/peer"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// ErrSignature means that an attestor's answer is no signature of its key over the transaction.
var ErrSignature = errors.New("attestor: signature does not verify")

// Client asks one attestor, for a provider. An error of its methods is a *peer.Refusal, whose code says what to do, or peer.ErrUnreachable:
// the same request again is the same.
type Client struct {
	name   string
	caller *peer.Caller
}

// ClientConfig is what a Client is made of.
type ClientConfig struct {
	// Name is how the attestor's texts begin, for screens that ask for its code.
	Name string
	// Address is https://host, or http:// on this machine, without a slash at the end.
	Address string
	// Key is the attestor's in the directory.
	Key     key.Public
	Network tx.NetworkID
	// Signer is the provider's grant key.
	Signer key.Signer
	// HTTP is used as it is but for redirects; nil is a client of its own.
	HTTP *http.Client
	// NowUnixMs is the own clock; nil is the machine's.
	NowUnixMs func() uint64
}

// NewClient makes a client.
func NewClient(c ClientConfig) (*Client, error) {
	caller, err := peer.NewCaller(peer.CallerConfig{
		Network: c.Network, Address: c.Address, To: c.Key, Signer: c.Signer, HTTP: c.HTTP, NowUnixMs: c.NowUnixMs,
	})
	if err != nil {
		return nil, fmt.Errorf("attestor %q: %w", c.Name, err)
	}
	return &Client{name: c.Name, caller: caller}, nil
}

// Name is how the attestor's texts begin.
func (c *Client) Name() string { return c.name }

// Key is the attestor's.
func (c *Client) Key() key.Public { return c.caller.To() }

// Close lets go of idle connections.
func (c *Client) Close() { c.caller.Close() }

// Ask has a code sent to a phone number; with Send above 1, once more.
func (c *Client) Ask(ctx context.Context, r CodeRequest) (Asked, error) {
	var res Asked
	request := struct {
		Phone    string `json:"phone"`
		Body     []byte `json:"body"`
		Language string `json:"language"`
		Send     int    `json:"send"`
	}{string(r.Phone), r.Body, r.Language, r.Send}
	if err := c.caller.Call(ctx, codePath, request, &res); err != nil {
		return Asked{}, fmt.Errorf("ask %s for a code: %w", c.name, err)
	}
	return res, nil
}

// Confirm brings the code of a transaction and gives the attestor's signature over its id, which it has verified.
func (c *Client) Confirm(ctx context.Context, id tx.ID, code pin.Secret) (tx.Signature, error) {
	var res signed
	request := struct {
		ID   string `json:"id"`
		Code string `json:"code"`
	}{id.String(), code.Reveal()}
	if err := c.caller.Call(ctx, confirmPath, request, &res); err != nil {
		return tx.Signature{}, fmt.Errorf("bring %s its code: %w", c.name, err)
	}
	signature := tx.Signature{Signer: c.Key()}
	raw, err := hex.DecodeString(res.Signature)
	if err != nil || len(raw) != len(signature.Signature) || res.Signer != c.Key().String() {
		return tx.Signature{}, fmt.Errorf("answer of %s: %w", c.name, ErrSignature)
	}
	signature.Signature = key.Signature(raw)
	if err := signature.Signer.Verify(id, signature.Signature); err != nil {
		return tx.Signature{}, fmt.Errorf("answer of %s: %w", c.name, ErrSignature)
	}
	return signature, nil
}

// RefusalOf is the refusal that an error is; nil when it is none, and nothing is known.
func RefusalOf(err error) *peer.Refusal {
	var r *peer.Refusal
	if errors.As(err, &r) {
		return r
	}
	return nil
}
