package sandbox

import (
	"context"
	"path/filepath"
	"strconv"
)

// places lists the children, all of them dead.
func (s *Sandbox) places(profiled bool) ([]*child, error) {
	var all []*child
	for n := range s.genesis.Validators {
		number := strconv.Itoa(n + 1)
		folder := s.folder.Validator(n + 1)
		args := []string{ValidatorCommand, "--config", filepath.Join(folder, "validator.toml")}
		if profiled {
			socket, err := s.folder.Profiles(n + 1)
			if err != nil {
				return nil, err
			}
			args = append(args, "--"+ProfileFlag, socket)
		}
		all = append(all, &child{
			role: "validator " + number, place: number, logFile: filepath.Join(folder, "log"), orders: true,
			serves: func(ctx context.Context) error { return s.validatorServes(ctx, n) },
			args:   args,
		})
	}
	for i, address := range s.plan.gateways {
		place, folder := gatewayPlace(i+1), s.folder.Gateway(i+1)
		all = append(all, &child{
			role: place, place: place, logFile: filepath.Join(folder, "log"),
			serves: func(ctx context.Context) error { return healthy(ctx, address) },
			args:   []string{GatewayCommand, "--config", filepath.Join(folder, "gateway.toml")},
		})
	}
	for i, address := range s.plan.attestors {
		number, folder := strconv.Itoa(i+1), s.folder.Attestor(i+1)
		all = append(all, &child{
			role: "attestor " + number, place: "attestor" + number, logFile: filepath.Join(folder, "log"),
			serves: func(ctx context.Context) error { return healthy(ctx, address) },
			args:   []string{AttestorCommand, "--config", filepath.Join(folder, "attestor.toml")},
		})
	}
	return all, nil
}
