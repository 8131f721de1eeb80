package bench

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/umoja-ledger/umoja/ledger/key"
)

// Calibration is what this machine does now, so that figures can be told as ratios.
type Calibration struct {
	// Cores is how many the generator and the network share.
	Cores int `json:"cores"`
	// SHA256MBps is of blocks of 1 KiB, one core.
	SHA256MBps float64 `json:"sha256_mb_per_s"`
	// VerifyMicros is one BIP340 verification, the other cores idle; VerifyBusyMicros with all cores at it.
	VerifyMicros     float64 `json:"verify_us"`
	VerifyBusyMicros float64 `json:"verify_busy_us"`
	// FsyncMicros is the median of appending 4 KiB and syncing.
	FsyncMicros float64 `json:"fsync_us"`
	// EchoPerSecond are empty gRPC calls, 64 at a time, caller and server in this process.
	EchoPerSecond float64 `json:"echo_per_s"`
}

// NaiveBound is how many singly signed transfers a second all cores could verify, for so many validators, if nothing else
// cost anything.
func (c Calibration) NaiveBound(validators int) float64 {
	return float64(c.Cores) * 1e6 / (float64(validators) * c.VerifyBusyMicros)
}

// slice is how long each measurement takes.
const slice = 400 * time.Millisecond

// Calibrate measures the machine; dir is on the disk that counts.
func Calibrate(ctx context.Context, dir string) (c Calibration, err error) {
	c.Cores = runtime.GOMAXPROCS(0)
	block := make([]byte, 1<<10)
	c.SHA256MBps = rate(1, func() { sum := sha256.Sum256(block); block[0] = sum[0] }) * float64(len(block)) / 1e6
	k, err := key.NewPrivate(sha256.Sum256([]byte("umoja/bench-calibration")))
	if err != nil {
		return c, err
	}
	digest := sha256.Sum256(block)
	signature, err := k.Sign(digest)
	if err != nil {
		return c, err
	}
	public := k.Public()
	if err := public.Verify(digest, signature); err != nil {
		return c, fmt.Errorf("calibrate: %w", err)
	}
	verify := func() { _ = public.Verify(digest, signature) } // It was right a moment ago.
	c.VerifyMicros = 1e6 / rate(1, verify)
	c.VerifyBusyMicros = 1e6 * float64(c.Cores) / rate(c.Cores, verify)
	if c.FsyncMicros, err = fsync(dir); err != nil {
		return c, err
	}
	c.EchoPerSecond, err = echo(ctx)
	return c, err
}

// rate is how often in a second so many workers do something together.
func rate(workers int, do func()) float64 {
	var count atomic.Int64
	var all sync.WaitGroup
	begun := time.Now()
	for range workers {
		all.Go(func() {
			for time.Since(begun) < slice {
				do()
				count.Add(1)
			}
		})
	}
	all.Wait()
	return float64(count.Load()) / time.Since(begun).Seconds()
}

// fsync is the median of appending 4 KiB and syncing, in microseconds.
func fsync(dir string) (micros float64, err error) {
	f, err := os.CreateTemp(dir, "calibrate-*")
	if err != nil {
		return 0, fmt.Errorf("calibrate the disk: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(filepath.Join(dir, filepath.Base(f.Name())))) }()
	page := make([]byte, 4<<10)
	var took []time.Duration
	for begun := time.Now(); time.Since(begun) < slice; {
		at := time.Now()
		if _, err := f.Write(page); err != nil {
			return 0, fmt.Errorf("calibrate the disk: %w", err)
		}
		if err := f.Sync(); err != nil {
			return 0, fmt.Errorf("calibrate the disk: %w", err)
		}
		took = append(took, time.Since(at))
	}
	slices.Sort(took)
	return float64(took[len(took)/2].Nanoseconds()) / 1e3, nil
}

// echo counts empty calls over the loopback.
func echo(ctx context.Context) (float64, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("calibrate calls: %w", err)
	}
	server := grpc.NewServer()
	healthv1.RegisterHealthServer(server, health.NewServer())
	go func() { _ = server.Serve(l) }() // It ends by Stop.
	defer server.Stop()
	conn, err := grpc.NewClient("dns:///"+l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return 0, fmt.Errorf("calibrate calls: %w", err)
	}
	defer conn.Close()
	client := healthv1.NewHealthClient(conn)
	if _, err := client.Check(ctx, &healthv1.HealthCheckRequest{}); err != nil {
		return 0, fmt.Errorf("calibrate calls: %w", err)
	}
	return rate(64, func() { _, _ = client.Check(ctx, &healthv1.HealthCheckRequest{}) }), nil // It answered a moment ago.
}
