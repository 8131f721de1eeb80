package ussd

import "context"

// Store keeps the gateway's own records: ordered keys and values, changed in transactions.
type Store interface {
	// View reads a consistent state.
	View(ctx context.Context, read func(Reader) error) error
	// Update runs change and makes all it wrote durable, or nothing: when Update returns nil, a crash loses none of it. It
	// may run change more than once, when another update got in between; change must start from its arguments each time.
	Update(ctx context.Context, change func(Writer) error) error
}

// Reader reads within a transaction. Slices it returns may be kept.
type Reader interface {
	// Get returns the value of a key, or ErrNotFound.
	Get(key []byte) ([]byte, error)
	// Scan calls take for keys with a prefix in ascending order, at most limit of them, from the first that is not less
	// than from (nil: the prefix itself). It stops when take returns an error, and returns it.
	Scan(prefix, from []byte, limit int, take func(key, value []byte) error) error
}

// Writer reads and writes within a transaction. It sees its own writes.
type Writer interface {
	Reader
	// Set writes a value.
	Set(key, value []byte) error
	// Delete removes a key; one that is not there is no error.
	Delete(key []byte) error
}

// Message is an SMS to be sent.
type Message struct {
	// Reference is the gateway's own: the same reference is sent once, however often it is put in the outbox.
	Reference string
	To        Phone
	Text      string
}

// Outbox takes messages in the same store transaction that decides to send them.
type Outbox interface {
	// Enqueue keeps a message until it is sent or given up. A full outbox is an error, and the transaction is to fail with
	// it: whoever decided to send tries again later.
	Enqueue(w Writer, message Message, nowUnixMs uint64) error
}
