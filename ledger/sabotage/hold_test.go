//go:build sabotage

package sabotage

// hold is holds (SPEC.md 5.16), assets and vouchers (5.14), and returns (5.18).
var hold = []Sabotage{
	{
		"hold-ends-early", "hold.go", `if err != nil || h == nil || h.ExpiresAtUnixMs < b.timeUnixMs {`,
		`if err != nil || h == nil || h.ExpiresAtUnixMs <= b.timeUnixMs {`,
		"a hold can be captured at its expiry",
	},
	{
		"hold-overdue-captured", "hold.go", `if err != nil || h == nil || h.ExpiresAtUnixMs < b.timeUnixMs {`,
		`if err != nil || h == nil {`,
		"a hold that is overdue has ended, though its leaf is still to come",
	},
	{
		"hold-captured-above", "capture.go", `case o.Amount > h.Left:`, `case o.Amount > h.Left+h.Fee:`,
		"no more is captured than is left, and the fee is not the payee's",
	},
	{
		"hold-fee-twice", "hold.go", `h.Left, h.Fee = h.Left-sum, 0`, `h.Left = h.Left - sum`,
		"the first capture pays the fee, and no other",
	},
	{
		"hold-fee-stays-held", "hold.go", `return a.unhold(h, h.Left+h.Fee, false)`, `return a.unhold(h, h.Left, false)`,
		"a hold that ends gives back its fee as well, if it was not paid",
	},
	{
		"hold-rest-stays", "capture.go", `if h.Left == 0 || o.ReleaseRest {`, `if h.Left == 0 {`,
		"a capture that releases the rest ends the hold",
	},
	{
		"hashlock-opens-without-secret", "capture.go", `return h.Hashlock == nil && preimage == nil`, `return preimage == nil`,
		"a hold with a hashlock is captured with the secret only",
	},
	{
		"hashlock-secret-for-nothing", "capture.go", `return h.Hashlock == nil && preimage == nil`, `return h.Hashlock == nil`,
		"a hold without a hashlock takes no secret",
	},
	{
		"hashlock-margin", "hold.go", `o.Hashlock != nil && o.ExpiresAtUnixMs-d.timeUnixMs < MinHashlockMs,`,
		`o.Hashlock != nil && o.ExpiresAtUnixMs-d.timeUnixMs <= MinHashlockMs,`,
		"a hold with a hashlock may expire exactly 60 s ahead",
	},
	{
		"hashlock-never-completes", "hold.go", `if payee != nil {`, `if payee != nil && h.Hashlock == nil {`,
		"a hold that completes at its expiry does so without the secret",
	},
	{
		"hold-expires-now", "hold.go",
		`return expiresAtUnixMs > b.timeUnixMs && expiresAtUnixMs-b.timeUnixMs <= MaxAheadMs`,
		`return expiresAtUnixMs >= b.timeUnixMs && expiresAtUnixMs-b.timeUnixMs <= MaxAheadMs`,
		"the expiry of a hold or request is later than ledger time",
	},
	{
		"hold-claimed-by-provisional", "capture.go", `case bound.Status != AliasAttested:`, `case bound.Status == AliasReleased:`,
		"who is vouched for by a provider alone claims nothing that is held for a number",
	},
	{
		"hold-completes-to-provisional", "hold.go",
		`if err != nil || !bound.Bound() || bound.Status != AliasAttested || bound.Account == h.Debit {`,
		`if err != nil || !bound.Bound() || bound.Account == h.Debit {`,
		"nor does it get it by the expiry of a hold that completes",
	},
	{
		"hold-completes-to-payer", "hold.go",
		`if err != nil || !bound.Bound() || bound.Status != AliasAttested || bound.Account == h.Debit {`,
		`if err != nil || !bound.Bound() || bound.Status != AliasAttested {`,
		"a hold to a number that is the payer's own returns",
	},
	{
		"hold-released-by-payer", "capture.go", `if h.PayerMayRelease {`, `if h != nil {`,
		"the payer releases a hold only if the hold says so",
	},
	{
		"hold-payee-not-told", "hold.go", `if effect.Credit == nil && h.Credit != (tx.AccountID{}) {`,
		`if effect.Credit != nil && h.Credit != (tx.AccountID{}) {`,
		"the payee of a hold that returned sees it in his history",
	},
	{
		"hold-id-without-position", "tx/hold.go", `h := key.TaggedHash(tag, id[:], binary.BigEndian.AppendUint32(nil, operation))`,
		`h := key.TaggedHash(tag, id[:], binary.BigEndian.AppendUint32(nil, 0))`,
		"two operations of one transaction make two holds",
	},
	{
		"supply-not-redeemed", "asset.go", `asset.Supply -= o.Amount`, `asset.Supply = max(asset.Supply, o.Amount)`,
		"supply is issued less redeemed",
	},
	{
		"supply-without-bound", "asset.go", `supply, ok := asset.Supply.Add(o.Amount)`, `supply, ok := asset.Supply+o.Amount, true`,
		"the supply stays below 2^63, whoever holds it",
	},
	{
		"held-units-redeemed", "asset.go", `case balance.Available() < o.Amount:`, `case balance.Posted < o.Amount:`,
		"what holds reserve is not redeemed",
	},
	{
		"reserve-stated-again", "asset.go", `if o.AsOfUnixMs > d.timeUnixMs || o.AsOfUnixMs <= asset.ReserveAsOfUnixMs {`,
		`if o.AsOfUnixMs > d.timeUnixMs || o.AsOfUnixMs < asset.ReserveAsOfUnixMs {`,
		"a statement is of a later time than the one before",
	},
	{
		"voucher-date-refused", "voucher.go",
		`if p.asset.Kind != tx.Voucher || p.d.timeUnixMs <= p.asset.SpendUntilUnixMs {`,
		`if p.asset.Kind != tx.Voucher || p.d.timeUnixMs < p.asset.SpendUntilUnixMs {`,
		"vouchers can be spent at their date",
	},
	{
		"voucher-goes-on", "voucher.go", `if p.d.timeUnixMs > p.asset.SpendUntilUnixMs {`,
		`if p.d.timeUnixMs > p.asset.SpendUntilUnixMs && p.account == credit {`,
		"after the date, vouchers go to the issuer only",
	},
	{
		"voucher-paid-as-fee", "payer.go", `if fee.Amount > 0 {`, `if p.owner && fee.Amount > 0 {`,
		"a fee in vouchers is a payment: its provider is listed",
	},
	{
		"voucher-hold-to-the-date", "hold.go", `asset.Kind == tx.Voucher && o.ExpiresAtUnixMs > asset.SpendUntilUnixMs:`,
		`asset.Kind == tx.Voucher && o.ExpiresAtUnixMs >= asset.SpendUntilUnixMs:`,
		"a hold of vouchers may expire at their date",
	},
	{
		"voucher-captured-by-unlisted", "hold.go", `if asset.Kind != tx.Voucher || h.Debit == asset.Issuer {`,
		`if asset.Kind != tx.Voucher || h.Debit != credit {`,
		"who was taken off the list captures no vouchers",
	},
	{
		"voucher-taken-from-payee", "voucher.go", `keeps, err := a.keepsVouchers(number, account)`,
		`keeps, err := a.Listed(number, account)`,
		"who was a listed payee keeps the vouchers that it has taken",
	},
	{
		"voucher-issued-late", "asset.go", `case asset.Kind == tx.Voucher && asset.SpendUntilUnixMs < d.timeUnixMs:`,
		`case asset.Kind == tx.Voucher && asset.SpendUntilUnixMs+1 < d.timeUnixMs:`,
		"no vouchers are issued after their date",
	},
	{
		"voucher-listed-late", "asset.go", `case asset.SpendUntilUnixMs < d.timeUnixMs:`, `case asset.SpendUntilUnixMs+1 < d.timeUnixMs:`,
		"after the date the list has decided who keeps what",
	},
	{
		"voucher-queue-of-nothing", "voucher.go", `keeps := h.account == asset.Issuer || b.Posted == 0`,
		`keeps := h.account == asset.Issuer`,
		"an account that has no vouchers is not in the queue of their date",
	},
	{
		"return-each-below", "return.go", `if !ok || returned > moved.amount {`, `if !ok || o.Amount > moved.amount {`,
		"all returns together are never above what was moved",
	},
	{
		"return-in-own-batch", "return.go", `if o.LeafIndex >= d.before {`, `if o.LeafIndex >= uint64(d.size) {`,
		"what is returned is in the history before the batch",
	},
	{
		"return-of-a-forged-leaf", "return.go", `if stored[0] != tlog.RecordHash(o.Leaf) {`, `if len(stored) != 1 {`,
		"the leaf shown is the one in the history",
	},
	{
		"return-of-an-effect-twice", "return.go", `if e.Kind != tx.HoldCompleted || operation != 0 {`, `if e.Kind != tx.HoldCompleted {`,
		"what a hold moved at its expiry has one name, so that it is not returned twice",
	},
	{
		"return-of-another-asset", "return.go",
		`case moved == nil || moved.debit != o.Credit || moved.credit != o.Debit || moved.asset != o.Asset:`,
		`case moved == nil || moved.debit != o.Credit || moved.credit != o.Debit:`,
		"a return is in the asset that was moved",
	},
	{
		"return-of-a-refusal", "return.go", `if r.Result.Code != tx.OK {`, `if r.Result.Code == tx.Unauthorised {`,
		"what was refused moved nothing that could be returned",
	},
	{
		"return-arbitrated-by-issuer", "return.go", `code, err := d.admitOwner(asset.Arbiter, nil, tx.Unauthorised)`,
		`code, err := d.admitOwner(asset.Issuer, nil, tx.Unauthorised)`,
		"the asset's arbiter arbitrates returns, and its issuer does not",
	},
}
