package vectors_test

import (
	"strconv"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// makeID makes the ids that follow from others. Those of accounts are in account.json, of networks in network.json.
func makeID(m *maker) []vectors.Vector {
	payment := m.seal(m.payment(), m.Provider)
	both := m.seal(m.payment(), m.Provider, m.Issuer)
	id, hash, hash2 := payment.ID(), payment.EnvelopeHash(), both.EnvelopeHash()
	made := func(name, comment string, position uint32) vectors.Vector {
		return accept(name, comment, fields{"id": hx(id[:]), "position": dec(uint64(position))}, madeOut(id, position))
	}
	body := func(name, comment string, network tx.NetworkID) vectors.Vector {
		id := tx.NewID(network, payment.RawBody())
		return accept(name, comment, fields{"network": network.String(), "body": hx(payment.RawBody())}, fields{"id": hx(id[:])})
	}
	other := m.world("seven-validators").Network
	return []vectors.Vector{
		body("of-a-body", "The tagged hash of network and body: the payment of SPEC.md 1.", m.Network),
		body("of-a-body-on-another-network", "The same body elsewhere is another transaction.", other),
		accept("of-an-envelope", "The envelope with its signature.", fields{"network": m.Network.String(), "envelope": hx(payment.Envelope())}, fields{"envelope_hash": hx(hash[:])}),
		accept("of-an-envelope-of-two-signers", "Another envelope of the same transaction.", fields{"network": m.Network.String(), "envelope": hx(both.Envelope())}, fields{"envelope_hash": hx(hash2[:])}),
		made("of-the-first-operation", "Hold, request and ballot of one place have three ids: each has its own tag.", 0),
		made("of-a-later-operation", "Positions are four bytes, the highest first.", 258),
	}
}

func madeOut(id tx.ID, position uint32) fields {
	hold, request, ballot := tx.NewHoldID(id, position), tx.NewRequestID(id, position), tx.NewBallotID(id, position)
	return fields{"hold": hx(hold[:]), "request": hx(request[:]), "ballot": hx(ballot[:])}
}

func checkID(t *testing.T, v vectors.Vector) (fields, error) {
	if _, made := v.In["position"]; made {
		position, err := strconv.ParseUint(v.In["position"], 10, 32)
		return madeOut(tx.ID(b32(t, v, "id")), uint32(position)), err
	}
	network := tx.NetworkID(b32(t, v, "network"))
	if _, whole := v.In["envelope"]; whole {
		hash := tx.NewEnvelopeHash(network, unhex(t, v, "envelope"))
		return fields{"envelope_hash": hx(hash[:])}, nil
	}
	id := tx.NewID(network, unhex(t, v, "body"))
	return fields{"id": hx(id[:])}, nil
}
