//go:build sabotage

package sabotage

// arrived is what a snapshot of another validator must be before anything is taken from it: its content (ledger/store, restore.go), why that is
// final, and how large it may be. Whoever sends one may lie.
var arrived = []Sabotage{
	{
		"snapshot-unproven", "store/succession.go", `c, _, err := h.Sets.Open(network, h.Proof)`,
		`c, _, err := h.Sets.Open(network, h.Proof); if err != nil { c, err = checkpoint.Checkpoint{Size: h.Head.Size, Root: h.Head.Root}, nil }`,
		"a quorum has signed what a snapshot holds",
	},
	{
		"snapshot-proven-by-few", "store/succession.go", `c, _, err := h.Sets.Open(network, h.Proof)`,
		`c, _, err := h.Sets.Open(network, h.Proof); if errors.Is(err, checkpoint.ErrNoQuorum) { c, err = checkpoint.Checkpoint{Size: h.Head.Size, Root: h.Head.Root}, nil }`,
		"fewer than a quorum prove nothing",
	},
	{
		"snapshot-proven-by-another-tree", "store/succession.go", `if err := g.Verify(c); err != nil {`, `if err := g.Verify(c); err != nil && c.Size < g.From {`,
		"the tree that a quorum has signed begins with the snapshot's",
	},
	{
		"snapshot-note-unproven", "store/succession.go", `if c, _, err = h.Sets.Open(network, h.Note); err != nil || c.Size != h.NoteSize || c.Root != h.NoteRoot {`,
		`if c, _, err = h.Sets.Open(network, h.Note); err == nil && (c.Size != h.NoteSize || c.Root != h.NoteRoot) {`,
		"a quorum has signed the last checkpoint that a snapshot brings",
	},
	{
		"snapshot-note-of-another-tree", "store/restore.go", `if err != nil || root != b.header.NoteRoot {`, `if _ = root; err != nil {`,
		"the last checkpoint that a snapshot brings is of its own tree",
	},
	{
		"snapshot-note-inside-a-batch", "store/restore.go", `if h.Note != nil && b.at.Size != h.NoteSize {`, `if h.Note != nil && h.NoteSize == 0 {`,
		"the last checkpoint that a snapshot brings ends a batch of it",
	},
	{
		"snapshot-of-other-leaves", "store/restore.go", `if root != head.Root || b.batches != head.Batch+1 || !head.EndsWith(b.history.last) {`,
		`if _ = root; b.batches != head.Batch+1 || !head.EndsWith(b.history.last) {`, "the leaves of a snapshot are those of the tree that was signed",
	},
	{
		"snapshot-header-leaf", "store/restore.go", `if root != head.Root || b.batches != head.Batch+1 || !head.EndsWith(b.history.last) {`,
		`if root != head.Root || b.batches != head.Batch+1 {`, "the hash of a snapshot's state is what the header leaf in the signed tree says",
	},
	{
		"snapshot-state-not-hashed", "store/restore.go", `if state != b.header.Head.State {`, `if state != b.header.Head.State && b.header.Head.Size == 0 {`,
		"the state of a snapshot hashes to what its head says",
	},
	{
		"snapshot-state-elsewhere", "store/restore.go", `if err == nil && (e.Key[0] != spaceState || len(e.Key) == 1) {`, `if err == nil && len(e.Key) == 1 {`,
		"what a snapshot has beside leaves is state, and stands where state does",
	},
	{
		"snapshot-keys-in-any-order", "store/restore.go", `if in.err == nil && bytes.Compare(r.last, key) >= 0 {`, `if in.err == nil && len(key) == 0 {`,
		"the keys of a snapshot ascend",
	},
	{
		"snapshot-key-again", "store/restore.go", `if in.err == nil && bytes.Compare(r.last, key) >= 0 {`, `if in.err == nil && bytes.Compare(r.last, key) > 0 {`,
		"a snapshot has each key once: the hash of a state does not see what is there 65,536 times",
	},
	{
		"snapshot-not-whole", "store/restore.go", `if got := in.take(len(want)); in.err != nil || !bytes.Equal(got, want) {`,
		`if got := in.take(len(want)); in.err != nil || len(got) == 0 {`, "no bit of a snapshot changes on its way, in what nobody has signed either",
	},
	{
		"snapshot-goes-on", "store/restore.go", `if n, err := io.ReadFull(r.in, make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {`,
		`if n, err := io.ReadFull(r.in, make([]byte, 1)); n < 0 || err == nil && n == 0 {`, "nothing comes after a snapshot",
	},
	{
		"snapshot-key-huge", "store/restore.go", `if n > maxKeyBytes {`, `if n > 1<<15 {`, "the key of a snapshot's entry has a length at most",
	},
	{
		"snapshot-value-huge", "store/restore.go", `if size > maxValueBytes {`, `if size > 1<<31 {`,
		"a few bytes from a liar do not make a node allocate gigabytes",
	},
	{
		"snapshot-unpacks-without-end", "store/bounds.go", `case b.n > b.most:`, `case b.n > b.most && b.most < 0:`,
		"a snapshot unpacks to so much and no more",
	},
	{
		"snapshot-bomb", "store/bounds.go", `case b.n > expansionSlack+maxExpansion*b.packed.n:`, `case b.n < 0:`,
		"a snapshot unpacks to so many times its length and no more",
	},
	{
		"snapshot-fills-the-disk", "store/bounds.go", `} else if free < minFreeBytes {`, `} else if free == 0 {`,
		"a snapshot leaves room on the disk",
	},
	{
		"snapshot-behind-final", "store/install.go", `if floor := s.standing.Load().final.floor; h.Head.Size < floor.Size {`,
		`if floor := s.standing.Load().final.floor; floor.Size == 0 {`, "a snapshot does not go back behind what is final",
	},
	{
		"snapshot-behind-what-became-final", "store/install.go", `if header.Head.Size < old.floor.Size {`, `if header.Head.Size == 0 {`,
		"nor behind what has become final while it came",
	},
	{
		"snapshot-of-another-history", "store/install.go", `if err == nil && fresh != root {`, `if err == nil && fresh == [32]byte{} {`,
		"a snapshot has all that is final here",
	},
}
