package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/umoja-ledger/umoja/ledger/genesis"
)

// Options are what Run is told.
type Options struct {
	Folder Folder
	// HTTP and GRPC are host:port; port 0 means any free one. GRPC is validator 1's, the others take the next ones.
	HTTP, GRPC string
	// Validators is how many: 4, 7 or 10. 0 means as many as the folder has, or 4.
	Validators int
	// Providers is how many gateways run, 1 or 2; 0 means 1.
	Providers int
	// Roomy lets the children use as much memory as they like: they are to be fast, not small. They may also take ten times as long to start and to stop, since
	// what they have may be large.
	Roomy bool
	// Bare starts validators alone, without gateways and attestors: what others use of the machine is not to be measured.
	Bare bool
	// Profiled has the validators serve their profiles at Folder.Profiles.
	Profiled bool
	// Out gets the ready line and what happens after it, Progress what is done before.
	Out, Progress io.Writer
}

// The patience of a run.
const (
	// readyWithin is how long a network may take to get ready before the run is given up.
	readyWithin = time.Minute
	// gatewayStop and validatorStop are how long each may take to end in order.
	gatewayStop   = 3 * time.Second
	validatorStop = 5 * time.Second
	// serveWithin is how long a child that was started again may take to serve.
	serveWithin = 30 * time.Second
)

// roomier is how many times as long the children of a roomy sandbox may take.
const roomier = 10

// patient is how long something may take here that takes so long in a small sandbox.
func (s *Sandbox) patient(small time.Duration) time.Duration {
	if s.roomy {
		return roomier * small
	}
	return small
}

// child is one place for a process: a validator's, a gateway's or an attestor's.
type child struct {
	// role is what people call it, place what Restart does.
	role, place string
	// orders says that it is a validator: the others are its clients, and end before it.
	orders bool
	// serves waits until it answers its clients.
	serves  func(ctx context.Context) error
	args    []string
	logFile string
	// turn is held while the child is started or stopped on request.
	turn sync.Mutex
	// process is nil when it is dead. Guarded by Sandbox.mu.
	process *process
}

// Sandbox is a run.
type Sandbox struct {
	folder   Folder
	genesis  *genesis.Genesis
	keys     Keys
	plan     plan
	binary   string
	out      io.Writer
	progress io.Writer
	began    time.Time
	launcher launcher
	roomy    bool
	// environment is what the children's has beside the own one.
	environment []string
	// children are the validators in order, then the gateways, then the attestors. A bare sandbox has validators only.
	children []*child

	// mu guards what is below, pids.json, and writing to out; held for a look, a write of a line or a small file.
	mu       sync.Mutex
	ready    bool
	stopping bool
	// lost gets the first child that ends before the network is ready.
	lost chan error
	// watchers counts the goroutines that wait for a child's end.
	watchers sync.WaitGroup
}

// Run founds or resumes the sandbox of a folder and stays until the context ends; then it returns nil.
func Run(ctx context.Context, o Options) (err error) {
	began := time.Now()
	s, release, err := prepare(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	s.began = began
	if err := s.configure(); err != nil {
		return err
	}
	control, err := s.listenControl()
	if err != nil {
		return err
	}
	// Requests end with the run, and before the children are stopped, so that none is started behind the back of shutdown.
	var requests sync.WaitGroup
	serving, stopServing := context.WithCancel(ctx)
	requests.Go(func() { s.serveControl(serving, control) })
	defer func() {
		s.mu.Lock()
		s.stopping = true
		s.mu.Unlock()
		stopServing()
		requests.Wait()
		err = errors.Join(err, s.shutdown())
	}()
	if err := s.launch(); err != nil {
		return err
	}
	if err := s.waitReady(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	<-ctx.Done()
	return nil
}

// check says what is wrong with the numbers, and fills in what was left out.
func (o *Options) check() error {
	if o.Providers == 0 {
		o.Providers = 1
	}
	if o.Providers < 1 || o.Providers > len(gateways) {
		return fmt.Errorf("--providers is %d: a sandbox has 1 or %d", o.Providers, len(gateways))
	}
	if n := o.Validators; n != 0 && n != 4 && n != 7 && n != 10 {
		return fmt.Errorf("--validators is %d: a sandbox has 4, 7 or 10", n)
	}
	return nil
}

// prepare checks everything that can be wrong with folder and ports, and writes nothing before all of it is right.
func prepare(o Options) (_ *Sandbox, release func() error, err error) {
	if err := o.check(); err != nil {
		return nil, nil, err
	}
	folder := Folder(filepath.Clean(string(o.Folder)))
	if err := folder.checkUnlocked(); err != nil {
		return nil, nil, err
	}
	g, err := folder.founded()
	if err != nil {
		return nil, nil, err
	}
	validators := o.Validators
	switch {
	case g == nil && validators == 0:
		validators = 4
	case g != nil && validators == 0:
		validators = len(g.Validators)
	case g != nil && validators != len(g.Validators):
		return nil, nil, fmt.Errorf("%s has %d validators, not %d: leave --validators out, or choose an empty folder with --dir",
			folder, len(g.Validators), validators)
	}
	if g != nil && len(g.Providers) < len(gateways) {
		return nil, nil, fmt.Errorf("%s was founded by an earlier version, with one provider: choose an empty folder with --dir: %w", folder, ErrOtherNetwork)
	}
	p, err := newPlan(o.HTTP, o.GRPC, validators, o.Providers)
	if err != nil {
		return nil, nil, err
	}
	binary, err := os.Executable()
	if err != nil {
		return nil, nil, fmt.Errorf("find own binary: %w", err)
	}
	if release, err = folder.take(); err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, release())
		}
	}()
	// Another run may have founded the folder, or ended, between the look and the lock.
	if g, err = folder.founded(); err != nil {
		return nil, nil, err
	}
	if g != nil && len(g.Validators) != validators {
		return nil, nil, fmt.Errorf("%s: %w", folder, ErrInUse)
	}
	if err := folder.checkLeftovers(); err != nil {
		return nil, nil, err
	}
	s := &Sandbox{
		folder: folder, plan: p, binary: binary, out: o.Out, progress: o.Progress, launcher: newLauncher(), roomy: o.Roomy, lost: make(chan error, 1),
	}
	if !o.Roomy {
		s.environment = frugal
	}
	if g == nil {
		fmt.Fprintf(o.Progress, "founding a network of %d validators in %s\n", validators, folder)
		if g, err = folder.found(validators, p); err != nil {
			return nil, nil, err
		}
	} else {
		fmt.Fprintf(o.Progress, "resuming the network in %s\n", folder)
	}
	s.genesis = g
	if s.children, err = s.places(o.Profiled); err != nil {
		return nil, nil, err
	}
	if o.Bare {
		s.children = s.children[:validators]
	}
	s.keys, err = folder.readKeys(validators)
	return s, release, err
}

// launch starts all children.
func (s *Sandbox) launch() error {
	gateways := "a gateway"
	if n := len(s.plan.gateways); n > 1 {
		gateways = fmt.Sprintf("%d gateways", n)
	}
	if validators := len(s.genesis.Validators); validators < len(s.children) {
		fmt.Fprintf(s.progress, "starting %d validators, %s and %d attestors\n", validators, gateways, len(s.plan.attestors))
	} else {
		fmt.Fprintf(s.progress, "starting %d validators\n", validators)
	}
	for _, c := range s.children {
		if err := s.start(c); err != nil {
			return err
		}
	}
	return nil
}

// frugal bounds a child's memory: many of them share a small machine. The limit is far above what an idle one needs.
var frugal = []string{"GOGC=50", "GOMEMLIMIT=200MiB"}

// start starts a child that is dead.
func (s *Sandbox) start(c *child) error {
	p, err := s.launcher.spawn(s.binary, c.args, s.environment, c.logFile)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.process = p
	s.watchers.Go(func() { s.watch(c, p) })
	return s.writePids()
}

// watch waits for a child's end and reports it.
func (s *Sandbox) watch(c *child, p *process) {
	<-p.done
	_ = p.lifeline.Close() // Nobody reads it any more.
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.process == p {
		c.process = nil
	}
	if err := s.writePids(); err != nil {
		fmt.Fprintf(s.out, "pids.json: %v\n", err)
	}
	if p.expected || s.stopping {
		return
	}
	why := lastLines(c.logFile, 5)
	if why != "" {
		why = "\n" + why
	}
	if !s.ready {
		select {
		case s.lost <- fmt.Errorf("%s %s while the network was starting; its log is %s%s", c.role, p.how(), c.logFile, why):
		default: // The first one is the cause.
		}
		return
	}
	fmt.Fprintf(s.out, "%s (pid %d) %s; start it again with: umoja dev restart %s --dir %s%s\n", c.role, p.pid(), p.how(), c.place, s.folder, why)
}

// writePids names the living children. The caller holds mu.
func (s *Sandbox) writePids() error {
	var pids Pids
	for _, c := range s.children {
		pid := 0
		if c.process != nil {
			pid = c.process.pid()
		}
		switch {
		case c.orders:
			pids.Validators = append(pids.Validators, pid)
		case c.place == gatewayPlace(1):
			pids.Gateway = pid
		case c.place == gatewayPlace(2):
			pids.Gateway2 = &pid
		default:
			pids.Attestors = append(pids.Attestors, pid)
		}
	}
	return writeJSON(s.folder.Pids(), pids, 0o644)
}

// restart stops a child if it lives, starts it again and waits until it serves.
func (s *Sandbox) restart(ctx context.Context, place string) error {
	i := slices.IndexFunc(s.children, func(c *child) bool { return c.place == place })
	if i < 0 {
		var others []string
		for _, c := range s.children[len(s.genesis.Validators):] {
			others = append(others, c.place)
		}
		return fmt.Errorf("there is no %q here: name a validator from 1 to %d, or one of %s", place, len(s.genesis.Validators), strings.Join(others, ", "))
	}
	c := s.children[i]
	c.turn.Lock()
	defer c.turn.Unlock()
	if folder := filepath.Dir(c.logFile); !exists(folder) {
		return fmt.Errorf("%s cannot start: its folder %s, with its keys, is gone: put it back", c.role, folder)
	}
	s.mu.Lock()
	if !s.ready {
		s.mu.Unlock()
		return errors.New("the sandbox is still starting: try again when it says ready")
	}
	p := c.process
	if p != nil {
		p.expected = true
	}
	s.mu.Unlock()
	if p != nil {
		p.stop(s.patient(validatorStop))
	}
	if err := ctx.Err(); err != nil {
		return errors.New("the sandbox is stopping")
	}
	if err := s.start(c); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.patient(serveWithin))
	defer cancel()
	s.mu.Lock()
	p = c.process
	s.mu.Unlock()
	if p == nil {
		return fmt.Errorf("%s ended at once; its log is %s", c.role, c.logFile)
	}
	if err := c.waitServing(ctx, p); err != nil {
		return fmt.Errorf("%s was started but does not serve: %w; its log is %s", c.role, err, c.logFile)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.out, "%s (pid %d) is started again\n", c.role, p.pid())
	return nil
}

// shutdown stops gateways and attestors and then the validators, all at once, and tells that nobody lives.
func (s *Sandbox) shutdown() error {
	fmt.Fprintln(s.progress, "stopping")
	s.mu.Lock()
	var clients, validators []*process
	for _, c := range s.children {
		switch {
		case c.process == nil:
		case c.orders:
			validators = append(validators, c.process)
		default:
			clients = append(clients, c.process)
		}
	}
	s.mu.Unlock()
	stopAll(clients, gatewayStop)
	stopAll(validators, s.patient(validatorStop))
	s.watchers.Wait() // The last of them tells pids.json that nobody lives.
	return nil
}

func stopAll(processes []*process, patience time.Duration) {
	var wait sync.WaitGroup
	for _, p := range processes {
		wait.Go(func() { p.stop(patience) })
	}
	wait.Wait()
}
