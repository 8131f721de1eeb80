package consent

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/peer"
)

const (
	// Path is where an old provider is asked, below its endpoint.
	Path = "/provider/v1/consent"
	// longestLife bounds what is signed: a move that waits for next week is another one.
	longestLife = time.Hour
	// answerWithin bounds a request, requestsAtOnce how many are judged at once.
	answerWithin   = 5 * time.Second
	requestsAtOnce = 16
	// maxBody bounds a transaction of one operation.
	maxBody = 2 << 10
)

// The codes of refusals, beside those of package peer.
const (
	// CodeBody means that the body is no move to who asks from who is asked.
	CodeBody = "body"
	// CodeNotAgreed means that the holder of the account has not agreed here, or too long ago: the move takes its delay.
	CodeNotAgreed = "not_agreed"
)

// ErrSignature means that the answer is no signature of the old provider over the transaction.
var ErrSignature = errors.New("consent: signature does not verify")

// Agreements says who agreed to leave.
type Agreements interface {
	// Agreed says whether the holder of an account has chosen, with the PIN and not long ago, to move to the provider with the key.
	Agreed(ctx context.Context, account tx.AccountID, to key.Public) (bool, error)
}

// Config is what the old provider's side is made of.
type Config struct {
	Network    tx.NetworkID
	Signer     key.Signer
	Agreements Agreements
	Log        *slog.Logger
	// NowUnixMs is the own clock; nil is the machine's.
	NowUnixMs func() uint64
}

// NewHandler answers new providers.
func NewHandler(c Config) http.Handler {
	if c.NowUnixMs == nil {
		c.NowUnixMs = func() uint64 { return uint64(time.Now().UnixMilli()) }
	}
	receiver := peer.Receiver{Network: c.Network, Self: c.Signer.Public(), NowUnixMs: c.NowUnixMs}
	slots := make(chan struct{}, requestsAtOnce)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		default:
			peer.Answer(w, nil, errors.New("too many at once"))
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), answerWithin)
		defer cancel()
		letter, err := receiver.Open(w, r)
		var res signed
		if err == nil {
			res, err = c.sign(ctx, letter)
		}
		if err != nil {
			c.Log.Info("consent refused", "code", peer.Refuse(err).Code)
		}
		peer.Answer(w, res, err)
	})
}

// signed is the answer.
type signed struct {
	Signer    string `json:"signer"`
	Signature string `json:"signature"`
}

func (c Config) sign(ctx context.Context, l peer.Letter) (signed, error) {
	var raw []byte
	if err := peer.Decode(l.Body, map[string]any{"body": &raw}); err != nil {
		return signed{}, err
	}
	move, err := c.judge(raw, l.From)
	if err != nil {
		return signed{}, err
	}
	agreed, err := c.Agreements.Agreed(ctx, move.From, l.From)
	if err != nil {
		return signed{}, fmt.Errorf("look for an agreement: %w", err)
	}
	if !agreed {
		return signed{}, &peer.Refusal{Code: CodeNotAgreed, Text: "nobody agreed to that here", Status: http.StatusForbidden}
	}
	signature, err := c.Signer.Sign(tx.NewID(c.Network, raw))
	if err != nil {
		return signed{}, fmt.Errorf("sign transaction: %w", err)
	}
	c.Log.Info("consent given", "transaction", tx.NewID(c.Network, raw).String(), "to", l.From.String())
	return signed{Signer: c.Signer.Public().String(), Signature: hex.EncodeToString(signature[:])}, nil
}

// judge takes a move of an account from this provider to who asks, and nothing else.
func (c Config) judge(raw []byte, from key.Public) (tx.StartMove, error) {
	refuse := func(why string) (tx.StartMove, error) {
		return tx.StartMove{}, &peer.Refusal{Code: CodeBody, Text: why, Status: http.StatusUnprocessableEntity}
	}
	if len(raw) > maxBody {
		return refuse("the body is too long for a move")
	}
	body, err := tx.ParseBody(raw)
	if err != nil {
		return refuse("body: " + err.Error())
	}
	if len(body.Operations) != 1 {
		return refuse("there is not one operation alone")
	}
	if body.ExpiresAtUnixMs > c.NowUnixMs()+uint64(longestLife.Milliseconds()) {
		return refuse("expires_at_unix_ms is more than " + longestLife.String() + " ahead")
	}
	move, ok := body.Operations[0].(tx.StartMove)
	switch {
	case !ok:
		return refuse("the operation is no start_move")
	case move.To != move.From || move.SealedName != nil:
		return refuse("start_move: account and name stay")
	case move.OldGrantee == nil || *move.OldGrantee != c.Signer.Public():
		return refuse("start_move: old_grantee is not this provider")
	case move.Grant == nil || move.Grant.Grantee != from || from == c.Signer.Public():
		return refuse("start_move: the grant is not to who asks")
	}
	return move, nil
}

// Ask gets the old provider's signature over a move. An error is a *peer.Refusal or peer.ErrUnreachable, and then the move takes its delay.
func Ask(ctx context.Context, old *peer.Caller, network tx.NetworkID, body []byte) (tx.Signature, error) {
	var res signed
	request := struct {
		Body []byte `json:"body"`
	}{body}
	if err := old.Call(ctx, Path, request, &res); err != nil {
		return tx.Signature{}, fmt.Errorf("ask for consent: %w", err)
	}
	signature := tx.Signature{Signer: old.To()}
	raw, err := hex.DecodeString(res.Signature)
	if err != nil || len(raw) != len(signature.Signature) || res.Signer != old.To().String() {
		return tx.Signature{}, ErrSignature
	}
	signature.Signature = key.Signature(raw)
	if err := signature.Signer.Verify(tx.NewID(network, body), signature.Signature); err != nil {
		return tx.Signature{}, ErrSignature
	}
	return signature, nil
}
