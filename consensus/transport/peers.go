package transport

import (
	"crypto/ed25519"
	"crypto/x509"
	"fmt"
	"maps"
)

// acquaintance is whom this node knows at a time. It never changes once made.
type acquaintance struct {
	*directory
	// rooms holds one for each validator.
	rooms map[string]*room
	// words holds one for each other validator.
	words map[string]*commitWord
}

// newAcquaintance keeps the rooms of those who were known before: calls may be in them.
func newAcquaintance(d *directory, spoolDir string, before *acquaintance) *acquaintance {
	a := &acquaintance{directory: d, rooms: make(map[string]*room, len(d.byName)), words: make(map[string]*commitWord, len(d.byName))}
	for name := range d.byName {
		if before != nil && before.rooms[name] != nil {
			a.rooms[name], a.words[name] = before.rooms[name], before.words[name]
			continue
		}
		a.rooms[name] = newRoom(spoolDir, name)
		if name != d.self {
			a.words[name] = new(commitWord)
		}
	}
	return a
}

func (t *Transport) directory() *directory  { return t.known.Load().directory }
func (t *Transport) room(peer string) *room { return t.known.Load().rooms[peer] }

// Peers are the validators that this node knows, by name, with itself.
func (t *Transport) Peers() map[string]Peer { return maps.Clone(t.directory().byName) }
func (f *Filter) electorate() electorate    { f.mu.Lock(); defer f.mu.Unlock(); return f.who }
func (t *Transport) identify(chain []*x509.Certificate) (string, error) {
	return t.directory().identify(chain)
}

// SetPeers makes the validators those given, the node itself included. The connections of whoever is none any more are closed, in both
// directions, and of whoever is at another address or has another key; nothing that they say is taken from here on. It refuses
// what New refuses, and then changes nothing.
func (t *Transport) SetPeers(peers []Peer) error {
	d, err := newDirectory(t.cfg.Name, t.cfg.Certificate, peers)
	if err != nil {
		return fmt.Errorf("set peers: %w", err)
	}
	left := make(map[string]bool)
	for _, p := range peers {
		if p.Left {
			left[p.Name] = true
		}
	}
	before := t.known.Load()
	t.known.Store(newAcquaintance(d, t.cfg.SpoolDir, before))
	t.filter.admit(d.keys(), left)
	for name, was := range before.byName {
		now, still := d.byName[name]
		if still && now.Address == was.Address && now.TLSKeyHash == was.TLSKeyHash {
			continue
		}
		t.hangUp(name, func(Link) bool { return true })
		if !still || now.TLSKeyHash != was.TLSKeyHash {
			t.incoming.drop(name)
		}
	}
	return nil
}

// hangUp closes those connections to a peer that are to go; the next call makes others, if it still is a peer.
func (t *Transport) hangUp(name string, goes func(Link) bool) {
	var open []Link
	t.mu.Lock()
	for l := lane(0); l < lanes; l++ {
		if c, ok := t.conns[connKey{name, l}]; ok && goes(c) {
			open = append(open, c)
			delete(t.conns, connKey{name, l})
		}
	}
	t.mu.Unlock()
	for _, c := range open {
		_ = c.Close() // The only error is that it was closed before.
	}
}

// drop closes the connections of a peer.
func (l *incomingConns) drop(peer string) {
	l.mu.Lock()
	open := l.open[peer]
	delete(l.open, peer)
	l.mu.Unlock()
	for _, c := range open {
		_ = c.Conn.Close()
	}
}

// ElectedBy says how many of these voted for this node in the term that it leads, as far as it was told.
func (t *Transport) ElectedBy(voters []string) int { return t.filter.electedBy(voters) }

func (f *Filter) electedBy(voters []string) (count int) {
	term := f.local.Term()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ballot == nil || f.ballot.Term != term {
		return 0
	}
	for _, name := range voters {
		if _, gave := f.ballot.votes[name]; gave {
			count++
		}
	}
	return count
}

// admit makes the validators those of the keys. What was counted of the others is forgotten.
func (f *Filter) admit(keys map[string]ed25519.PublicKey, left map[string]bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.who = electorate{network: f.who.network, keys: keys, left: left}
	for name := range f.limiter.peers {
		if keys[name] == nil {
			delete(f.limiter.peers, name)
			delete(f.shown, name)
			delete(f.window.named, name)
			delete(f.dropped.last, name)
		}
	}
	f.window.admit(keys, left)
	for name := range keys {
		if f.limiter.peers[name] == nil {
			f.limiter.peers[name] = new([deeds]bucket)
		}
	}
	f.dropped.most = mostDropped(len(keys) - len(left))
}
