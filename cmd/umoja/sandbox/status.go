package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc/status"

	"github.com/umoja-ledger/umoja/sdk"
)

// Status is a sandbox as one sees it from outside.
type Status struct {
	// Ready says that it runs and has been ready.
	Ready      bool              `json:"ready"`
	Network    string            `json:"network"`
	Validators []ValidatorStatus `json:"validators"`
	Gateway    GatewayStatus     `json:"gateway"`
	// Gateway2 is absent where one provider runs.
	Gateway2  *GatewayStatus   `json:"gateway2,omitempty"`
	Attestors []AttestorStatus `json:"attestors"`
}

// ValidatorStatus is what a validator says of itself; sizes are 0 when it does not answer.
type ValidatorStatus struct {
	Name string `json:"name"`
	// Pid is 0 when it is dead.
	Pid  int    `json:"pid"`
	GRPC string `json:"grpc"`
	Raft string `json:"raft"`
	// Tiles is the URL of its history, for auditors.
	Tiles string `json:"tiles"`
	// Leader is whether it knows itself to lead.
	Leader       bool   `json:"leader"`
	AcceptedSize uint64 `json:"accepted_size"`
	FinalSize    uint64 `json:"final_size"`
	// Error says why there is no answer.
	Error string `json:"error,omitempty"`
}

// GatewayStatus is a gateway's process and address, and which provider's it is.
type GatewayStatus struct {
	Pid         int    `json:"pid"`
	HTTP        string `json:"http"`
	Name        string `json:"name"`
	ServiceCode string `json:"service_code"`
}

// AttestorStatus is an attestor's process and address.
type AttestorStatus struct {
	Pid  int    `json:"pid"`
	HTTP string `json:"http"`
	Name string `json:"name"`
}

// statusPatience is how long one validator may take to answer.
const statusPatience = time.Second

// Status asks the parent and each validator, all at once and briefly.
func (f Folder) Status(ctx context.Context) (Status, error) {
	a, err := f.ReadAddresses()
	if err != nil {
		return Status{}, err
	}
	g, err := f.ReadGenesis()
	if err != nil {
		return Status{}, err
	}
	var pids Pids
	if err := readJSON(f.Pids(), &pids); err != nil && !errors.Is(err, os.ErrNotExist) {
		return Status{}, err
	}
	res, err := f.ask(ctx, request{})
	running := err == nil
	if err != nil && !errors.Is(err, errNotRunning) {
		return Status{}, err
	}
	pid := func(n int) int {
		if running || alive(n) && f.isChild(n) {
			return n
		}
		return 0 // The file is of a parent that was killed.
	}
	out := Status{Ready: res.Ready, Network: g.Network().String()}
	for i, address := range a.Gateways {
		s := GatewayStatus{HTTP: address.HTTP, Name: address.Name, ServiceCode: address.ServiceCode}
		switch {
		case i == 0:
			s.Pid = pid(pids.Gateway)
			out.Gateway = s
		case pids.Gateway2 != nil:
			s.Pid = pid(*pids.Gateway2)
			out.Gateway2 = &s
		}
	}
	for i, address := range a.Attestors {
		s := AttestorStatus{HTTP: address.HTTP, Name: address.Name}
		if i < len(pids.Attestors) {
			s.Pid = pid(pids.Attestors[i])
		}
		out.Attestors = append(out.Attestors, s)
	}
	client, err := sdk.Open(sdk.Config{Genesis: g, Addresses: a.GRPC, ReadTimeout: statusPatience})
	if err != nil {
		return Status{}, err
	}
	defer client.Close()
	answers := client.Status(ctx)
	for i, r := range g.Validators {
		v := ValidatorStatus{Name: r.Name}
		if i < len(pids.Validators) {
			v.Pid = pid(pids.Validators[i])
		}
		if i < len(a.GRPC) && i < len(a.Raft) && i < len(answers) {
			v.GRPC, v.Raft = a.GRPC[i], a.Raft[i]
			if i < len(a.Tiles) {
				v.Tiles = a.Tiles[i]
			}
			n := answers[i].Network
			v.Leader, v.AcceptedSize, v.FinalSize = n.Leader != "" && n.Leader == n.Validator, n.AcceptedSize, n.FinalSize
			if err := answers[i].Err; err != nil {
				v.Error = fmt.Sprintf("does not answer (%s)", status.Code(err))
				if errors.Is(err, sdk.ErrWrongNetwork) {
					v.Error = err.Error() // Somebody else's validator has taken the port.
				}
			}
		}
		out.Validators = append(out.Validators, v)
	}
	return out, nil
}
