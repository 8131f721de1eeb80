package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/sdk"
)

// sandboxFile is what `umoja dev` writes about itself into DIR/sandbox.json.
type sandboxFile struct {
	HTTP        string   `json:"http"`
	GRPC        []string `json:"grpc"`
	ServiceCode string   `json:"service_code"`

	Gateways  []sandbox.GatewayAddress  `json:"gateways,omitempty"`
	Attestors []sandbox.AttestorAddress `json:"attestors,omitempty"`
}

// defaultDir is where `umoja dev` keeps its sandbox.
const defaultDir = "./umoja-sandbox"

func addDirFlag(cmd *cobra.Command, dir *string) {
	value := os.Getenv("UMOJA_DIR")
	if value == "" {
		value = defaultDir
	}
	cmd.Flags().StringVar(dir, "dir", value, "the sandbox's folder (environment: UMOJA_DIR)")
}

// readSandbox reads where a sandbox is reached.
func readSandbox(dir string) (sandboxFile, error) {
	var box sandboxFile
	raw, err := os.ReadFile(filepath.Join(dir, "sandbox.json"))
	if errors.Is(err, os.ErrNotExist) {
		return box, fmt.Errorf("no sandbox in %s: start one with umoja dev, or name it with --dir", dir)
	}
	if err != nil {
		return box, fmt.Errorf("read sandbox: %w", err)
	}
	if err := json.Unmarshal(raw, &box); err != nil {
		return box, fmt.Errorf("read %s: %w", filepath.Join(dir, "sandbox.json"), err)
	}
	return box, nil
}

// networkFlags say which network a command talks to.
type networkFlags struct {
	dir, genesis string
	validators   []string
	tls          string
	asset        string
}

func (f *networkFlags) add(cmd *cobra.Command) {
	addDirFlag(cmd, &f.dir)
	cmd.Flags().StringVar(&f.genesis, "genesis", "", "the network's genesis file; by default the sandbox's")
	cmd.Flags().StringSliceVar(&f.validators, "validator", nil, "a validator's address, host:port; may be given several times")
	cmd.Flags().StringVar(&f.tls, "tls", "", "PEM file of the authorities behind the validators' certificates, or \"system\"; plaintext is for test networks")
}

func (f *networkFlags) addAsset(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.asset, "asset", "KES", "the asset's code")
}

// readGenesis reads the network's genesis file.
func (f *networkFlags) readGenesis() (*genesis.Genesis, error) {
	path := f.genesis
	if path == "" {
		path = filepath.Join(f.dir, "genesis.json")
	}
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("no genesis file %s: name the network with --dir or --genesis", path)
	}
	if err != nil {
		return nil, fmt.Errorf("read genesis: %w", err)
	}
	g, err := genesis.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return g, nil
}

// open connects to the network.
func (f *networkFlags) open() (*sdk.Client, *genesis.Genesis, error) {
	g, err := f.readGenesis()
	if err != nil {
		return nil, nil, err
	}
	addresses := f.validators
	if len(addresses) == 0 && f.genesis == "" {
		box, err := readSandbox(f.dir)
		if err != nil {
			return nil, nil, err
		}
		addresses = box.GRPC
	}
	if f.tls == "" && !g.Test {
		return nil, nil, fmt.Errorf("%s is not a network for tests: say with --tls how its validators are secured", g.Name)
	}
	secure, err := sdk.TLS(f.tls)
	if err != nil {
		return nil, nil, fmt.Errorf("--tls: %w", err)
	}
	client, err := sdk.Open(sdk.Config{Genesis: g, Addresses: addresses, TLS: secure})
	if err != nil {
		return nil, nil, err
	}
	return client, g, nil
}
