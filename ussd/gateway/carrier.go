package gateway

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/africastalking"
	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/sms"
)

// carrier is the sandbox's mobile network: it takes text messages in Africa's Talking's send form and keeps the newest
// in a file, one JSON line each, for the phones to read. What it took survives the end of the process, not of the machine.
type carrier struct {
	path string
	keep int
	now  func() time.Time

	// mu guards what follows.
	mu   sync.Mutex
	file *os.File
	// messages are in order of arrival. Invariant: at most 2*keep, and a line of the file each.
	messages []delivered
	// seen holds the references delivered, so that a message sent again after a lost answer arrives once.
	seen map[string]bool
}

// delivered is a message on a phone.
type delivered struct {
	To        string    `json:"to"`
	Text      string    `json:"text"`
	Reference string    `json:"reference"`
	Time      time.Time `json:"time"`
}

func (m delivered) mark() string { return m.To + " " + m.Reference }

const (
	// carrierPath is where the carrier takes messages, and inboxPath where phones read them.
	carrierPath = "/sandbox/version1/messaging"
	inboxPath   = "/sandbox/sms"
	// keptMessages is how many messages a sandbox remembers at least.
	keptMessages = 10_000
	// referenceHeader carries the sender's own reference. Africa's Talking ignores it; the sandbox's phones show it.
	referenceHeader = "X-Umoja-Reference"
)

// openCarrier reads what was delivered before.
func openCarrier(dir string, keep int) (*carrier, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder of sandbox messages: %w", err)
	}
	c := &carrier{path: filepath.Join(dir, "sandbox-sms.jsonl"), keep: keep, now: time.Now, seen: make(map[string]bool)}
	raw, err := os.ReadFile(c.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read sandbox messages: %w", err)
	}
	for line := range bytes.Lines(raw) {
		var m delivered
		// A crash can cut the last line; nobody was told that it was taken, and the outbox sends it again.
		if err := json.Unmarshal(line, &m); err == nil {
			c.messages = append(c.messages, m)
		}
	}
	// A cut line is written over: the next message must not be appended to it.
	return c, c.rewrite()
}

// rewrite keeps the newest messages, in memory and in the file. A crash in the middle leaves the file as it was.
func (c *carrier) rewrite() error {
	c.messages = append([]delivered(nil), c.messages[max(0, len(c.messages)-c.keep):]...)
	clear(c.seen)
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for _, m := range c.messages {
		c.seen[m.mark()] = true
		if err := encoder.Encode(m); err != nil {
			return fmt.Errorf("encode message: %w", err)
		}
	}
	if err := c.close(); err != nil {
		return err
	}
	if err := os.WriteFile(c.path+".tmp", lines.Bytes(), 0o600); err != nil {
		return fmt.Errorf("rewrite sandbox messages: %w", err)
	}
	if err := os.Rename(c.path+".tmp", c.path); err != nil {
		return fmt.Errorf("rewrite sandbox messages: %w", err)
	}
	var err error
	if c.file, err = os.OpenFile(c.path, os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return fmt.Errorf("open sandbox messages: %w", err)
	}
	return nil
}

func (c *carrier) close() error {
	if c.file == nil {
		return nil
	}
	if err := c.file.Close(); err != nil {
		return fmt.Errorf("close sandbox messages: %w", err)
	}
	c.file = nil
	return nil
}

// take is the send endpoint: form fields username, to, message, from, and the header apiKey.
func (c *carrier) take(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, africastalking.MaxBody)
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

func (c *carrier) deliver(m delivered) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.Reference != "" && c.seen[m.mark()] {
		return nil
	}
	if c.file == nil || len(c.messages) >= 2*c.keep {
		// The file is also opened again here when an earlier rewrite stopped half-way.
		if err := c.rewrite(); err != nil {
			return err
		}
	}
	line, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode message: %w", err)
	}
	if _, err := c.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("keep message: %w", err)
	}
	c.seen[m.mark()] = true
	c.messages = append(c.messages, m)
	return nil
}

// inbox is GET /sandbox/sms?to=%2B254…: a phone's messages, oldest first, one JSON line each.
func (c *carrier) inbox(w http.ResponseWriter, r *http.Request) {
	to := r.URL.Query().Get("to")
	if to == "" {
		http.Error(w, "say whose messages: "+inboxPath+"?to=%2B254711000001", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	all := c.messages[:len(c.messages):len(c.messages)]
	c.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-ndjson")
	lines := bufio.NewWriter(w)
	e := json.NewEncoder(lines)
	for _, m := range all {
		if m.To != to {
			continue
		}
		if err := e.Encode(m); err != nil {
			return // The reader hung up.
		}
	}
	_ = lines.Flush() // As above.
}

// loopback sends the sandbox's messages to the carrier of this very process, over HTTP and in the aggregator's form, and
// adds the reference of each.
type loopback struct {
	*africastalking.Sender
	transport *http.Transport
}

type referenceKey struct{}

// newLoopback makes a sender to the carrier behind a listener's address.
func newLoopback(self net.Addr) *loopback {
	l := &loopback{transport: &http.Transport{MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute}} // No proxy is asked.
	l.Sender = africastalking.NewSender(africastalking.SenderConfig{
		URL: "http://" + dialled(self) + carrierPath, Username: "sandbox", APIKey: pin.NewSecret("sandbox"), Client: &http.Client{Transport: l},
	})
	return l
}

// Send implements sms.Sender.
func (l *loopback) Send(ctx context.Context, m ussd.Message) (sms.Taken, error) {
	return l.Sender.Send(context.WithValue(ctx, referenceKey{}, m.Reference), m)
}

// RoundTrip implements http.RoundTripper.
func (l *loopback) RoundTrip(req *http.Request) (*http.Response, error) {
	if reference, ok := req.Context().Value(referenceKey{}).(string); ok {
		req = req.Clone(req.Context())
		req.Header.Set(referenceHeader, reference)
	}
	return l.transport.RoundTrip(req)
}

// dialled is how this machine reaches its own listener, which may listen on all its addresses.
func dialled(self net.Addr) string {
	if tcp, ok := self.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("localhost", fmt.Sprint(tcp.Port))
	}
	return self.String()
}
