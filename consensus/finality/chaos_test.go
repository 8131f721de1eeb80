package finality

import (
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// chaos lets anything happen, so many times.
func (w *world) chaos(steps int) {
	for _, n := range w.nodes {
		w.start(n)
	}
	for range steps {
		n := w.pick()
		switch p := w.rand.IntN(100); {
		case p < 20:
			w.exchange(n, w.pick())
		case p < 65:
			w.deliver()
		case p < 75:
			w.follow(n, 1+w.rand.IntN(4))
		case p < 78:
			w.pack()
		case p < 85:
			w.learn(n)
		case p < 90:
			if w.leader != nil {
				w.step(w.leader, Name{})
			}
		case p < 92:
			w.step(n, Tick{})
		case p < 93 && (w.leader == nil || w.rand.IntN(6) == 0):
			w.term++
			w.leader = n
		case p < 94 && w.crashes && w.rand.IntN(4) == 0:
			n.machine = nil
		default:
			w.start(n)
		}
		for _, liar := range w.nodes {
			if liar.liar && w.rand.IntN(5) == 0 {
				w.lie(liar, w.pick())
			}
		}
	}
}

// learn tells a node who leads.
func (w *world) learn(n *simNode) {
	switch w.leader {
	case nil:
		w.step(n, Following{Term: w.term})
	case n:
		w.step(n, Leading{Term: w.term})
	default:
		w.step(n, Following{Leader: w.leader.name, Term: w.term})
	}
}

// exchange puts both directions of one exchange on the wire.
func (w *world) exchange(a, b *simNode) {
	for _, pair := range [][2]*simNode{{a, b}, {b, a}} {
		from, to := pair[0], pair[1]
		if from.machine == nil || to.liar {
			continue
		}
		w.flying = append(w.flying, packet{to, Message{From: from.name, Messages: from.out}})
		if from.note != nil && w.rand.IntN(4) == 0 {
			w.flying = append(w.flying, packet{to, Proof{Note: from.note}})
		}
	}
	if len(w.flying) > 20 {
		w.flying = w.flying[len(w.flying)-20:]
	}
}

// deliver hands over a packet out of order; some are lost, some stay to arrive again.
func (w *world) deliver() {
	if len(w.flying) == 0 {
		return
	}
	i := w.rand.IntN(len(w.flying))
	p := w.flying[i]
	if w.rand.IntN(6) > 0 {
		w.flying[i] = w.flying[len(w.flying)-1]
		w.flying = w.flying[:len(w.flying)-1]
	}
	if w.rand.IntN(5) > 0 {
		w.step(p.to, p.event)
	}
}

// calm lets raft and the network work for some rounds, with a leader that is up, and no crashes. Liars go on.
func (w *world) calm(rounds int) {
	w.crashes = false
	for _, n := range w.nodes {
		w.start(n)
	}
	w.term++
	for w.leader = w.pick(); w.leader.machine == nil || w.leader.halted != nil; {
		w.leader = w.pick()
	}
	for round := range rounds {
		for _, n := range w.nodes {
			if round > 2 { // At first a leader may name less than others have attested.
				w.follow(n, len(w.log)+1)
			}
			w.learn(n)
			w.step(n, Tick{})
		}
		if c := w.leader.change; c != nil && c.Epoch > w.leader.tree.head().epoch {
			w.pack()
		}
		w.step(w.leader, Name{})
		w.talk()
	}
}

// talk lets everybody exchange with everybody, in order.
func (w *world) talk() {
	for _, a := range w.nodes {
		for _, b := range w.nodes {
			w.exchange(a, b)
			for _, p := range w.flying {
				w.step(p.to, p.event)
			}
			w.flying = w.flying[:0]
		}
		if a.liar {
			w.lie(a, w.pick())
		}
	}
}

// lie lets a liar say anything to somebody, in its own name.
func (w *world) lie(liar, to *simNode) {
	if to.liar {
		return
	}
	if w.rand.IntN(3) > 0 {
		w.flying = append(w.flying, packet{to, Message{From: liar.name, Messages: w.echo(liar, to)}})
		return
	}
	key := w.keys[liar.name]
	at := w.nodes[w.rand.IntN(len(w.nodes))].tree.head()
	if w.rand.IntN(2) == 0 {
		at.size, at.root = 1+w.rand.Uint64N(at.size+4), rootOf("fork", w.rand.Uint64N(3))
	}
	epoch := w.rand.Uint64N(at.epoch + 2)
	m := Messages{Validator: liar.name, FinalSize: w.rand.Uint64N(100)}
	switch w.rand.IntN(8) {
	case 0:
		m.Attestation = signVote(key, checkpoint.Attestation, epoch, at.size, at.root)
	case 1:
		m.Ratification = signVote(key, checkpoint.Ratification, epoch, at.size, at.root)
	case 2:
		m.Cosignature = signCheckpoint(liar.name, key, at.size, at.root)
	case 3:
		m.Named = Named{Term: w.term, Epoch: epoch, Size: at.size}
	case 4: // Garbage signatures.
		m.Attestation = SignedVote{Vote: checkpoint.Vote{Size: at.size, Root: at.root}, Signature: [64]byte{1}}
		m.Cosignature = SignedCheckpoint{Size: at.size, Root: at.root}
	case 5: // In another's name.
		m = w.pick().out
	case 6: // A vote that hides whatever there is.
		m.Wish = w.wish(liar, epoch+1, EpochWord{})
	case 7: // A vote with a certificate that somebody else showed.
		m.Wish = w.wish(liar, epoch+1, w.pick().out.Wish)
	}
	w.flying = append(w.flying, packet{to, Message{From: liar.name, Messages: m}})
	if w.rand.IntN(10) == 0 && at.size > 0 {
		w.flying = append(w.flying, packet{to, Proof{Note: sealBy(w.t, w.set, w.keys, at.size, at.root, liar.name)}})
	}
}

func (w *world) wish(liar *simNode, epoch uint64, held EpochWord) EpochWord {
	word := EpochWord{Epoch: epoch, Certified: held.Certified, Certificate: held.Certificate}
	word.Signature = checkpoint.SignEpoch(testNetwork, epoch, held.Certified, w.keys[liar.name])
	return word
}

// echo makes a liar agree with whatever somebody says: so it signs every fork.
func (w *world) echo(liar, to *simNode) Messages {
	key, said := w.keys[liar.name], to.out
	m := Messages{Validator: liar.name}
	if v := said.Attestation; v.Size > 0 {
		m.Attestation = signVote(key, checkpoint.Attestation, v.Epoch, v.Size, v.Root)
		if w.rand.IntN(2) == 0 {
			m.Ratification = signVote(key, checkpoint.Ratification, v.Epoch, v.Size, v.Root)
		}
	}
	if c := said.Cosignature; c.Size > 0 {
		m.Cosignature = signCheckpoint(liar.name, key, c.Size, c.Root)
	}
	if said.Wish.Epoch > 0 && w.rand.IntN(2) == 0 {
		held := said.Wish
		if w.rand.IntN(2) == 0 {
			held = EpochWord{}
		}
		m.Wish = w.wish(liar, said.Wish.Epoch, held)
	}
	return m
}

func (w *world) describe() string { return fmt.Sprintf("%+v, accused %v", w.counts, w.accused) }
