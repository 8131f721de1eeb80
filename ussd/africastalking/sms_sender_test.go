package africastalking

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/sms"
)

// one is an answer with one recipient, as documented.
func one(status int, name string) string {
	return fmt.Sprintf(`{"SMSMessageData":{"Message":"Sent to 1/1 Total Cost: KES 0.8000","Recipients":[{"statusCode":%d,"number":"+254711000001","status":%q,"cost":"KES 0.8000","messageId":"ATPid_SampleTxnId123"}]}}`, status, name)
}

func TestTheSendFormAndItsAnswers(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   error
		never  bool
	}{
		{"sent", 201, one(101, "Success"), nil, false},
		{"processed", 201, one(100, "Processed"), nil, false},
		{"queued", 201, one(102, "Queued"), nil, false},
		{"no such number", 201, one(403, "InvalidPhoneNumber"), sms.ErrRefused, true},
		{"blacklist", 201, one(406, "UserInBlacklist"), sms.ErrRefused, true},
		{"no credit", 201, one(405, "InsufficientBalance"), errAnswer, false},
		{"carrier down", 201, one(501, "GatewayError"), errAnswer, false},
		{"a status that nobody documented", 201, one(777, "?"), errAnswer, false},
		{"no recipient", 201, `{"SMSMessageData":{"Message":"InvalidSenderId","Recipients":[]}}`, errAnswer, false},
		{"no JSON", 201, "ok", errAnswer, false},
		{"wrong key", 401, "The supplied authentication is invalid", errAnswer, false},
		{"server error", 503, "", errAnswer, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if err := r.ParseForm(); err != nil {
					t.Error(err)
				}
				got := fmt.Sprintf("%s %s key=%s user=%s to=%s from=%s message=%s", r.Method, r.Header.Get("Content-Type"),
					r.Header.Get("apiKey"), r.PostForm.Get("username"), r.PostForm.Get("to"), r.PostForm.Get("from"), r.PostForm.Get("message"))
				want := "POST application/x-www-form-urlencoded key=k3y user=sandbox to=+254711000001 from=UMOJA message=You received 150.00 KES"
				if got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			defer server.Close()
			sender := NewSender(SenderConfig{URL: server.URL, Username: "sandbox", APIKey: pin.NewSecret("k3y"), From: "UMOJA", Client: server.Client()})
			taken, err := sender.Send(context.Background(), ussd.Message{Reference: "r", To: "+254711000001", Text: "You received 150.00 KES"})
			if !errors.Is(err, c.want) || errors.Is(err, sms.ErrRefused) != c.never {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if err == nil && taken.ID != "ATPid_SampleTxnId123" {
				t.Errorf("id %q", taken.ID)
			}
		})
	}
}

func TestACarrierThatCannotBeReachedIsTriedAgain(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	_, err := NewSender(SenderConfig{URL: server.URL}).Send(context.Background(), ussd.Message{To: "+254711000001", Text: "x"})
	if err == nil || errors.Is(err, sms.ErrRefused) {
		t.Errorf("got %v", err)
	}
}
