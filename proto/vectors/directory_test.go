package vectors_test

import (
	"strings"

	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// wrongEntries break the rules of directory entries.
func (m *maker) wrongEntries() []wrong {
	provider := func(change func(*umojav1.RegisterProvider)) []byte {
		return alter(m, m.sampleOf("register-provider"), change)
	}
	attestor := func(change func(*umojav1.Attestor)) []byte {
		return alter(m, m.sampleOf("propose-attestor"), func(o *umojav1.Propose) { change(o.GetDecision().GetSetAttestor().GetAttestor()) })
	}
	return []wrong{
		{"provider-key-off-the-curve", "point", "Nobody could use a grant to it.", provider(func(o *umojav1.RegisterProvider) { o.Key = fill(0xff, 32) })},
		{"provider-without-name", "text", "People choose it by name.", provider(func(o *umojav1.RegisterProvider) { o.Name = "" })},
		{"provider-name-of-33-bytes", "text", "The limit is in bytes.", provider(func(o *umojav1.RegisterProvider) { o.Name = strings.Repeat("n", 33) })},
		{"provider-name-of-two-lines", "text", "A line feed draws over the rest of a screen.", provider(func(o *umojav1.RegisterProvider) { o.Name = "M\nPaid" })},
		{"provider-name-with-del", "text", "DEL is a control character as well.", provider(func(o *umojav1.RegisterProvider) { o.Name = "M\x7f" })},
		{"provider-name-with-a-control-character-of-latin-1", "text", "And so are U+0080 to U+009F.", provider(func(o *umojav1.RegisterProvider) { o.Name = "M\u0085" })},
		{"provider-name-turned-around", "text", "U+202E turns the digits behind it around.", provider(func(o *umojav1.RegisterProvider) { o.Name = "M\u202e001" })},
		{"provider-name-of-no-width", "text", "U+200B is not seen: two names would look alike.", provider(func(o *umojav1.RegisterProvider) { o.Name = "Mwan\u200bga" })},
		{"provider-name-with-a-line-separator", "text", "U+2028 begins a line.", provider(func(o *umojav1.RegisterProvider) { o.Name = "M\u2028Paid" })},
		{"nine-codes", "text", "A directory entry has room for eight.", provider(func(o *umojav1.RegisterProvider) { o.Codes = texts(9, 1) })},
		{"empty-code", "text", "An element may be empty in form, and no code is.", provider(func(o *umojav1.RegisterProvider) { o.Codes[1] = "" })},
		{"code-of-25-bytes", "text", "USSD codes are shorter.", provider(func(o *umojav1.RegisterProvider) { o.Codes[0] = strings.Repeat("c", 25) })},
		{"seventeen-languages", "text", "A directory entry has room for sixteen.", provider(func(o *umojav1.RegisterProvider) { o.Languages = texts(17, 1) })},
		{"language-of-17-bytes", "text", "Tags of BCP 47 are shorter.", provider(func(o *umojav1.RegisterProvider) { o.Languages[0] = strings.Repeat("l", 17) })},
		{"nine-endpoints", "text", "A directory entry has room for eight.", provider(func(o *umojav1.RegisterProvider) { o.Endpoints = texts(9, 1) })},
		{"endpoint-of-129-bytes", "text", "Longer addresses are not for people.", provider(func(o *umojav1.RegisterProvider) { o.Endpoints[0] = strings.Repeat("e", 129) })},
		{"telephone-of-16-digits", "telephone", "E.164 has fifteen.", provider(func(o *umojav1.RegisterProvider) { o.Telephone = "+1234567890123456" })},
		{"telephone-without-country", "telephone", "E.164 begins with a plus.", provider(func(o *umojav1.RegisterProvider) { o.Telephone = "0700000000" })},
		{"telephone-of-country-0", "telephone", "No country code begins with zero.", provider(func(o *umojav1.RegisterProvider) { o.Telephone = "+0700000000" })},
		{"telephone-with-a-space", "telephone", "Programs that show groups take the spaces out.", provider(func(o *umojav1.RegisterProvider) { o.Telephone = "+254 7" })},
		{"telephone-of-a-plus", "telephone", "No digit follows.", provider(func(o *umojav1.RegisterProvider) { o.Telephone = "+" })},
		{"attestor-key-off-the-curve", "point", "Nobody could attest with it.", attestor(func(a *umojav1.Attestor) { a.Key = fill(0xff, 32) })},
		{"attestor-without-name", "text", "The rules of a provider's name.", attestor(func(a *umojav1.Attestor) { a.Name = "" })},
		{"attestor-with-nine-endpoints", "text", "And of its endpoints.", attestor(func(a *umojav1.Attestor) { a.Endpoints = texts(9, 1) })},
	}
}

// wrongFees break the rules of fee schedules.
func (m *maker) wrongFees() []wrong {
	fees := func(change func(*umojav1.PublishFees)) []byte { return alter(m, m.sampleOf("publish-fees"), change) }
	return []wrong{
		{"fees-of-no-asset", "asset", "Assets are numbered from 1.", fees(func(o *umojav1.PublishFees) { o.Asset = 0 })},
		{"fees-of-no-version", "bands", "Versions are numbered from 1.", fees(func(o *umojav1.PublishFees) { o.Version = 0 })},
		{"fees-without-bands", "bands", "A free schedule has a band that says so.", fees(func(o *umojav1.PublishFees) { o.Bands = nil })},
		{"fees-of-seventeen-bands", "bands", "Sixteen are the most.", fees(func(o *umojav1.PublishFees) {
			o.Bands = nil
			for i := range 17 {
				o.Bands = append(o.Bands, &umojav1.FeeBand{UpTo: uint64(i+1) % 17})
			}
		})},
		{"last-band-with-a-bound", "bands", "An amount above it would have no fee.", fees(func(o *umojav1.PublishFees) { o.Bands[2].UpTo = 5_000_00 })},
		{"first-band-without-a-bound", "bands", "The bands after it would never be reached.", fees(func(o *umojav1.PublishFees) { o.Bands[0].UpTo = 0 })},
		{"bands-descend", "bands", "One amount has one band.", fees(func(o *umojav1.PublishFees) { o.Bands[0].UpTo, o.Bands[0].Flat = 2_000_00, 1 })},
		{"two-bands-of-one-bound", "bands", "The second would never be reached.", fees(func(o *umojav1.PublishFees) { o.Bands[0].UpTo = o.Bands[1].GetUpTo() })},
		{"band-up-to-2-to-63", "bands", "A bound is an amount.", fees(func(o *umojav1.PublishFees) { o.Bands = o.GetBands()[1:]; o.Bands[0].UpTo = 1 << 63 })},
		{"flat-fee-of-2-to-63", "amount", "So is a fee; it may be zero.", fees(func(o *umojav1.PublishFees) { o.Bands[2].Flat = 1 << 63 })},
		{"fee-above-the-amount", "bands", "A share is at most all of the amount: 10,000 ten-thousandths.", fees(func(o *umojav1.PublishFees) { o.Bands = o.GetBands()[2:]; o.Bands[0].BasisPoints = 10_001 })},
	}
}

// wrongBallots break the rules of proposals and votes.
func (m *maker) wrongBallots() []wrong {
	propose := func(sample string, change func(*umojav1.Propose)) []byte { return alter(m, m.sampleOf(sample), change) }
	set := func(change func(*umojav1.SetValidators)) []byte {
		return propose("propose-validators", func(o *umojav1.Propose) { change(o.GetDecision().GetSetValidators()) })
	}
	parameter := func(p umojav1.Parameter, value uint64) []byte {
		return propose("propose-parameter", func(o *umojav1.Propose) {
			d := o.GetDecision().GetSetParameter()
			d.Parameter, d.Value = p, value
		})
	}
	vote := func(name string) []byte {
		return alter(m, m.sampleOf("vote"), func(o *umojav1.Vote) { o.Validator = name })
	}
	more := func(n int) []byte {
		return set(func(d *umojav1.SetValidators) {
			for len(d.GetValidators()) < n {
				d.Validators = append(d.Validators, d.GetValidators()[0])
			}
		})
	}
	return []wrong{
		{"proposal-without-decision", "decision", "There is nothing to vote on.", propose("propose-rules", func(o *umojav1.Propose) { o.Decision = nil })},
		{"proposal-of-an-empty-decision", "decision", "The message is there and decides nothing.", propose("propose-rules", func(o *umojav1.Propose) { o.Decision = &umojav1.Decision{} })},
		{"proposal-for-ever", "expiry", "Every ballot ends.", propose("propose-rules", func(o *umojav1.Propose) { o.ExpiresAtUnixMs = 0 })},
		{"proposal-by-nobody", "validator-name", "The validator is named, and its governor signs.", propose("propose-rules", func(o *umojav1.Propose) { o.Validator = "" })},
		{"proposal-by-a-flag", "validator-name", "A name that programs might take for an option.", propose("propose-rules", func(o *umojav1.Propose) { o.Validator = "-v1" })},
		{"vote-in-capital-letters", "validator-name", "Names are of lower case.", vote("V1")},
		{"vote-of-a-parent-folder", "validator-name", "A name is never a path.", vote("../v1")},
		{"vote-of-a-name-of-65-letters", "validator-name", "Sixty-four are the most.", vote(strings.Repeat("v", 65))},
		{"three-validators", "decision", "Sets have 3f + 1 members, and at least four.", set(func(d *umojav1.SetValidators) { d.Validators = d.GetValidators()[:3] })},
		{"five-validators", "decision", "Five bear no more faults than four.", more(5)},
		{"thirty-four-validators", "decision", "Thirty-one are the most.", more(34)},
		{"validators-descend", "decision", "One set has one form.", set(func(d *umojav1.SetValidators) { v := d.GetValidators(); v[0], v[1] = v[1], v[0] })},
		{"validator-twice", "decision", "One validator, one vote.", set(func(d *umojav1.SetValidators) { d.Validators[1].Name = d.GetValidators()[0].GetName() })},
		{"validator-named-as-a-path", "validator-name", "Names are never paths.", set(func(d *umojav1.SetValidators) { d.Validators[0].Name = "../v1" })},
		{"two-validators-of-one-key", "decision", "One machine would vote twice.", set(func(d *umojav1.SetValidators) { d.Validators[1].Key = d.GetValidators()[0].GetKey() })},
		{"two-validators-of-one-tls-key", "decision", "One machine would be reached as two.", set(func(d *umojav1.SetValidators) { d.Validators[1].TlsKeyHash = d.GetValidators()[0].GetTlsKeyHash() })},
		{"validator-key-that-is-anothers-tls-key", "decision", "No key serves twice, in whatever place.", set(func(d *umojav1.SetValidators) { d.Validators[1].TlsKeyHash = d.GetValidators()[0].GetKey() })},
		{"no-parameter", "decision", "Which one is never a default.", parameter(0, 1)},
		{"no-attestation", "decision", "Anybody could bind any number.", parameter(umojav1.Parameter_PARAMETER_ATTESTATIONS, 0)},
		{"nine-attestations", "decision", "More than an authority may ask for.", parameter(umojav1.Parameter_PARAMETER_ATTESTATIONS, 9)},
		{"move-delay-above-a-year", "decision", "Nobody could leave.", parameter(umojav1.Parameter_PARAMETER_MOVE_DELAY_MS, 365*day+1)},
		{"recovery-delay-above-a-year", "decision", "Nobody could recover.", parameter(umojav1.Parameter_PARAMETER_RECOVERY_DELAY_MS, 365*day+1)},
		{"quarantine-above-a-year", "decision", "Numbers would run out.", parameter(umojav1.Parameter_PARAMETER_QUARANTINE_MS, 365*day+1)},
		{"credit-interval-above-a-day-and-a-half", "decision", "Interval, burst and shares multiply to less than 2^63.", parameter(umojav1.Parameter_PARAMETER_CREDIT_INTERVAL_MS, 1<<27+1)},
		{"credit-burst-of-nothing", "decision", "Nobody could ever pay.", parameter(umojav1.Parameter_PARAMETER_CREDIT_BURST, 0)},
		{"credit-burst-above-a-million", "decision", "It is 2^20 at most.", parameter(umojav1.Parameter_PARAMETER_CREDIT_BURST, 1<<20+1)},
		{"rules-version-0", "decision", "Versions are numbered from 1.", propose("propose-rules", func(o *umojav1.Propose) { o.GetDecision().GetSetRules().Version = 0 })},
		{"pool-of-no-shares", "decision", "A provider that may carry nothing is none.", propose("propose-pool", func(o *umojav1.Propose) { o.GetDecision().GetSetPool().Shares = 0 })},
		{"pool-of-65537-shares", "decision", "65,536 are the most.", propose("propose-pool", func(o *umojav1.Propose) { o.GetDecision().GetSetPool().Shares = 1<<16 + 1 })},
		{"attestor-absent", "decision", "The entry is the decision.", propose("propose-attestor", func(o *umojav1.Propose) { o.GetDecision().GetSetAttestor().Attestor = nil })},
	}
}
