package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/umoja-ledger/umoja/consensus/validator"
	"github.com/umoja-ledger/umoja/ussd/gateway"
)

// callbackPath is where the gateway takes the aggregator's posts.
const callbackPath = "/ussd/africastalking"

// configure writes each child's configuration for this run, and where the run is reached. The ports change from run to
// run, so whatever was edited by hand is replaced.
func (s *Sandbox) configure() error {
	peers := make(map[string]string)
	for i, r := range s.genesis.Validators {
		peers[r.Name] = s.plan.raft[i]
	}
	for i, r := range s.genesis.Validators {
		c := validator.Config{
			Name: r.Name, Dir: ".", Genesis: filepath.Join("..", "genesis.json"),
			SigningKey: validator.SigningKeyFile, TLSKey: validator.TLSKeyFile, AliasKey: filepath.Join("..", keysFolder, aliasKeyFile),
			PeerListen: s.plan.raft[i], Listen: s.plan.grpc[i], Timing: "lan", Log: "info", Peers: peers,
		}
		if err := c.Write(filepath.Join(s.folder.Validator(i+1), "validator.toml")); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(s.folder.Gateway(), 0o700); err != nil {
		return fmt.Errorf("make the gateway's folder: %w", err)
	}
	c := gateway.Config{
		Name: "gateway", Dir: ".", Genesis: filepath.Join("..", "genesis.json"), Validators: s.clients(), Listen: s.plan.http,
		ProviderKey: filepath.Join("..", keysFolder, providerKeyFile), AliasKey: filepath.Join("..", keysFolder, aliasKeyFile),
		Pepper: filepath.Join("..", keysFolder, pepperFile), ServiceCode: ServiceCode, Region: regionCode, Asset: AssetCode,
		CallbackPath: callbackPath, Sandbox: true, Log: "info",
	}
	for _, p := range phones {
		c.Phones = append(c.Phones, gateway.Phone{Number: p.number, Name: p.name, PIN: p.pin, Language: p.language})
	}
	if err := c.Write(filepath.Join(s.folder.Gateway(), "gateway.toml")); err != nil {
		return err
	}
	control, err := s.folder.controlPath()
	if err != nil {
		return err
	}
	return writeJSON(s.folder.Addresses(), Addresses{
		Network: s.genesis.Network().String(), HTTP: dialled(s.plan.http), GRPC: s.clients(), Raft: s.plan.raft,
		ServiceCode: ServiceCode, Control: control,
	}, 0o644)
}

// clients are the addresses that clients dial, in the order of the validators.
func (s *Sandbox) clients() []string {
	var out []string
	for _, address := range s.plan.grpc {
		out = append(out, dialled(address))
	}
	return out
}

// maxSocketPath is what every system takes as a socket's path: macOS has 104 bytes with the final zero, Linux 108.
const maxSocketPath = 103

// controlPath is the parent's socket: in the folder, or, when that path is too long for a socket, in the system's folder
// for temporary files under the hash of the folder's path.
func (f Folder) controlPath() (string, error) {
	absolute, err := filepath.Abs(f.path("control.sock"))
	if err != nil {
		return "", fmt.Errorf("find the folder: %w", err)
	}
	if len(absolute) <= maxSocketPath {
		return absolute, nil
	}
	hash := sha256.Sum256([]byte(absolute))
	return filepath.Join(os.TempDir(), "umoja-"+hex.EncodeToString(hash[:8])+".sock"), nil
}
