//go:build sabotage

package sabotage_test

import "github.com/umoja-ledger/umoja/ledger/sabotage"

// signing is what a validator keeps before it speaks, and never takes back.
var signing = []sabotage.Sabotage{
	{
		Name: "sign-not-persisted", File: "finality/machine.go", Line: `if m.turn.persist {`, Instead: `if m.turn.persist && !m.turn.send {`,
		Rule: "no word leaves that is not on disk",
	},
	{
		Name: "sign-sent-first", File: "finality/machine.go", Line: `out = append(out, Send{m.Messages()})`,
		Instead: `out = append([]Effect{Send{m.Messages()}}, out...)`, Rule: "a word is persisted before it is sent",
	},
	{
		Name: "sign-driver-ignores-disk", File: "finality/driver.go", Line: `if err := d.config.File.Save(d.machine.State()); err != nil {`,
		Instead: `if err := d.config.File.Save(d.machine.State()); err != nil && !send {`, Rule: "what could not be persisted is not said",
	},
	{
		Name: "sign-file-not-synced", File: "finality/statefile.go", Line: `err = f.sync(file)`, Instead: `err = nil`,
		Rule: "the state is on the disk when Save returns, not in the kernel",
	},
	{
		Name: "sign-rename-not-synced", File: "finality/statefile.go", Line: `return errors.Join(f.sync(dir), dir.Close())`, Instead: `return dir.Close()`,
		Rule: "the new name is on the disk when Save returns",
	},
	{
		Name: "sign-after-disk-error", File: "finality/statefile.go", Line: `f.broken = fmt.Errorf("save signer state: %w", err)`,
		Instead: `return fmt.Errorf("save signer state: %w", err)`, Rule: "after an error of the disk nothing more is written",
	},
	{
		Name: "sign-state-replaced", File: "finality/statefile.go", Line: `if err := state.follows(f.state); err != nil {`,
		Instead: `if err := state.sound(); err != nil {`, Rule: "no word on disk goes back or changes",
	},
	{
		Name: "sign-state-made-anew", File: "finality/statefile.go", Line: `if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {`,
		Instead: `if _, err := os.Lstat(path); err != nil && !errors.Is(err, os.ErrNotExist) {`, Rule: "who has signed does not start anew",
	},
	{
		Name: "sign-state-forgotten", File: "finality/driver.go", Line: `c.State = c.File.State()`, Instead: `c.State.Epoch = c.File.State().Epoch`,
		Rule: "a restart goes on from what was signed",
	},
	{
		Name: "sign-twice-a-size", File: "finality/signer.go", Line: `if vote.Epoch != s.state.Epoch || !s.current() || !vote.Above(last.Vote) {`,
		Instead: `if vote.Epoch != s.state.Epoch || !s.current() || last.Above(vote) {`, Rule: "a validator votes once for an epoch and size",
	},
	{
		Name: "sign-lower-size", File: "finality/signer.go", Line: `if final.Size <= last.Size {`, Instead: `if final.Size == last.Size {`,
		Rule: "cosignatures ascend",
	},
	{
		Name: "sign-own-cosignature-forgotten", File: "finality/notes.go",
		Line:    `if cosig.Validator == m.signer.name && (c.Size > last.Size || c.Size == last.Size && c.Root != last.Root) {`,
		Instead: `if cosig.Validator == m.signer.name && c.Size == last.Size && c.Root != last.Root {`,
		Rule:    "who finds a cosignature of its own that it does not remember signs no more",
	},
	{
		Name: "sign-another-keys-state", File: "finality/signer.go", Line: `if st.Ratified.Size > 0 {`, Instead: `if false {`,
		Rule: "a state that another key signed is not gone on from",
	},
}

// rounds is attest, ratify, cosign.
var rounds = []sabotage.Sabotage{
	{
		Name: "round-attest-fork", File: "finality/round.go",
		Line:    `if state.Attested.Epoch == epoch && !m.extends(vote, state.Attested.Vote) || !m.extends(vote, state.Final) {`,
		Instead: `if !m.extends(vote, state.Final) {`, Rule: "an attestation extends what was attested before in the epoch",
	},
	{
		Name: "round-attest-below-start", File: "finality/round.go", Line: `if !ok || epoch != state.Epoch || m.mayAttest != nil && !m.mayAttest(size) {`,
		Instead: `if epoch = state.Epoch; !ok || m.mayAttest != nil && !m.mayAttest(size) {`,
		Rule:    "only what ends with a batch of the epoch is attested, so that it is above the epoch's start",
	},
	{
		Name: "round-attest-against-the-node", File: "finality/round.go", Line: `if !ok || epoch != state.Epoch || m.mayAttest != nil && !m.mayAttest(size) {`,
		Instead: `if !ok || epoch != state.Epoch {`, Rule: "what the node may not attest yet waits",
	},
	{
		Name: "round-named-in-another-term", File: "finality/round.go",
		Line:    `if !ok || h.words.Named.Term != m.term || h.words.Named.Epoch != m.signer.state.Epoch {`,
		Instead: `if !ok || h.words.Named.Epoch != m.signer.state.Epoch {`, Rule: "only what is named in the term in force is attested",
	},
	{
		Name: "round-ratify-two-thirds-less-one", File: "finality/round.go", Line: `if len(signatures) >= m.set.Quorum() {`,
		Instead: `if len(signatures) >= m.set.Quorum()-1 {`, Rule: "a quorum attests, ratifies and cosigns",
	},
	{
		Name: "round-quorum-of-sizes", File: "finality/round.go", Line: `if word.Vote == candidate.Vote {`,
		Instead: `if word.Epoch == candidate.Epoch && word.Size == candidate.Size {`, Rule: "a quorum is of one root",
	},
	{
		Name: "round-quorum-of-epochs", File: "finality/round.go", Line: `if word.Vote == candidate.Vote {`,
		Instead: `if word.Root == candidate.Root && word.Size == candidate.Size {`, Rule: "a quorum is of one epoch",
	},
	{
		Name: "round-certificate-of-another-epoch", File: "finality/round.go",
		Line:    `return v.Epoch == state.Epoch && checkpoint.OneSet(v.Epoch, m.first) && v.Above(state.Highest.Vote)`,
		Instead: `return v.Epoch == state.Epoch && checkpoint.OneSet(v.Epoch, m.first)`, Rule: "the highest certificate is kept",
	},
	{
		Name: "round-certificate-of-another-set", File: "finality/round.go",
		Line:    `return v.Epoch == state.Epoch && checkpoint.OneSet(v.Epoch, m.first) && v.Above(state.Highest.Vote)`,
		Instead: `return v.Epoch == state.Epoch && v.Above(state.Highest.Vote)`, Rule: "a set certifies nothing of another set's epochs",
	},
	{
		Name: "round-ratify-lower", File: "finality/round.go",
		Line:    `if !m.votes() || held.Epoch != state.Epoch || !held.Above(state.Ratified.Vote) || held.Size <= m.sealed.Size {`,
		Instead: `if held.Epoch != state.Epoch || !held.Above(state.Ratified.Vote) || held.Size <= m.sealed.Size {`,
		Rule:    "who has ended the epoch ratifies in it no more",
	},
	{
		Name: "round-last-once", File: "finality/round.go", Line: `return final - 1`, Instead: `return final`,
		Rule: "the last tree, or a boundary in an epoch without a batch, is attested by who knows it is final too",
	},
	{
		Name: "round-last-for-ever", File: "finality/round.go", Line: `if final == m.applied.Size && m.sealed.Size < final {`, Instead: `if final == m.applied.Size {`,
		Rule: "a tree that is sealed is settled",
	},
	{
		Name: "epoch-for-a-seal", File: "finality/epoch.go", Line: `return m.applied.Size > m.signer.state.Final.Size || m.applied.Size > m.sealed.Size && (m.applied.Boundary || m.doubted())`,
		Instead: `return m.applied.Size > m.sealed.Size`, Rule: "a head that is final ends no epoch where something can come above it",
	},
	{
		Name: "epoch-without-a-voice", File: "finality/epoch.go",
		Line:    `return m.applied.Size > m.signer.state.Final.Size || m.applied.Size > m.sealed.Size && (m.applied.Boundary || m.doubted())`,
		Instead: `return m.applied.Size > m.signer.state.Final.Size || m.applied.Size > m.sealed.Size && m.applied.Boundary`,
		Rule:    "who has voted for another epoch is followed there when its voice is missing for a seal",
	},
	{
		Name: "round-ratify-unseen", File: "finality/round.go", Line: `if own, epoch, ok := m.boundary(held.Size); !ok || own != held.Root || epoch != held.Epoch {`,
		Instead: `if held.Size == 0 {`, Rule: "only what is in the own tree is ratified",
	},
	{
		Name: "round-final-by-attestations", File: "finality/round.go", Line: `func(h *heard) []SignedVote { return h.ratifications })`,
		Instead: `func(h *heard) []SignedVote { return h.attestations })`, Rule: "a certificate alone is not final, and not cosigned",
	},
	{
		Name: "round-final-and-contradicted", File: "finality/round.go", Line: `if !ok || !m.agrees(ratified.Vote) {`, Instead: `if !ok {`,
		Rule: "nothing is final here that is not in the own tree",
	},
	{
		Name: "round-final-replaced", File: "finality/round.go", Line: `m.halt(fmt.Errorf("a quorum signed another root of size %d: %w", at.Size, ErrDiverged))`,
		Instead: `if m.astray = at; false { m.halt(fmt.Errorf("size %d: %w", at.Size, ErrDiverged)) }`, Rule: "who sees another root of a final size halts",
	},
	{
		Name: "round-ended-epoch-attested", File: "finality/signer.go", Line: `func (s *signer) current() bool { return s.state.Wished.Epoch <= s.state.Epoch }`,
		Instead: `func (s *signer) current() bool { return true }`, Rule: "a vote for an epoch ends attesting and ratifying in all before it",
	},
	{
		Name: "round-words-not-verified", File: "finality/hear.go", Line: `if vote.Verify(m.network, checkpoint.Attestation, by, vote.Signature) != nil {`,
		Instead: `if vote.Signature == [64]byte{} {`, Rule: "attestations are verified",
	},
	{
		Name: "round-ratifications-not-verified", File: "finality/hear.go", Line: `if vote.Verify(m.network, checkpoint.Ratification, by, vote.Signature) != nil {`,
		Instead: `if vote.Signature == [64]byte{} {`, Rule: "ratifications are verified",
	},
	{
		Name: "round-cosignatures-not-verified", File: "finality/hear.go", Line: `if c.VerifyCosignature(m.set, cosig.By(by.Name)) != nil {`,
		Instead: `if c.Size == 0 || cosig.Signature == [64]byte{} {`, Rule: "cosignatures are verified",
	},
	{
		Name: "round-in-anothers-name-at-the-door", File: "finality/talk.go", Line: `if err == nil && messages.Validator != from {`, Instead: `if false {`,
		Rule: "the name in a call is the one that the connection proved",
	},
	{
		Name: "round-note-not-verified", File: "finality/notes.go", Line: `if !m.agrees(checkpoint.Vote{Size: p.checkpoint.Size, Root: p.checkpoint.Root}) {`,
		Instead: `if _, ok := m.root(p.checkpoint.Size); !ok {`, Rule: "a note is believed where the own tree agrees with it",
	},
	{
		Name: "round-final-not-told-again", File: "finality/round.go", Line: `if m.owed.final && m.agrees(m.signer.state.Final) {`, Instead: `if false {`,
		Rule: "what was final before a restart is told again",
	},
	{
		Name: "round-never-renamed", File: "finality/round.go", Line: `if size := m.attested(v.Name); size > named && size <= m.applied.Size {`,
		Instead: `if size := m.attested(v.Name); size > named && size > m.applied.Size {`,
		Rule:    "a leader that named less than others have attested names more",
	},
}

// epochs is how an epoch ends, and what the next starts from.
var epochs = []sabotage.Sabotage{
	{
		Name: "epoch-vote-hides-certificate", File: "finality/signer.go", Line: `held := s.state.Highest`, Instead: `held := checkpoint.Certificate{}`,
		Rule: "a vote for an epoch names the highest certificate",
	},
	{
		Name: "epoch-vote-names-ratified", File: "finality/hear.go", Line: `if state := &m.signer.state; word.Certified.Epoch >= m.first && word.Certified.Above(state.Highest.Vote) {`,
		Instead: `if state := &m.signer.state; word.Certified.Size > state.Highest.Size {`, Rule: "the highest is by epoch, then size",
	},
	{
		Name: "epoch-vote-twice", File: "finality/signer.go", Line: `if epoch <= s.state.Wished.Epoch || epoch <= s.state.Epoch || epoch <= held.Epoch {`,
		Instead: `if epoch < s.state.Wished.Epoch || epoch <= s.state.Epoch || epoch <= held.Epoch {`, Rule: "a validator votes once for an epoch",
	},
	{
		Name: "epoch-certificate-believed", File: "finality/hear.go", Line: `if word.verify(m.network, m.set, m.first, by) != nil {`,
		Instead: `if word.by(by.Name).Verify(m.network, word.Epoch, by) != nil {`, Rule: "a vote for an epoch shows the certificate that it names",
	},
	{
		Name: "epoch-ended-by-liars", File: "finality/epoch.go", Line: `return wished[len(wished)-1-m.set.Faults()]`, Instead: `return wished[len(wished)-m.set.Faults()]`,
		Rule: "f liars alone end no epoch",
	},
	{
		Name: "epoch-not-ended-by-honest", File: "finality/epoch.go", Line: `next := max(last, m.wishedByHonest())`, Instead: `next := last`,
		Rule: "f+1 votes for an epoch are joined",
	},
	{
		Name: "epoch-not-ended-by-contradiction", File: "finality/epoch.go", Line: `if m.signer.current() && !m.behind() && (m.turn.contradicted || m.strays >= 2) {`,
		Instead: `if m.signer.current() && !m.behind() && m.turn.contradicted {`, Rule: "who can attest no more in an epoch votes for the next",
	},
	{
		Name: "epoch-ended-from-behind", File: "finality/epoch.go", Line: `if m.signer.current() && !m.behind() && (m.turn.contradicted || m.strays >= 2) {`,
		Instead: `if m.signer.current() && (m.turn.contradicted || m.strays >= 2) {`, Rule: "who is behind ends no epoch by itself",
	},
	{
		Name: "epoch-not-ended-by-time", File: "finality/epoch.go", Line: `if m.idle >= m.patient() {`, Instead: `if m.idle > m.wait<<maxDoublings {`,
		Rule: "an epoch that makes nothing final ends",
	},
	{
		Name: "epoch-ended-alone", File: "finality/epoch.go", Line: `if present >= m.set.Quorum() && (m.signer.current() || wishing >= m.set.Quorum()) {`,
		Instead: `if m.signer.current() || wishing >= m.set.Quorum() {`, Rule: "who hears no quorum ends no epoch",
	},
	{
		Name: "epoch-ended-by-who-trails", File: "finality/epoch.go", Line: `if !m.waits() || m.applied.Epoch < state.Epoch || m.behind() || m.trails() {`,
		Instead: `if !m.waits() || m.applied.Epoch < state.Epoch || m.behind() {`, Rule: "who has not come to what others sealed ends no epoch because of time",
	},
	{
		Name: "epoch-ended-by-who-is-told", File: "finality/epoch.go", Line: `return m.honestlySealed() > m.applied.Size`, Instead: `return false`,
		Rule: "f+1 that have sealed more are as good as a note",
	},
	{
		Name: "epoch-held-up-by-liars", File: "finality/epoch.go", Line: `return sizes[len(sizes)-1-m.set.Faults()]`, Instead: `return sizes[len(sizes)-1]`,
		Rule: "f liars alone make nobody trail",
	},
	{
		Name: "epoch-ended-by-a-turning-tree", File: "finality/epoch.go", Line: `if head, _, ok := m.rootAt(m.applied.Size); !ok || head != m.applied.Root {`, Instead: `if false {`,
		Rule: "a tree that can not be read makes no orphan",
	},
	{
		Name: "epoch-outlasts-its-voices", File: "finality/epoch.go", Line: `m.short = m.signer.current() && able < m.set.Quorum()`, Instead: `m.short = false`,
		Rule: "an epoch in which no quorum can speak ends soon",
	},
	{
		Name: "round-unnamed-by-who-voted", File: "finality/round.go", Line: `if m.leader != m.signer.name || !m.sees() {`, Instead: `if m.leader != m.signer.name || !m.votes() {`,
		Rule: "a leader names rounds though it has voted for another epoch",
	},
	{
		Name: "epoch-from-first", File: "finality/epoch.go", Line: `if wishes[i].Certified.Epoch >= m.first && wishes[i].Certified.Above(c.Certificate.Vote) {`, Instead: `if c.Certificate.Size == 0 {`,
		Rule: "an epoch starts from the highest certificate",
	},
	{
		Name: "epoch-from-another-history", File: "finality/epoch.go", Line: `return ok && own == certified.Root`, Instead: `return ok && own != [32]byte{}`,
		Rule: "a leader opens an epoch where its own tree is",
	},
	{
		Name: "epoch-opened-without-quorum", File: "finality/epoch.go", Line: `return c, len(c.Votes) >= m.set.Quorum()`, Instead: `return c, len(c.Votes) > m.set.Faults()`,
		Rule: "a quorum of votes opens an epoch",
	},
	{
		Name: "epoch-lost-in-restart", File: "finality/signer.go", Line: `if s.Epoch < old.Epoch {`, Instead: `if false {`,
		Rule: "the epoch on disk does not go back",
	},
	{
		Name: "epoch-vote-not-kept", File: "finality/signer.go",
		Line:    `if vote.now != vote.was && vote.now.Epoch < old.Wished.Epoch {`,
		Instead: `if vote.now != vote.was && vote.now.Epoch < old.Epoch {`, Rule: "no vote of an ended epoch gets on disk",
	},
	{
		Name: "epoch-change-below-highest", File: "../ledger/checkpoint/epoch.go", Line: `if v.Certified != start && !start.Above(v.Certified) {`,
		Instead: `if v.Certified.Size > start.Size {`, Rule: "no vote of a change names a tree above its start, or beside it",
	},
	{
		Name: "epoch-change-by-two", File: "../ledger/checkpoint/epoch.go", Line: `if len(c.Votes) < set.Quorum() {`, Instead: `if len(c.Votes) <= set.Faults() {`,
		Rule: "a quorum of votes opens an epoch, whoever checks",
	},
	{
		Name: "epoch-change-by-one-often", File: "../ledger/checkpoint/epoch.go", Line: `if i > 0 && c.Votes[i-1].Validator >= v.Validator {`,
		Instead: `if i > 0 && c.Votes[i-1].Validator > v.Validator {`, Rule: "each validator votes once in a change",
	},
	{
		Name: "epoch-change-of-another-epoch", File: "../ledger/checkpoint/epoch.go", Line: `if err := v.Verify(network, c.Epoch, by); err != nil {`,
		Instead: `if err := v.Verify(network, max(c.Epoch, 4), by); err != nil {`, Rule: "the votes of a change are for its epoch",
	},
	{
		Name: "epoch-change-uncertified", File: "../ledger/checkpoint/epoch.go", Line: `if err := c.Certificate.Verify(network, set, Attestation); err != nil {`,
		Instead: `if err := c.Certificate.Verify(network, set, Attestation); err != nil && len(c.Certificate.Signatures) > 0 {`,
		Rule:    "the start of an epoch is certified",
	},
	{
		Name: "epoch-start-given-up", File: "../ledger/checkpoint/epoch.go", Line: `return start, start.Size > 0 && start.Epoch >= inForce`,
		Instead: `return start, start.Size > 0`, Rule: "what was certified before the epoch in force is not gone back to",
	},
	{
		Name: "certificate-of-one", File: "../ledger/checkpoint/epoch.go", Line: `if i > 0 && c.Signatures[i-1].Validator >= s.Validator {`,
		Instead: `if i > 0 && c.Signatures[i-1].Validator > s.Validator {`, Rule: "each validator counts once in a certificate",
	},
	{
		Name: "certificate-not-verified", File: "../ledger/checkpoint/epoch.go", Line: `if err := c.Vote.Verify(network, kind, by, s.Signature); err != nil {`,
		Instead: `if err := c.Vote.Verify(network, Attestation, by, s.Signature); err != nil {`, Rule: "a certificate is of one kind of vote",
	},
	{
		Name: "quorum-is-a-majority", File: "../ledger/checkpoint/validators.go", Line: `func (s ValidatorSet) Quorum() int { return 2*len(s)/3 + 1 }`,
		Instead: `func (s ValidatorSet) Quorum() int { return 2 * len(s) / 3 }`, Rule: "two quorums share an honest validator",
	},
}

// proofs is evidence: it names who lied, and nobody else.
var proofs = []sabotage.Sabotage{
	{
		Name: "proof-of-two-epochs", File: "../ledger/checkpoint/evidence.go",
		Line:    `return a.Epoch == b.Epoch && a.Size == b.Size && a.Size > 0 && bytes.Compare(a.Root[:], b.Root[:]) < 0`,
		Instead: `return a.Size == b.Size && a.Size > 0 && bytes.Compare(a.Root[:], b.Root[:]) < 0`, Rule: "who votes otherwise in another epoch is honest",
	},
	{
		Name: "proof-of-two-terms", File: "../ledger/checkpoint/evidence.go", Line: `a.Term != b.Term || a.Term == 0 || bytes.Compare(hashA[:], hashB[:]) >= 0 {`,
		Instead: `a.Term == 0 || bytes.Compare(hashA[:], hashB[:]) >= 0 {`, Rule: "who packs a batch again in a later term is honest",
	},
	{
		Name: "proof-of-an-honest-vote", File: "../ledger/checkpoint/evidence.go", Line: `if bare && r.Epoch < w.Epoch && r.Above(w.Certified) {`,
		Instead: `if bare && r.Above(w.Certified) {`, Rule: "who ratifies in the epoch it voted for is honest",
	},
	{
		Name: "proof-unsigned", File: "../ledger/checkpoint/evidence.go", Line: `err = e.signed(network, set, by)`,
		Instead: `if err = e.signed(network, set, by); err != nil { err = nil }`,
		Rule:    "evidence is what the culprit signed",
	},
	{
		Name: "proof-of-an-extension", File: "../ledger/checkpoint/evidence.go",
		Line:    `return small.Size > 0 && small.Size < large.Size && e.PrefixRoot != small.Root &&`,
		Instead: `return small.Size > 0 && small.Size < large.Size &&`, Rule: "who attests a tree and one that extends it is honest",
	},
	{
		Name: "proof-not-given-of-attestations", File: "finality/hear.go", Line: `m.accuse(checkpoint.Evidence{Validator: by.Name, Attestations: []SignedVote{old, vote}})`,
		Instead: `_ = old`, Rule: "two attestations of one size are evidence",
	},
	{
		Name: "proof-not-given-of-ratifications", File: "finality/hear.go", Line: `m.accuse(checkpoint.Evidence{Validator: by.Name, Ratifications: []SignedVote{old, vote}})`,
		Instead: `_ = old`, Rule: "two ratifications of one size are evidence",
	},
	{
		Name: "proof-not-given-of-hiding", File: "finality/accuse.go", Line: `if ratified.Epoch < word.Epoch && ratified.Above(word.Certified) && !m.isAccused(by, checkpoint.HiddenCertificate) {`,
		Instead: `if false {`, Rule: "a vote that hides what its giver ratified is evidence",
	},
	{
		Name: "proof-not-given-of-notes", File: "finality/notes.go", Line: `m.rememberCosignature(by, SignedCheckpoint{Size: c.Size, Root: c.Root, TimeUnixS: cosig.TimeUnixS, Signature: cosig.Signature})`,
		Instead: `_ = by`, Rule: "two notes that conflict name all who signed both",
	},
	{
		Name: "proof-of-anything", File: "finality/accuse.go", Line: `if err != nil || slices.Contains(h.accused, offence) {`,
		Instead: `if err != nil && e.Validator == "" || slices.Contains(h.accused, offence) {`, Rule: "evidence is checked before it is given",
	},
}
