//go:build sabotage

package sabotage

// Breaks names the sabotages of the ledger by the invariant that they break, as consensus/sim counts them. Most others break a rule of who may
// do what, of which no invariant speaks.
var Breaks = map[string][]string{
	"I1":  {"fee-from-nothing", "supply-not-redeemed"},
	"I2":  {"held-units-spent", "held-units-redeemed", "supply-without-bound"},
	"I3":  {"id-forgotten-early"},
	"I4":  {"snapshot-unproven", "snapshot-proven-by-few", "snapshot-behind-final", "snapshot-behind-what-became-final", "snapshot-of-another-history"},
	"I6":  {"built-on-another-head", "built-of-another-batch", "snapshot-of-what-came-later", "snapshot-without-what-went", "snapshot-key-again", "snapshot-header-leaf"},
	"I7":  {"state-hash-keeps-old", "snapshot-state-not-hashed"},
	"I9":  {"leaf-chain-broken"},
	"I11": {"snapshot-key-huge", "snapshot-value-huge", "snapshot-unpacks-without-end", "snapshot-bomb", "snapshot-fills-the-disk"},
	"I13": {"rewind-past-the-tentative", "built-from-other-leaves", "snapshot-at-its-old-place"},
}
