//go:build sabotage

package sabotage

// directory is providers and their fees (SPEC.md 5.6, 5.7, 5.19) and ballots (5.20).
var directory = []Sabotage{
	{
		"raise-a-day-early", "provider.go", `raiseNoticeMs = 8 * 24 * 3600 * 1000`, `raiseNoticeMs = 7 * 24 * 3600 * 1000`,
		"a raise is published eight days before",
	},
	{
		"raise-hidden-after-bound", "provider.go", `if above(b.UpTo) || b.UpTo < amount.Max && above(b.UpTo+1) {`, `if above(b.UpTo) {`,
		"a schedule raises if it does so for any amount, the first of a band included",
	},
	{
		"raise-hidden-in-large-amounts", "provider.go", `if above(1) || above(amount.Max) {`, `if above(1) {`,
		"a schedule raises if it does so for the largest amounts only",
	},
	{
		"schedule-grace-too-long", "provider.go",
		`return f.EffectiveAtUnixMs <= timeUnixMs && (f.ReplacedAtUnixMs == 0 || f.ReplacedAtUnixMs+scheduleGraceMs > timeUnixMs)`,
		`return f.EffectiveAtUnixMs <= timeUnixMs && (f.ReplacedAtUnixMs == 0 || f.ReplacedAtUnixMs+scheduleGraceMs >= timeUnixMs)`,
		"a schedule is valid for less than seven days after it was replaced",
	},
	{
		"schedule-begins-late", "provider.go",
		`return f.EffectiveAtUnixMs <= timeUnixMs && (f.ReplacedAtUnixMs == 0 || f.ReplacedAtUnixMs+scheduleGraceMs > timeUnixMs)`,
		`return f.EffectiveAtUnixMs < timeUnixMs && (f.ReplacedAtUnixMs == 0 || f.ReplacedAtUnixMs+scheduleGraceMs > timeUnixMs)`,
		"a schedule is in effect from its time on",
	},
	{
		"schedule-pending-in-effect", "provider.go", `case latest != nil && latest.EffectiveAtUnixMs > d.timeUnixMs:`,
		`case latest != nil && latest.EffectiveAtUnixMs >= d.timeUnixMs:`,
		"the next schedule may be published as soon as the one before is in effect",
	},
	{
		"schedule-version-skipped", "provider.go", `case o.Version-1 != provider.LastVersion:`, `case o.Version-1 < provider.LastVersion:`,
		"versions follow each other without a gap",
	},
	{
		"provider-takes-retired-key", "provider.go", `holder, err := d.keptKey(o.Key)`, `holder, err := d.ProviderByKey(o.Key)`,
		"a key that was a provider's once is never another's",
	},
	{
		"worst-day-of-one-day", "provider.go", `worst.Debits = worst.Debits.add(day).add(day)`, `worst.Debits = worst.Debits.add(day)`,
		"any 24 hours lie in two calendar days",
	},
	{
		"attestor-entry-for-ever", "decision.go", `if err == nil && holder != nil && tx.AccountID(holder) != o.Account {`,
		`if err == nil && holder != nil {`,
		"an attestor's entry is replaced under the same key",
	},
	{
		"ballot-passes-early", "ballot.go", `if yes >= set.Quorum() {`, `if yes+1 >= set.Quorum() {`,
		"a ballot passes with a quorum of yes, not with one less",
	},
	{
		"ballot-of-who-left", "ballot.go", `if _, inSet := set.Find(v.Validator); inSet && v.Yes {`, `if v.Yes {`,
		"votes of the set in force count, and no others",
	},
	{
		"ballot-voted-twice", "ballot.go", `if b.Votes[at].Validator == v.Validator {`, `if b.Votes[at] == v {`,
		"a validator votes once, and does not think better of it",
	},
	{
		"ballot-effect-in-own-batch", "ballot.go", `d.schedule(ballot.dueAt(), dueBallot, o.Ballot[:])`,
		`if err := d.decide(ballot.Decision); err != nil { return 0, err }`,
		"a ballot takes effect at the head of a later batch",
	},
	{
		"ballot-effect-at-same-time", "ballot.go", `ballot.PassedAtUnixMs = d.timeUnixMs`, `ballot.PassedAtUnixMs = d.timeUnixMs - 1`,
		"a ballot takes effect when ledger time has passed the moment it passed at",
	},
	{
		"ballot-effect-late", "ballot.go", `return b.EffectiveAtUnixMs - 1 // What is due at a time happens after it.`,
		`return b.EffectiveAtUnixMs`,
		"a ballot takes effect at the time that it names",
	},
	{
		"ballot-closes-early", "ballot.go", `case ballot == nil || ballot.dueAt() < d.timeUnixMs:`,
		`case ballot == nil || ballot.dueAt() <= d.timeUnixMs:`,
		"a validator may vote at the very expiry of a ballot",
	},
	{
		"ballot-expires-now", "ballot.go", `case o.ExpiresAtUnixMs <= d.timeUnixMs || o.ExpiresAtUnixMs > d.timeUnixMs+maxBallotMs,`,
		`case o.ExpiresAtUnixMs < d.timeUnixMs || o.ExpiresAtUnixMs > d.timeUnixMs+maxBallotMs,`,
		"a ballot expires later than it is proposed",
	},
	{
		"freeze-of-thirty-days-refused", "decision.go",
		`case o.UntilUnixMs != 0 && (o.UntilUnixMs <= earliest || o.UntilUnixMs > latest+maxFreezeMs):`,
		`case o.UntilUnixMs != 0 && (o.UntilUnixMs <= earliest || o.UntilUnixMs >= latest+maxFreezeMs):`,
		"a freeze may last thirty days to the millisecond",
	},
	{
		"freeze-longer-than-thirty-days", "ballot.go", `code, err := a.impossible(ballot.Decision, a.timeUnixMs, a.timeUnixMs)`,
		`code, err := a.impossible(ballot.Decision, a.timeUnixMs, ballot.ExpiresAtUnixMs)`,
		"a freeze is at most thirty days from when it takes effect, not from when its ballot expires",
	},
	{
		"set-replaced-above-faults", "decision.go",
		`case in == out && out <= before.Faults(), in == stepValidators && out == 0, in == 0 && out == stepValidators:`,
		`case in == out && out <= before.Faults()+1, in == stepValidators && out == 0, in == 0 && out == stepValidators:`,
		"at most f validators of a set are replaced at once",
	},
	{
		"set-changed-twice-in-a-batch", "ballot.go", `return before != nil, err`, `return before != nil && len(before) == 0, err`,
		"the validator set changes once a batch",
	},
	{
		"set-begins-in-any-epoch", "succession.go", `case begins && !opens && h.Epoch != first:`, `case begins && !opens && h.Epoch <= head.Epoch:`,
		"a set begins in one epoch, in every log",
	},
	{
		"set-before-opens-epochs-of-the-next", "succession.go", `case !begins && opens && (h.Epoch <= head.Epoch || !checkpoint.OneSet(h.Epoch, head.Epoch)):`,
		`case !begins && opens && h.Epoch <= head.Epoch:`, "each epoch has one set",
	},
	{
		"set-begins-again-in-an-epoch-of-another", "succession.go", `case begins && opens && (h.Epoch <= first || !checkpoint.OneSet(h.Epoch, first)):`,
		`case begins && opens && h.Epoch <= first:`, "each epoch has one set",
	},
	{
		"set-before-goes-on-above-the-boundary", "apply.go", `if waits {`, `if waits && h.Number == 0 {`, "at a boundary the set before opens epochs without a batch",
	},
	{
		"set-left-and-speaks", "decision.go", `b.put(keyGovernor(v.Name), nil)`, `_ = v.Name`,
		"nobody speaks for a validator that has left the set",
	},
}
