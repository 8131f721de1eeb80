package vectors_test

import (
	"slices"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// epochTales are ledgers that go on in a new epoch. Where it starts at the head, nothing is taken back.
func epochTales(m *maker) []vectors.Ledger {
	return []vectors.Ledger{
		m.tell("an-epoch-from-the-genesis", "four-validators", "Nobody holds a certificate before the first batch, so the next epoch starts where the first one did.", epochFromGenesis),
		m.tell("an-epoch-from-a-certificate", "four-validators", "A quorum names the tree after a payment and holds the attestations of it: the next epoch goes on from there.", epochFromCertificate),
	}
}

// change is a quorum's for the epoch, by who attested what is named. It names the head, or nothing.
func (s *story) change(epoch uint64, fromHead bool) []byte {
	c := checkpoint.EpochChange{Epoch: epoch}
	if head := s.chain.Memory.Head(); fromHead {
		c.Certificate.Vote = checkpoint.Vote{Epoch: head.Epoch, Size: head.Size, Root: head.Root}
	}
	for _, name := range []string{"v1", "v2", "v4"} {
		c.Votes = append(c.Votes, s.epochVote(name, epoch, c.Certificate.Vote))
		if fromHead {
			signature := c.Certificate.Vote.Sign(s.Network, checkpoint.Attestation, s.Validators[name])
			c.Certificate.Signatures = append(c.Certificate.Signatures, checkpoint.Signature{Validator: name, Signature: signature})
		}
	}
	return c.Encode()
}

func (s *story) open(comment string, epoch uint64, change []byte) {
	s.t.Helper()
	header := s.chain.Header()
	header.Epoch, header.EpochChange, header.Term = epoch, change, 2
	s.under(comment, header)
}

func epochFromGenesis(s *story) {
	s.open("Epoch 1 starts from the genesis.", 1, s.change(1, false))
	s.funded(1_000_00, "Baraka")
	owner, baraka := s.wallet("Baraka")
	good := s.ok("A payment in epoch 1.", by(owner), pays(baraka, s.Juma.Account, 1_00))
	s.void("epoch", "An epoch that is over.", func(h *tx.BatchHeader) { h.Epoch = 0 }, nil, good)
	s.void("epoch", "An epoch that nothing opens.", func(h *tx.BatchHeader) { h.Epoch = 2 }, nil, good)
	s.batch("The header leaf names the epoch.", good)
}

func epochFromCertificate(s *story) {
	s.funded(1_000_00, "Baraka")
	owner, baraka := s.wallet("Baraka")
	good := s.ok("A payment in epoch 4.", by(owner), pays(baraka, s.Juma.Account, 1_00))
	opening := s.change(4, true)
	s.void("epoch", "What opens an epoch carries no transaction.", func(h *tx.BatchHeader) { h.Epoch, h.EpochChange = 4, slices.Clone(opening) }, nil, good)
	s.void("epoch", "What is open already is not opened.", func(h *tx.BatchHeader) { h.EpochChange = slices.Clone(opening) }, nil)
	s.open("Epochs may be passed over.", 4, opening)
	s.void("epoch", "An epoch is opened once.", func(h *tx.BatchHeader) { h.EpochChange = slices.Clone(opening) }, nil)
	s.batch("The payment that waited.", good)
}
