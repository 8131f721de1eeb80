//go:build sabotage

package sabotage_test

import "github.com/umoja-ledger/umoja/ledger/sabotage"

// nodeRuns are the tests of package consensus that should notice first, by file.
var nodeRuns = map[string]string{
	"epoch.go": "Epoch|TakenBack|Opening|Void|Headers|ReadsWhile", "opening.go": "Epoch|Opening|TakenBack", "fsm.go": "WhoHasAll|WhatWasVoid|TheLeastPlaceThat|Void|Epoch|Resync|Fed|Replayed",
	"resync.go": "Resync|Fed|ALateLog|AnotherTree|Dispute|Vanish|ATail|PutBacksDo|WhoStands|WhoHasAll|NothingIsSealed|TailKeeps|TailIs|BehindALog",
	"rewind.go": "Resync|APlaceIsKept|Nothing|Fed|Aside|PutBack|BatchBeforeTheOne", "aside.go": "Aside|PutBack|SaysNothing|Vanish", "asidefile.go": "Damage|Aside",
	"base.go": "Spare|Base|PutBack|Overrun|AheadOfItsLog|Place|Snapshot|Least|Damaged", "dispute.go": "WhoHasAll|APlaceThat|WhoseAppends|Dispute|Carrier|SaysNothing|Fed", "certified.go": "StartsHere|Lacking|PutBack|Vanish", "evidence.go": "Evidence|Headers", "headers.go": "Evidence|Headers",
	"packer.go": "TakenBack|Held|OneBatch|Clock|Epoch|Grant|WasFed", "clock.go": "Held|Clock|Stands|Early|Overdue|TimeOf", "snapshot.go": "Snapshot|WhatWasVoid", "arrival.go": "Snapshot|PlaceToo", "nothing.go": "Nothing|APlaceIsKept|NobodyHas|WhoHasSomething|WhoIsSent|LeastPlaceWithout|HeartbeatsAre|ALogThat",
	"storage.go": "FailStop|Cut|Stall|Grown|Damaged", "givenlog.go": "LogBegins|StuckBehind|FromALeaders|ReadsItsFirst|ALostSnapshot", "trailing.go": "LogBegins|CutByBytes|GrownLog|SmallLog|ALargeSnapshot|LogIsCut", "entrysum.go": "Entries|Damaged", "open.go": "HandedOver|Lost|CommittedBefore|Fed|NotInstalled|StuckBehind|NobodyHas", "uninstalled.go": "NotInstalled|AsNothing|HoldsPending|SpareSnapshot", "node.go": "Fed|Epoch|Checkpoint|NothingIsSealed", "read.go": "Read|Standings|Receipt|Expiry",
	"forward.go": "ARefusalIsNot|Forward", "overruled.go": "LeadersWord|ARefusalIsNot", "submit.go": "TakenIsNot", "orders.go": "Orders", "forwarded.go": "Forward|UntilTheAnswer", "level.go": "Levelling|LevelFirst", "complain.go": "Dropped|Offer|Complaint|Undone", "proved.go": "Holds|WasFed|ForgedBatch|Foresee", "membership.go": "AMissedFirst|Replaced", "reconfigure.go": "Approve|Votes|Patient|Hears|FourSevenFour|Replaced",
	"voters.go":  "VotedFor|Enough|Fewest|Followed|Votes|Suffrage|Known|FourSevenFour|Replaced",
	"checker.go": "Check|Verif|SignaturesOf",
}

// governed is who is a member of raft, by what the ledger says.
var governed = []sabotage.Sabotage{
	{
		Name: "members-by-liars", File: "voters.go", Line: `return max(majority(fewest), liars+1)`, Instead: `return majority(fewest)`,
		Rule: "votes of f liars elect nobody",
	},
	{
		Name: "members-handed-over-to", File: "open.go", Line: `OnEmptyLog: n.sendsAll, Stale: n.astray.tail.Load, Short: n.short, HasVote: n.votes, OnAppend: n.appended,`,
		Instead: `OnEmptyLog: n.sendsAll, Stale: n.astray.tail.Load, Short: n.short, OnAppend: n.appended,`, Rule: "who has no vote yet does not stand because a leader says so",
	},
	{
		Name: "forward-refusal-believed", File: "overruled.go", Line: `return n.judge(ctx, signed, refusal)`, Instead: `return said`,
		Rule: "nobody is told that a payment is refused because one leader says so",
	},
	{
		Name: "forward-judged-behind", File: "overruled.go", Line: `if n.progress.until(within, func() (bool, error) { return n.holds(final), nil }) != nil {`, Instead: `if final.size == 0 && within.Err() != nil {`,
		Rule: "a validator that lacks what is final refuses nothing for want of it",
	},
	{
		Name: "forward-expiry-believed", File: "overruled.go", Line: `case errors.Is(said, ErrExpired) && signed.Body.ExpiresAtUnixMs <= max(n.nowUnixMs(), n.store.Head().TimeUnixMs)+maxAheadMs:`,
		Instead: `case errors.Is(said, ErrExpired):`, Rule: "a payment has not expired because one leader says so",
	},
	{
		Name: "forward-word-unweighed", File: "forward.go", Line: `return Status{}, n.weigh(ctx, signed, err)`, Instead: `return Status{}, err`,
		Rule: "nobody is told that a payment is refused because one leader says so",
	},
	{
		Name: "forward-place-given-early", File: "forwarded.go", Line: `if all[i], errs[i] = n.packer.enqueue(s, 0, func() { n.forwarded.leave(g, 1) }); errs[i] != nil {`,
		Instead: `if all[i], errs[i] = n.packer.enqueue(s, 0, nil); true {`, Rule: "one validator fills no more than its part of the leader's queue",
	},
	{
		Name: "submit-taken-forgotten", File: "submit.go", Line: `if full && n.pause(ctx, leisure) == nil {`, Instead: `if full && n.ctx == nil {`,
		Rule: "what was taken is brought until it has an outcome",
	},
	{
		Name: "orders-of-ids", File: "orders.go", Line: `if o := s.byEnvelope[signed.EnvelopeHash()]; o != nil && o.background {`,
		Instead: `if s.envelopes[signed.ID()] > 0 {`, Rule: "a stranger's signature keeps no payment from being brought",
	},
	{
		Name: "node-level-by-slow-rounds", File: "level.go", Line: `short := now.Sub(l.since) <= levelRound`, Instead: `short := !now.Before(l.since)`,
		Rule: "clients are let at a node that has caught up, not at one that catches up",
	},
	{
		Name: "node-level-unapplied", File: "level.go", Line: `if !applied(l.aim) {`, Instead: `if l.aim == 0 {`,
		Rule: "a node is level with what it has applied, not with what it was told",
	},
	{
		Name: "members-come-unvoted", File: "voters.go", Line: `return voters[0]`, Instead: `return candidate`,
		Rule: "who is in a set is voted for, whatever the own log says of its vote",
	},
	{
		Name: "members-strangers-voted-for", File: "voters.go", Line: `if _, in := n.reignNow().reign.Validators.Find(candidate); in {`, Instead: `if n.store != nil {`,
		Rule: "who is not in the set that reigns is left to raft",
	},
	{
		Name: "members-voted-for-at-once", File: "voters.go", Line: `if len(voters) == 0 || slices.Contains(voters, candidate) || time.Since(time.Unix(0, n.ledAt.Load())) < lonePatience {`,
		Instead: `if len(voters) == 0 || slices.Contains(voters, candidate) {`, Rule: "a newcomer is not elected before it has its vote, unless nobody else is",
	},
	{
		Name: "members-between-sets", File: "voters.go", Line: `fewest = min(fewest, len(set))`, Instead: `fewest = max(fewest, len(set))`,
		Rule: "who is behind takes a leader whom the smallest set on the way elects",
	},
	{
		Name: "members-not-followed", File: "voters.go", Line: `return len(in) >= m.reign.Validators.Quorum()`, Instead: `return len(in) > 0`,
		Rule: "a set begins when raft has followed the one before",
	},
	{
		Name: "members-down-to-one", File: "voters.go", Line: `return len(voters) > len(set)`, Instead: `return len(voters) > 1`,
		Rule: "raft keeps as many votes as there are validators",
	},
	{
		Name: "members-without-a-vote", File: "reconfigure.go", Line: `if _, in := set.Find(v); in && !slices.Contains(voters, v) {`,
		Instead: `if _, in := set.Find(v); in && len(voters) == 0 {`, Rule: "a leader takes no vote from a validator of the set",
	},
	{
		Name: "members-of-no-set", File: "reconfigure.go", Line: `if _, in := set.Find(string(s.ID)); !in && !slices.Contains(before, string(s.ID)) {`,
		Instead: `if _, in := set.Find(string(s.ID)); !in && len(before) == 0 {`, Rule: "nobody is a member of raft but by a ballot",
	},
	{
		Name: "members-known-twice", File: "voters.go", Line: `comes = comes && c.Set.Hash() != m.coming.Hash()`, Instead: `comes = comes && true`,
		Rule: "a set that comes is known once",
	},
	{
		Name: "members-end-at-once", File: "reconfigure.go", Line: `return alone <= removedPatience || n.votes() && alone <= unheardPatience`,
		Instead: `return alone <= removedPatience`, Rule: "who has left waits for its network while its log counts its vote",
	},
	{
		Name: "members-end-never", File: "reconfigure.go", Line: `return alone <= removedPatience || n.votes() && alone <= unheardPatience`,
		Instead: `return alone <= removedPatience || n.votes()`, Rule: "who was away when raft let it go ends by itself",
	},
	{
		Name: "members-heard-by-nobody", File: "reconfigure.go", Line: `if v.Name == n.name {`,
		Instead: `if v.Name != n.name {`, Rule: "who has left stays while it is heard",
	},
	{
		Name: "members-heard-by-who-refuses", File: "reconfigure.go", Line: `case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Unauthenticated:`,
		Instead: `case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:`, Rule: "who has left and is refused is not heard",
	},
}

// opened is the opening of epochs: what it takes back, and what it must not.
var opened = []sabotage.Sabotage{
	{
		Name: "node-epoch-back-too-far", File: "epoch.go", Line: `return n.undo(at.Batch)`, Instead: `return n.undo(n.store.Floor().Batch)`,
		Rule: "an epoch takes back what is above its start, and no more",
	},
	{
		Name: "node-epoch-nothing-back", File: "epoch.go", Line: `return n.undo(at.Batch)`, Instead: `return nil`,
		Rule: "an epoch goes on from its start",
	},
	{
		Name: "node-epoch-of-before", File: "epoch.go", Line: `return len(b.Header.EpochChange) > 0 && b.Header.Epoch > head.Epoch`,
		Instead: `return len(b.Header.EpochChange) > 0 && b.Header.Epoch >= head.Epoch`, Rule: "an epoch is opened once",
	},
	{
		Name: "node-epoch-votes-unchecked", File: "epoch.go", Line: `if err := c.Verify(n.network, reign.Validators); err != nil {`,
		Instead: `if err := c.Verify(n.network, reign.Validators); err != nil && len(c.Votes) == 0 {`, Rule: "q validators have voted for an epoch",
	},
	{
		Name: "node-epoch-leader-unchecked", File: "epoch.go", Line: `if err := b.VerifyLeader(leader.PublicKey()); err != nil {`,
		Instead: `if err := b.VerifyLeader(leader.PublicKey()); err != nil && !ok {`, Rule: "only the leader that signed opens an epoch",
	},
	{
		Name: "node-epoch-with-payments", File: "epoch.go", Line: `case len(b.Envelopes) > 0:`, Instead: `case len(b.Envelopes) > 1:`,
		Rule: "a batch that opens an epoch carries nothing else",
	},
	{
		Name: "node-epoch-of-another-number", File: "epoch.go", Line: `case c.Epoch != b.Header.Epoch:`, Instead: `case c.Epoch > b.Header.Epoch:`,
		Rule: "the votes are for the epoch that is opened",
	},
	{
		Name: "node-epoch-old-certificate", File: "epoch.go", Line: `if start.Size == 0 || start.Epoch < head.Epoch {`, Instead: `if start.Size == 0 {`,
		Rule: "what was certified before the epoch in force was given up when that was opened",
	},
	{
		Name: "node-epoch-start-unknown", File: "epoch.go", Line: `if start.Epoch > head.Epoch || start.Size > head.Size {`, Instead: `if start.Size > head.Size {`,
		Rule: "a start of an epoch that this log does not know is in another log",
	},
	{
		Name: "node-epoch-start-of-another-tree", File: "epoch.go", Line: `return s, err == nil && root == start.Root, err`, Instead: `return s, err == nil && root != [32]byte{}, err`,
		Rule: "an epoch starts at the tree that was certified, not at one of its size",
	},
	{
		Name: "node-epoch-below-final", File: "epoch.go",
		Line:    `if floor := n.store.Floor(); found && at.Size < floor.Size || !found && c.Start().Size < floor.Size {`,
		Instead: `if floor := n.store.Floor(); !found && c.Start().Size < floor.Size {`, Rule: "what is final is never taken back",
	},
	{
		Name: "node-epoch-other-final", File: "epoch.go",
		Line:    `if floor := n.store.Floor(); found && at.Size < floor.Size || !found && c.Start().Size < floor.Size {`,
		Instead: `if floor := n.store.Floor(); found && at.Size < floor.Size {`, Rule: "who is shown another final history ends, and does not choose",
	},
	{
		Name: "node-epoch-batch-elsewhere", File: "epoch.go", Line: `if err := at.follows(b.Header); err != nil {`,
		Instead: `if err := at.follows(b.Header); err != nil && at.Size == 0 {`, Rule: "nothing is taken back for a batch that does not go on there",
	},
	{
		Name: "node-epoch-time-back", File: "epoch.go", Line: `if h.Number != s.Batch+1 || h.PreviousHash != s.hash || h.TimeUnixMs < s.TimeUnixMs {`,
		Instead: `if h.Number != s.Batch+1 || h.PreviousHash != s.hash {`, Rule: "ledger time does not go back before the start",
	},
	{
		Name: "node-epoch-outcomes-stay", File: "epoch.go", Line: `n.outcomes.clear()`, Instead: ``,
		Rule: "nobody is told that a payment is accepted that was taken back",
	},
	{
		Name: "node-epoch-pending-stays", File: "epoch.go", Line: `n.pending.undone(n.store.Head().Size)`, Instead: ``,
		Rule: "what was taken back is open again",
	},
	{
		Name: "node-epoch-reads-torn", File: "epoch.go", Line: `n.turns.begin() // What was read before may not be there any more.`, Instead: `n.turns.ended.Add(^uint64(0))`,
		Rule: "a reader that looked in several steps knows that batches were taken back between",
	},
	{
		Name: "node-epoch-opened-again", File: "opening.go", Line: `if head := n.store.Head(); c.Epoch <= head.Epoch {`, Instead: `if head := n.store.Head(); c.Epoch < head.Epoch {`,
		Rule: "a leader does not open what is open",
	},
	{
		Name: "node-epoch-payments-lost", File: "opening.go", Line: `return p.recall()`, Instead: `return nil`,
		Rule: "the leader packs again what an epoch took back",
	},
	{
		Name: "node-epoch-payments-lost-by-next", File: "packer.go", Line: `if err := p.recall(); err != nil {`, Instead: `if err := error(nil); err != nil {`,
		Rule: "so does the next leader, by the log",
	},
	{
		Name: "node-epoch-recorded-packed-again", File: "opening.go", Line: `if status.Stage < Accepted {`, Instead: `if status.Stage <= Final {`,
		Rule: "what is recorded is not packed again",
	},
	{
		Name: "node-batch-of-another-term", File: "fsm.go",
		Line:    `} else if n.saw(batch.Header, checkpoint.SignedHeader{Header: batch.RawHeader(), Signature: batch.Signature}); batch.Header.Term != entry.Term {`,
		Instead: `} else if n.saw(batch.Header, checkpoint.SignedHeader{Header: batch.RawHeader(), Signature: batch.Signature}); batch.Header.Term > entry.Term {`,
		Rule:    "a batch is void in another term than its own, or honest leaders could be framed with it",
	},
}

// proved is evidence.
var proved = []sabotage.Sabotage{
	{
		Name: "node-evidence-unverified", File: "evidence.go", Line: `if kept, err = s.verify(e.Ordered(s.network).Encode()); err != nil {`,
		Instead: `if kept, err = s.verify(e.Ordered(s.network).Encode()); err != nil && kept.Raw == nil {`, Rule: "nobody is accused by what proves nothing",
	},
	{
		Name: "node-evidence-disordered", File: "evidence.go", Line: `if kept, err = s.verify(e.Ordered(s.network).Encode()); err != nil {`,
		Instead: `if kept, err = s.verify(e.Encode()); err != nil {`, Rule: "two statements make one evidence, in whatever order they came",
	},
	{
		Name: "node-evidence-not-written", File: "evidence.go",
		Line:    `if err := writeFile(filepath.Join(s.dir, hex.EncodeToString(kept.Hash[:])+evidenceSuffix), kept.Raw); err != nil {`,
		Instead: `if err := error(nil); err != nil {`, Rule: "evidence outlives the process",
	},
	{
		Name: "node-evidence-unbounded", File: "evidence.go", Line: `if len(s.kept) >= maxEvidence || against >= maxEvidenceOf {`,
		Instead: `if len(s.kept) >= maxEvidence {`, Rule: "one liar does not take the room of all",
	},
	{
		Name: "node-evidence-planted", File: "evidence.go", Line: `if e, err := s.verify(raw); err == nil {`, Instead: `if e, _ := s.verify(raw); e.Raw != nil {`,
		Rule: "a file that does not verify is passed over",
	},
	{
		Name: "node-headers-unsigned", File: "headers.go",
		Line:    `if known && bytes.Equal(first.Header, header.Header) || tx.VerifyHeader(n.network, header.Header, header.Signature, leader.PublicKey()) != nil {`,
		Instead: `if known && bytes.Equal(first.Header, header.Header) {`, Rule: "a header that its leader did not sign takes no place",
	},
	{
		Name: "node-headers-of-all-terms", File: "headers.go", Line: `at := batchPlace{h.Leader, h.Epoch, h.Term, h.Number}`,
		Instead: `at := batchPlace{h.Leader, h.Epoch, 1, h.Number}`, Rule: "each term is a place of its own",
	},
	{
		Name: "node-headers-not-compared", File: "epoch.go", Line: `n.doubt(n.store.Head().Epoch, at.Batch+1)`, Instead: ``,
		Rule: "after an epoch was opened validators compare what they got",
	},
	{
		Name: "node-headers-not-asked-for", File: "headers.go",
		Line: `return h, err == nil && h.Epoch == p.epoch && h.Number >= p.number`, Instead: `return h, err == nil && h.Epoch == p.epoch`, Rule: "an answer holds what was asked for, and drives out nothing",
	},
	{
		Name: "node-headers-unbounded", File: "headers.go", Line: `return h.asked[peer].Allow()`,
		Instead: `return h.asked[peer] != nil`, Rule: "a peer asks only so often",
	},
}

// packed is what a leader may pack.
var packed = []sabotage.Sabotage{
	{
		Name: "node-pack-signs-twice", File: "packer.go", Line: `if place == p.signed {`, Instead: `if place == p.signed && number == 0 {`,
		Rule: "an honest leader signs one batch for a place",
	},
	{
		Name: "node-pack-early", File: "packer.go",
		Line:    `return p.node.store.Pending() >= maxTentative || p.node.early(p.node.store.Head().TimeUnixMs)`,
		Instead: `return p.node.store.Pending() >= maxTentative`, Rule: "nothing is packed on a time that nobody attests",
	},
	{
		Name: "node-pack-unbounded", File: "packer.go",
		Line:    `return p.node.store.Pending() >= maxTentative || p.node.early(p.node.store.Head().TimeUnixMs)`,
		Instead: `return p.node.early(p.node.store.Head().TimeUnixMs)`, Rule: "so much is tentative and no more",
	},
	{
		Name: "node-read-at-who-was-fed", File: "proved.go", Line: `if n.store.Head().Size < p.size {`, Instead: `if n.store.Head().Size >= p.size {
		return true
	} else if n.term() > 0 {
		return true`, Rule: "a leader that lacks what is final tells nobody what is accepted",
	},
	{
		Name: "node-read-of-what-is-taken-back", File: "proved.go", Line: `return ok && root == p.root`, Instead: `return !ok || root == p.root`,
		Rule: "nobody reads a batch that is being taken back",
	},
	{
		Name: "node-leads-though-fed", File: "packer.go", Line: `if p.unfit.Load() == term {`, Instead: `if p.unfit.Load() == term+1 {`,
		Rule: "a leader that lacks what is final gives its term up",
	},
	{
		Name: "node-attest-early", File: "clock.go", Line: `return err == nil && h.Size == size && !n.early(h.TimeUnixMs) && !n.leavesOutOverdue()`,
		Instead: `return err == nil && h.Size == size && !n.leavesOutOverdue()`, Rule: "no batch is attested before its time",
	},
	{
		Name: "node-attest-censored", File: "clock.go", Line: `return err == nil && h.Size == size && !n.early(h.TimeUnixMs) && !n.leavesOutOverdue()`,
		Instead: `return err == nil && h.Size == size && !n.early(h.TimeUnixMs)`, Rule: "no tree is attested that leaves out what is overdue",
	},
	{
		Name: "node-attest-never-after-clocks", File: "clock.go",
		Line:    `if timeUnixMs <= n.nowUnixMs()+maxAheadMs || timeUnixMs <= n.store.FinalHead().TimeUnixMs {`,
		Instead: `if timeUnixMs <= n.nowUnixMs()+maxAheadMs {`, Rule: "payments do not wait for clocks to reach a time that is final",
	},
	{
		Name: "node-attest-never-after-a-certificate", File: "clock.go", Line: `return err != nil || timeUnixMs > start.TimeUnixMs`,
		Instead: `return err != nil || timeUnixMs > 0*start.TimeUnixMs`, Rule: "payments do not wait for clocks to reach a time that is certified",
	},
}

// stored is what is on disk, and what must be before it is compacted.
var stored = []sabotage.Sabotage{
	{
		Name: "node-snapshot-of-tentative", File: "snapshot.go", Line: `final := s.node.FinalSize() >= s.size`, Instead: `final := s.size > 0`,
		Rule: "only what is final is written into a snapshot, and compacted",
	},
	{
		Name: "node-snapshot-of-what-is-gone", File: "snapshot.go", Line: `if s.node.turns.Load() != s.turns { // Looked at after the size, which may be of another tree.`,
		Instead: `if s.node.turns.Load() < s.turns {`, Rule: "a state that was taken back is not written",
	},
	{
		Name: "node-snapshot-members", File: "arrival.go",
		Line:    `if err := s.store.approve(s.members, h.Sets, h.Head.Size); err != nil {`,
		Instead: `if err := s.store.approve(s.members, h.Sets, h.Head.Size); err != nil && len(s.members.Servers) == 0 {`,
		Rule:    "a snapshot's members are the validators, each once",
	},
	{
		Name: "node-snapshot-of-replayed", File: "fsm.go", Line: `if index, _ := f.node.store.Applied(); f.node.given.Load() < max(index, f.node.store.Head().Batch+1) {`,
		Instead: `if index, _ := f.node.store.Applied(); f.node.given.Load() > index {`, Rule: "no snapshot is announced before its end",
	},
	{
		Name: "node-snapshot-renewed-for-nothing", File: "snapshot.go", Line: `if err != nil || list[0].Index > index || header.Head.Size >= captured.Head().Size {`,
		Instead: `if err != nil || list[0].Index > index || header.Head.Size > captured.Head().Size {`, Rule: "a liar has no snapshot made of what the last one holds",
	},
	{
		Name: "node-snapshot-not-renewed", File: "snapshot.go", Line: `n.renew(peer)`, Instead: ``,
		Rule: "who knows of more than a snapshot holds gets a newer one",
	},
	{
		Name: "node-log-after-error", File: "storage.go", Line: `l.failed.CompareAndSwap(nil, &err)`, Instead: ``,
		Rule: "after an error of the disk nothing more is written to the log",
	},
	{
		Name: "node-log-cut-after-end", File: "storage.go", Line: `return l.write("cut raft log", func() error { return l.wal.DeleteRange(low, high) })`,
		Instead: `return l.wal.DeleteRange(low, high)`, Rule: "a cut that fails ends the node",
	},
	{
		Name: "node-signer-made-anew", File: "open.go", Line: `if errors.Is(err, finality.ErrNoState) && n.store.Head().Batch == 0 {`,
		Instead: `if errors.Is(err, finality.ErrNoState) {`, Rule: "who lost what he signed does not sign",
	},
	{
		Name: "node-guard-forgets-at-restart", File: "open.go", Line: `index = max(index, r.CommitIndex())`, Instead: `index = r.CommitIndex()`,
		Rule: "what was committed before a restart is not replaced",
	},
	{
		Name: "node-log-gone-unnoticed", File: "open.go", Line: `if index, _ := n.store.Applied(); index > 0 || n.store.Head().Batch > 0 {`, Instead: `if index, _ := n.store.Applied(); index == ^uint64(0) {`,
		Rule: "a validator without its log does not begin a new group",
	},
}

// answered is what is told.
var answered = []sabotage.Sabotage{
	{
		Name: "node-seal-another-tree", File: "node.go", Line: `if root, _, ok := n.rootAt(owed.Size); !ok || root != owed.Root {`,
		Instead: `if _, _, ok := n.rootAt(owed.Size); !ok {`, Rule: "only a tree that is the own one becomes final here",
	},
	{
		Name: "node-read-of-two-trees", File: "read.go", Line: `if !quiet || turns != n.turns.Load() {`, Instead: `if _ = quiet; turns != n.turns.Load() {`,
		Rule: "nobody is answered while batches are taken back",
	},
	{
		Name: "node-read-behind", File: "read.go", Line: `return s.epoch > there.epoch || s.epoch == there.epoch && s.batch >= there.batch`,
		Instead: `return s.batch >= there.batch`, Rule: "a batch number says where a ledger stands only with its epoch",
	},
	{
		Name: "node-receipt-of-tentative", File: "read.go", Line: `if !ok || s.LeafIndex >= size {`, Instead: `if !ok {`,
		Rule: "a receipt is of what is final",
	},
	{
		Name: "node-complains-while-it-trails", File: "complain.go", Line: `return sinceWhen(&g.unfinal, now, s.Waits(), waiting)`,
		Instead: `return sinceWhen(&g.unfinal, now, s.Halted == nil && s.Applied > s.Sealed, waiting)`, Rule: "who has not come to what others sealed does not complain that rounds stand",
	},
	{
		Name: "node-offers-unbounded", File: "complain.go", Line: `if limit == nil || !limit.Allow() {`,
		Instead: `if limit == nil {`, Rule: "a peer offers only so often",
	},
}
