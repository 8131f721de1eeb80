package bench

import (
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
	"github.com/umoja-ledger/umoja/sdk"
)

// network is the network that is measured.
type network struct {
	folder    sandbox.Folder
	genesis   *genesis.Genesis
	addresses sandbox.Addresses
	issuer    key.Private
	asset     tx.Asset
	client    *sdk.Client
	// validators are one connection each, without the client's proofs: what the generator does must cost little.
	validators []apiv1.LedgerServiceClient
	conns      []*grpc.ClientConn
	// lifetime is how long what is signed stays good.
	lifetime time.Duration
}

// soon connects again to a validator that was started again within a second.
var soon = grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second}, MinConnectTimeout: time.Second}

// openNetwork connects to a sandbox that runs.
func openNetwork(folder sandbox.Folder) (n *network, err error) {
	n = &network{folder: folder, lifetime: lifetime}
	if n.genesis, err = folder.ReadGenesis(); err != nil {
		return nil, err
	}
	if !n.genesis.Test {
		return nil, fmt.Errorf("%s: %w", n.genesis.Name, sandbox.ErrNotTest)
	}
	if n.addresses, err = folder.ReadAddresses(); err != nil {
		return nil, err
	}
	if n.issuer, err = folder.IssuerKey(); err != nil {
		return nil, err
	}
	asset, _, known := n.genesis.AssetByCode(sandbox.AssetCode)
	if !known {
		return nil, fmt.Errorf("%s has no %s: %w", n.genesis.Name, sandbox.AssetCode, sandbox.ErrOtherNetwork)
	}
	n.asset = asset
	if n.client, err = sdk.Open(sdk.Config{Genesis: n.genesis, Addresses: n.addresses.GRPC}); err != nil {
		return nil, err
	}
	for _, address := range n.addresses.GRPC {
		conn, err := grpc.NewClient("dns:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithConnectParams(soon))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("connect to %s: %w", address, err), n.close())
		}
		n.conns, n.validators = append(n.conns, conn), append(n.validators, apiv1.NewLedgerServiceClient(conn))
	}
	return n, nil
}

func (n *network) close() error {
	err := n.client.Close()
	for _, conn := range n.conns {
		err = errors.Join(err, conn.Close())
	}
	return err
}
