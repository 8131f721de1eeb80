//go:build sabotage

package sabotage

// stored is how leaves are found on disk: by lookup and in histories, by the volume (ledger/store, DESIGN.md).
var stored = []Sabotage{
	{
		"snapshot-of-what-came-later", "store/view.go", `return nil // It is the next that is left.`, `return f(key, value)`,
		"a snapshot of what is final holds nothing of what came after it",
	},
	{
		"snapshot-without-what-went", "store/view.go", `err = upTo(nil)`, `_ = upTo`, "a snapshot of what is final holds what was taken away after it",
	},
	{
		"snapshot-with-another-proof", "store/snapshot.go",
		`if h, err = ReadSnapshotHeader(bytes.NewReader(raw)); err == nil && h.Head != p.head {`,
		`if h, err = ReadSnapshotHeader(bytes.NewReader(raw)); err == nil && h.Head.Size == 0 {`,
		"the proof that came with a snapshot is of that state alone",
	},
	{
		"snapshot-at-its-old-place", "store/snapshot.go", `h.AppliedIndex, h.AppliedTerm = p.made.index, p.made.term`, `_ = p.made`,
		"a snapshot says where it ends in the log of who writes it",
	},
	{
		"snapshot-made-by-no-entry", "store/restore.go", `made := place{max(h.AppliedIndex, 1), max(h.AppliedTerm, 1)}`,
		`made := place{h.AppliedIndex, h.AppliedTerm}`, "who arrives by a snapshot has no entry to take before its first",
	},
	{
		"rewind-past-the-tentative", "store/rollback.go", `if !now.founded || raftIndex > now.applied.index && len(now.pending) > 0 {`, `if !now.founded {`,
		"entries that were not applied are not passed over",
	},
	{
		"volume-of-tentative", "store/recent.go", `if b.end > final {`, `if b.end > final && final == 0 {`,
		"only what is final is written by the volume, since it is never undone",
	},
	{
		"volume-of-payrolls-unbounded", "store/volume.go", `return leaves >= volumeLeaves || uint64(shown) >= shownPerLeaf*volumeLeaves`,
		`return leaves >= volumeLeaves`, "leaves that many histories show fill a volume too",
	},
	{
		"volume-counts-half-written", "store/volume.go", `portion, last := open.portions[0], len(open.portions) == 1`,
		`portion, last := open.portions[0], len(open.portions) >= 1`, "a volume counts once all of it is written",
	},
	{
		"volume-of-nothing", "store/volume.go", `if len(images) == 0 { // Batches of nothing but headers lead nowhere, and their volume ends all the same.`,
		`if len(images) < 0 {`, "batches of nothing but headers end a volume",
	},
	{
		"volume-written-at-once", "store/volume.go", `for ; most > 0; most-- {`, `for most = 1; most > 0; {`,
		"a final checkpoint waits for a part of what is to be written, and no more",
	},
	{
		"volume-forgets-the-rest", "store/recent.go", `rest[id] = leaf`, `_, _ = id, leaf`, "what no volume holds yet is found in memory",
	},
	{
		"volume-counts-back-from-newest", "store/volume.go", `value = binary.AppendUvarint(value, last-all[0].leaf)`,
		`value = binary.AppendUvarint(value, newest.leaf-all[0].leaf+last-last)`, "a history entry leads from each leaf to the one before",
	},
	{
		"volume-oldest-first", "store/volume.go", `return int(int64(b.leaf) - int64(a.leaf))`, `return int(int64(a.leaf) - int64(b.leaf))`,
		"an account's leaves are newest first",
	},
	{
		"history-entry-stands-still", "store/volume.go", `if n <= 0 || back == 0 || back > last {`, `if n <= 0 || back > last {`,
		"a damaged history entry is named so, and leads nowhere twice",
	},
	{
		"history-again", "store/recent.go", `if all[at].leaf < before {`, `if all[at].leaf <= before {`,
		"the next page of a history begins below the last leaf of the one before",
	},
	{
		"recent-keeps-undone", "store/recent.go", `for n := len(r.batches); n > 0 && r.batches[n-1].end > size; n = len(r.batches) {`,
		`for n := len(r.batches); n > 0 && r.batches[n-1].end > size+2; n = len(r.batches) {`, "histories show nothing of a batch that was taken back",
	},
	{
		"recent-loses-the-last", "store/recent.go", `for n := len(r.batches); n > 0 && r.batches[n-1].end > size; n = len(r.batches) {`,
		`for n := len(r.batches); n > 0 && r.batches[n-1].end >= size; n = len(r.batches) {`, "histories show what is left when a batch is taken back",
	},
	{
		"lookup-moves-in-a-batch", "store/recent.go", `if _, earlier, err := r.find(txn, indexed, leaf.Lookup); err != nil || earlier || open.strays[leaf.Lookup] {`,
		`if _, earlier, err := r.find(txn, indexed, leaf.Lookup); err != nil || earlier {`,
		"an unauthorised envelope that is packed twice in a batch is found where it came first",
	},
	{
		"lookup-moves-later", "store/recent.go", `if _, earlier, err := r.find(txn, indexed, leaf.Lookup); err != nil || earlier || open.strays[leaf.Lookup] {`,
		`if _, _, err := r.find(txn, indexed, leaf.Lookup); err != nil || open.strays[leaf.Lookup] {`,
		"an unauthorised envelope that is packed again is found where it came first",
	},
}
