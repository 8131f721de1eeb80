//go:build sabotage

package sabotage_test

import "github.com/umoja-ledger/umoja/ledger/sabotage"

// disputed is going back where nothing proves a lie, and what is kept aside of what is forgotten by that.
var disputed = []sabotage.Sabotage{
	{
		Name: "node-dispute-while-it-speaks", File: "dispute.go", Line: `return s.Wished > n.store.Head().Epoch && s.Wished > s.AttestedIn`,
		Instead: `return s.Wished >= n.store.Head().Epoch`, Rule: "a validator goes back by a dispute only from what it attests no more",
	},
	{
		Name: "node-dispute-in-a-later-epoch", File: "dispute.go", Line: `return s.Wished > n.store.Head().Epoch && s.Wished > s.AttestedIn`,
		Instead: `return s.Wished > n.store.Head().Epoch`, Rule: "what is kept aside of an epoch holds all that was attested in it",
	},
	{
		Name: "node-dispute-carrier", File: "dispute.go", Line: `patience = carrierPatience`, Instead: `patience = suspectPatience`,
		Rule: "who holds what is certified lets the others come first",
	},
	{
		Name: "node-dispute-carrier-for-ever", File: "dispute.go", Line: `patience = carrierPatience`, Instead: `patience = 1000 * carrierPatience`,
		Rule: "others may have opened an epoch without the certificate, so that who holds it has to come after",
	},
	{
		Name: "node-dispute-nothing-kept", File: "dispute.go", Line: `n.goBack(fmt.Errorf("leaders contradict what is committed here after batch %d, and nothing can be said in epoch %d any more", n.store.Head().Batch, n.store.Head().Epoch), resyncKept)`,
		Instead: `n.goBack(errNoStart, resyncShallow); _ = fmt.Sprint()`,
		Rule:    "what was attested and is gone back from is kept",
	},
	{
		Name: "node-aside-after-the-cut", File: "rewind.go", Line: `if to.keeps() {`, Instead: `if to.keeps() && n.store.Pending() == 0 {`,
		Rule: "a log is kept aside before anything of it is cut",
	},
	{
		Name: "node-aside-without-room", File: "aside.go",
		Line:    `return n.hasLeft(s) && (kept || s.Attested <= n.store.Floor().Size || n.asides.beside(s.AttestedIn, n.store.Head().Epoch) < maxAsides)`,
		Instead: `return n.hasLeft(s) && (kept || s.AttestedIn > 0)`, Rule: "what cannot be kept is not gone back from",
	},
	{
		Name: "node-aside-written-over", File: "aside.go", Line: `if _, kept := n.asides.find(s.AttestedIn); kept || s.Attested <= n.store.Floor().Size {`,
		Instead: `if s.Attested <= n.store.Floor().Size {`, Rule: "what was kept of an epoch is never written over",
	},
	{
		Name: "node-aside-dropped-early", File: "aside.go", Line: `return s.remove(func(a aside) bool { return final >= a.Attested })`,
		Instead: `return s.remove(func(a aside) bool { return final > 0 })`,
		Rule:    "a log is kept aside until what is final is as large as what was attested",
	},
	{
		Name: "node-aside-not-applied", File: "aside.go", Line: `return index < i, n.Err()`, Instead: `return index <= i, n.Err()`,
		Rule: "what is put back is as committed as it was",
	},
	{
		Name: "node-aside-of-another-tree", File: "aside.go", Line: `return c.Size > 0 && (c.Epoch < a.Epoch || slices.Contains(a.Trees, c))`,
		Instead: `return c.Size > 0 && c.Epoch <= a.Epoch`, Rule: "a log is put back for a tree that it holds",
	},
	{
		Name: "node-aside-never-back", File: "certified.go", Line: `return n.asides.startFrom(c)`, Instead: `_ = c; return aside{}, false`,
		Rule: "what is certified and was kept aside is put back",
	},
	{
		Name: "node-certified-at-once", File: "certified.go", Line: `return now && at.Sub(l.since) > suspectPatience, now && l.led > suspectPatience`,
		Instead: `return now, now && l.led > suspectPatience`, Rule: "a log that is late may lead to what is certified",
	},
	{
		Name: "node-certified-leader-stays", File: "certified.go", Line: `return now && at.Sub(l.since) > suspectPatience, now && l.led > suspectPatience`,
		Instead: `return now && at.Sub(l.since) > suspectPatience, false`, Rule: "who leads without what is certified goes back",
	},
	{
		Name: "node-certified-another-root", File: "certified.go", Line: `return c.Epoch == head.Epoch && ok && root == c.Root`,
		Instead: `return c.Epoch == head.Epoch && ok && root != [32]byte{}`, Rule: "an epoch starts at the tree that was certified, not at one of its size",
	},
	{
		Name: "node-certified-given-up", File: "certified.go", Line: `if c.Size <= n.FinalSize() || c.Epoch < head.Epoch {`,
		Instead: `if c.Size <= n.FinalSize() {`, Rule: "what was certified before the epoch in force was given up when that was opened",
	},
	{
		Name: "node-aside-damage-stops", File: "aside.go", Line: `return s.damaged(name, err)`, Instead: `return err`,
		Rule: "a damaged log kept aside does not keep a validator from starting",
	},
	{
		Name: "node-aside-stranger-met", File: "aside.go", Line: `case err != nil || strconv.FormatUint(epoch, 10) != name:`,
		Instead: `case err != nil && strconv.FormatUint(epoch, 10) == name:`, Rule: "what this program has not written beside the logs kept aside is left alone",
	},
	{
		Name: "node-aside-not-checked", File: "asidefile.go", Line: `if !bytes.Equal(sum.Sum(nil), want) {`, Instead: `if bytes.Equal(sum.Sum(nil), nil) {`,
		Rule: "what a disk gives back changed is not put back",
	},
	{
		Name: "node-aside-cut-before-it-is-checked", File: "rewind.go", Line: `if may, err := n.mayPutBack(epoch); err != nil || !may {`,
		Instead: `if may, err := n.mayPutBack(epoch); err != nil || may && epoch == 1<<63 {`, Rule: "nothing is cut for a log that cannot be put back",
	},
	{
		Name: "node-resync-unknown-target", File: "rewind.go", Line: `if !to.known() {`, Instead: `if to == "?" {`,
		Rule: "of a target that is not known nothing is cut",
	},
	{
		Name: "node-aside-for-ever", File: "aside.go", Line: `return s.remove(func(b aside) bool { return slices.ContainsFunc(s.kept, b.coveredBy) })`,
		Instead: `return s.remove(func(b aside) bool { return b.AttestedIn == 1<<63 })`, Rule: "liars do not fill the room for logs kept aside",
	},
	{
		Name: "node-aside-covered-by-less", File: "aside.go", Line: `return a.AttestedIn < later.AttestedIn && a.AttestedIn < later.Epoch && !later.Short`,
		Instead: `return a.AttestedIn < later.AttestedIn && !later.Short`, Rule: "a log kept aside goes only for one that does for all its certificates",
	},
	{
		Name: "round-halted-by-a-lie", File: "finality/round.go", Line: `case at.Size <= m.sealed.Size || at.Size <= final.Size && m.holds(final):`,
		Instead: `case at.Size <= final.Size:`, Rule: "another tree than one that is final and not sealed proves no more than a lie",
	},
	{
		Name: "round-halted-by-nothing", File: "finality/round.go", Line: `case at.Size <= m.sealed.Size || at.Size <= final.Size && m.holds(final):`,
		Instead: `case at.Size <= m.sealed.Size:`, Rule: "two quorums that contradict each other prove more than f liars",
	},
	{
		Name: "round-ratify-beside-final", File: "finality/round.go", Line: `if held.Size >= state.Final.Size && !m.extends(held, state.Final) {`, Instead: `if held.Size == 0 {`,
		Rule: "what is ratified extends what is final",
	},
	{
		Name: "node-contradiction-forgotten", File: "resync.go",
		Line:    `if n.strayed(fmt.Errorf("a quorum signed another tree of size %d in epoch %d", at.Size, at.Epoch)) {`,
		Instead: `if n.strayed(fmt.Errorf("size %d in epoch %d", at.Size, at.Epoch)) || true {`,
		Rule:    "a contradiction that comes too soon after a resync is looked at again",
	},
	{
		Name: "node-aside-in-vain", File: "aside.go", Line: `if spent, ok := s.spent[a.AttestedIn]; a.starts(c) && !(ok && spent == c) {`,
		Instead: `if a.starts(c) {`, Rule: "what was put back in vain is not put back for the same again",
	},
	{
		Name: "node-aside-of-what-was-lost", File: "aside.go", Line: `if made, ok := n.store.MadeOf(at.Batch); !ok || made > a.Last {`,
		Instead: `if made, ok := n.store.MadeOf(at.Batch); !ok && made > a.Last {`, Rule: "a log kept aside is for the trees that its entries lead to",
	},
	{
		Name: "node-base-not-put-back", File: "base.go", Line: `return inLog, inLog && newest <= b.Index, err`, Instead: `return inLog, inLog || newest > b.Index, err`,
		Rule: "a log that was kept aside can be put back whatever has become of raft's",
	},
	{
		Name: "node-base-log-stays", File: "base.go", Line: `return n.raftLog.clear()`, Instead: `return nil`,
		Rule: "what is put back follows what is final, and nothing else",
	},
	{
		Name: "node-base-other-snapshots-stay", File: "base.go", Line: `if err := s.removeAllBut(id); err != nil {`, Instead: `if err := error(nil); err != nil {`,
		Rule: "raft begins where what is put back begins",
	},
	{
		Name: "node-base-without-members", File: "base.go", Line: `b.Members, b.MembersIndex, err = n.membersAt(index)`, Instead: ``,
		Rule: "raft begins with the members that it had",
	},
	{
		Name: "node-base-beyond-a-gap", File: "base.go", Line: `if first > at.Index || last < at.Index {`, Instead: `if first > at.Index {
		return true, nil
	}
	if last < at.Index {`,
		Rule: "raft does not begin with a log after a gap",
	},
	{
		Name: "node-base-spare", File: "base.go", Line: `return first == 1 || len(list) > 1 && first <= list[1].Index+1, err`, Instead: `return first > 0 || len(list) > 0, err`,
		Rule: "a snapshot is removed only if raft can begin without it",
	},
	{
		Name: "node-base-needed", File: "base.go", Line: `case !back || !spare:`, Instead: `case !back || !spare && !back:`,
		Rule: "a snapshot that raft's log goes on after is not removed",
	},
	{
		Name: "node-base-not-the-least", File: "rewind.go", Line: `if deep || to != resyncTail && arrived {`,
		Instead: `if deep && n.store.Made() == 1<<63 {`, Rule: "a liar's place in raft's log is given up",
	},
	{
		Name: "node-base-least-later", File: "rewind.go", Line: `if deep || to != resyncTail && arrived {`,
		Instead: `if deep {`, Rule: "a place that came with a snapshot is given up at once",
	},
	{
		Name: "node-base-lost-with-a-tail", File: "resync.go", Line: `n.goTo(resyncTail)`,
		Instead: `n.goTo(resyncShallow)`, Rule: "a node whose log was longer than a snapshot keeps the place that came with it",
	},
	{
		Name: "node-base-one-for-all", File: "base.go", Line: `b = base{Index: n.store.Floor().Batch + 1, Term: leastTerm}`, Instead: `b = base{Index: 2, Term: leastTerm}`,
		Rule: "two who begin at one place have one state",
	},
	{
		Name: "node-base-not-told", File: "base.go", Line: `if err != nil || len(list) == 0 || list[0].Term != leastTerm {`, Instead: `if err != nil || len(list) == 0 || list[0].Term != 0 {`,
		Rule: "who begins at the least place goes on with any leader's log",
	},
	{
		Name: "node-base-by-a-liar", File: "base.go", Line: `return b.Index, b.Index == header.Head.Batch+1 && n.leadsOn(b), nil`,
		Instead: `return b.Index, header.Head.Size > 0 && n.leadsOn(b), nil`, Rule: "a liar's word does not make a place the least one",
	},
	{
		Name: "node-base-too-low", File: "arrival.go", Line: `if s.index <= h.Head.Batch {`, Instead: `if s.index == 0 {`,
		Rule: "no snapshot has more batches than entries",
	},
	{
		Name: "node-base-never-deep", File: "resync.go", Line: `for range a.tried {`, Instead: `for range min(a.tried, 0) {`,
		Rule: "a lie that put-backs do not end is cut at the least place",
	},
	{
		Name: "node-base-never-none", File: "rewind.go", Line: `case to.none() && n.store.Floor().Batch > 0:`, Instead: `case to.none() && n.store.Made() == 1<<63:`,
		Rule: "who finds no tree of all at the least place begins with nothing",
	},
	{
		Name: "node-log-to-who-has-nothing", File: "givenlog.go", Line: `return raft.ErrLogNotFound`, Instead: `return l.begun.GetLog(index, log)`,
		Rule: "who has nothing is sent a snapshot",
	},
	{
		Name: "node-base-over-members", File: "base.go", Line: `if len(changes) == 0 {`,
		Instead: `if len(changes) >= 0 {`, Rule: "raft's members are not given again to who is after them",
	},
	{
		Name: "node-base-ahead-of-its-log", File: "open.go", Line: `return n.settleState()`, Instead: `return nil`,
		Rule: "entries that raft never had are not passed over",
	},
	{
		Name: "node-snapshot-beside-a-resync", File: "snapshot.go", Line: `return errTakenBack // A resync cuts the log that goes on after it.`, Instead: `return nil`,
		Rule: "no snapshot comes to be one in a resync that cuts its log",
	},
	{
		Name: "node-snapshots-without-end", File: "arrival.go", Line: `if kept++; kept > keptSnapshots {`, Instead: `if kept++; kept > 100*keptSnapshots {`,
		Rule: "a liar that refuses snapshots does not fill its leader's disk",
	},
	{
		Name: "node-overrun-of-what-is-final", File: "dispute.go", Line: `if (n.astray.dispute.lasts(now, patience) || n.store.Pending() > 0 && n.astray.overrun.lasts(now, patience)) && n.mayKeepAside(s) {`,
		Instead: `if (n.astray.dispute.lasts(now, patience) || n.astray.overrun.lasts(now, patience)) && n.mayKeepAside(s) {`, Rule: "who has nothing to take back does not go back for a snapshot",
	},
	{
		Name: "filter-base-anywhere", File: "transport/guard.go", Line: `if f.base > 0 && r.PrevLogEntry == f.base {`, Instead: `if f.base > 0 && r.PrevLogEntry >= f.base {`,
		Rule: "a leader's term is another one at the base alone",
	},
	{
		Name: "filter-no-base", File: "transport/guard.go", Line: `if f.base > 0 && r.PrevLogEntry == f.base {`, Instead: `if f.base == 1<<63 {`,
		Rule: "who begins at the least place goes on with any leader's log",
	},
	{
		Name: "node-overrun", File: "arrival.go", Line: `if s.store.undoes(h.Head) {`, Instead: `if h.Head.Size == 0 {`,
		Rule: "no snapshot takes back what was applied",
	},
	{
		Name: "node-overrun-no-dispute", File: "arrival.go", Line: `s.store.disputed()`, Instead: ``,
		Rule: "who refuses an honest leader's snapshot goes back in the end",
	},
	{
		Name: "node-overrun-at-once", File: "dispute.go", Line: `return !o.since.IsZero() && now.Sub(o.since) > patience`, Instead: `return !o.since.IsZero()`,
		Rule: "a snapshot that takes something back may come from one leader that lies",
	},
	{
		Name: "node-overrun-for-ever", File: "fsm.go", Line: `n.astray.overrun.over()`, Instead: ``,
		Rule: "a log that goes on ends the dispute about a snapshot",
	},
	{
		Name: "node-overrun-meanwhile", File: "arrival.go", Line: `if s.undoes(a.head) {`, Instead: `if a.head.Size == 0 {`,
		Rule: "nor does one take back what was applied while it came",
	},
	{
		Name: "node-overrun-after-a-crash", File: "base.go", Line: `back := header.Head.Size < s.state.Floor().Size || s.undoes(header.Head)`,
		Instead: `back := header.Head.Size < s.state.Floor().Size`, Rule: "nor does one that a crash left before it was installed",
	},
	{
		Name: "node-overrun-by-the-outranked", File: "base.go", Line: `return to.Size < head.Size && to.Epoch <= head.Epoch`,
		Instead: `return to.Size < head.Size`, Rule: "what is final in a later epoch outranks what was certified",
	},
	{
		Name: "node-overrun-an-opening", File: "base.go", Line: `return to.Epoch < head.Epoch // Where a validator set waits to begin: an epoch was opened since.`,
		Instead: `return false`, Rule: "no snapshot takes back that an epoch was opened",
	},
	{
		Name: "node-uninstalled-stays", File: "resync.go", Line: `if err := n.snapshots.discard(); err != nil {`, Instead: `if err := error(nil); err != nil {`,
		Rule: "a resync discards a snapshot that was not installed",
	},
	{
		Name: "node-uninstalled-in-memory", File: "uninstalled.go", Line: `return errors.Join(a.state.Discard(), s.remove(a.id), syncDir(s.dir))`,
		Instead: `return errors.Join(s.remove(a.id), syncDir(s.dir))`, Rule: "nothing stays of a snapshot that is discarded",
	},
	{
		Name: "node-uninstalled-on-disk", File: "uninstalled.go", Line: `return errors.Join(a.state.Discard(), s.remove(a.id), syncDir(s.dir))`,
		Instead: `return errors.Join(a.state.Discard(), syncDir(s.dir))`, Rule: "nor does raft begin with it",
	},
	{
		Name: "node-uninstalled-after-the-cut", File: "open.go", Line: `if _, err := n.snapshots.settle(n.raftLog); err != nil {`, Instead: `if err := error(nil); err != nil {`,
		Rule: "a start removes a snapshot that takes something back before it cuts the tree that tells",
	},
	{
		Name: "node-uninstalled-in-the-log", File: "base.go", Line: `if leads, err := log.leadsTo(list[0]); err != nil || leads && !(pending && list[0].Index >= made) {`,
		Instead: `if leads, err := log.leadsTo(list[0]); err != nil || leads && !(pending && made == 0) {`, Rule: "raft stands on no snapshot that ends behind what is not final",
	},
	{
		Name: "node-uninstalled-needed", File: "uninstalled.go", Line: `return s.MadeOf(s.Floor().Batch + 1)`, Instead: `return s.MadeOf(s.Floor().Batch)`,
		Rule: "a snapshot that ends before what is not final is raft's own",
	},
	{
		Name: "node-aside-of-nothing", File: "aside.go", Line: `if holds, err := n.holdsPending(keep); err != nil || !holds {`, Instead: `if _, err := n.holdsPending(keep); err != nil {`,
		Rule: "no log is kept aside that does not hold what was attested",
	},
	{
		Name: "node-aside-beyond-the-tree", File: "uninstalled.go", Line: `return begins <= after+1 && (!pending || after < made), nil`, Instead: `return begins <= after+1 && (!pending || after <= made), nil`,
		Rule: "a log kept aside begins before the first entry that it is kept for",
	},
	{
		Name: "node-aside-before-the-log", File: "uninstalled.go", Line: `return begins <= after+1 && (!pending || after < made), nil`, Instead: `return begins > 0 && (!pending || after < made), nil`,
		Rule: "a log kept aside begins where raft's does, or after",
	},
	{
		Name: "node-snapshot-of-the-head-alone", File: "snapshot.go", Line: `captured, err := n.final()`, Instead: `captured, err := n.store.Snapshot()`,
		Rule: "a leader has what is final for who needs it, though nothing becomes final any more",
	},
	{
		Name: "node-behind-a-snapshot", File: "open.go", Line: `r, err := raft.NewRaft(config, fsm{n}, sentLog{begun{n.raftLog, n.snapshots}, n}, n.raftLog, n.snapshots, sending{lasting{n.transport}, n})`,
		Instead: `r, err := raft.NewRaft(config, fsm{n}, n.raftLog, n.raftLog, n.snapshots, sending{lasting{n.transport}, n})`, Rule: "what only a liar sent is replaced right behind a snapshot too",
	},
	{
		Name: "node-behind-a-gap", File: "givenlog.go", Line: `} else if first != index+1 {`, Instead: `} else if first == 0 {`,
		Rule: "raft is told of no entry that its log does not begin behind",
	},
	{
		Name: "node-behind-any-snapshot", File: "givenlog.go", Line: `if len(list) == 0 || list[0].Index != index {`, Instead: `if len(list) == 0 {`,
		Rule: "nor of one that is no snapshot's end",
	},
	{
		Name: "node-tail-after-a-pause", File: "resync.go", Line: `n.goTo(resyncTail)`, Instead: `go n.goBack(fmt.Errorf("tail"), resyncTail)`,
		Rule: "raft starts again at once when it has a log in mind that is gone",
	},
	{
		Name: "node-tail-told-nobody", File: "resync.go", Line: `n.astray.tail.Store(true)`, Instead: ``,
		Rule: "raft is given nothing while it has a log in mind that is gone",
	},
	{
		Name: "node-tail-for-ever", File: "open.go", Line: `n.astray.tail.Store(false) // It reads its log.`, Instead: ``,
		Rule: "raft that has started again is given entries",
	},
}

// trailed is how much of raft's log stays on disk, and whether it is what was written.
var trailed = []sabotage.Sabotage{
	{
		Name: "node-log-kept-whole", File: "trailing.go", Line: `if bytes += entryBytes(&entry); bytes > room.bytes && first < end || end-first >= room.entries {`,
		Instead: `if bytes += entryBytes(&entry); end-first >= room.entries {`, Rule: "large entries do not fill a small disk",
	},
	{
		Name: "node-log-kept-by-nobody", File: "trailing.go", Line: `if bytes += entryBytes(&entry); bytes > room.bytes && first < end || end-first >= room.entries {`,
		Instead: `if bytes += entryBytes(&entry); bytes > room.bytes || end-first >= room.entries {`, Rule: "the entry that leads to the snapshot stays",
	},
	{
		Name: "node-log-not-told", File: "trailing.go", Line: `now.TrailingLogs, now.SnapshotThreshold = min(n.trailing.entries, last-first+1), n.trailing.dueAfter(size)`, Instead: `_ = min(first, last)`,
		Rule: "raft keeps no more than has room",
	},
	{
		Name: "node-log-not-watched", File: "trailing.go", Line: `case l.full <- struct{}{}:`, Instead: `case (chan struct{})(nil) <- struct{}{}:`,
		Rule: "a log that has grown makes a snapshot due, however few its entries",
	},
	{
		Name: "node-log-not-counted-at-start", File: "open.go", Line: `if err := n.raftLog.countAfter(newest); err != nil {`, Instead: `if err := error(nil); err != nil {`,
		Rule: "what was written before a start counts too",
	},
	{
		Name: "node-log-snapshots-without-end", File: "trailing.go", Line: `worth = max(worth, list[0].Size/worthOf)`, Instead: `worth = max(worth, list[0].Size-list[0].Size)`,
		Rule: "a snapshot that is larger than the log is not made again and again",
	},
	{
		Name: "node-log-entries-count", File: "trailing.go", Line: `if size >= t.bytes {`, Instead: `if size < 0 {`,
		Rule: "a large snapshot is not made again for some megabytes of entries",
	},
	{
		Name: "node-log-entries-count-as-much", File: "trailing.go", Line: `return max(1, uint64(size*manyMore/t.bytes)) * t.due`, Instead: `return t.due`,
		Rule: "the larger a snapshot is, the more entries make the next one due",
	},
	{
		Name: "node-log-entries-count-after-a-start", File: "open.go", Line: `config.SnapshotThreshold = n.trailing.dueAfter(list[0].Size)`, Instead: ``,
		Rule: "nor after a start",
	},
	{
		Name: "node-entry-not-checked", File: "entrysum.go", Line: `if got := entrySum(entry); got != sum {`, Instead: `if got := entrySum(entry); got != sum && len(entry.Data) == 0 {`,
		Rule: "what a disk gives back changed is not applied",
	},
	{
		Name: "node-entry-of-another-place", File: "entrysum.go", Line: `if entry.Index != index {`, Instead: `if entry.Index == 0 && index == 1<<63 {`,
		Rule: "an entry is taken only for the one that was asked for",
	},
	{
		Name: "node-entry-damaged-goes-on", File: "storage.go", Line: `if err != nil && !errors.Is(err, raft.ErrLogNotFound) {`,
		Instead: `if err != nil && !errors.Is(err, raft.ErrLogNotFound) && !errors.Is(err, errDamaged) {`, Rule: "a disk that damages the log ends the node",
	},
}
