//go:build sabotage

package sabotage

// payer is what leaves an account: fees, caps, limits, the day, freezes (SPEC.md 5.5 to 5.7), and transfers of all kinds (5.15).
var payer = []Sabotage{
	{
		"fee-from-nothing", "transfer.go", `p.balance.Posted -= o.Amount + fee`, `p.balance.Posted -= o.Amount`,
		"the payer pays the fee: units come from an issue and from nowhere else",
	},
	{
		"fee-below-schedule", "payer.go", `if want, ok := tx.FeeFor(p.schedule.Bands, a); !ok || want != fee {`,
		`if want, ok := tx.FeeFor(p.schedule.Bands, a); !ok || want < fee {`,
		"a fee is what the schedule says, not less",
	},
	{
		"fee-rounded-up", "tx/directory.go", `share := q*uint64(b.BasisPoints) + r*uint64(b.BasisPoints)/10_000`,
		`share := q*uint64(b.BasisPoints) + (r*uint64(b.BasisPoints)+9_999)/10_000`,
		"the share of a fee is rounded down, in the payer's favour",
	},
	{
		"fee-band-ends-early", "tx/directory.go", `if b.UpTo != 0 && a > b.UpTo {`, `if b.UpTo != 0 && a >= b.UpTo {`,
		"the bound of a band belongs to the band",
	},
	{
		"fee-schedule-of-another-asset", "payer.go",
		`if p.schedule == nil || p.schedule.Asset != p.number || !p.schedule.ValidAt(p.d.timeUnixMs) {`,
		`if p.schedule == nil || !p.schedule.ValidAt(p.d.timeUnixMs) {`,
		"a schedule is for one asset",
	},
	{
		"fee-at-ceiling-refused", "payer.go", `if fee > c.grant.FeeCeiling {`, `if fee >= c.grant.FeeCeiling {`,
		"a fee may be as high as the grant's ceiling",
	},
	{
		"cap-of-one-operation", "payer.go", `if total, ok := c.total.Add(sum); !ok || total > c.grant.CapTransaction {`,
		`if sum > c.grant.CapTransaction {`,
		"the cap for a transaction counts all that the transaction debits under the grant",
	},
	{
		"cap-day-never-filled", "payer.go", `if used, ok := c.grant.Used.Add(sum); !ok || used > c.grant.CapDay {`,
		`if used, ok := c.grant.Used.Add(sum); !ok || used >= c.grant.CapDay {`,
		"a day's cap may be used up to the last unit",
	},
	{
		"cap-day-always-new", "payer.go", `c.grant.Day, c.grant.Used = today, 0`, `c.grant.Used = 0`,
		"what a grant was used for counts the whole day",
	},
	{
		"several-grants-last-decides", "payer.go", `furthest = max(furthest, code)`, `furthest = code`,
		"when no grant has room, the one that fails at the highest code decides, whatever the order of the keys",
	},
	{
		"limit-at-cap-refused", "payer.go", `case p.limit != nil && drawn > p.limit.CapTransaction:`,
		`case p.limit != nil && drawn >= p.limit.CapTransaction:`,
		"an operation may debit as much as the tier's limit",
	},
	{
		"limit-of-one-leg", "payer.go", `drawn, used := p.drawn.Saturate(sum), p.balance.Used.Saturate(sum)`,
		`drawn, used := sum, p.balance.Used.Saturate(sum)`,
		"a tier's limit is for the operation, not for each leg",
	},
	{
		"limit-day-not-for-owners", "payer.go", `case p.limit != nil && used > p.limit.CapDay:`,
		`case p.limit != nil && !p.owner && used > p.limit.CapDay:`,
		"limits bound an account whoever signs",
	},
	{
		"limit-for-issuers", "payer.go", `if account != p.asset.Issuer {`, `if entry != nil {`,
		"an issuer has no tier limit in its own asset",
	},
	{
		"limit-day-whole-while-pending", "payer.go",
		`return &Limit{CapTransaction: limit.CapTransaction / 4, CapDay: limit.CapDay / 4}, nil`,
		`return &Limit{CapTransaction: limit.CapTransaction / 4, CapDay: limit.CapDay}, nil`,
		"while a move or recovery is pending, the limit of the day is a quarter too",
	},
	{
		"day-offset-reversed", "entry.go",
		`return uint32(uint64(int64(timeUnixMs)+int64(r.DayOffsetMinutes)*minute) / day)`,
		`return uint32(uint64(int64(timeUnixMs)-int64(r.DayOffsetMinutes)*minute) / day)`,
		"a day begins at midnight at the network's offset",
	},
	{
		"day-begins-early", "entry.go",
		`return uint32(uint64(int64(timeUnixMs)+int64(r.DayOffsetMinutes)*minute) / day)`,
		`return uint32(uint64(int64(timeUnixMs)+int64(r.DayOffsetMinutes)*minute+1) / day)`,
		"at 23:59:59.999 it is still today",
	},
	{
		"freeze-ends-early", "payer.go", `if d.timeUnixMs <= entry.FrozenUntilUnixMs {`, `if d.timeUnixMs < entry.FrozenUntilUnixMs {`,
		"an account is frozen up to and with the time of the freeze",
	},
	{
		"held-units-spent", "payer.go", `if p.balance.Available() < sum {`, `if p.balance.Posted < sum {`,
		"what holds reserve cannot be spent again",
	},
	{
		"inflow-counts-last", "transfer.go", `in.received = sum`, `in.received = a`,
		"payments to provisional aliases of a provider are counted together",
	},
	{
		"inflow-at-bound-refused", "transfer.go", `if !ok || sum > in.cap {`, `if !ok || sum >= in.cap {`,
		"the provisional inflow of a day may be used up to the last unit",
	},
	{
		"inflow-of-yesterday", "transfer.go", `if day, received := r.u32(), amount.Amount(r.u64()); day == in.day {`,
		`if day, received := r.u32(), amount.Amount(r.u64()); day <= in.day {`,
		"the provisional inflow of an earlier day counts as nothing",
	},
	{
		"self-transfer", "transfer.go", `case debit == credit:`, `case debit == credit && alias != nil:`,
		"payer and payee are two",
	},
	{
		"alias-of-somebody-else", "transfer.go", `if !bound.Bound() || bound.Account != credit {`, `if !bound.Bound() {`,
		"a payment to a number goes to the account that the payer saw, or nowhere",
	},
	{
		"bulk-fee-of-refused-legs", "bulk.go", `return d.payFee(o.Fee, o.Asset, paid)`,
		`return d.payFee(o.Fee, o.Asset, max(paid, feeOf(o.Fee)))`,
		"the fee of a bulk transfer is the sum over the legs that stand",
	},
	{
		"bulk-atomic-in-part", "bulk.go", `case o.Mode == tx.Atomic:`, `case o.Mode == tx.Atomic && applied == 0:`,
		"in mode atomic one leg that is refused refuses all",
	},
	{
		"bulk-no-leg-is-enough", "bulk.go", `if applied == 0 {`, `if applied < 0 {`,
		"a bulk transfer of which no leg stands is refused",
	},
	{
		"bulk-fee-below-schedule", "bulk.go", `if sum != o.Fee.Amount {`, `if sum < o.Fee.Amount {`,
		"the payer pays no more fee than he signed",
	},
	{
		"request-of-another-amount", "request.go",
		`case o.Debit != q.Debit || o.Credit != q.Credit || o.Asset != q.Asset || o.Amount != q.Amount:`,
		`case o.Debit != q.Debit || o.Credit != q.Credit || o.Asset != q.Asset:`,
		"a request is paid with the amount that it asks for",
	},
	{
		"request-paid-twice", "transfer.go", `d.endRequest(*o.Request, *request)`, `_ = *request`,
		"a bill is paid once, however often it is shown",
	},
	{
		"request-declined-by-anybody", "request.go", `case o.Account != q.Debit && o.Account != q.Credit:`,
		`case o.Account == (tx.AccountID{}):`,
		"only payer and payee end a request",
	},
	{
		"request-ends-early", "request.go", `if err != nil || q == nil || q.ExpiresAtUnixMs < b.timeUnixMs {`,
		`if err != nil || q == nil || q.ExpiresAtUnixMs <= b.timeUnixMs {`,
		"a request can be paid at its expiry",
	},
}
