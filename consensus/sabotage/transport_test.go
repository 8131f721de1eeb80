//go:build sabotage

package sabotage_test

import "github.com/umoja-ledger/umoja/ledger/sabotage"

// transport is the filter before raft, item by item.
var transport = []sabotage.Sabotage{
	// Who speaks.
	{
		Name: "filter-header-of-another", File: "transport/rules.go", Line: `return fmt.Errorf("%w: id and address must be %q", ErrIdentity, peer)`, Instead: `_ = peer`,
		Rule: "the header of a request names the peer that the connection proved",
	},
	{
		Name: "filter-leader-of-another", File: "transport/rules.go", Line: `if len(legacy) > 0 && string(legacy) != peer {`, Instead: `if false {`,
		Rule: "the field in which older versions named the leader names the peer too",
	},
	{
		Name: "filter-stranger-connects", File: "transport/tls.go", Line: `return "", ErrStranger`, Instead: `return "stranger", nil`,
		Rule: "only keys of the validator set connect",
	},
	{
		Name: "filter-wrong-peer-dialled", File: "transport/tls.go", Line: `if name != peer {`, Instead: `if name == "" {`,
		Rule: "who is dialled is the validator that was meant",
	},
	{
		Name: "filter-answer-of-another", File: "transport/rules.go", Line: `return fmt.Errorf("%w: answer's id and address must be %q", ErrIdentity, peer)`,
		Instead: `_ = peer`, Rule: "answers are held to the identity of the connection, like requests",
	},
	// What is committed, told at once.
	{
		Name: "filter-commit-told-to-who-lacks-it", File: "transport/commit.go",
		Line:    `return w.stored.index, w.stored.term, w.stored.leader == leader && w.stored.index >= index`,
		Instead: `return w.stored.index, w.stored.term, w.stored.leader == leader`,
		Rule:    "a follower is told that an entry is committed only when it has confirmed it",
	},
	{
		Name: "filter-commit-of-another-term", File: "transport/commit.go",
		Line:    `return w.stored.index, w.stored.term, w.stored.leader == leader && w.stored.index >= index`,
		Instead: `return w.stored.index, w.stored.term, w.stored.index >= index`,
		Rule:    "what was confirmed to the leader of another term says nothing of this one's entries",
	},
	// Election certificates.
	{
		Name: "filter-uncertified-leader", File: "transport/rules.go", Line: `if !f.certified {`, Instead: `if false {`,
		Rule: "who was not elected appends nothing",
	},
	{
		Name: "filter-elected-by-few", File: "transport/election.go", Line: `if len(counted.Votes) < enough {`,
		Instead: `if len(counted.Votes) < enough-1 {`, Rule: "a majority elects",
	},
	{
		Name: "filter-elected-by-one", File: "transport/election.go", Line: `if i > 0 && c.Votes[i-1].Validator >= vote.Validator {`,
		Instead: `if i > 0 && c.Votes[i-1].Validator > vote.Validator {`, Rule: "each validator has one vote in a certificate",
	},
	{
		Name: "filter-election-unsigned", File: "transport/election.go", Line: `if err := v.Verify(e.network, public, v.Signature); err != nil {`,
		Instead: `if err := v.Verify(e.network, public, v.Signature); err != nil && v.Signature == [64]byte{} {`, Rule: "votes are signed",
	},
	{
		Name: "filter-certificate-of-another", File: "transport/filter.go", Line: `if c.Term != term || c.Candidate != peer {`, Instead: `if c.Term != term {`,
		Rule: "a certificate serves who was elected by it",
	},
	{
		Name: "filter-own-vote-twice", File: "transport/answer.go", Line: `if was := f.book.votedFor(f.name, c.Term); was != "" && was != peer {`,
		Instead: `if was := f.book.votedFor(f.name, c.Term); was == peer+"?" {`, Rule: "a node signs one vote in a term",
	},
	{
		Name: "filter-certificate-not-shown", File: "transport/answer.go", Line: `delete(f.shown, peer)`, Instead: `_ = peer`,
		Rule: "a certificate is shown again to who has forgotten it",
	},
	// One leader in a term.
	{
		Name: "filter-second-leader", File: "transport/book.go", Line: `err = fmt.Errorf("%w: %q was elected in term %d before %q", ErrSecondLeader, known, c.Term, c.Candidate)`,
		Instead: `if b.leaders[c.Term] = c.Candidate; false { err = fmt.Errorf("%w: %q", ErrSecondLeader, known) }`, Rule: "a term has one leader",
	},
	{
		Name: "filter-double-vote-unnoticed", File: "transport/book.go", Line: `if last, told := b.accused[v.Validator]; first.Candidate == v.Candidate || told && last >= v.Term {`,
		Instead: `if first.Term == v.Term {`, Rule: "two votes of a validator in a term are evidence",
	},
	{
		Name: "filter-judged-by-another-log", File: "transport/transport.go", Line: `close(t.door.Swap(newDoor()).shut)`, Instead: ``,
		Rule: "what was judged by a log that is cut does not meet the raft that goes on with another",
	},
	{
		Name: "filter-commit-behind-the-append", File: "transport/rules.go", Line: `r.LeaderCommitIndex = min(r.LeaderCommitIndex, endOf(r))`, Instead: ``,
		Rule: "an append calls committed only what it shows",
	},
	{
		Name: "filter-given-while-stale", File: "transport/rules.go", Line: `return ErrStale // It would follow the end of a log that is gone, and raft panics when it applies what lies between.`, Instead: ``,
		Rule: "raft that has another log in mind is given no entries",
	},
	// The term window.
	{
		Name: "filter-term-bomb", File: "transport/rules.go", Line: `if term > f.termLimit {`, Instead: `if term == 0 {`,
		Rule: "one peer's word on a far term is not believed",
	},
	{
		Name: "filter-window-moves-along", File: "transport/terms.go", Line: `return max(local, base+width)`, Instead: `return max(local, base) + width`,
		Rule: "one peer moves the term by a window once",
	},
	{
		Name: "filter-answers-believed", File: "transport/answer.go", Line: `believed := max(min(*answered, w.limit(local, termStep)), base) // In one step to the base: each is an election.`, Instead: `believed := *answered`,
		Rule: "an answer moves the term by a step",
	},
	{
		Name: "filter-answers-below-the-base", File: "transport/answer.go", Line: `believed := max(min(*answered, w.limit(local, termStep)), base) // In one step to the base: each is an election.`,
		Instead: `believed := min(*answered, w.limit(local, termStep))`, Rule: "an answer below what is known moves the term there at once",
	},
	{
		Name: "filter-answers-refused", File: "transport/answer.go", Line: `if believed <= asked {`, Instead: `if believed < *answered {`,
		Rule: "who has been driven ahead is caught up with",
	},
	{
		Name: "filter-answers-of-a-window", File: "transport/terms.go", Line: `const termStep = termWindowSize / 2`, Instead: `const termStep = termWindowSize`,
		Rule: "who takes over a term is believed in the next",
	},
	{
		Name: "filter-words-of-who-is-refused", File: "transport/filter.go", Line: `if term, ok := candidacy(command); ok && (err == nil || errors.Is(err, ErrTermWindow)) {`,
		Instead: `if term, ok := candidacy(command); ok && errors.Is(err, ErrTermWindow) {`, Rule: "a term that is believed is a word too",
	},
	{
		Name: "filter-leader-deaf-to-terms", File: "transport/answer.go", Line: `f.window.heard = max(f.window.heard, answered)`, Instead: `_ = answered`,
		Rule: "a leader catches up with one whom raft does not ask for a vote",
	},
	{
		Name: "filter-window-never-settles", File: "transport/terms.go", Line: `if w.settledAt.IsZero() || now.Sub(w.settledAt) >= settlings*pause {`, Instead: `if w.settledAt.IsZero() {`,
		Rule: "two that are left come together",
	},
	{
		Name: "filter-window-settles-at-once", File: "transport/terms.go", Line: `if w.settledAt.IsZero() || now.Sub(w.settledAt) >= settlings*pause {`, Instead: `if pause > 0 {`,
		Rule: "one peer moves the term by a window in a while",
	},
	{
		Name: "filter-window-opened-by-one", File: "transport/terms.go", Line: `if enough := max(min(witnesses, others), 1); len(terms) >= enough {`,
		Instead: `if enough := 1; len(terms) >= enough {`, Rule: "a far term is believed of f+1 peers",
	},
	{
		Name: "filter-left-never-leads", File: "transport/filter.go", Line: `if f.who.left[peer] && now.Sub(f.ledAt) <= f.limits.DropFor {`, Instead: `if f.who.left[peer] {`,
		Rule: "who has left leads where nobody else can be elected",
	},
	{
		Name: "filter-left-leads-in-any-term", File: "transport/filter.go", Line: `if f.who.left[peer] && f.tolerated == term {`, Instead: `if f.who.left[peer] && f.tolerated > 0 {`,
		Rule: "who has left is followed in the term in which there was nobody else",
	},
	{
		Name: "filter-drops-of-one-length", File: "transport/drops.go", Line: `one.span = dropAgain * first`, Instead: `one.span = first`,
		Rule: "liars that lead in turn are dropped for longer each time",
	},
	{
		Name: "filter-drops-grow-for-ever", File: "transport/drops.go", Line: `one.span = dropAgain * first`, Instead: `one.span = dropAgain * last.span`,
		Rule: "nobody is dropped for ever",
	},
	{
		Name: "filter-drops-do-not-outlast", File: "transport/drops.go", Line: `if others := d.most - 1; others > 0 {`, Instead: `if others := d.most - 1; others > 10 {`,
		Rule: "liars that lead in turn do not come back before the last of them is dropped",
	},
	{
		Name: "filter-window-of-who-led", File: "transport/answer.go", Line: `f.window.followed = max(f.window.followed, vote.Term)`, Instead: `_ = vote.Term`,
		Rule: "who has led is behind by no term that it led",
	},
	{
		Name: "filter-window-opened-by-who-left", File: "transport/terms.go", Line: `if !left[name] {`, Instead: `if name != "" {`,
		Rule: "who has left has no word on terms",
	},
	{
		Name: "filter-window-opened-by-who-is-gone", File: "transport/terms.go", Line: `if f.who.keys[peer] != nil {`,
		Instead: `if peer != "" {`, Rule: "who is gone has no word on terms",
	},
	{
		Name: "filter-window-of-small-sets", File: "transport/terms.go", Line: `witnesses = max(witnesses, set.Faults()+1)`, Instead: `witnesses = max(witnesses, min(set.Faults()+1, 2))`,
		Rule: "it takes one more than lie in the largest of the sets",
	},
	{
		Name: "filter-window-of-old-sets", File: "transport/terms.go", Line: `f.window.sets = sets`, Instead: `_ = sets`,
		Rule: "words on terms are counted in the sets that are",
	},
	{
		Name: "filter-window-closed-for-ever", File: "transport/terms.go", Line: `f.window.named[peer] = max(f.window.named[peer], term)`, Instead: `_ = term`,
		Rule: "who was cut off for long is let back in",
	},
	// What a leader tells of commits.
	{
		Name: "filter-commit-forgotten", File: "transport/answer.go", Line: `c.LeaderCommitIndex = max(c.LeaderCommitIndex, f.outlasting(c))`, Instead: `_ = f.outlasting(c)`,
		Rule: "what was committed before a leader started is told",
	},
	{
		Name: "filter-commit-beyond-the-append", File: "transport/answer.go", Line: `told := min(index, endOf(c))`, Instead: `told := index`,
		Rule: "no commit is told beyond what an append has shown",
	},
	{
		Name: "filter-commit-of-the-own-term", File: "transport/answer.go", Line: `if term >= c.Term {`, Instead: `if term > c.Term {`,
		Rule: "what is committed in a leader's own term is raft's to say",
	},
	{
		Name: "filter-commit-of-another-log", File: "transport/answer.go", Line: `if told <= c.LeaderCommitIndex || !f.local.Holds(index, term) || f.local.Term() != c.Term {`,
		Instead: `if told <= c.LeaderCommitIndex || term == 1<<60 || f.local.Term() != c.Term {`,
		Rule:    "what was lost from the log is not told to be committed",
	},
	{
		Name: "filter-commit-of-a-late-append", File: "transport/answer.go", Line: `if told <= c.LeaderCommitIndex || !f.local.Holds(index, term) || f.local.Term() != c.Term {`,
		Instead: `if told <= c.LeaderCommitIndex || !f.local.Holds(index, term) {`,
		Rule:    "what another leader has committed is told of no append of before",
	},
	// TimeoutNow and the flag of a transfer.
	{
		Name: "filter-timeout-now-of-anybody", File: "transport/rules.go", Line: `if f.leader == "" || f.leader != peer {`, Instead: `if peer == "" {`,
		Rule: "only the elected leader hands over",
	},
	{
		Name: "filter-timeout-now-unsigned", File: "transport/rules.go", Line: `return fmt.Errorf("%w: TimeoutNow from %q", ErrTransfer, peer)`, Instead: `return nil`,
		Rule: "a leader hands over by its signed word",
	},
	{
		Name: "filter-left-leads-for-ever", File: "transport/filter.go", Line: `known.dropped = f.dropped.has(peer, now) || now.Sub(f.toleratedSince) > toleratedDrops*f.limits.DropFor`,
		Instead: `known.dropped = f.dropped.has(peer, now)`, Rule: "who has left the set hands over in time",
	},
	{
		Name: "filter-timeout-now-without-a-vote", File: "transport/rules.go", Line: `if f.voteless {`, Instead: `if f.voteless && peer == "" {`,
		Rule: "nobody is handed over to who has no vote",
	},
	{
		Name: "filter-voteless-stands", File: "transport/answer.go", Line: `if f.voteless() {`, Instead: `if f.voteless() && term == 0 {`,
		Rule: "who has no vote signs none for itself",
	},
	{
		Name: "filter-transfer-flag", File: "transport/rules.go", Line: `r.LeadershipTransfer = r.LeadershipTransfer && f.transfer`, Instead: `_ = f.transfer`,
		Rule: "nobody is voted for against a known leader that hands over to nobody",
	},
	{
		Name: "filter-transfer-of-another-term", File: "transport/election.go",
		Line:    `return key.TaggedHash("umoja/raft-transfer/v1", network[:], binary.BigEndian.AppendUint64(nil, term), []byte(to))`,
		Instead: `return key.TaggedHash("umoja/raft-transfer/v1", network[:], binary.BigEndian.AppendUint64(nil, 0), []byte(to))`,
		Rule:    "a leader's word is for its own term",
	},
	// The commit guard.
	{
		Name: "filter-committed-replaced", File: "transport/guard.go", Line: `if !sameEntry(own, e) {`, Instead: `if own.Term != e.Term && own.Index != e.Index {`,
		Rule: "no committed entry is replaced",
	},
	{
		Name: "filter-committed-compared-by-term", File: "transport/guard.go",
		Line:    `return a.Index == b.Index && a.Term == b.Term && a.Type == b.Type && bytes.Equal(a.Data, b.Data) && bytes.Equal(a.Extensions, b.Extensions)`,
		Instead: `return a.Index == b.Index && a.Term == b.Term && a.Type == b.Type && len(a.Data) == len(b.Data) && bytes.Equal(a.Extensions, b.Extensions)`,
		Rule:    "entries are compared by what is in them",
	},
	{
		Name: "filter-commit-falls", File: "transport/filter.go", Line: `f.committed = max(f.committed, commit)`, Instead: `f.committed = commit`,
		Rule: "what was committed stays so, whatever raft says later",
	},
	{
		Name: "filter-guard-never-reset", File: "transport/answer.go", Line: `f.ResetCommitGuard() // The log is gone, and the snapshot may be older: its store decides by what is final.`,
		Instead: ``, Rule: "after a snapshot the guard begins anew",
	},
	// Entries.
	{
		Name: "filter-entry-gap", File: "transport/rules.go", Line: `if e.Index != index+1 || e.Index == 0 {`, Instead: `if e.Index <= index || e.Index == 0 {`,
		Rule: "entries follow one another without a gap",
	},
	{
		Name: "filter-entry-term-falls", File: "transport/rules.go", Line: `if e.Term == 0 || e.Term < term || e.Term > r.Term {`,
		Instead: `if e.Term == 0 || e.Term > r.Term {`, Rule: "terms of entries do not fall",
	},
	{
		Name: "filter-entry-of-later-term", File: "transport/rules.go", Line: `if e.Term == 0 || e.Term < term || e.Term > r.Term {`,
		Instead: `if e.Term == 0 || e.Term < term {`, Rule: "no entry is of a later term than its append",
	},
	{
		Name: "filter-entry-type", File: "transport/rules.go", Line: `return fmt.Errorf("%w: entry %d is of type %d", ErrEntryType, e.Index, uint8(e.Type))`,
		Instead: `return nil`, Rule: "only kinds of entries that are known reach raft",
	},
	{
		Name: "vote-by-the-own-log", File: "transport/local.go", Line: `return []byte(f.local.VotesAs(candidate))`, Instead: `return []byte(candidate)`,
		Rule: "who was away while raft's members changed votes for those who have the vote now",
	},
	{
		Name: "append-ends-anywhere", File: "transport/server.go", Line: `ends := len(a.Entries) == 0 && a.PrevLogEntry == answer.LastLog && a.LeaderCommitIndex >= a.PrevLogEntry`,
		Instead: `ends := len(a.Entries) == 0 && a.LeaderCommitIndex >= a.PrevLogEntry`, Rule: "a leader that compares logs has more",
	},
	{
		Name: "append-ends-uncommitted", File: "transport/server.go", Line: `ends := len(a.Entries) == 0 && a.PrevLogEntry == answer.LastLog && a.LeaderCommitIndex >= a.PrevLogEntry`,
		Instead: `ends := len(a.Entries) == 0 && a.PrevLogEntry == answer.LastLog`, Rule: "what is not committed cannot have been applied",
	},
	{
		Name: "filter-first-entry", File: "transport/rules.go", Line: `if e.Index == 1 && e.Type != raft.LogConfiguration {`, Instead: `if e.Index == 1 && e.Type == 0xff {`,
		Rule: "the first entry names raft's members",
	},
	{
		Name: "filter-short-stands", File: "transport/answer.go", Line: `if f.local.Short != nil && f.local.Short() {`, Instead: `if f.local.Short == nil {`,
		Rule: "who must not be elected asks for no votes",
	},
	{
		Name: "filter-configuration-unapproved", File: "transport/rules.go", Line: `if err := f.approve(configuration); err != nil {`,
		Instead: `if err := f.approve(configuration); err != nil && len(configuration.Servers) == 0 {`, Rule: "raft is configured as governance decided",
	},
	{
		Name: "filter-entries-without-bound", File: "transport/rules.go", Line: `if len(r.Entries) > f.maxEntries {`, Instead: `if false {`,
		Rule: "an append has a number of entries at most",
	},
	{
		Name: "filter-bytes-without-bound", File: "transport/rules.go", Line: `if size > room {`, Instead: `if size > f.maxEntryBytes {`,
		Rule: "the entries of an append together have a size at most",
	},
	// Rates.
	{
		Name: "filter-votes-without-rate", File: "transport/limits.go", Line: `deedVote:     {l.Election, 4},`, Instead: `deedVote: {1, 1 << 40},`,
		Rule: "a peer asks for so many votes",
	},
	{
		Name: "filter-refusals-without-rate", File: "transport/filter.go", Line: `f.limiter.take(now, peer, deedRefused, 1)`, Instead: `_ = now`,
		Rule: "who is refused too often is not looked at",
	},
	{
		Name: "filter-snapshots-without-rate", File: "transport/filter.go", Line: `return f.take(now, peer, deedSnapshot, 1, "snapshots")`, Instead: `return nil`,
		Rule: "a peer sends a snapshot now and then",
	},
	{
		Name: "filter-fed-without-rate", File: "transport/answer.go", Line: `if err := f.take(now, peer, deedFed, 1, "snapshots to "+peer); err != nil {`,
		Instead: `if peer == "" { var err error`, Rule: "who says that it has nothing is sent a snapshot now and then",
	},
	{
		Name: "filter-bytes-without-rate", File: "transport/filter.go", Line: `return f.take(now, peer, deedBytes, entryBytes(c), "bytes")`, Instead: `return nil`,
		Rule: "a peer sends so many bytes",
	},
	{
		Name: "filter-terms-without-rate", File: "transport/answer.go", Line: `if believed > max(local, base) && !f.limiter.take(now, peer, deedTerm, 1) {`,
		Instead: `if believed > max(local, base) && peer == "" {`, Rule: "one peer's answers depose a leader now and then",
	},
	// Snapshots.
	{
		Name: "filter-snapshot-uncertified", File: "transport/rules.go",
		Line:    `if r.LastLogIndex > f.commit && r.LastLogIndex-f.commit > indexWindow {`,
		Instead: `if false {`, Rule: "a snapshot ends where a log can end",
	},
	{
		Name: "filter-snapshot-huge", File: "transport/rules.go", Line: `if r.Size < 0 || r.Size > f.maxSnapshotBytes {`, Instead: `if r.Size < 0 {`,
		Rule: "a snapshot has a size at most",
	},
	{
		Name: "filter-snapshot-longer", File: "transport/install.go", Line: `if want := min(left, frameBytes); int64(len(data.Data)) != want {`,
		Instead: `if want := min(left, frameBytes); int64(len(data.Data)) < want {`, Rule: "a snapshot is as long as was announced",
	},
	{
		Name: "filter-snapshot-slow", File: "transport/install.go", Line: `return nil, ErrSlow`, Instead: `late.Reset(f.timeout); return f.next(ctx)`,
		Rule: "a peer does not hold raft by sending little",
	},
	// What is not decoded.
	{
		Name: "filter-panic", File: "transport/rules.go", Line: `if r := recover(); r != nil {`, Instead: `if r := any(nil); r != nil {`,
		Rule: "a configuration that does not decode ends no node",
	},
	{
		Name: "filter-type-wraps", File: "transport/rules.go", Line: `case raft.LogCommand, raft.LogNoop, raft.LogBarrier:`,
		Instead: `case raft.LogCommand, raft.LogNoop, raft.LogBarrier, raft.LogAddPeerDeprecated, raft.LogRemovePeerDeprecated:`, Rule: "old kinds of entries do not reach raft",
	},
	// Leaders that are complained of.
	{
		Name: "filter-dropped-leads", File: "transport/filter.go", Line: `approve: f.local.Approve, dropped: f.dropped.has(peer, now),`,
		Instead: `approve: f.local.Approve,`,
		Rule:    "who is dropped neither leads nor is elected",
	},
}
