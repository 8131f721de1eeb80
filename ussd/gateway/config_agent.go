package gateway

import (
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd"
)

// Commission is one [[commission]] table: what agents earn for giving out cash, up to an amount.
type Commission struct {
	// UpTo is an amount; empty in the last table, which has no bound.
	UpTo string `toml:"up_to,omitempty" comment:"The largest amount of this band, such as 1000.00; leave it out in the last one."`
	// Flat and BasisPoints are summed; the share is rounded down.
	Flat        string `toml:"flat,omitempty" comment:"An amount, paid by the customer."`
	BasisPoints uint32 `toml:"basis_points,omitempty" comment:"Ten-thousandths of the amount, paid by the customer."`
}

// parseAmount reads an amount of a configuration; empty is none.
func parseAmount(name, text string, scale uint8) (amount.Amount, error) {
	if text == "" {
		return 0, nil
	}
	value, err := amount.Parse(text, scale)
	if err != nil {
		return 0, fmt.Errorf("%s: %w: %w", name, err, ErrConfig)
	}
	return value, nil
}

// money is the part of a configuration that is amounts of an asset.
func (c Config) money(scale uint8) (m struct {
	protect, lowFloat, smsCap, smsCapDay amount.Amount
	commission                           []tx.FeeBand
}, err error) {
	for _, one := range []struct {
		name, text string
		to         *amount.Amount
	}{
		{"protect_above", c.ProtectAbove, &m.protect}, {"low_float", c.LowFloat, &m.lowFloat},
		{"sms_cap", c.SMSCap, &m.smsCap}, {"sms_cap_day", c.SMSCapDay, &m.smsCapDay},
	} {
		if *one.to, err = parseAmount(one.name, one.text, scale); err != nil {
			return m, err
		}
	}
	for i, band := range c.Commission {
		b := tx.FeeBand{BasisPoints: band.BasisPoints}
		if b.UpTo, err = parseAmount(fmt.Sprintf("commission: up_to of entry %d", i+1), band.UpTo, scale); err != nil {
			return m, err
		}
		if b.Flat, err = parseAmount(fmt.Sprintf("commission: flat of entry %d", i+1), band.Flat, scale); err != nil {
			return m, err
		}
		m.commission = append(m.commission, b)
	}
	return m, nil
}

// roles are the numbers of agents and tills. A number in both lists is an error.
func (c Config) roles() (ussd.Roles, error) {
	all := make(ussd.Roles)
	for _, list := range []struct {
		name    string
		numbers []string
		role    ussd.Role
	}{{"agents", c.Agents, ussd.RoleAgent}, {"tills", c.Tills, ussd.RoleTill}} {
		for i, number := range list.numbers {
			phone, err := ussd.ParsePhone(number)
			if err != nil {
				return nil, fmt.Errorf("%s: entry %d must be in E.164 form, such as +254711000003", list.name, i+1)
			}
			if _, twice := all[phone]; twice {
				return nil, fmt.Errorf("%s: entry %d is there twice", list.name, i+1)
			}
			all[phone] = list.role
		}
	}
	return all, nil
}

func (c Config) checkRoles() error {
	_, err := c.roles()
	return err
}
