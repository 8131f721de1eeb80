//go:build sabotage

package sabotage

// alias is aliases, their moves and what waits (SPEC.md 5.11 to 5.13).
var alias = []Sabotage{
	{
		"quarantine-for-own-account", "alias.go",
		`case bound != nil && bound.Status == AliasReleased && !same && bound.UntilUnixMs >= d.timeUnixMs:`,
		`case bound != nil && bound.Status == AliasReleased && bound.UntilUnixMs >= d.timeUnixMs:`,
		"a quarantine does not keep an alias from the account that released it",
	},
	{
		"quarantine-attested-away", "alias.go",
		`case bound != nil && bound.Status == AliasReleased && !same && bound.UntilUnixMs >= d.timeUnixMs:`,
		`case bound != nil && bound.Status == AliasReleased && !same && bound.UntilUnixMs > d.timeUnixMs:`,
		"a quarantine lasts up to and with its last moment",
	},
	{
		"quarantine-bound-away", "alias.go", `case bound != nil && bound.UntilUnixMs >= d.timeUnixMs:`,
		`case bound != nil && bound.UntilUnixMs > d.timeUnixMs:`,
		"a provider binds no alias in quarantine, at its last moment either",
	},
	{
		"quarantine-shorter-than-move", "alias.go", `until := d.timeUnixMs + max(d.parameters.quarantineMs, d.parameters.moveDelayMs)`,
		`until := d.timeUnixMs + d.parameters.quarantineMs`,
		"nobody gets an alias by a release sooner than by a move",
	},
	{
		"quarantine-of-provisional", "alias.go", `case bound.Status == AliasProvisional:`,
		`case bound.Status == AliasProvisional && d.parameters.quarantineMs == 0:`,
		"a provisional binding that is released leaves nothing behind",
	},
	{
		"provisional-not-displaced", "alias.go", `case bound != nil && bound.Status == AliasAttested && !same:`,
		`case bound.Bound() && !same:`,
		"an attested binding displaces a provisional one at once",
	},
	{
		"provisional-displaces", "alias.go", `case bound.Bound():`, `case bound.Bound() && bound.Status == AliasAttested:`,
		"a provider displaces nobody's binding",
	},
	{
		"provisional-by-rival", "alias.go", `provider, err := d.founder(o.Account)`, `provider, err := d.sponsor()`,
		"a signature that a rival adds does not make the rival the provider that vouches",
	},
	{
		"alias-put-on-owner", "alias.go", `case len(authority.Keys) > 0 && !d.meets(authority.Keys, authority.Threshold):`,
		`case len(authority.Keys) > 16:`,
		"nobody puts a number on an account whose owner can be asked",
	},
	{
		"alias-overdue-not-moved", "alias.go",
		`if err != nil || bound == nil || bound.MovesAtUnixMs == 0 || bound.MovesAtUnixMs >= b.timeUnixMs {`,
		`if err != nil || bound == nil || bound.Status <= AliasReleased {`,
		"a move that is overdue counts as done for who pays to the number",
	},
	{
		"move-delay-of-recoveries", "move.go",
		`m.DueUnixMs += d.parameters.moveDelayMs`, `m.DueUnixMs += d.parameters.recoveryDelayMs`,
		"a move waits for the delay of moves",
	},
	{
		"move-vetoed-again", "move.go", `case m.State != WaitRunning:`, `case m.State == WaitHeld:`,
		"a move is held up once: what was confirmed completes, whatever the old provider says",
	},
	{
		"move-held-up-by-new-provider", "move.go", `if without != nil && sig.Signer == *without || endsGrant(ended, id, sig.Signer) {`,
		`if endsGrant(ended, id, sig.Signer) {`,
		"the provider that a move leads to does not use up the hold-up",
	},
	{
		"move-confirmed-and-waits", "wait.go", `func (w *Wait) confirm() { w.State, w.DueUnixMs = WaitConfirmed, w.HeldUntilUnixMs }`,
		`func (w *Wait) confirm() { w.State = WaitConfirmed }`,
		"what was confirmed completes when the hold-up ends",
	},
	{
		"move-held-up-and-sooner", "wait.go", `w.State, w.HeldUntilUnixMs = WaitHeld, max(w.DueUnixMs, timeUnixMs+heldUpMs)`,
		`w.State, w.HeldUntilUnixMs = WaitHeld, timeUnixMs+heldUpMs`,
		"a hold-up never makes it earlier",
	},
	{
		"move-over-at-due", "wait.go", `func (w Wait) over(timeUnixMs uint64) bool { return w.DueUnixMs < timeUnixMs }`,
		`func (w Wait) over(timeUnixMs uint64) bool { return w.DueUnixMs <= timeUnixMs }`,
		"what waits can be ended or held up at its very due time",
	},
	{
		"move-lapsed-counts-as-done", "wait.go",
		`func (w Wait) done(timeUnixMs uint64) bool { return w.over(timeUnixMs) && w.State != WaitHeld }`,
		`func (w Wait) done(timeUnixMs uint64) bool { return w.over(timeUnixMs) }`,
		"what was held up and not confirmed never happens, overdue or not",
	},
	{
		"move-overdue-old-grant", "account.go", `if m.done(b.timeUnixMs) && m.OldGrantee != nil && *m.OldGrantee == grantee {`,
		`if m.State == WaitConfirmed && m.done(b.timeUnixMs) && m.OldGrantee != nil && *m.OldGrantee == grantee {`,
		"a move that is overdue has ended the old grant",
	},
	{
		"move-at-once-without-cancel", "move.go", `return g != nil && g.Allows(tx.GrantCancel), err`, `return g != nil, err`,
		"only who could hold the move up waives the delay",
	},
	{
		"move-at-once-past-owner", "move.go", `if err != nil || authority == nil || len(authority.Keys) > 0 {`, `if err != nil || authority == nil {`,
		"where there are keys, the delay is their owner's to waive",
	},
	{
		"move-of-provisional", "move.go", `if bound.Status != AliasAttested {`, `if bound.Status == AliasReleased {`,
		"a provisional binding does not move",
	},
	{
		"move-fifth", "move.go", `if err != nil || len(waiting) >= maxMoves {`, `if err != nil || len(waiting) > maxMoves {`,
		"fewer than four moves of an account wait when one begins",
	},
	{
		"move-limits-whole", "move_entry.go", `return b.countPending(m.From, waits)`, `return nil`,
		"while a move waits, the account's limits are a quarter",
	},
	{
		"move-above-tier", "move.go", `if o.Grant == nil || owned && o.To == o.From {`, `if o.Grant == nil || o.To == o.From {`,
		"attestors' word gives a provider no more than the account's tier allows",
	},
	{
		"move-to-grant-that-ends", "move.go", `if m.Grant != nil && (m.Grant.ExpiresAtUnixMs < d.timeUnixMs || !waived && m.Grant.ExpiresAtUnixMs <= m.DueUnixMs) {`,
		`if m.Grant != nil && (m.Grant.ExpiresAtUnixMs < d.timeUnixMs || !waived && m.Grant.ExpiresAtUnixMs < m.DueUnixMs) {`,
		"the grant of a move is not over when the move completes, which is after it is due",
	},
	{
		"move-day-doubled", "move.go", `g.Day, g.Used = earlier.Day, earlier.Used`, `g.Day, g.Used = earlier.Day, 0`,
		"what an earlier grant to the key was used for today counts after a move too",
	},
	{
		"move-keeps-old-grant", "move.go",
		`renews := m.OldGrantee != nil && m.NewGrantee != nil && *m.OldGrantee == *m.NewGrantee && m.From == m.To`,
		`renews := m.OldGrantee != nil && m.NewGrantee != nil && *m.OldGrantee == *m.NewGrantee`,
		"the old grant ends when the alias goes to another account, also of the same provider",
	},
}
