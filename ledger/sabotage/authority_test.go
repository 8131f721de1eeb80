//go:build sabotage

package sabotage

// authority is who may do what: authorities and grants (SPEC.md 5.3, 5.4, 5.10), attestors and tiers (5.9, 5.11).
var authority = []Sabotage{
	{
		"threshold-not-enough", "admit.go", `return len(keys) > 0 && sum >= uint64(threshold)`,
		`return len(keys) > 0 && sum > uint64(threshold)`,
		"weights that reach the threshold are enough",
	},
	{
		"phone-account-of-anybody", "admit.go", `return len(keys) > 0 && sum >= uint64(threshold)`, `return sum >= uint64(threshold)`,
		"without keys nobody has the authority of an account",
	},
	{
		"weights-not-counted", "admit.go", `sum += uint64(k.Weight)`, `sum++`,
		"signers count with their weights",
	},
	{
		"guardian-alone", "recovery.go", `case d.meets(authority.Guardians, authority.GuardianThreshold):`,
		`case d.meets(authority.Guardians, 1):`,
		"a recovery needs the guardians' threshold",
	},
	{
		"attestor-too-few", "attestor.go", `if err != nil || n < needed {`, `if err != nil || n+1 < needed {`,
		"what needs k attestors has k",
	},
	{
		"attestors-none-enough", "attestor.go", `if needed == 0 {`, `if needed > 8 {`,
		"where attestors cannot, none of them is not enough either",
	},
	{
		"attestor-counted-twice", "attestor.go", `case !slices.Contains(providers, *a.Provider):`, `case a.Provider != nil:`,
		"attestors of one provider count as one",
	},
	{
		"attestor-of-new-provider", "attestor.go", `if slices.Contains(p.keys, k) {`, `if slices.Contains(p.keys, k) && a.Provider == nil {`,
		"an attestor of a provider does not attest a move to or from it",
	},
	{
		"attestor-of-account", "attestor.go", `if account == a.Account || a.Provider != nil && account == *a.Provider {`,
		`if account == a.Account {`,
		"an attestor attests nothing of its provider's own account",
	},
	{
		"attestor-with-grant", "attestor.go", `if g, err := d.liveGrant(account, k); err != nil || g != nil {`,
		`if g, err := d.liveGrant(a.Account, k); err != nil || g != nil {`,
		"an attestor whose provider has a grant on the account takes part",
	},
	{
		"attestor-of-who-vouched", "attestor.go", `if slices.Contains(p.providers, *a.Provider) {`, `if slices.Contains(p.providers, a.Account) {`,
		"a provider that has vouched for a number does not make the binding full by its attestor",
	},
	{
		"attestor-of-founder", "attestor.go", `if founding := d.founding[account]; founding != nil && founding.sponsored && slices.ContainsFunc(theirs, d.signed.SignedBy) {`,
		`if founding := d.founding[account]; founding != nil && !founding.sponsored && slices.ContainsFunc(theirs, d.signed.SignedBy) {`,
		"nor in the transaction in which it opens the account",
	},
	{
		"retired-key-forgotten", "provider.go",
		`func (p Provider) Keys() []key.Public { return append([]key.Public{p.Entry.Key}, p.Retired...) }`,
		`func (p Provider) Keys() []key.Public { return []key.Public{p.Entry.Key} }`,
		"grants to a key that a provider has retired are the provider's still",
	},
	{
		"grant-ends-early", "account.go", `if err != nil || g == nil || g.ExpiresAtUnixMs < b.timeUnixMs {`,
		`if err != nil || g == nil || g.ExpiresAtUnixMs <= b.timeUnixMs {`,
		"a grant holds at its expiry",
	},
	{
		"grant-overdue-used", "account.go", `if err != nil || g == nil || g.ExpiresAtUnixMs < b.timeUnixMs {`, `if err != nil || g == nil {`,
		"a grant that has expired does not hold, though its leaf is still to come",
	},
	{
		"grant-for-any-operation", "grant.go", `func (g Grant) Allows(op tx.GrantedOperation) bool { return g.Operations&(1<<op) != 0 }`,
		`func (g Grant) Allows(op tx.GrantedOperation) bool { return g.Operations != 0 }`,
		"a grant is for the operations that it names",
	},
	{
		"grant-for-any-asset", "admit.go", `if err != nil || g == nil || g.Asset != o.asset || !g.Allows(o.allowed) {`,
		`if err != nil || g == nil || !g.Allows(o.allowed) {`,
		"a grant debits the asset that it is for",
	},
	{
		"grant-captures-any-asset", "admit.go", `if g != nil && g.Allows(r.allowed) && (r.asset == 0 || g.Asset == r.asset) &&`,
		`if g != nil && g.Allows(r.allowed) &&`,
		"a grant captures and requests the asset that it is for",
	},
	{
		"grant-revoked-and-used", "admit.go", `!endsGrant(ended, r.account, sig.Signer) {`, `sig.Signer != (key.Public{}) {`,
		"a grant revoked by an operation does not hold for the operations after it",
	},
	{
		"grant-revoked-for-next-batch", "grant.go", `b.put(keyGrant(account, grantee), nil)`, `b.schedule(b.timeUnixMs, dueGrant, subject)`,
		"a revocation takes effect in its own batch",
	},
	{
		"grant-revoked-by-stranger", "grant.go", `if g, err := d.Grant(o.Account, o.Grantee); err != nil || g != nil {`,
		`if _, err := d.Grant(o.Account, o.Grantee); err == nil {`,
		"a key without a grant has no say in the account",
	},
	{
		"grant-of-rival-without-fee", "admit.go", `if err != nil || carrier != nil && (o.carrier == nil || *o.carrier != *carrier) {`,
		`if err != nil || carrier != nil && o.carrier != nil && *o.carrier != *carrier {`,
		"a provider's grant holds only for what names that provider",
	},
	{
		"grant-of-retired-key-carries-all", "admit.go", `carrier, err := d.keptKey(grantee)`, `carrier, err := d.ProviderByKey(grantee)`,
		"a key that a provider has retired carries for that provider only",
	},
	{
		"grant-replaced-day-doubled", "grant.go", `g.Day, g.Used = earlier.Day, earlier.Used`, `g.Day, g.Used = earlier.Day, 0`,
		"replacing a grant does not double its day",
	},
	{
		"grant-above-tier-by-the-day", "grant.go", `return o.CapTransaction <= limit.CapTransaction && o.CapDay <= limit.CapDay, nil`,
		`return o.CapTransaction <= limit.CapTransaction, nil`,
		"what a provider grants itself is within the lowest tier, by the day too",
	},
	{
		"grant-exposure-stays", "grant.go", `if err := b.expose(grantee, earlier.Asset, earlier.CapDay, false); err != nil {`,
		`if err := b.expose(grantee, earlier.Asset, 0, false); err != nil {`,
		"what a key can take a day shrinks with a grant that ends",
	},
	{
		"founding-grant-to-others", "admit.go", `if !f.sponsored || grantee == nil || !d.signed.SignedBy(*grantee) {`,
		`if !f.sponsored || grantee == nil {`,
		"who founds a phone account grants itself, and nobody who has not signed",
	},
	{
		"founding-with-guardian", "admit.go",
		`if provider == nil || uint64(o.Authority.Attestors) != d.parameters.attestations || len(o.Authority.Guardians) > 0 {`,
		`if provider == nil || uint64(o.Authority.Attestors) != d.parameters.attestations {`,
		"a provider opens no account with guardians of its choice",
	},
	{
		"provider-key-not-shown", "admit.go", `if !d.signed.SignedBy(o.Key) {`, `if len(d.signed.Signatures) == 0 {`,
		"who registers a key signs with it",
	},
	{
		"tier-by-own-provider", "tier.go", `return d.attestedBy(1, parties{accounts: []tx.AccountID{o.Account}})`,
		`return d.attestedBy(1, parties{})`,
		"no tier is set by who has a grant on the account",
	},
	{
		"tier-of-today-refused", "tier.go", `case o.CheckedAtUnixMs > d.timeUnixMs:`, `case o.CheckedAtUnixMs >= d.timeUnixMs:`,
		"a check may be of this very moment",
	},
	{
		"tier-paid-by-account", "admit.go", `return d.attestor()`, `return o.Account, nil`,
		"an attestor pays for a tier: else it could spend anybody's credits",
	},
	{
		"recovery-undoes-owner", "account.go", `if r != nil {`, `if r != nil && r.State == WaitHeld {`,
		"an owner who sets an authority ends the recovery that waits",
	},
	{
		"recovery-overdue-old-keys", "account.go", `if err != nil || r == nil || !r.done(timeUnixMs) {`, `if err != nil || r == nil || r.DueUnixMs > 0 {`,
		"a recovery that is overdue counts as done: old keys win no race",
	},
	{
		"recovery-vetoed-by-one", "account.go", `return d.attestedBy(uint64(authority.Attestors), parties{accounts: []tx.AccountID{id}})`,
		`return d.attestedBy(1, parties{accounts: []tx.AccountID{id}})`,
		"who ends a move or recovery of a phone account is as many attestors as could start it",
	},
	{
		"recovery-delay-of-moves", "recovery.go", `r.StartedUnixMs, r.DueUnixMs = d.timeUnixMs, d.timeUnixMs+d.parameters.recoveryDelayMs`,
		`r.StartedUnixMs, r.DueUnixMs = d.timeUnixMs, d.timeUnixMs+d.parameters.moveDelayMs`,
		"a recovery waits for the delay of recoveries",
	},
}
