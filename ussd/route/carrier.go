package route

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/umoja-ledger/umoja/ussd/africastalking"
	"github.com/umoja-ledger/umoja/ussd/sms"
)

// Carrier is the sandbox's mobile network: it takes text messages in Africa's Talking's send form and keeps the newest
// in a file, one JSON line each, for the phones to read. What it took survives the end of the process, not of the machine.
type Carrier struct {
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
	// SandboxPath is above everything of a carrier.
	SandboxPath = "/sandbox"
	// carrierPath is where the carrier takes messages, and InboxPath where phones read them.
	carrierPath = SandboxPath + "/version1/messaging"
	InboxPath   = SandboxPath + "/sms"
	// maxForm bounds a message on its way in.
	maxForm = 8 << 10
	// keptMessages is how many messages a sandbox remembers at least.
	keptMessages = 10_000
	// referenceHeader carries the sender's own reference. Africa's Talking ignores it; the sandbox's phones show it.
	referenceHeader = "X-Umoja-Reference"
)

// OpenCarrier makes the carrier of a process that keeps its files in dir, and reads what was delivered before.
func OpenCarrier(dir string) (*Carrier, error) { return openCarrier(dir, keptMessages) }

// Mount serves it.
func (c *Carrier) Mount(mux *http.ServeMux) {
	mux.HandleFunc("POST "+carrierPath, c.take)
	mux.HandleFunc("GET "+InboxPath, c.inbox)
}

// MountSandboxInbound takes the messages that people of a sandbox send, in Africa's Talking's form, where their phones read theirs.
func MountSandboxInbound(mux *http.ServeMux, receiver sms.Receiver, log *slog.Logger) {
	mux.Handle("POST "+InboxPath, africastalking.NewSMSInbound("sandbox", receiver, log))
}

func openCarrier(dir string, keep int) (*Carrier, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder of sandbox messages: %w", err)
	}
	c := &Carrier{path: filepath.Join(dir, "sandbox-sms.jsonl"), keep: keep, now: time.Now, seen: make(map[string]bool)}
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
func (c *Carrier) rewrite() error {
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

// Close ends it.
func (c *Carrier) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.close()
}

// close closes the file; the caller holds mu, or nobody else has the carrier yet.
func (c *Carrier) close() error {
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
func (c *Carrier) take(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
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

func (c *Carrier) deliver(m delivered) error {
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
func (c *Carrier) inbox(w http.ResponseWriter, r *http.Request) {
	to := r.URL.Query().Get("to")
	if to == "" {
		http.Error(w, "say whose messages: "+InboxPath+"?to=%2B254711000001", http.StatusBadRequest)
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
