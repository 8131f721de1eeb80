//go:build sabotage

package sabotage

// history is ids and batches (SPEC.md 5.1), what ledger time does (5.8), credits (5.7), leaves and the state root (6).
var history = []Sabotage{
	{
		"id-refused-and-again", "apply.go", `if earlier != nil {`, `if earlier != nil && earlier.Result.Code == tx.OK {`,
		"a refused id stays refused",
	},
	{
		"id-burnt-by-stranger", "apply.go", `if outcome.Result.Code.Decides() {`,
		`if outcome.Result.Code.Decides() || outcome.Result.Code == tx.Unauthorised {`,
		"what is unauthorised is not recorded under the id",
	},
	{
		"id-burnt-by-quota", "tx/result.go", `func (c Code) Decides() bool { return c == OK || c > 9 }`,
		`func (c Code) Decides() bool { return c == OK || c > 5 }`,
		"who has no credits now may send the same transaction later",
	},
	{
		"id-forgotten-early", "apply.go", `if r.u64() >= b.timeUnixMs {`, `if r.u64() > b.timeUnixMs {`,
		"an id is remembered up to and with its expiry: else it is applied twice in that millisecond",
	},
	{
		"id-of-unauthorised-found", "apply.go", `lookup = [32]byte(signed.EnvelopeHash())`, `lookup = [32]byte(signed.ID())`,
		"the leaf of an unauthorised transaction is found by its envelope, not by the id",
	},
	{
		"history-filled-by-strangers", "leaf.go", `case !result.Code.Decides():`, `case result.Code == tx.QuotaExhausted:`,
		"nobody's history shows what unauthorised signers tried",
	},
	{
		"unauthorised-eighth", "apply.go", `if batch.unauthorised > MaxUnauthorised {`, `if batch.unauthorised >= MaxUnauthorised {`,
		"a batch may hold eight unauthorised transactions",
	},
	{
		"expired-at-expiry", "apply.go", `if body.ExpiresAtUnixMs < b.timeUnixMs {`, `if body.ExpiresAtUnixMs <= b.timeUnixMs {`,
		"a transaction can be applied at its expiry",
	},
	{
		"expiry-of-seven-days-refused", "admit.go", `case d.signed.Body.ExpiresAtUnixMs > d.timeUnixMs+tx.MaxLifetimeMs:`,
		`case d.signed.Body.ExpiresAtUnixMs >= d.timeUnixMs+tx.MaxLifetimeMs:`,
		"an expiry may be seven days ahead to the millisecond",
	},
	{
		"time-must-move", "header.go", `case h.TimeUnixMs < head.TimeUnixMs:`, `case h.TimeUnixMs <= head.TimeUnixMs:`,
		"ledger time may stand still",
	},
	{
		"batch-without-chain", "header.go", `case h.PreviousHash != head.BatchHash:`, `case h.PreviousHash == (tx.BatchHash{}):`,
		"a batch names the hash of the batch before",
	},
	{
		"built-on-another-head", "apply.go", `if built != nil && built.Before == head && built.After.BatchHash == b.Hash() {`,
		`if built != nil && built.After.BatchHash == b.Hash() {`, "what a leader found is taken on the head that it was found on",
	},
	{
		"built-of-another-batch", "apply.go", `if built != nil && built.Before == head && built.After.BatchHash == b.Hash() {`,
		`if built != nil && built.Before == head {`, "what a leader found is taken for the batch that it was found of",
	},
	{
		"built-of-other-envelopes", "builder.go",
		`if !batch.trial || sealed.Header.TimeUnixMs != batch.timeUnixMs || !slices.EqualFunc(sealed.Envelopes, b.envelopes, bytes.Equal) {`,
		`if !batch.trial || sealed.Header.TimeUnixMs != batch.timeUnixMs || !slices.EqualFunc(b.envelopes, b.envelopes, bytes.Equal) {`,
		"a leader gives the effects of what it has packed",
	},
	{
		"built-at-another-time", "builder.go",
		`if !batch.trial || sealed.Header.TimeUnixMs != batch.timeUnixMs || !slices.EqualFunc(sealed.Envelopes, b.envelopes, bytes.Equal) {`,
		`if !batch.trial || !slices.EqualFunc(sealed.Envelopes, b.envelopes, bytes.Equal) {`, "a leader gives the effects of the time for which it has packed",
	},
	{
		"built-remembers-expired", "builder.go", `if err := batch.forget(batch.view); err != nil {`, `if err := error(nil); err != nil {`,
		"a leader forgets the ids that others forget",
	},
	{
		"built-from-other-leaves", "builder.go", `batch.size = int64(batch.before)`, `batch.size += 0`, "a leader hashes its leaves at their places",
	},
	{
		"due-at-its-time", "due.go", `if due >= b.timeUnixMs {`, `if due > b.timeUnixMs {`,
		"what is valid until a time is valid at that time",
	},
	{
		"due-257", "due.go", `const MaxDue = 256`, `const MaxDue = 257`,
		"a batch does at most 256 things that are due",
	},
	{
		"due-vouchers-before-holds", "due.go", `dueHold     = 1 // hold(16)`, `dueHold     = 8 // hold(16)`,
		"what is due at one time happens in the order of its kind: a hold of vouchers ends before they do",
	},
	{
		"credits-refused-free", "apply.go", `if d.charged.Key != nil {`, `if d.charged.Key != nil && outcome.Result.Code == tx.OK {`,
		"a refusal costs credits, because it is recorded for ever",
	},
	{
		"credits-of-pool-as-slow", "credits.go", `if earned := times(d.timeUnixMs-since, shares); earned < owed {`,
		`if earned := times(d.timeUnixMs-since, 1); earned < owed {`,
		"a provider's pool refills as many times as fast as it has shares",
	},
	{
		"credits-last-of-burst", "credits.go", `if debt > d.parameters.creditBurst*interval*shares {`,
		`if debt >= d.parameters.creditBurst*interval*shares {`,
		"the last credit of the burst can be spent",
	},
	{
		"credits-legs-free", "credits.go", `n += uint64(len(o.Legs)) - 1`, `n += uint64(len(o.Legs)) / 400`,
		"each leg of a bulk transfer beyond the first costs a credit",
	},
	{
		"credits-signatures-free", "credits.go", `n := uint64(len(signed.Body.Operations) + len(signed.Signatures) - 1)`,
		`n := uint64(len(signed.Body.Operations))`,
		"each signature beyond the first costs a credit",
	},
	{
		"credits-of-payee-by-arbiter", "return.go", `return *arbiter, nil`, `return o.Debit, nil`,
		"an arbiter pays for what it arbitrates, and not the account that it debits",
	},
	{
		"leaf-chain-broken", "apply.go", `a.touched = append(a.touched, touch{holding: h, previous: b.LastLeaf})`,
		`a.touched = append(a.touched, touch{holding: h, previous: a.leaf})`,
		"a post-state names the leaf that touched the balance before",
	},
	{
		"post-state-of-first-touch", "apply.go", `a.touched[at].balance = b`, `if !again { a.touched[at].balance = b }`,
		"a post-state is the balance after the whole transaction",
	},
	{
		"post-states-out-of-order", "leaf.go", `return cmp.Compare(a.Asset, b.Asset)`, `return cmp.Compare(b.Asset, a.Asset)`,
		"post-states ascend by account, then by asset",
	},
	{
		"post-state-of-available", "leaf.go",
		`Account: t.account, Asset: t.asset, Posted: t.balance.Posted, Held: t.balance.Held, PreviousLeaf: t.previous,`,
		`Account: t.account, Asset: t.asset, Posted: t.balance.Available(), Held: t.balance.Held, PreviousLeaf: t.previous,`,
		"what a post-state says is posted includes what is held",
	},
	{
		"post-states-of-refusal", "apply.go", `func (d *draft) reset() { d.used, d.touched, d.at, d.legs = d.used[:0], d.touched[:0], nil, nil }`,
		`func (d *draft) reset() { d.used, d.at, d.legs = d.used[:0], nil, nil }`,
		"a refusal touches nothing",
	},
	{
		"header-of-root-before", "found.go",
		`Batch: fx.After.Batch, TimeUnixMs: timeUnixMs, StateRoot: fx.After.State.Root(), ValidatorSetHash: set.Hash(), RulesVersion: r.Version,`,
		`Batch: fx.After.Batch, TimeUnixMs: timeUnixMs, StateRoot: fx.Before.State.Root(), ValidatorSetHash: set.Hash(), RulesVersion: r.Version,`,
		"the header leaf commits to the state after the batch",
	},
	{
		"state-hash-keeps-old", "lthash.go", `out = h.expand(&h.gone, c.Key, c.Before)`, `in = h.expand(&h.gone, c.Key, c.Before)`,
		"the state root is that of the entries that are there",
	},
}
