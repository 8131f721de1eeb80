package main

import (
	"context"
	"errors"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/sdk"
)

// lightFlags say what a receipt is held to beside the genesis file.
type lightFlags struct {
	file   string
	online bool
}

func (f *lightFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.file, "light", "", "the file of a light client, which remembers the highest checkpoint seen; it is made if it is not there")
	cmd.Flags().BoolVar(&f.online, "online", false, "ask validators for the newest checkpoint, and prove that the receipt is of the same history")
}

// undecided says that an error tells nothing of the receipt: it is of the validators, or of the client's own file.
func undecided(err error) bool {
	for _, other := range []error{sdk.ErrUnavailable, sdk.ErrBehind, sdk.ErrBadAnswer, sdk.ErrLightFile, errNoLight} {
		if errors.Is(err, other) {
			return true
		}
	}
	var file *fs.PathError
	return errors.As(err, &file)
}

var errNoLight = errors.New("--online needs --light FILE, where what was seen is remembered")

// verify checks a receipt: by the genesis alone, by what a light client has seen, or by asking as well.
func (f *lightFlags) verify(cmd *cobra.Command, network *networkFlags, g *genesis.Genesis, r checkpoint.Receipt) (*checkpoint.Verified, error) {
	if f.file == "" {
		if f.online {
			return nil, errNoLight
		}
		return r.Verify(g.Trust())
	}
	light, err := sdk.OpenLight(g, f.file)
	if err != nil {
		return nil, err
	}
	if !f.online {
		return light.Verify(r)
	}
	var verified *checkpoint.Verified
	err = network.reading(cmd, func(ctx context.Context, client *sdk.Client, _ *genesis.Genesis) error {
		// First to the newest: a later receipt of another history is then found even without network.
		if err := light.Update(ctx, client.LightSources()...); err != nil {
			return err
		}
		verified, err = light.Confirm(ctx, r, client.LightSources()...)
		return err
	})
	return verified, err
}
