//go:build sabotage

package sabotage_test

import "github.com/umoja-ledger/umoja/ledger/sabotage"

// resynced is the way back of a validator that was fed a lie.
var resynced = []sabotage.Sabotage{
	{
		Name: "node-resync-not-asked", File: "fsm.go", Line: `if errors.Is(err, errNoStart) {`, Instead: `if errors.Is(err, errNoStart) && n == nil {`,
		Rule: "whose tree lacks the start of an epoch goes back",
	},
	{
		Name: "node-resync-applies-on", File: "fsm.go", Line: `if n.failed() || n.suspended.Load() {`, Instead: `if n.failed() {`,
		Rule: "while a resync is to come nothing is applied",
	},
	{
		Name: "node-resync-snapshot", File: "fsm.go", Line: `if f.node.failed() || f.node.suspended.Load() {`, Instead: `if f.node.failed() {`,
		Rule: "while a resync is to come no snapshot is captured",
	},
	{
		Name: "node-resync-not-persisted", File: "resync.go", Line: `if err := writeFile(filepath.Join(n.dir, resyncFile), []byte(to)); err != nil {`,
		Instead: `if err := error(nil); err != nil && to == "" {`, Rule: "the target is on disk before anything is undone",
	},
	{
		Name: "node-resync-forever", File: "rewind.go", Line: `if err := os.Remove(path); err != nil {`, Instead: `if err := error(nil); err != nil {`,
		Rule: "a resync that has ended is not done again",
	},
	{
		Name: "node-resync-state-stays", File: "rewind.go",
		Line:    `if err := n.disk.run(func() error { return n.store.Rollback(n.store.Floor().Batch) }); err != nil {`,
		Instead: `if err := error(nil); err != nil {`, Rule: "what is not final is undone",
	},
	{
		Name: "node-resync-log-stays", File: "rewind.go", Line: `return n.raftLog.DeleteRange(max(first, keep+1), last)`, Instead: `_ = first; return nil`,
		Rule: "the entries of the lie are cut off",
	},
	{
		Name: "node-resync-log-below-state", File: "rewind.go", Line: `keep = max(keep, n.store.FloorMade())`, Instead: `keep = max(keep, 1)`,
		Rule: "the log is not cut below what made the state, unless the state is rewound",
	},
	{
		Name: "node-resync-never-deep", File: "resync.go", Line: `to = to.deeper()`,
		Instead: `to = to + ""`, Rule: "the lie may be older than what is final",
	},
	{
		Name: "node-resync-endlessly", File: "resync.go", Line: `if again && time.Since(a.last) < resyncPause {`, Instead: `if again && a.due {`,
		Rule: "a node that gains nothing by it does not resync all the time",
	},
	{
		Name: "node-resync-at-a-late-log", File: "resync.go", Line: `if s != nil && time.Since(s.since) > suspectPatience {`, Instead: `if s != nil {`,
		Rule: "a log that is late is no lie",
	},
	{
		Name: "node-resync-on-a-liars-word", File: "resync.go",
		Line:    `if n.astray.dispute.lasts(time.Now(), suspectPatience) && proved.Proved > head.Size {`,
		Instead: `if n.astray.dispute.lasts(time.Now(), suspectPatience) && head.Size > 0 {`, Rule: "a leader alone makes nobody forget anything",
	},
	{
		Name: "node-resync-on-a-gap", File: "resync.go",
		Line:    `if n.astray.gap.Load() && proved.Proved > head.Size {`,
		Instead: `if n.astray.gap.Load() && head.Size > 0 {`, Rule: "a batch out of place alone makes nobody forget anything",
	},
	{
		Name: "node-resync-seals", File: "node.go", Line: `defer n.turns.sealing.Unlock()`, Instead: `n.turns.sealing.Unlock()`,
		Rule: "nothing becomes final while a resync takes it back",
	},
	{
		Name: "node-resync-stands", File: "resync.go", Line: `return at.Sub(a.standsSince) > standPatience`, Instead: `return false`,
		Rule: "who stands still while more is final goes back",
	},
	{
		Name: "node-resync-stands-at-once", File: "resync.go", Line: `if !now || a.standsSince.IsZero() || a.standsAt != size {`, Instead: `if !now || a.standsSince.IsZero() {`,
		Rule: "who gets batches is late, and not astray",
	},
	{
		Name: "node-resync-stands-with-nothing", File: "resync.go", Line: `if n.astray.stands(head.Size, n.store.Pending() > 0 && head.Size < proved.Proved && !n.snapshots.coming(), time.Now()) {`,
		Instead: `if n.astray.stands(head.Size, head.Size < proved.Proved && !n.snapshots.coming(), time.Now()) {`, Rule: "who has only what is final waits",
	},
	{
		Name: "node-resync-never-exhausted", File: "resync.go", Line: `if n.astray.exhausted.lasts(time.Now(), standPatience) && !n.snapshots.coming() {`,
		Instead: `if n.store == nil {`, Rule: "who has all of a leader's log, and not what is final, goes back",
	},
	{
		Name: "node-resync-exhausted-by-all", File: "resync.go", Line: `if head.Size >= proved.Proved {`, Instead: `if n.store == nil {`,
		Rule: "who is not behind was sent all of the log long ago, and is only late for a moment",
	},
	{
		Name: "node-resync-exhausted-while-it-comes", File: "dispute.go", Line: `if a.Taken && a.Ends {`, Instead: `if a.Taken {`,
		Rule: "who is being sent the log waits for its end, whatever becomes of its entries",
	},
	{
		Name: "node-resync-exhausted-once", File: "resync.go", Line: `a.exhausted.over()`, Instead: ``,
		Rule: "after a resync the log has its time again to come",
	},
	{
		Name: "node-foresees-nothing", File: "membership.go", Line: `n.foresee(res.GetFinalCheckpoint())`, Instead: ``,
		Rule: "who missed the first batch of a set hears that more is final",
	},
	{
		Name: "node-foresees-of-any-set", File: "proved.go", Line: `if m := n.reignNow(); m.coming.Hash() != f.by && m.reign.Validators.Hash() != f.by { // Finality hears it anew when the set has begun.`,
		Instead: `if n.store == nil {`, Rule: "what a set has made final counts while it is to come, or reigns",
	},
	{
		Name: "node-foreseen-is-forgotten", File: "proved.go", Line: `if m := n.reignNow(); m.coming.Hash() != f.by && m.reign.Validators.Hash() != f.by { // Finality hears it anew when the set has begun.`,
		Instead: `if m := n.reignNow(); m.coming.Hash() != f.by {`, Rule: "what was proved before a set began is proved after it",
	},
	{
		Name: "node-resync-exhausted-while-applied", File: "fsm.go", Line: `n.astray.exhausted.over() // What raft has may be long on its way here.`, Instead: ``,
		Rule: "a validator that is slow has not missed anything",
	},
	{
		Name: "node-resync-exhausted-while-void", File: "fsm.go", Line: `n.astray.exhausted.over()`, Instead: ``,
		Rule: "void batches take their time too",
	},
	{
		Name: "node-resync-later-epoch", File: "resync.go", Line: `if at.Epoch <= n.store.Head().Epoch {`, Instead: `if at.Epoch > 0 {`,
		Rule: "a tree of a later epoch may be still to come",
	},
	{
		Name: "node-nothing-not-written", File: "rewind.go", Line: `if err := n.keepLeast(); err != nil {`, Instead: `if err := error(nil); err != nil {`,
		Rule: "who begins with nothing can go back to the least place",
	},
	{
		Name: "node-nothing-for-ever", File: "nothing.go", Line: `if long {`, Instead: `if long && n.store == nil {`,
		Rule: "who is sent nothing to begin with goes back to the least place",
	},
	{
		Name: "node-nothing-at-once", File: "nothing.go", Line: `long := !a.idle.IsZero() && time.Since(a.idle) > resyncPause`, Instead: `long := !a.idle.IsZero()`,
		Rule: "who has nothing waits for a leader's snapshot",
	},
	{
		Name: "node-nothing-no-more", File: "nothing.go", Line: `if newest, err := n.snapshots.newest(); err != nil || newest > 0 || n.store.Pending() > 0 {`,
		Instead: `if newest, err := n.snapshots.newest(); err != nil || newest > 0 {`, Rule: "who may have attested what was sent does not go to the least place",
	},
	{
		Name: "node-nothing-though-a-log-comes", File: "nothing.go", Line: `if leader != "" && last > n.store.Floor().Batch {`, Instead: `if leader == "nobody" && last > n.store.Floor().Batch {`,
		Rule: "who was sent the log gives nothing up",
	},
	{
		Name: "node-nothing-but-an-entry", File: "nothing.go", Line: `if leader != "" && last > n.store.Floor().Batch {`, Instead: `if leader != "" {`,
		Rule: "who is sent the beginning of a log and heartbeats goes back to the least place",
	},
	{
		Name: "node-nothing-by-drops", File: "nothing.go", Line: `} else if a.idle.IsZero() || last > a.idleAt+n.store.Floor().Batch/growth {`, Instead: `} else if a.idle.IsZero() || last > a.idleAt {`,
		Rule: "who is sent an entry now and then goes back to the least place",
	},
	{
		Name: "node-nothing-while-it-comes", File: "nothing.go", Line: `} else if a.idle.IsZero() || last > a.idleAt+n.store.Floor().Batch/growth {`, Instead: `} else if a.idle.IsZero() {`,
		Rule: "who is being sent the log waits for it",
	},
	{
		Name: "node-least-of-what-was-sent", File: "nothing.go", Line: `if _, kept, err := n.keptLeast(); err != nil || kept {`, Instead: `if _, kept, err := n.keptLeast(); err != nil || kept && n.store == nil {`,
		Rule: "what somebody sent does not change the least place that was written down",
	},
	{
		Name: "node-nothing-behind-entries", File: "nothing.go", Line: `if err := n.raftLog.clear(); err != nil {`, Instead: `if err := error(nil); err != nil {`,
		Rule: "nothing of a log that nobody goes on with stays before the least place",
	},
	{
		Name: "node-short-stands", File: "open.go", Line: `OnEmptyLog: n.sendsAll, Stale: n.astray.tail.Load, Short: n.short, HasVote: n.votes, OnAppend: n.appended,`,
		Instead: `OnEmptyLog: n.sendsAll, Stale: n.astray.tail.Load, HasVote: n.votes, OnAppend: n.appended,`, Rule: "nobody is elected whose log lacks what is final",
	},
	{
		Name: "node-snapshot-of-no-batch", File: "arrival.go", Line: `if h.Head.Batch == 0 {`, Instead: `if h.Head.Size == 0 {`,
		Rule: "a place is given only with what can be proved",
	},
	{
		Name: "node-nothing-after-the-least", File: "nothing.go", Line: `return resyncNoPlace, errNoLog, nil`, Instead: `return "", nil, nil`,
		Rule: "who is where no leader's log goes on begins with nothing",
	},
	{
		Name: "node-nothing-instead-of-an-election", File: "nothing.go", Line: `if leader == "" || leader == n.name {`, Instead: `if n.name == "" {`,
		Rule: "who can be elected at the least place stays there",
	},
	{
		Name: "node-nothing-damaged", File: "nothing.go", Line: `if !format || !bytes.Equal(sum[:], raw[end:]) || json.Unmarshal(body, &b) != nil {`, Instead: `if !format || json.Unmarshal(body, &b) != nil || sum == [32]byte{} {`,
		Rule: "a damaged least place is none",
	},
	{
		Name: "node-first-entry-kept-from-raft", File: "givenlog.go", Line: `if index != 1 || l.node.given.Load() == 0 || !l.node.sends() {`, Instead: `if index != 1 || !l.node.sends() {`,
		Rule: "raft can read what it applies",
	},
	{
		Name: "node-nothing-after-a-lost-snapshot", File: "givenlog.go", Line: `n.emptyAt.CompareAndSwap(since, time.Now().UnixNano())`, Instead: ``,
		Rule: "who has nothing is sent a snapshot again when one was lost",
	},
	{
		Name: "node-snapshot-nowhere", File: "snapshot.go", Line: `if index, term = captured.Made(); index >= least {`, Instead: `if index, term = captured.Made(); index >= 0 {`,
		Rule: "who has its final batches as void entries can give them to others",
	},
	{
		Name: "node-snapshot-too-low", File: "fsm.go", Line: `if index, _ := f.node.store.Applied(); f.node.given.Load() < max(index, f.node.store.Head().Batch+1) {`,
		Instead: `if index, _ := f.node.store.Applied(); f.node.given.Load() < index {`,
		Rule:    "no snapshot is made at a place at which nobody takes it",
	},
	{
		Name: "node-place-believed", File: "dispute.go", Line: `if newest, err := n.snapshots.newest(); err == nil && a.Before > 0 && a.Before <= newest {`, Instead: `if n == nil {`,
		Rule: "who stands where no leader's log goes on gives that place up",
	},
	{
		Name: "node-place-given-up-for-any-refusal", File: "dispute.go", Line: `if newest, err := n.snapshots.newest(); err == nil && a.Before > 0 && a.Before <= newest {`, Instead: `if true {`,
		Rule: "an append that is refused behind the newest snapshot is raft's business",
	},
	{
		Name: "node-place-given-up-though-taken", File: "dispute.go", Line: `n.astray.misplaced.over()`, Instead: ``,
		Rule: "whoever takes a leader's append stands where the others do",
	},
	{
		Name: "node-place-over-what-is-attested", File: "dispute.go", Line: `if n.store.Pending() > 0 {`, Instead: `if n.store == nil {`,
		Rule: "what is not final is not forgotten for a leader's refused appends alone",
	},
	{
		Name: "node-place-least-after-a-start", File: "fsm.go", Line: `if err := f.node.tellBase(); err != nil {`, Instead: `if f.node.base.Store(0); f.node == nil {`,
		Rule: "a snapshot made at the least place is one for who takes it",
	},
	{
		Name: "node-nothing-over-what-came", File: "rewind.go", Line: `case resyncNoPlace: // What came meanwhile may be attested, and nothing of it would be kept aside.`, Instead: `case "?":`,
		Rule: "what came meanwhile is not cut",
	},
}
