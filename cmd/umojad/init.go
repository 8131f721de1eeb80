package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/consensus/validator"
)

// configFile is the configuration that init writes.
const configFile = "validator.toml"

func newInitCommand() *cobra.Command {
	var dir, name, peerAddress, address string
	cmd := &cobra.Command{
		Use:   "init --dir DIR --name NAME --peer-address HOST:PORT --address HOST:PORT",
		Short: "make a validator's keys on this machine and print its public record",
		Long: `init makes a folder for a validator: its two keys, readable by you only, its public record (validator.json) and a
configuration to edit (validator.toml). It prints the record, which goes to whoever writes the genesis file.

The keys never leave the folder. A second init keeps the keys and the configuration and signs the record anew.`,
		Example: "  umojad init --dir /var/lib/umoja --name kilimo --peer-address ledger.kilimo.example:7000 --address ledger.kilimo.example:7070",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, f := range []struct{ flag, value string }{{"peer-address", peerAddress}, {"address", address}} {
				if host, port, err := net.SplitHostPort(f.value); err != nil || host == "" || port == "" {
					return fmt.Errorf("--%s is %q, not host:port as others reach it", f.flag, f.value)
				}
			}
			if err := checkOwner(dir, name); err != nil {
				return err
			}
			record, err := validator.Init(dir, name, peerAddress, address)
			if err != nil {
				return err
			}
			raw, err := json.MarshalIndent(record, "", "  ")
			if err != nil {
				return fmt.Errorf("encode record: %w", err)
			}
			raw = append(raw, '\n')
			if err := os.WriteFile(filepath.Join(dir, validator.RecordFile), raw, 0o644); err != nil {
				return fmt.Errorf("write record: %w", err)
			}
			path := filepath.Join(dir, configFile)
			if err := writeConfig(path, name, peerAddress, address); err != nil {
				return err
			}
			if _, err := cmd.OutOrStdout().Write(raw); err != nil {
				return fmt.Errorf("print record: %w", err)
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "Send %s to whoever writes the genesis file. When you have genesis.json, put it into %s, look through %s, and\nrun: umojad --config %s\n",
				filepath.Join(dir, validator.RecordFile), dir, path, path)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&dir, "dir", "", "the validator's folder")
	f.StringVar(&name, "name", "", "the validator's name: small letters, digits, dots and dashes")
	f.StringVar(&peerAddress, "peer-address", "", "where other validators reach it, host:port")
	f.StringVar(&address, "address", "", "where clients reach it, host:port")
	for _, name := range []string{"dir", "name", "peer-address", "address"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic("flag --" + name + ": " + err.Error()) // Cannot happen: it is defined above.
		}
	}
	return cmd
}

// checkOwner refuses the folder of a validator of another name: its configuration is kept, and would not find the record.
func checkOwner(dir, name string) error {
	path := filepath.Join(dir, validator.RecordFile)
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read record: %w", err)
	}
	var before struct{ Name string }
	if err := json.Unmarshal(raw, &before); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if before.Name != name {
		return fmt.Errorf("%s is the folder of validator %q: keep --name, or choose another folder with --dir", dir, before.Name)
	}
	return nil
}

// writeConfig writes a configuration for its operator to edit; one that is there already is kept.
func writeConfig(path, name, peerAddress, address string) error {
	if _, err := os.Stat(path); err == nil || !errors.Is(err, os.ErrNotExist) {
		return err
	}
	c := validator.Config{
		Name: name, Dir: ".", Genesis: "genesis.json", SigningKey: validator.SigningKeyFile, TLSKey: validator.TLSKeyFile,
		PeerListen: everywhere(peerAddress), Listen: everywhere(address), Timing: "wan", Log: "info",
	}
	return c.Write(path)
}

// everywhere is the port of an address on all of this machine's addresses: the public one may be a router's.
func everywhere(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return net.JoinHostPort("", port)
}
