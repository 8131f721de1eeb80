package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/genesis"
)

// Folder is where a sandbox keeps everything.
type Folder string

func (f Folder) path(parts ...string) string {
	return filepath.Join(append([]string{string(f)}, parts...)...)
}

// Genesis is the genesis file.
func (f Folder) Genesis() string { return f.path("genesis.json") }

// Pids is the file with the children's process ids.
func (f Folder) Pids() string { return f.path("pids.json") }

// Addresses is the file that tells other commands where this run is reached.
func (f Folder) Addresses() string { return f.path("sandbox.json") }

// Validator is the folder of a validator, counted from 1.
func (f Folder) Validator(n int) string { return f.path("validator" + strconv.Itoa(n)) }

// Gateway is the folder of a gateway, counted from 1: the first is called gateway, the others have numbers.
func (f Folder) Gateway(n int) string { return f.path(gatewayPlace(n)) }

func gatewayPlace(n int) string {
	if n == 1 {
		return "gateway"
	}
	return "gateway" + strconv.Itoa(n)
}

// Attestor is the folder of an attestor, counted from 1.
func (f Folder) Attestor(n int) string { return f.path("attestor" + strconv.Itoa(n)) }

func (f Folder) lock() string { return f.path("lock") }

// networkFile holds a network's id, in the sandbox's folder and in each validator's.
const networkFile = "network.id"

// Pids are the children's process ids; 0 means dead.
type Pids struct {
	Validators []int `json:"validators"`
	Gateway    int   `json:"gateway"`
	// Gateway2 is absent where one provider runs.
	Gateway2  *int  `json:"gateway2,omitempty"`
	Attestors []int `json:"attestors"`
}

// All are the ids of the children that live.
func (p Pids) All() []int {
	all := append(append([]int{p.Gateway}, p.Validators...), p.Attestors...)
	if p.Gateway2 != nil {
		all = append(all, *p.Gateway2)
	}
	return slices.DeleteFunc(all, func(pid int) bool { return pid == 0 })
}

// Addresses say where a run is reached.
type Addresses struct {
	Network string `json:"network"`
	// HTTP is the first gateway's, and ServiceCode what dials it.
	HTTP string `json:"http"`
	// GRPC are the validators' public services, Raft where they reach each other, in the order of the validators.
	GRPC []string `json:"grpc"`
	Raft []string `json:"raft"`
	// Tiles are the URLs of the validators' histories.
	Tiles       []string `json:"tiles"`
	ServiceCode string   `json:"service_code"`
	// Gateways are all that run, the first one first, and Attestors the attestors.
	Gateways  []GatewayAddress  `json:"gateways"`
	Attestors []AttestorAddress `json:"attestors"`
	// Control is the parent's socket.
	Control string `json:"control"`
}

// GatewayAddress says where a gateway is reached, and which provider's it is.
type GatewayAddress struct {
	// Name is the provider's in the directory.
	Name        string `json:"name"`
	HTTP        string `json:"http"`
	ServiceCode string `json:"service_code"`
}

// AttestorAddress says where an attestor is reached.
type AttestorAddress struct {
	Name string `json:"name"`
	HTTP string `json:"http"`
}

// Errors about a folder.
var (
	// ErrInUse means another sandbox runs in the folder.
	ErrInUse = errors.New("a sandbox is running in this folder")
	// ErrOtherNetwork means the parts of the folder are not of one network.
	ErrOtherNetwork = errors.New("the folder is of another network")
	// ErrForeign means the folder holds something that is not a sandbox.
	ErrForeign = errors.New("the folder holds something that is not a sandbox")
	// ErrNoSandbox means there is no sandbox in the folder.
	ErrNoSandbox = errors.New("there is no sandbox in this folder")
)

// founded says whether the folder holds a network already, and reads its genesis. It writes nothing.
func (f Folder) founded() (*genesis.Genesis, error) {
	raw, err := os.ReadFile(f.Genesis())
	if errors.Is(err, os.ErrNotExist) {
		return nil, f.checkEmpty()
	}
	if err != nil {
		return nil, fmt.Errorf("read genesis: %w", err)
	}
	g, err := genesis.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Genesis(), err)
	}
	// The ids were written before the genesis, so a sandbox that has a genesis has them all.
	folders := []string{string(f)}
	for n := range g.Validators {
		folders = append(folders, f.Validator(n+1))
	}
	for _, folder := range folders {
		id, err := os.ReadFile(filepath.Join(folder, networkFile))
		if err != nil {
			return nil, fmt.Errorf("%s does not say which network it belongs to (%w): put back its %s, or choose an empty folder with --dir: %w",
				folder, err, networkFile, ErrForeign)
		}
		if got := strings.TrimSpace(string(id)); got != g.Network().String() {
			return nil, fmt.Errorf("%s belongs to network %.16s…, but %s founds %.16s…: put the right genesis.json back, or choose an empty folder with --dir: %w",
				folder, got, f.Genesis(), g.Network(), ErrOtherNetwork)
		}
	}
	return g, nil
}

// checkEmpty says whether a network may be founded here: nothing is there, or what a founding left that was cut off.
func (f Folder) checkEmpty() error {
	entries, err := os.ReadDir(string(f))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read folder: %w", err)
	}
	for _, e := range entries {
		name := e.Name()
		number, isValidator := strings.CutPrefix(name, "validator")
		isValidator = isValidator && strings.Trim(number, "0123456789") == ""
		if !isValidator && !slices.Contains(own, name) && !strings.HasSuffix(name, partSuffix) {
			return fmt.Errorf("%s holds %s and no genesis.json: choose an empty folder with --dir: %w", f, name, ErrForeign)
		}
		for _, made := range []string{"state", "raft", "signer.state"} {
			if isValidator && exists(f.path(name, made)) {
				return fmt.Errorf("%s is gone, but %s has a ledger: put it back, or choose an empty folder with --dir: %w",
					f.Genesis(), f.path(name), ErrOtherNetwork)
			}
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// own are the names that a sandbox gives in its folder, beside those of the validators.
var own = []string{keysFolder, networkFile, "lock", "gateway", "gateway2", "attestor1", "attestor2", "attestor3", "pids.json", "sandbox.json", "control.sock"}

// partSuffix marks a file that is being written.
const partSuffix = ".part"

// writeFile replaces a file whole: a reader sees the old content or the new. A crash leaves the old one and a part.
func writeFile(path string, raw []byte, mode os.FileMode) error {
	part := path + partSuffix
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(part, path); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	return nil
}

func writeJSON(path string, v any, mode os.FileMode) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", filepath.Base(path), err)
	}
	return writeFile(path, append(raw, '\n'), mode)
}

func readJSON(path string, to any) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read file: %w", err)
	}
	if err := json.Unmarshal(raw, to); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// ReadAddresses reads where the sandbox of a folder is, or last was, reached.
func (f Folder) ReadAddresses() (Addresses, error) {
	var a Addresses
	err := readJSON(f.Addresses(), &a)
	if errors.Is(err, os.ErrNotExist) {
		return a, fmt.Errorf("%s: %w: start one with umoja dev, or name its folder with --dir", f, ErrNoSandbox)
	}
	return a, err
}

// ReadGenesis reads the network of a sandbox.
func (f Folder) ReadGenesis() (*genesis.Genesis, error) {
	raw, err := os.ReadFile(f.Genesis())
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w: start one with umoja dev, or name its folder with --dir", f, ErrNoSandbox)
	}
	if err != nil {
		return nil, fmt.Errorf("read genesis: %w", err)
	}
	g, err := genesis.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Genesis(), err)
	}
	return g, nil
}
