package main

import (
	"crypto/rand"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/ussd/attestor"
	"github.com/umoja-ledger/umoja/ussd/custody"
	"github.com/umoja-ledger/umoja/ussd/gateway"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// newCustodyCommand changes how the keys of a configuration are kept.
func newCustodyCommand(config *string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "custody", Short: "seal the keys of a configuration in one file, and change its pepper", Args: cobra.NoArgs,
		Long: `custody works on the key files that a configuration names, and shows none of them. A process takes changes up when it is
started again.

  umoja-gateway custody identity /media/stick/identity.txt
  umoja-gateway --config gateway.toml custody seal keys.age --identity /media/stick/identity.txt
  umoja-gateway --config gateway.toml custody rotate

The sealed file is one of age, so that age opens it, too. Keep the identity, or the passphrase, where the file's backups are not: who
has both has the provider's key. Without it nothing opens the file. With --role attestor the configuration is an attestor.toml.`,
	}
	role := cmd.PersistentFlags().String("role", roleGateway, "whose configuration it is: gateway or attestor")
	source := func() (custody.Source, error) { return openSource(*config, *role) }
	cmd.AddCommand(newIdentityCommand(), newSealCommand(source), newRotateCommand(source), newPeppersCommand(source), newRetireCommand(source))
	return cmd
}

// openSource reads where a configuration's keys are.
func openSource(config, role string) (custody.Source, error) {
	switch {
	case role != roleGateway && role != roleAttestor:
		return custody.Source{}, fmt.Errorf("--role is %q, not %s or %s", role, roleGateway, roleAttestor)
	case config == "":
		return custody.Source{}, fmt.Errorf("--config is missing: name the %s.toml", role)
	case role == roleAttestor:
		c, err := attestor.Load(config)
		return c.Source(), err
	}
	c, err := gateway.Load(config)
	return c.Source(), err
}

func newIdentityCommand() *cobra.Command {
	return &cobra.Command{
		Use: "identity FILE", Short: "make an identity that opens sealed files, in a file that was not there", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return custody.CreateIdentity(args[0]) },
	}
}

func newSealCommand(source func() (custody.Source, error)) *cobra.Command {
	var with custody.Source
	cmd := &cobra.Command{
		Use: "seal FILE", Short: "write the three key files of the configuration to a sealed one that was not there", Args: cobra.ExactArgs(1),
		Long: `seal encrypts the keys for an identity or a passphrase, opens the new file to see that it can be opened, and prints what the
configuration has to say from now on. It deletes nothing: delete the plain files, and their backups, when the process has started
with the sealed one.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			from, err := source()
			if err != nil {
				return err
			}
			if from.Sealed != "" {
				return fmt.Errorf("the keys are in %s already: %w", from.Sealed, custody.ErrExists)
			}
			if with.Sealed, err = filepath.Abs(args[0]); err != nil {
				return fmt.Errorf("find %s: %w", args[0], err)
			}
			if err := seal(from, with); err != nil {
				return err
			}
			return printSealed(cmd, with)
		},
	}
	cmd.Flags().StringVar(&with.Identity, "identity", "", "the file of an age identity that opens it")
	cmd.Flags().StringVar(&with.PassphraseFile, "passphrase-file", "", "a file with the passphrase that opens it")
	cmd.Flags().StringVar(&with.PassphraseEnv, "passphrase-env", "", "the environment variable with the passphrase that opens it")
	return cmd
}

// seal writes the sealed file and reads it again.
func seal(from, with custody.Source) error {
	if err := with.Check(); err != nil {
		return fmt.Errorf("--identity, --passphrase-file or --passphrase-env: %w", err)
	}
	unlock, err := with.Unlock()
	if err != nil {
		return err
	}
	files, err := custody.OpenFiles(from.Grant, from.Alias, from.Pepper)
	if err != nil {
		return err
	}
	if err := custody.Seal(with.Sealed, files, unlock); err != nil {
		return err
	}
	if _, err := custody.OpenSealed(with.Sealed, unlock); err != nil {
		return fmt.Errorf("open what was sealed: %w", err)
	}
	return nil
}

func printSealed(cmd *cobra.Command, with custody.Source) error {
	name, value, err := "keys_passphrase_env", with.PassphraseEnv, error(nil)
	switch {
	case with.Identity != "":
		name = "keys_identity"
		value, err = filepath.Abs(with.Identity)
	case with.PassphraseFile != "":
		name = "keys_passphrase_file"
		value, err = filepath.Abs(with.PassphraseFile)
	}
	if err != nil {
		return fmt.Errorf("find the file that opens the keys: %w", err)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "sealed. Instead of the three key files the configuration says:\nkeys = %q\n%s = %q\n", with.Sealed, name, value)
	return err
}

func newRotateCommand(source func() (custody.Source, error)) *cobra.Command {
	return &cobra.Command{
		Use: "rotate", Short: "put a new pepper before the others, for PINs from now on", Args: cobra.NoArgs,
		Long: `rotate makes a new pepper. PINs that were chosen under the old ones still count. The sessions that are open when the process is
started again end, since what they are compared by is derived from the newest pepper.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			from, err := source()
			if err != nil {
				return err
			}
			id, err := from.Rotate(rand.Reader)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "the newest pepper is %s; start the %s again\n", id, cmd.Flag("role").Value)
			return err
		},
	}
}

func newPeppersCommand(source func() (custody.Source, error)) *cobra.Command {
	return &cobra.Command{
		Use: "peppers", Short: "list the names of the peppers, the newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			from, err := source()
			if err != nil {
				return err
			}
			keys, err := from.Open()
			if err != nil {
				return err
			}
			for _, p := range keys.Peppers() {
				if _, err := fmt.Fprintln(cmd.OutOrStdout(), p.ID()); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func newRetireCommand(source func() (custody.Source, error)) *cobra.Command {
	return &cobra.Command{
		Use: "retire PEPPER", Short: "drop an old pepper; whoever still has a PIN under it must choose a new one", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			id, err := pin.ParsePepperID(args[0])
			if err != nil {
				return fmt.Errorf("PEPPER: %w", err)
			}
			from, err := source()
			if err != nil {
				return err
			}
			return from.Retire(id)
		},
	}
}
