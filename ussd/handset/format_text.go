package handset

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// africasTalking posts a form with everything typed so far.
type africasTalking struct{}

func (africasTalking) sessionID(random string) string { return "ATUid_" + random }

func (africasTalking) form(c *Config, s *session) url.Values {
	return url.Values{
		"sessionId": {s.id}, "serviceCode": {c.ServiceCode}, "phoneNumber": {c.Number},
		"networkCode": {c.network("99999")}, "text": {s.typed()},
	}
}

func (f africasTalking) ask(c *Config, s *session) *call { return postForm(c, c.URL, f.form(c, s)) }

func (f africasTalking) cut(c *Config, s *session) *call { return f.ask(c, s.without()) }

func (africasTalking) screen(_ *session, g *got) (Screen, error) { return readMarked(g.body) }

// end tells the whole transcript once more, as the notification does.
func (africasTalking) end(c *Config, s *session) *call {
	return postForm(c, c.URL+"/end", url.Values{
		"date": {"2026-09-28 09:14:03"}, "sessionId": {s.id}, "serviceCode": {c.ServiceCode}, "networkCode": {c.network("99999")},
		"phoneNumber": {c.Number}, "status": {"Incomplete"}, "cost": {"KES 1.2000"}, "durationInMillis": {"41218"},
		"hopsCount": {fmt.Sprint(len(s.inputs) + 1)}, "input": {s.typed()}, "lastAppResponse": {"CON"},
	})
}

// safaricom gets an address with everything typed so far.
type safaricom struct{}

func (safaricom) sessionID(random string) string { return random }

func (safaricom) form(c *Config, s *session) url.Values {
	return url.Values{"ORIG": {c.digits()}, "DEST": {c.code()}, "SESSION_ID": {s.id}, "USSD_PARAMS": {s.typed()}}
}

func (f safaricom) ask(c *Config, s *session) *call {
	return &call{method: http.MethodGet, url: c.URL + "?" + f.form(c, s).Encode(), user: c.User, password: c.Password}
}

func (f safaricom) cut(c *Config, s *session) *call { return f.ask(c, s.without()) }

func (safaricom) screen(_ *session, g *got) (Screen, error) { return readMarked(g.body) }

func (safaricom) end(*Config, *session) *call { return nil }

// airtel gets an address with the last input; a header of the reply says whether the session goes on.
type airtel struct{}

func (airtel) sessionID(random string) string { return random }

func (airtel) form(c *Config, s *session) url.Values {
	input := s.latest()
	if len(s.inputs) == 0 {
		input = strings.Trim(c.dialled(s), "*#")
	}
	return airtelLogin(c, url.Values{"SessionID": {s.id}, "MSISDN": {c.digits()}, "MSC": {c.network("254730000001")}, "input": {input}})
}

func airtelLogin(c *Config, query url.Values) url.Values {
	if c.User != "" {
		query.Set("userid", c.User)
		query.Set("password", c.Password)
	}
	return query
}

func (f airtel) ask(c *Config, s *session) *call {
	return &call{method: http.MethodGet, url: c.URL + "?" + f.form(c, s).Encode()}
}

func (airtel) screen(_ *session, g *got) (Screen, error) {
	for _, name := range []string{"charge", "amount"} {
		if g.header.Get(name) == "" {
			return Screen{}, missing("header " + name)
		}
	}
	switch g.header.Get("Freeflow") {
	case "FC":
		return Screen{Text: g.body, More: true}, nil
	case "FB":
		return Screen{Text: g.body}, nil
	}
	return Screen{}, missing("header Freeflow of FC or FB")
}

func (airtel) end(c *Config, s *session) *call {
	query := airtelLogin(c, url.Values{"SessionID": {s.id}, "msisdn": {c.digits()}, "clean": {"clean-session"}, "error": {"522"}})
	return &call{method: http.MethodGet, url: c.URL + "?" + query.Encode()}
}
