package attestor

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/peer"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

const (
	codePath    = "/attestor/v1/code"
	confirmPath = "/attestor/v1/confirm"
	// answerWithin bounds a request; requestsAtOnce bounds those that are judged at once.
	answerWithin   = 10 * time.Second
	requestsAtOnce = 64
	// maxBody bounds a transaction that a code is asked for: one operation and its grant.
	maxBody = 2 << 10
)

// Handler answers providers.
func (s *Service) Handler() http.Handler {
	receiver := peer.Receiver{Network: s.network, Self: s.signer.Public(), NowUnixMs: s.now}
	slots := make(chan struct{}, requestsAtOnce)
	take := func(answer func(ctx context.Context, l peer.Letter) (any, error)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
			default:
				peer.Answer(w, nil, &peer.Refusal{Code: peer.CodeUnavailable, Text: "too many at once, ask again", Status: http.StatusServiceUnavailable})
				return
			}
			ctx, cancel := context.WithTimeout(r.Context(), answerWithin)
			defer cancel()
			letter, err := receiver.Open(w, r)
			var res any
			if err == nil {
				res, err = answer(ctx, letter)
			}
			if err != nil {
				s.report(r.URL.Path, err)
			}
			peer.Answer(w, res, err)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc(codePath, take(s.answerCode))
	mux.HandleFunc(confirmPath, take(s.answerConfirm))
	return mux
}

// report tells the log of what is the attestor's own trouble.
func (s *Service) report(path string, err error) {
	if refusal := peer.Refuse(err); refusal.Code == peer.CodeUnavailable {
		s.log.Warn("cannot answer", "path", path, "error", err)
	} else {
		s.log.Debug("refused", "path", path, "code", refusal.Code)
	}
}

func (s *Service) answerCode(ctx context.Context, l peer.Letter) (any, error) {
	r, err := decodeCode(l.Body)
	if err != nil {
		return nil, err
	}
	return s.Ask(ctx, l.From, r)
}

// signed is the answer to a right code.
type signed struct {
	Signer    string `json:"signer"`
	Signature string `json:"signature"`
}

func (s *Service) answerConfirm(ctx context.Context, l peer.Letter) (any, error) {
	id, code, err := decodeConfirm(l.Body)
	if err != nil {
		return nil, err
	}
	signature, err := s.Confirm(ctx, l.From, id, code)
	if err != nil {
		return nil, err
	}
	public := s.signer.Public()
	return signed{Signer: hex.EncodeToString(public[:]), Signature: hex.EncodeToString(signature[:])}, nil
}

var languageForm = regexp.MustCompile(`^[a-z]{2,3}$`)

// decodeCode reads a request for a code. No error repeats what stands there.
func decodeCode(raw []byte) (CodeRequest, error) {
	var r CodeRequest
	var phone string
	if err := peer.Decode(raw, map[string]any{"phone": &phone, "body": &r.Body, "language": &r.Language, "send": &r.Send}); err != nil {
		return CodeRequest{}, err
	}
	var err error
	if r.Phone, err = ussd.ParsePhone(phone); err != nil {
		return CodeRequest{}, fmt.Errorf("phone is not a number in E.164 form: %w", peer.ErrForm)
	}
	switch {
	case len(r.Body) == 0 || len(r.Body) > maxBody:
		return CodeRequest{}, fmt.Errorf("body is not 1 to %d bytes: %w", maxBody, peer.ErrForm)
	case !languageForm.MatchString(r.Language):
		return CodeRequest{}, fmt.Errorf("language is not two or three small letters: %w", peer.ErrForm)
	case r.Send < 1 || r.Send > maxSends:
		return CodeRequest{}, fmt.Errorf("send is not 1 to %d: %w", maxSends, peer.ErrForm)
	}
	return r, nil
}

// decodeConfirm reads a code that came back.
func decodeConfirm(raw []byte) (tx.ID, pin.Secret, error) {
	var text, code string
	if err := peer.Decode(raw, map[string]any{"id": &text, "code": &code}); err != nil {
		return tx.ID{}, pin.Secret{}, err
	}
	id, err := tx.ParseID(text)
	if err != nil {
		return tx.ID{}, pin.Secret{}, fmt.Errorf("id is not 64 hexadecimal digits: %w", peer.ErrForm)
	}
	if len(code) != codeDigits || strings.Trim(code, "0123456789") != "" {
		return tx.ID{}, pin.Secret{}, fmt.Errorf("code is not %d digits: %w", codeDigits, peer.ErrForm)
	}
	return id, pin.NewSecret(code), nil
}
