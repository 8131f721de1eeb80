package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/umoja-ledger/umoja/consensus/validator"
	"github.com/umoja-ledger/umoja/ussd/adapter/registry"
	"github.com/umoja-ledger/umoja/ussd/attestor"
	"github.com/umoja-ledger/umoja/ussd/gateway"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// callbackPath is where the gateway takes the aggregator's posts.
const callbackPath = "/ussd/africastalking"

// smsCap is the most that one payment by SMS may debit, smsCapDay the most in a day.
const smsCap, smsCapDay = "500.00", "1000.00"

// protectAbove is the sum above which a first payment to a person waits ten minutes.
const protectAbove = "2000.00"

// lowFloat is below what agents are told that their float is low, and commission what they earn for giving out cash.
const lowFloat = "1000.00"

var commission = []gateway.Commission{{UpTo: "1000.00", Flat: "10.00"}, {UpTo: "5000.00", Flat: "25.00"}, {BasisPoints: 50}}

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
			PeerListen: s.plan.raft[i], Listen: s.plan.grpc[i], Tiles: s.plan.tiles[i], Timing: "lan", Log: "info", Peers: peers,
		}
		if err := c.Write(filepath.Join(s.folder.Validator(i+1), "validator.toml")); err != nil {
			return err
		}
	}
	for n := range s.plan.gateways {
		if err := s.configureGateway(n + 1); err != nil {
			return err
		}
	}
	for n := range s.plan.attestors {
		if err := s.configureAttestor(n + 1); err != nil {
			return err
		}
	}
	control, err := s.folder.controlPath()
	if err != nil {
		return err
	}
	a := Addresses{
		Network: s.genesis.Network().String(), HTTP: dialled(s.plan.gateways[0]), GRPC: s.clients(), Raft: s.plan.raft,
		ServiceCode: ServiceCode, Control: control,
	}
	for _, address := range s.plan.tiles {
		a.Tiles = append(a.Tiles, "http://"+dialled(address))
	}
	for i, address := range s.plan.gateways {
		a.Gateways = append(a.Gateways, GatewayAddress{Name: s.genesis.Providers[i].Name, HTTP: dialled(address), ServiceCode: gateways[i].code})
	}
	for i, address := range s.plan.attestors {
		a.Attestors = append(a.Attestors, AttestorAddress{Name: s.genesis.Attestors[i].Name, HTTP: dialled(address)})
	}
	return writeJSON(s.folder.Addresses(), a, 0o644)
}

// gateways are what tells one gateway from the other.
var gateways = []struct{ shown, code, key, pepper, telephone string }{
	{"", ServiceCode, providerKeyFile, pepperFile, "+254700000000"}, {secondBy, SecondCode, secondKeyFile, secondPepperFile, "+254700000001"},
}

// configureGateway writes the configuration of a gateway, counted from 1. The phones are the first one's.
func (s *Sandbox) configureGateway(n int) error {
	folder, own := s.folder.Gateway(n), gateways[n-1]
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("make a gateway's folder: %w", err)
	}
	keyFile := func(name string) string { return filepath.Join("..", keysFolder, name) }
	c := gateway.Config{
		Name: gatewayPlace(n), Dir: ".", Genesis: filepath.Join("..", "genesis.json"), Validators: s.clients(), Listen: s.plan.gateways[n-1],
		ProviderKey: keyFile(own.key), AliasKey: keyFile(aliasKeyFile), Pepper: keyFile(own.pepper),
		Provider: own.shown, ServiceCode: own.code, Region: regionCode, Asset: AssetCode, Sandbox: true, Log: "info",
		Telephone: own.telephone, ProtectAbove: protectAbove, SMSCap: smsCap, SMSCapDay: smsCapDay, LowFloat: lowFloat, Commission: commission,
	}
	for _, l := range menu.Languages() {
		c.Drafts = append(c.Drafts, string(l))
	}
	for _, d := range registry.All() {
		c.Aggregators = append(c.Aggregators, gateway.Aggregator{Kind: d.Name, Path: "/ussd/" + d.Name})
	}
	for i, address := range s.plan.attestors {
		a := s.genesis.Attestors[i]
		c.Attestors = append(c.Attestors, gateway.Attestor{Name: a.Name, URL: "http://" + dialled(address), Key: a.Key.String()})
	}
	for i, address := range s.plan.gateways {
		if i != n-1 {
			c.Providers = append(c.Providers, gateway.Provider{Account: s.genesis.Providers[i].Account.String(), URL: "http://" + dialled(address)})
		}
	}
	for _, p := range phones {
		if n == 1 {
			c.Phones = append(c.Phones, gateway.Phone{Number: p.number, Name: p.name, PIN: p.pin, Language: p.language, Role: p.role})
		}
	}
	return c.Write(filepath.Join(folder, "gateway.toml"))
}

// configureAttestor writes the configuration of an attestor, counted from 1. Scripts ask for more codes than people.
func (s *Sandbox) configureAttestor(n int) error {
	folder := s.folder.Attestor(n)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("make an attestor's folder: %w", err)
	}
	keyFile := func(name string) string { return filepath.Join("..", keysFolder, name) }
	c := attestor.FileConfig{
		Dir: ".", Genesis: filepath.Join("..", "genesis.json"), Validators: s.clients(), Listen: s.plan.attestors[n-1],
		AttestorKey: keyFile(fmt.Sprintf(attestorKeyFile, n)), AliasKey: keyFile(aliasKeyFile), Secret: keyFile(fmt.Sprintf(attestorSecretFile, n)),
		Limits:  attestor.Limits{CodesPerNumber: 1000, MessagesPerProvider: 1000, MessagesPerNumber: 10_000, CodesPerMinute: 100_000, WrongPerHour: 100_000, ResendSeconds: 2},
		Sandbox: true, Log: "info",
	}
	return c.Write(filepath.Join(folder, "attestor.toml"))
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

// controlPath is the parent's socket.
func (f Folder) controlPath() (string, error) { return f.socket("control.sock") }

// Profiles is the socket where a validator, counted from 1, serves its profiles in a run that has them.
func (f Folder) Profiles(n int) (string, error) {
	return f.socket(filepath.Join(filepath.Base(f.Validator(n)), "profile.sock"))
}

// socket is a path in the folder, or, when that is too long for a socket, one in the system's folder for temporary files, under the hash of
// the long one.
func (f Folder) socket(name string) (string, error) {
	absolute, err := filepath.Abs(f.path(name))
	if err != nil {
		return "", fmt.Errorf("find the folder: %w", err)
	}
	if len(absolute) <= maxSocketPath {
		return absolute, nil
	}
	hash := sha256.Sum256([]byte(absolute))
	return filepath.Join(os.TempDir(), "umoja-"+hex.EncodeToString(hash[:8])+".sock"), nil
}
