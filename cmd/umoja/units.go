package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// units know the names and decimals of assets: those of the genesis, and, on a network, those that were defined since. What is asked for
// is asked for once. They are for one goroutine.
type units struct {
	known map[tx.Asset]unit
	// ask finds an asset that the genesis does not have; nil offline.
	ask func(tx.Asset) (unit, error)
	// look finds one by its code; nil offline.
	look func(code string) (tx.Asset, unit, error)
}

// unit is how amounts of an asset are written.
type unit struct {
	code  string
	scale uint8
}

// unitsOf knows the assets of the genesis alone.
func unitsOf(g *genesis.Genesis) *units {
	u := &units{known: make(map[tx.Asset]unit, len(g.Assets))}
	for i, a := range g.Assets {
		u.known[tx.Asset(i+1)] = unit{a.Code, a.Scale}
	}
	return u
}

// unitsOn knows every asset of a network.
func unitsOn(ctx context.Context, client *sdk.Client, g *genesis.Genesis) *units {
	u := unitsOf(g)
	u.ask = func(number tx.Asset) (unit, error) {
		ctx, cancel := context.WithTimeout(ctx, readTimeout)
		defer cancel()
		a, err := client.Asset(ctx, number)
		return unit{a.Code, a.Scale}, err
	}
	u.look = func(code string) (tx.Asset, unit, error) {
		ctx, cancel := context.WithTimeout(ctx, readTimeout)
		defer cancel()
		a, err := client.AssetByCode(ctx, code)
		return a.Number, unit{a.Code, a.Scale}, err
	}
	return u
}

// money names an amount. An asset that is not known, or cannot be asked for now, is written in minor units under its number.
func (u *units) money(asset tx.Asset, a amount.Amount) money {
	named, ok := u.known[asset]
	if !ok {
		named = unit{code: "asset-" + strconv.FormatUint(uint64(asset), 10)}
		if u.ask != nil {
			if found, err := u.ask(asset); err == nil {
				named = found
			}
		}
		u.known[asset] = named // An asset that cannot be asked for is not asked for again either.
	}
	return money{Asset: named.code, Amount: a.Text(named.scale), grouped: a.Grouped(named.scale)}
}

// find finds an asset by its code.
func (u *units) find(code string) (tx.Asset, unit, error) {
	codes := make([]string, len(u.known))
	for number, named := range u.known {
		if named.code == code {
			return number, named, nil
		}
		if int(number) <= len(codes) {
			codes[number-1] = named.code
		}
	}
	if u.look != nil {
		number, named, err := u.look(code)
		if err == nil {
			u.known[number] = named
			return number, named, nil
		}
		if !errors.Is(err, sdk.ErrNotFound) {
			return 0, unit{}, fmt.Errorf("--asset %q: %w", code, err)
		}
	}
	return 0, unit{}, fmt.Errorf("--asset %q: the network has %s", code, strings.Join(codes, ", "))
}

// parse reads an amount of an asset of the network.
func (u *units) parse(code, text string) (tx.Asset, amount.Amount, error) {
	number, named, err := u.find(code)
	if err != nil {
		return 0, 0, err
	}
	a, err := amount.Parse(text, named.scale)
	if err != nil {
		return 0, 0, fmt.Errorf("AMOUNT %q: %w; write it like 150 or %s", text, err, amount.Amount(15050).Text(named.scale))
	}
	return number, a, nil
}
