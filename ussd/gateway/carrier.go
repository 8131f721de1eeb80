package gateway

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// carrier is the sandbox's mobile network: it takes text messages in Africa's Talking's send form and keeps them in a file,
// one JSON line each, for the phones to read.
type carrier struct {
	// mu guards the file and the references.
	mu   sync.Mutex
	file *os.File
	// seen holds the references delivered, so that a message sent again after a lost answer arrives once.
	seen     map[string]bool
	messages []delivered
	now      func() time.Time
}

// delivered is a message on a phone.
type delivered struct {
	To        string    `json:"to"`
	Text      string    `json:"text"`
	Reference string    `json:"reference"`
	Time      time.Time `json:"time"`
}

// carrierPath is where the carrier takes messages.
const carrierPath = "/sandbox/version1/messaging"

// openCarrier reads what was delivered before.
func openCarrier(dir string) (*carrier, error) {
	path := filepath.Join(dir, "sandbox-sms.jsonl")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open sandbox messages: %w", err)
	}
	c := &carrier{file: file, seen: make(map[string]bool), now: time.Now}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var m delivered
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			continue // A crash can cut the last line; the outbox sends that message again.
		}
		c.messages = append(c.messages, m)
		c.seen[m.To+" "+m.Reference] = true
	}
	return c, nil
}

func (c *carrier) close() error { return c.file.Close() }

// take is the send endpoint: form fields username, to, message, from, and the header apiKey.
func (c *carrier) take(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 8<<10)
	if err := r.ParseForm(); err != nil || r.PostForm.Get("to") == "" || r.PostForm.Get("message") == "" {
		http.Error(w, "form fields to and message are needed", http.StatusBadRequest)
		return
	}
	m := delivered{To: r.PostForm.Get("to"), Text: r.PostForm.Get("message"), Reference: r.Header.Get(referenceHeader), Time: c.now().UTC()}
	if err := c.deliver(m); err != nil {
		http.Error(w, "the message could not be kept", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	answer := map[string]any{"SMSMessageData": map[string]any{
		"Message":    "Sent to 1/1 Total Cost: KES 0.0000",
		"Recipients": []any{map[string]any{"statusCode": 101, "number": m.To, "status": "Success", "cost": "KES 0.0000", "messageId": "ATXid_" + m.Reference}},
	}}
	_ = json.NewEncoder(w).Encode(answer) // The sender sends again when it did not get the answer.
}

// referenceHeader carries the sender's own reference. Africa's Talking ignores it; the sandbox's phones show it.
const referenceHeader = "X-Umoja-Reference"

func (c *carrier) deliver(m delivered) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.Reference != "" && c.seen[m.To+" "+m.Reference] {
		return nil
	}
	line, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode message: %w", err)
	}
	if _, err := c.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("keep message: %w", err)
	}
	c.seen[m.To+" "+m.Reference] = true
	c.messages = append(c.messages, m)
	return nil
}

// inbox is GET /sandbox/sms?to=%2B254…: a phone's messages, oldest first, one JSON line each.
func (c *carrier) inbox(w http.ResponseWriter, r *http.Request) {
	to := r.URL.Query().Get("to")
	if to == "" {
		http.Error(w, "say whose messages: /sandbox/sms?to=%2B254711000001", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	all := c.messages[:len(c.messages):len(c.messages)]
	c.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-ndjson")
	e := json.NewEncoder(w)
	for _, m := range all {
		if m.To == to {
			if err := e.Encode(m); err != nil && !errors.Is(err, http.ErrAbortHandler) {
				return
			}
		}
	}
}
