package handset

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// call is one request of an aggregator.
type call struct {
	method, url, contentType, body string
	user, password                 string
}

// got is what was answered.
type got struct {
	status int
	header http.Header
	body   string
}

func (g *got) refused() error {
	return fmt.Errorf("status %d: %s: %w", g.status, strings.TrimSpace(g.body), ErrRefused)
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 4 << 10

// request makes a request of a call.
func (c *Config) request(ctx context.Context, from *call) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, from.method, from.url, strings.NewReader(from.body))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", silent(err))
	}
	if from.contentType != "" {
		req.Header.Set("Content-Type", from.contentType)
	}
	if from.user != "" {
		req.SetBasicAuth(from.user, from.password)
	}
	return req, nil
}

// do sends a call and reads the answer.
func (c *Config) do(ctx context.Context, from *call) (*got, error) {
	req, err := c.request(ctx, from)
	if err != nil {
		return nil, err
	}
	res, err := c.Client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("call the gateway: %w", silent(err))
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return &got{status: res.StatusCode, header: res.Header, body: string(body)}, nil
}

// silent takes the address out of a client's error: in some formats it holds what was typed.
func silent(err error) error {
	if at := (*url.Error)(nil); errors.As(err, &at) {
		return at.Err
	}
	return err
}

// Post sends one callback of Africa's Talking and reads the screen.
func Post(ctx context.Context, client *http.Client, to string, form url.Values) (Screen, error) {
	c := Config{Client: client}
	got, err := c.do(ctx, postForm(&c, to, form))
	if err != nil {
		return Screen{}, err
	}
	if got.status != http.StatusOK {
		return Screen{}, got.refused()
	}
	return readMarked(got.body)
}

func postForm(c *Config, to string, form url.Values) *call {
	return &call{http.MethodPost, to, "application/x-www-form-urlencoded", form.Encode(), c.User, c.Password}
}

func postJSON(c *Config, method, to string, object any) *call {
	body, _ := json.Marshal(object) // It is made of strings, numbers and booleans.
	return &call{method, to, "application/json", string(body), c.User, c.Password}
}

// readMarked reads a screen behind CON or END.
func readMarked(body string) (Screen, error) {
	if text, ok := strings.CutPrefix(body, "CON "); ok {
		return Screen{Text: text, More: true}, nil
	}
	if text, ok := strings.CutPrefix(body, "END "); ok {
		return Screen{Text: text}, nil
	}
	return Screen{}, fmt.Errorf("the answer starts with neither CON nor END: %w", ErrRefused)
}

// readObject reads a JSON reply that has to have members of exactly these names, in this case.
func readObject(text string, into any, names ...string) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &members); err != nil {
		return fmt.Errorf("the answer is not an object: %w", ErrRefused)
	}
	for _, name := range names {
		if value, there := members[name]; !there || string(value) == "null" {
			return missing(name)
		}
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("the answer's members are of other kinds: %w", ErrRefused)
	}
	return nil
}
