// Package finality turns what raft ordered into what can never be taken back.
//
// Raft puts batches in order but promises nothing against a lying member, so a batch that raft committed is only
// accepted. This package lets n = 3f+1 validators agree, in spite of f liars, that the history tree at one size has one
// root. The life of a round:
//
//  1. The raft leader names a size: a header leaf's boundary, so that the round covers every batch since the last one.
//     The next round is named only when this one is final.
//  2. Every validator that has applied and re-verified the tree up to the named size attests (epoch, size, root).
//  3. A quorum of matching attestations is a certificate. Whoever holds one, and has the same root in its own tree,
//     ratifies (epoch, size, root) and keeps the certificate.
//  4. A quorum of matching ratifications makes the checkpoint final: undo records below it may go. Only now does the
//     validator give its C2SP cosignature, which is therefore never taken back.
//  5. A quorum of cosignatures seals the checkpoint as a note that proves itself to anybody: what receipts carry.
//
// A validator that missed rounds takes the newest sealed note from a peer: when its own tree has the same root, the
// checkpoint is final for it too. A sealed size that it has not applied yet waits.
//
// From accepted to final that is three one-way delays and two writes to disk: the name, which is not signed and waits for no
// write; attestations; ratifications. Two exchanges with each peer may be under way, so that no word waits for the answer to another.
//
// Nobody waits for a particular message. Each exchange between two validators carries the newest word of each kind, so a
// lost message is made good by the next exchange in either direction, and the newest words of a quorum are enough to
// finish a round or to make a later one, which covers it.
//
// # Parts
//
// Machine is the whole protocol as a step function: events in, effects out; it has no goroutine, clock or I/O. StateFile
// keeps what was signed on disk. Driver owns both, talks to the peers and tells the node. The state file must be alone:
// the node's lock on its data directory keeps a second process from signing with the same key.
//
// # Epochs
//
// A certificate that can not become final is left behind by ending the epoch. A validator that sees a certificate which
// contradicts its tree, or nothing becoming final for too long (anywhere, as far as it is told), or f+1 others doing so, votes for the next epoch and names
// the highest certificate that it holds; from then on it attests and ratifies nothing in the old one. The leader puts a
// quorum of such votes into the header of a batch (EpochReady), and raft orders it: all who follow one log open the epoch at
// the same place, at the highest certificate among the votes. What is above that is taken back. Whatever was final before
// is in the start of every later epoch. DESIGN.md says why, model/ tries every order of events.
//
// # Promises
//
// A validator gives at most one attestation and one ratification for one (epoch, size), and one cosignature for one size,
// each only above everything of that kind that it signed before, and each attestation only for an extension of those before
// it in the epoch. Every signature is on disk before anybody sees it; after a crash the same bytes are sent again. With at
// most f liars no two final checkpoints conflict. While a quorum and an honest leader are connected, what they applied
// becomes final.
//
// # Reigns
//
// A validator set makes final what is above its boundary, the last tree of the set before, and begins an epoch: a Reign. The own
// tree says which reign a validator is in. Each has a Machine of its own, which goes on from what was signed and what is final and hears
// everything else anew; so no word of one set counts for another. Who is outside the set hears what becomes final, and says nothing.
//
// # Refusals
//
// Words of strangers, words sent in another's name, signatures that do not verify and sizes named by anybody but the
// leader of the current raft term are ignored, and so are votes of an epoch that the own tree has not come to: they are said
// again when it has. A validator whose two signatures contradict each other is reported with both (Accuse). One whose own
// tree contradicts a quorum signs nothing until the tree was taken back (Astray); if that is at or below what is sealed here, or
// what is final and in its tree (ErrDiverged), or a cosignature of its own turns up that it does not remember (ErrRolledBack), it stops signing: the operator
// has to look.
package finality
