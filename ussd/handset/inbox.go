package handset

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Message is a text message that a sandbox's carrier delivered.
type Message struct {
	To        string    `json:"to"`
	Text      string    `json:"text"`
	Reference string    `json:"reference"`
	Time      time.Time `json:"time"`
}

// inboxPath is where carriers show messages.
const inboxPath = "/sandbox/sms"

// Write sends a message to the gateway's sandbox, as Africa's Talking hands it on. The same id is the same message.
func (h *Handset) Write(ctx context.Context, id, text string) error {
	to, err := url.Parse(h.config.URL)
	if err != nil {
		return fmt.Errorf("read gateway's address: %w", err)
	}
	to.Path, to.RawQuery = inboxPath, ""
	form := url.Values{"id": {id}, "from": {h.config.Number}, "to": {"20505"}, "text": {text}, "date": {time.Now().UTC().Format(time.DateTime)}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := h.config.Client.Do(req)
	if err != nil {
		return fmt.Errorf("send message: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("send message: status %d: %w", res.StatusCode, ErrRefused)
	}
	return nil
}

// Inbox reads the phone's messages from every carrier, oldest first. With an error the messages of the carriers that answered are still there.
func (h *Handset) Inbox(ctx context.Context) ([]Message, error) {
	inboxes := h.config.Inboxes
	if len(inboxes) == 0 {
		inboxes = []string{h.config.URL}
	}
	var all []Message
	var errs []error
	for _, address := range inboxes {
		messages, err := h.config.inbox(ctx, address)
		all, errs = append(all, messages...), append(errs, err)
	}
	slices.SortStableFunc(all, func(a, b Message) int { return a.Time.Compare(b.Time) })
	return all, errors.Join(errs...)
}

// inbox reads the messages of one carrier.
func (c *Config) inbox(ctx context.Context, address string) ([]Message, error) {
	to, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("read carrier's address: %w", err)
	}
	to.Path, to.RawQuery = inboxPath, url.Values{"to": {c.Number}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	res, err := c.Client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("read inbox: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read inbox: status %d: %w", res.StatusCode, ErrRefused)
	}
	var all []Message
	lines := bufio.NewScanner(io.LimitReader(res.Body, 4<<20))
	for lines.Scan() {
		var m Message
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			return nil, fmt.Errorf("read inbox: %w", err)
		}
		all = append(all, m)
	}
	return all, lines.Err()
}
