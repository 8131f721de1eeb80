package handset

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// hubtel posts the last input and counts the requests of a session.
type hubtel struct{}

func (hubtel) sessionID(random string) string { return random + random }

type hubtelRequest struct {
	Sequence, Type, Message, ServiceCode, Operator, ClientState, Mobile, SessionId string
	Platform                                                                       string
}

func (hubtel) request(c *Config, s *session, kind, message string) *call {
	return postJSON(c, http.MethodPost, c.URL, hubtelRequest{
		Sequence: decimal(len(s.inputs) + 1), Type: kind, Message: message, ServiceCode: c.code(), Operator: c.network("mtn"),
		ClientState: s.memory, Mobile: c.digits(), SessionId: s.id, Platform: "USSD",
	})
}

func (f hubtel) ask(c *Config, s *session) *call {
	if len(s.inputs) == 0 {
		return f.request(c, s, "Initiation", c.dialled(s))
	}
	return f.request(c, s, "Response", s.latest())
}

func (hubtel) screen(s *session, g *got) (Screen, error) {
	var reply struct {
		SessionId, Type, Message, ClientState string
	}
	if err := readObject(g.body, &reply, "Type", "Message"); err != nil {
		return Screen{}, err
	}
	if reply.SessionId != "" && reply.SessionId != s.id {
		return Screen{}, differs("SessionId")
	}
	s.memory = reply.ClientState // Told with the next request, and then no more.
	switch strings.ToLower(reply.Type) {
	case "response":
		return Screen{Text: reply.Message, More: true}, nil
	case "release":
		return Screen{Text: reply.Message}, nil
	}
	return Screen{}, missing("Type of response or release")
}

func (f hubtel) end(c *Config, s *session) *call { return f.request(c, s, "Release", "") }

// nalo posts the last input; a boolean says whether it is the first, and whether there is another.
type nalo struct{}

func (nalo) sessionID(random string) string { return "1659" + random }

// naloUser is what Nalo calls its customer.
const naloUser = "NALOTest"

func (nalo) ask(c *Config, s *session) *call {
	data, first := s.latest(), len(s.inputs) == 0
	if first {
		data = c.dialled(s)
	}
	return postJSON(c, http.MethodPost, c.URL, map[string]any{
		"USERID": naloUser, "MSISDN": c.digits(), "USERDATA": data, "MSGTYPE": first, "NETWORK": c.network("MTN"), "SESSIONID": s.id,
	})
}

func (nalo) screen(_ *session, g *got) (Screen, error) {
	var reply struct {
		User string `json:"USERID"`
		Text string `json:"MSG"`
		More bool   `json:"MSGTYPE"`
	}
	if err := readObject(g.body, &reply, "USERID", "MSISDN", "MSG", "MSGTYPE"); err != nil {
		return Screen{}, err
	}
	if reply.User != naloUser {
		return Screen{}, differs("USERID")
	}
	return Screen{Text: reply.Text, More: reply.More}, nil
}

func (nalo) end(*Config, *session) *call { return nil }

// arkesel posts the last input; a boolean says whether the session is new, and whether it goes on.
type arkesel struct{}

func (arkesel) sessionID(random string) string { return random[:8] + "-" + random[8:] }

// arkeselUser is what Arkesel calls its customer.
const arkeselUser = "USSD_PIGQ"

func (arkesel) ask(c *Config, s *session) *call {
	data, first := s.latest(), len(s.inputs) == 0
	if first {
		data = c.dialled(s)
	}
	return postJSON(c, http.MethodPost, c.URL, map[string]any{
		"sessionID": s.id, "userID": arkeselUser, "newSession": first, "msisdn": c.digits(), "userData": data, "network": c.network("MTN"),
	})
}

func (arkesel) screen(s *session, g *got) (Screen, error) {
	var reply struct {
		Session string `json:"sessionID"`
		User    string `json:"userID"`
		Text    string `json:"message"`
		More    bool   `json:"continueSession"`
	}
	if err := readObject(g.body, &reply, "sessionID", "userID", "msisdn", "message", "continueSession"); err != nil {
		return Screen{}, err
	}
	if reply.Session != s.id || reply.User != arkeselUser {
		return Screen{}, differs("sessionID or userID")
	}
	return Screen{Text: reply.Text, More: reply.More}, nil
}

func (arkesel) end(*Config, *session) *call { return nil }

// beem posts the last input with a number of the request.
type beem struct{}

func (beem) sessionID(random string) string { return "ses-" + random }

func (beem) request(c *Config, s *session, command, response string) *call {
	return postJSON(c, http.MethodPost, c.URL, map[string]any{
		"command": command, "msisdn": c.digits(), "operator": c.network("vodacom"), "session_id": s.id,
		"payload": map[string]any{"request_id": decimal(len(s.inputs)), "response": response},
	})
}

func (f beem) ask(c *Config, s *session) *call {
	if len(s.inputs) == 0 {
		return f.request(c, s, "initiate", "0") // What was dialled behind the code is lost.
	}
	return f.request(c, s, "continue", s.latest())
}

func (beem) screen(s *session, g *got) (Screen, error) {
	var reply struct {
		Command string          `json:"command"`
		Session string          `json:"session_id"`
		Payload json.RawMessage `json:"payload"`
	}
	if err := readObject(g.body, &reply, "msisdn", "operator", "session_id", "command", "payload"); err != nil {
		return Screen{}, err
	}
	var payload struct {
		ID   string `json:"request_id"`
		Text string `json:"request"`
	}
	if err := readObject(string(reply.Payload), &payload, "request_id", "request"); err != nil {
		return Screen{}, err
	}
	switch {
	case reply.Session != s.id:
		return Screen{}, differs("session_id")
	case payload.ID != decimal(len(s.inputs)):
		return Screen{}, differs("request_id")
	case reply.Command != "continue" && reply.Command != "terminate":
		return Screen{}, missing("command of continue or terminate")
	}
	return Screen{Text: payload.Text, More: reply.Command == "continue"}, nil
}

func (f beem) end(c *Config, s *session) *call { return f.request(c, s, "terminate", "") }

// infobip posts to an address per session and step.
type infobip struct{}

func (infobip) sessionID(random string) string { return random }

func (infobip) request(c *Config, s *session, step string, object map[string]any) *call {
	method := http.MethodPost
	if step == "end" {
		method = http.MethodPut
	}
	return postJSON(c, method, c.URL+"/session/"+url.PathEscape(s.id)+"/"+step, object)
}

func (f infobip) ask(c *Config, s *session) *call {
	step, text := "response", s.latest()
	if len(s.inputs) == 0 {
		step, text = "start", c.dialled(s)
	}
	return f.request(c, s, step, map[string]any{
		"msisdn": c.digits(), "imsi": "639020000000001", "shortCode": c.ServiceCode, "optional": nil, "ussdGwId": c.network("11"), "language": nil, "text": text,
	})
}

func (infobip) screen(s *session, g *got) (Screen, error) {
	var reply struct {
		Menu  string `json:"ussdMenu"`
		Close bool   `json:"shouldClose"`
		Code  int    `json:"responseExitCode"`
	}
	if err := readObject(g.body, &reply, "ussdMenu", "shouldClose", "responseExitCode"); err != nil {
		return Screen{}, err
	}
	switch {
	case reply.Code != http.StatusOK:
		return Screen{}, differs("responseExitCode than 200")
	case reply.Close && len(s.inputs) == 0:
		return Screen{}, differs("shouldClose than a first screen may have")
	}
	return Screen{Text: reply.Menu, More: !reply.Close}, nil
}

func (f infobip) end(c *Config, s *session) *call {
	return f.request(c, s, "end", map[string]any{"exitCode": 510, "reason": "session timed out"})
}
