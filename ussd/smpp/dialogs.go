package smpp

import (
	"container/list"
	"fmt"
	"sync"
	"time"

	"github.com/umoja-ledger/umoja/ussd"
)

const (
	// maxDialogs bounds the dials that are remembered, and redeliveredFor how long one is: a peer whose deliver_sm was not
	// acknowledged delivers it again within seconds of binding again.
	maxDialogs     = 100_000
	redeliveredFor = 20 * time.Second
)

// dialKey is a session of a peer.
type dialKey struct {
	phone  ussd.Phone
	number uint16
}

// dialogs tells a dial that is delivered again from a new session under a number that came back. It forgets with the process: a
// dial that comes again across a start is a new session, which shows what the old one left open.
type dialogs struct {
	// mu guards what follows, for moments.
	mu sync.Mutex
	// dials are by key, and order has the oldest first.
	dials map[dialKey]*list.Element
	order *list.List
}

type dial struct {
	key dialKey
	at  time.Time
	// request names the dial to the service.
	request string
}

func newDialogs() *dialogs {
	return &dialogs{dials: make(map[dialKey]*list.Element), order: list.New()}
}

// dial names a dial: the same name if it is the same one again.
func (d *dialogs) dial(key dialKey, now time.Time) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	for e := d.order.Front(); e != nil && now.Sub(e.Value.(*dial).at) > redeliveredFor; e = d.order.Front() {
		d.remove(e)
	}
	if e, ok := d.dials[key]; ok {
		return e.Value.(*dial).request
	}
	if d.order.Len() == maxDialogs {
		d.remove(d.order.Front())
	}
	one := &dial{key: key, at: now, request: fmt.Sprintf("dial %x", now.UnixNano())}
	d.dials[key] = d.order.PushBack(one)
	return one.request
}

// end forgets a dial: the session went on or ended, and the next dial is another one.
func (d *dialogs) end(key dialKey) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e, ok := d.dials[key]; ok {
		d.remove(e)
	}
}

// remove is called with mu held.
func (d *dialogs) remove(e *list.Element) {
	delete(d.dials, e.Value.(*dial).key)
	d.order.Remove(e)
}
