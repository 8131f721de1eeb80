package gateway

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ussd"
)

// A complaint is listed and answered over the control socket, which nobody but the gateway's user can open, and which a killed gateway leaves behind.
func TestComplaintsAreAnsweredOverTheControlSocket(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "umoja")
	check(t, err)
	t.Cleanup(func() { check(t, os.RemoveAll(dir)) })
	socket := filepath.Join(dir, "control")
	check(t, os.WriteFile(socket, nil, 0o600))
	s := newSite(t, func(c *Config) { c.Control = socket }).start()
	control := NewControl(s.config)
	t.Cleanup(control.Close)
	j := s.phone(juma)
	matches(t, j.play("6", "4", "1", "2"), `We have your complaint\. Its number is 10008\..*`)
	j.awaitSMS(`We have your complaint 10008\..*`)
	info, err := os.Stat(socket)
	check(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the socket has mode %v", info.Mode())
	}
	cases, err := control.Cases(t.Context(), false, 0)
	if err != nil || len(cases) != 1 || cases[0].Phone != juma || cases[0].About != ussd.NotArrived || cases[0].State != ussd.CaseOpen {
		t.Errorf("%+v, %v", cases, err)
	}
	check(t, control.Answer(t.Context(), 1000, ussd.CaseLooked, ""))
	j.awaitSMS(`We are looking at your complaint 10008\.`)
	check(t, control.Answer(t.Context(), 1000, ussd.CaseClosed, "It has arrived."))
	j.awaitSMS("Your complaint 10008 is closed:\nIt has arrived\\.")
	for _, c := range []struct {
		number ussd.CaseNumber
		state  ussd.CaseState
		text   string
		says   string
	}{
		{1000, ussd.CaseClosed, "Another.", "the case is closed"},
		{1001, ussd.CaseLooked, "", "there is no such case"},
		{1000, ussd.CaseOpen, "", "one line"},
		{1000, ussd.CaseClosed, strings.Repeat("x", 101), "one line"},
		{1000, ussd.CaseClosed, strings.Repeat("x", 5000), "too large"},
	} {
		if err := control.Answer(t.Context(), c.number, c.state, c.text); !errors.Is(err, ErrControl) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%d %s: %v, want %q", c.number, c.state, err, c.says)
		}
	}
	open, err := control.Cases(t.Context(), false, 0)
	all, allErr := control.Cases(t.Context(), true, 0)
	if err != nil || allErr != nil || len(open) != 0 || len(all) != 1 || all[0].Answer != "It has arrived." {
		t.Errorf("open %+v, all %+v, %v, %v", open, all, err, allErr)
	}
	s.stop()
	if _, err := control.Cases(t.Context(), false, 0); err == nil || !strings.Contains(err.Error(), "is it running?") {
		t.Errorf("without a gateway: %v", err)
	}
}
