package ledger_test

import (
	"pgregory.net/rapid"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// operations draws one operation, or the founding of a phone account.
func (m *machine) operations(t *rapid.T) []tx.Operation {
	switch rapid.SampledFrom([]string{
		"payment", "payment", "payment", "payment", "transfer", "transfer", "transfer", "open", "found", "grant", "grant", "revoke", "alias", "issue",
	}).Draw(t, "operation") {
	case "payment":
		return []tx.Operation{m.payment(t)}
	case "open":
		return []tx.Operation{rapid.SampledFrom(m.openings).Draw(t, "opening")}
	case "found":
		open := rapid.SampledFrom(m.openings).Draw(t, "founding")
		grant, alias := m.grant(t), m.alias(t)
		grant.Account, alias.Account = open.Account(), open.Account()
		if rapid.Bool().Draw(t, "for itself") {
			grant.Grantee = m.world.Provider.Public()
		}
		return []tx.Operation{open, alias, grant}
	case "grant":
		return []tx.Operation{m.grant(t)}
	case "revoke":
		g := m.grant(t)
		return []tx.Operation{tx.RevokeGrant{Account: g.Account, Grantee: g.Grantee}}
	case "alias":
		return []tx.Operation{m.alias(t)}
	case "issue":
		return []tx.Operation{tx.Issue{Asset: m.asset(t), Credit: m.account(t, "credit"), Amount: anyAmount(t, "amount")}}
	}
	return []tx.Operation{m.transfer(t)}
}

func (m *machine) account(t *rapid.T, label string) tx.AccountID {
	return rapid.SampledFrom(m.accounts).Draw(t, label)
}

// asset draws KES mostly, TZS, or one that does not exist.
func (m *machine) asset(t *rapid.T) tx.Asset {
	return rapid.SampledFrom([]tx.Asset{1, 1, 1, 1, 1, 1, 2, 2, 77}).Draw(t, "asset")
}

func (m *machine) alias(t *rapid.T) tx.BindAlias {
	return tx.BindAlias{Alias: rapid.SampledFrom(m.aliases).Draw(t, "alias"), Account: m.account(t, "bound"), SealedName: m.sealed}
}

func (m *machine) grant(t *rapid.T) tx.IssueGrant {
	caps := []amount.Amount{1, 100_00, 600_00, 5_000_00, 5_000_01, 20_000_00, 20_000_01, amount.Max}
	g := tx.IssueGrant{
		Account: m.account(t, "granting"), Grantee: rapid.SampledFrom(m.keys).Draw(t, "grantee"), Asset: m.asset(t),
		Operations: []tx.GrantedOperation{tx.GrantTransfer}, CapTransaction: rapid.SampledFrom(caps).Draw(t, "cap of a transaction"),
		ExpiresAtUnixMs: m.chain.TimeUnixMs + rapid.SampledFrom([]uint64{0, 1, 86_400_000, 86_400_000_000}).Draw(t, "grant's lifetime"),
	}
	g.CapDay = max(g.CapTransaction, rapid.SampledFrom(caps).Draw(t, "cap of a day"))
	g.FeeCeiling = min(g.CapTransaction, rapid.SampledFrom([]amount.Amount{0, 1_00, 10_00, amount.Max}).Draw(t, "ceiling"))
	return g
}

// payment draws what phones do: it goes wrong at the caps or the balance, or not at all.
func (m *machine) payment(t *rapid.T) tx.Transfer {
	payers := []tx.AccountID{m.openings[0].Account(), m.openings[0].Account(), m.world.Juma.Account, m.world.Juma.Account, m.world.Amina.Account}
	amounts := []amount.Amount{2_499_00, 4_998_99, 4_999_00, 4_999_00, 1_00, 499_00, 4_999_01, 5_000_00}
	o := tx.Transfer{
		Debit: rapid.SampledFrom(payers).Draw(t, "payer"), Credit: m.account(t, "payee"), Asset: 1, Amount: rapid.SampledFrom(amounts).Draw(t, "paid"),
		Fee: &tx.Fee{Provider: m.world.ProviderAccount, ScheduleVersion: 1, Amount: 1_00},
	}
	if o.Debit == m.openings[0].Account() && !rare(t, 3, "by provider") {
		o.Fee = nil
	}
	return o
}

func (m *machine) transfer(t *rapid.T) tx.Transfer {
	o := tx.Transfer{Debit: m.account(t, "debit"), Credit: m.account(t, "credit"), Asset: m.asset(t), Amount: anyAmount(t, "amount")}
	if rare(t, 4, "by number") {
		alias := rapid.SampledFrom(m.aliases).Draw(t, "alias")
		o.Alias = &alias
		if bound, there := m.model.aliases[alias]; there && rapid.Bool().Draw(t, "bound") {
			o.Credit = bound
		}
	}
	if rare(t, 2, "fee") {
		provider := rapid.SampledFrom(m.world.Genesis.Providers).Draw(t, "provider")
		version := rapid.SampledFrom([]int{1, 1, 1, 1, 2, 3, 4, 9}).Draw(t, "version")
		o.Fee = &tx.Fee{Provider: provider.Account, ScheduleVersion: uint32(version), Amount: 1_00}
		if version <= len(provider.Schedules) {
			o.Fee.Amount = provider.Schedules[version-1].Bands[0].Flat
		}
		switch rapid.IntRange(0, 9).Draw(t, "wrong fee") {
		case 0:
			o.Fee.Amount++
		case 1:
			o.Fee.Provider = m.account(t, "fee's provider")
		}
	}
	if _, fits := o.Total(); !fits {
		o.Amount -= o.Fee.Amount
	}
	return o
}
