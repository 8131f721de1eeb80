package attestor

import (
	"errors"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ussd"
)

// A panel asks as many as are needed, passes over those that take part or are silent, and asks the same ones again.
func TestAPanelAsksAsManyAsAreNeeded(t *testing.T) {
	w := newWorld(t, Limits{})
	third, first, second := w.attestors[2], w.attestors[0], w.attestors[1]
	p := NewPanel(third.client("tumaini"), first.client("tumaini"), second.client("tumaini"))
	defer p.Close()
	r := CodeRequest{Phone: ussd.Phone(w.net.Juma.Number), Body: w.body(600_000, w.move("mwanga", "tumaini")), Language: "en", Send: 1}
	for range 2 {
		sent, err := p.Ask(t.Context(), r, 2) // The third is mwanga's.
		if err != nil || len(sent) != 2 || sent[0].Key != w.net.Attestors[0].Public() || sent[1].Name != "attestor 2" || sent[1].TriesLeft != maxTries {
			t.Fatalf("sent %+v, %v", sent, err)
		}
	}
	if len(first.delivered())+len(second.delivered()) != 2 || len(third.delivered()) != 0 {
		t.Error("other messages than one each")
	}
	second.close()
	sent, err := p.Ask(t.Context(), r, 2)
	if !errors.Is(err, ErrTooFew) || len(sent) != 1 {
		t.Errorf("with one that is silent: %+v, %v", sent, err)
	}
	// What one attestor finds wrong with a body, nobody else is asked about.
	r.Body = w.body(600_000, w.move("", "tumaini"))
	if _, err := p.Ask(t.Context(), r, 2); RefusalOf(err) == nil || RefusalOf(err).Code != CodeBody {
		t.Errorf("a body that is refused: %v", err)
	}
	if p.Size() != 3 || p.By(w.net.Attestors[1].Public()) == nil || p.By(key.Public{}) != nil {
		t.Error("who is on the panel")
	}
}
