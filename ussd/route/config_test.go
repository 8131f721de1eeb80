package route

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ussd/smpp"
)

// tables are one of each kind, in order of preference.
func tables() ([]Config, []SMPP) {
	return []Config{
			{Name: "operator", Kind: "smpp", Link: "operator"},
			{Name: "at", Kind: "africastalking", Username: "mwanga", KeyFile: "at.key", ReportsPath: "/sms/at"},
			{Name: "ib", Kind: "infobip", URL: "https://abcde.api.infobip.com", KeyFile: "ib.key", From: "UMOJA"},
			{Name: "box", Kind: "kannel", URL: "http://127.0.0.1:13013/cgi-bin/sendsms", Username: "u", KeyFile: "box.key"},
		}, []SMPP{
			{Name: "operator", Address: "10.0.0.1:2775", SystemID: "umoja", PasswordFile: "smpp.key", From: "UMOJA", USSD: "default"},
		}
}

func TestRoutesAreOpenedInTheirOrder(t *testing.T) {
	dir := t.TempDir()
	configs, links := tables()
	for i := range configs {
		configs[i].Complete(dir)
		if configs[i].KeyFile != "" {
			check(t, os.WriteFile(configs[i].KeyFile, []byte("secret\n"), 0o600))
		}
	}
	links[0].Complete(dir)
	check(t, os.WriteFile(filepath.Join(dir, "smpp.key"), []byte("secret\n"), 0o600))
	o := Options{ServiceCode: "*384*2050#"}
	check(t, Check(configs, links, o))
	s, err := Open(configs, links, o)
	check(t, err)
	defer s.Close()
	var names []string
	for _, r := range s.Routes() {
		names = append(names, r.Name)
	}
	if strings.Join(names, " ") != "operator at ib box" || len(s.links) != 1 {
		t.Errorf("routes %q", names)
	}
	if _, ok := s.Routes()[0].Sender.(*smpp.Link); !ok {
		t.Errorf("the first is %T", s.Routes()[0].Sender)
	}
	check(t, os.Chmod(filepath.Join(dir, "at.key"), 0o644))
	if _, err := Open(configs, links, o); err == nil || !strings.Contains(err.Error(), `sms "at": key_file: `) {
		t.Errorf("a key that others can read: %v", err)
	}
}

func TestBadTablesAreRefusedByTheirKey(t *testing.T) {
	for _, row := range []struct {
		change func(c []Config, l []SMPP)
		says   string
	}{
		{func(c []Config, _ []SMPP) { c[1].Name = "A T" }, "the name must be"},
		{func(c []Config, _ []SMPP) { c[2].Name = "at" }, "name is there twice"},
		{func(c []Config, _ []SMPP) { c[0].Link = "other" }, "link must name an [[smpp]] table"},
		{func(c []Config, _ []SMPP) { c[0].Name = "other" }, "must be that of its link"},
		{func(c []Config, _ []SMPP) { c[1].Link = "operator" }, "link is for the kind smpp"},
		{func(c []Config, _ []SMPP) { c[1].Username = "" }, "username is needed"},
		{func(c []Config, _ []SMPP) { c[2].From = "" }, "from is needed"},
		{func(c []Config, _ []SMPP) { c[3].KeyFile = "" }, "key_file is needed"},
		{func(c []Config, _ []SMPP) { c[2].URL = "http://abcde.api.infobip.com" }, "url must begin with https"},
		{func(c []Config, _ []SMPP) { c[3].URL = "" }, "url must be an address"},
		{func(c []Config, _ []SMPP) { c[1].PerSecond = -1 }, "per_second"},
		{func(c []Config, _ []SMPP) { c[1].ReportsPath = "/healthz" }, "reports_path must not be"},
		{func(c []Config, _ []SMPP) { c[2].ReportsPath = "/sms/at" }, "path is there twice"},
		{func(c []Config, _ []SMPP) { c[2].ReportsURL = "https://x.example/r" }, "reports_url is how reports_path is reached"},
		{func(c []Config, _ []SMPP) { c[1].InboundPath = "/sms/in" }, "this process reads no messages"},
		{func(_ []Config, l []SMPP) { l[0].USSD = "other" }, `smpp "operator": `},
		{func(_ []Config, l []SMPP) { l[0].Address = "10.0.0.1" }, "Address is host:port"},
		{func(_ []Config, l []SMPP) { l[0].DataCoding = 256 }, "data_coding must be"},
	} {
		configs, links := tables()
		for i := range configs {
			configs[i].Complete("/")
		}
		row.change(configs, links)
		if err := Check(configs, links, Options{ServiceCode: "*384*2050#"}); err == nil || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%v, want %q", err, row.says)
		}
	}
	configs, links := tables()
	if err := Check(configs[:1], links, Options{}); err == nil || !strings.Contains(err.Error(), "serves no USSD") {
		t.Errorf("USSD at an attestor: %v", err)
	}
}
