// Package witness makes the checkpoint that a validator serves to the world: the final one, signed as the log, with the
// cosignatures of outside witnesses (C2SP tlog-witness).
//
// A Publisher looks from time to time for a newer final checkpoint, hands it to every witness with the proof that it
// continues what the witness has seen, and then publishes it with the lines that came back. A witness that is away, or says
// no, costs its line and nothing else: finality never waits for witnesses. Nothing is kept on disk: a witness says itself
// how far it is.
//
// It refuses answers that are too long, lines that do not verify, and keys that are not a cosigner's.
package witness

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// Config names one witness.
type Config struct {
	// URL is its submission prefix.
	URL string `toml:"url"`
	// Key is its verifier key, name+hash+base64.
	Key string `toml:"key"`
}

// Errors of a witness's answer.
var (
	// ErrConfig means that a witness's URL or key cannot be used.
	ErrConfig = errors.New("witness is not configured rightly")
	// ErrRefused means that the witness does not cosign: it does not know the log, or not its key, or has seen another history.
	ErrRefused = errors.New("witness refused")
	// ErrAnswer means that the witness does not answer as the protocol says.
	ErrAnswer = errors.New("witness's answer is malformed")
)

// Client asks one witness. It belongs to one goroutine.
type Client struct {
	prefix  string
	witness checkpoint.Witness
	http    *http.Client
	// known is the size that the witness cosigned last, as far as this client knows.
	known uint64
}

// NewClient checks a configuration.
func NewClient(c Config) (*Client, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("url %q is not http(s)://host/prefix: %w", c.URL, ErrConfig)
	}
	w, err := checkpoint.ParseWitness(c.Key)
	if err != nil {
		return nil, fmt.Errorf("key: %w: %w", err, ErrConfig)
	}
	return &Client{prefix: strings.TrimSuffix(c.URL, "/"), witness: w, http: &http.Client{
		Timeout: patience,
		// A redirect would send the request, and what it proves, elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

const (
	// patience bounds one request.
	patience = 5 * time.Second
	// tries bounds the requests for one checkpoint: the second knows the witness's size from the answer to the first, and
	// another client of the witness may have been in between.
	tries = 3
	// maxAnswerBytes bounds an answer.
	maxAnswerBytes = 64 << 10
)

// Name is the witness's.
func (c *Client) Name() string { return c.witness.Name() }

// Prover proves that the tree of a checkpoint continues that of a smaller size.
type Prover func(small uint64) ([][32]byte, error)

// Cosign gets the witness's line for a signed checkpoint.
func (c *Client) Cosign(ctx context.Context, note []byte, of checkpoint.Checkpoint, prove Prover) (string, error) {
	for range tries {
		if c.known > of.Size {
			return "", fmt.Errorf("%s has cosigned size %d, this is %d: %w", c.Name(), c.known, of.Size, ErrRefused)
		}
		body, err := request(note, c.known, of.Size, prove)
		if err != nil {
			return "", err
		}
		status, size, answer, err := c.post(ctx, body)
		switch {
		case err != nil:
			return "", fmt.Errorf("ask witness %s: %w", c.Name(), err)
		case status == http.StatusOK:
			line, err := c.witness.Line(of, answer)
			if err != nil {
				return "", fmt.Errorf("%w: %w", err, ErrAnswer)
			}
			c.known = of.Size
			return line, nil
		case status == http.StatusConflict && size != nil && *size != c.known:
			c.known = *size
		default:
			return "", fmt.Errorf("%s answers %d to size %d after %d: %w", c.Name(), status, of.Size, c.known, ErrRefused)
		}
	}
	return "", fmt.Errorf("%s changes its size with every request: %w", c.Name(), ErrRefused)
}

// request is the body of an add-checkpoint.
func request(note []byte, old, size uint64, prove Prover) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "old %d\n", old)
	if old > 0 && old < size {
		proof, err := prove(old)
		if err != nil {
			return nil, fmt.Errorf("prove that %d continues %d: %w", size, old, err)
		}
		for _, h := range proof {
			b.WriteString(base64.StdEncoding.EncodeToString(h[:]) + "\n")
		}
	}
	b.WriteString("\n")
	b.Write(note)
	return b.Bytes(), nil
}

// post sends a request; size is what a witness says that it knows, if it says so.
func (c *Client) post(ctx context.Context, body []byte) (status int, size *uint64, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.prefix+"/add-checkpoint", bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	res, err := c.http.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(res.Body, maxAnswerBytes+1))
	if err != nil {
		return 0, nil, nil, err
	}
	if len(answer) > maxAnswerBytes {
		return 0, nil, nil, fmt.Errorf("answer of more than %d bytes: %w", maxAnswerBytes, ErrAnswer)
	}
	if kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); res.StatusCode == http.StatusConflict && kind == "text/x.tlog.size" {
		n, err := strconv.ParseUint(strings.TrimSuffix(string(answer), "\n"), 10, 62)
		if err != nil {
			return 0, nil, nil, fmt.Errorf("size %q: %w", answer, ErrAnswer)
		}
		size = &n
	}
	return res.StatusCode, size, answer, nil
}
