package kannel

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/sms"
	"github.com/umoja-ledger/umoja/ussd/store"
)

// patience bounds every wait for another process.
const patience = 30 * time.Second

// programs are Kannel's: bearerbox, smsbox and, as the network and its phones, fakesmsc.
func programs(t *testing.T) (bearerbox, smsbox, fakesmsc string) {
	t.Helper()
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/usr/lib/kannel/test")
	var paths []string
	for _, name := range []string{"bearerbox", "smsbox", "fakesmsc"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skipf("%s is not installed: apt-get install kannel kannel-extras", name)
		}
		paths = append(paths, path)
	}
	return paths[0], paths[1], paths[2]
}

// network is a Kannel with its network, and our side of it.
type network struct {
	admin, boxes, phones, sendsms, centre int
	outbox                                *sms.Outbox
	store                                 *store.Badger
	callbacks                             *httptest.Server

	mu sync.Mutex
	// heard are the texts of inbound messages, reports the states that were reported, and shown what fakesmsc shows of messages it got.
	heard, shown []string
	reports      []sms.ReportState
	changed      chan struct{}
}

func (n *network) note(change func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change()
	close(n.changed)
	n.changed = make(chan struct{})
}

// await waits until something is so.
func (n *network) await(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for {
		n.mu.Lock()
		done, changed := so(), n.changed
		n.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			n.mu.Lock()
			defer n.mu.Unlock()
			t.Fatalf("%s did not come: heard %q, reports %q, shown %q", what, n.heard, n.reports, n.shown)
		}
	}
}

// Report writes down a report and passes it on.
func (n *network) Report(ctx context.Context, r sms.Report) error {
	err := n.outbox.Report(ctx, r)
	n.note(func() { n.reports = append(n.reports, r.State) })
	return err
}

const configuration = `
group = core
admin-port = %[1]d
admin-interface = "127.0.0.1"
admin-password = secret
smsbox-port = %[2]d
smsbox-interface = "127.0.0.1"
box-allow-ip = "127.0.0.1"

group = smsc
smsc = fake
smsc-id = phones
port = %[3]d
connect-allow-ip = "127.0.0.1"

group = smsc
smsc = http
smsc-id = centre
allowed-smsc-id = centre
system-type = kannel
port = %[5]d
smsc-username = centre
smsc-password = secret
send-url = "http://127.0.0.1:%[5]d/none"
connect-allow-ip = "127.0.0.1"

group = smsbox
bearerbox-host = "127.0.0.1"
bearerbox-port = %[2]d
sendsms-port = %[4]d
sendsms-interface = "127.0.0.1"
http-request-retry = 3
http-queue-delay = 1

group = sendsms-user
username = umoja
password = secret
concatenation = true
max-messages = 3

group = sms-service
keyword = default
catch-all = true
send-sender = true
max-messages = 0
%[6]s
`

// start starts Kannel. Everything ends with the test: the processes are gone, and their ports free.
func start(t *testing.T, post bool, service func(address string) string) *network {
	t.Helper()
	bearerbox, smsbox, fakesmsc := programs(t)
	ports := freePorts(t, 5)
	n := &network{admin: ports[0], boxes: ports[1], phones: ports[2], sendsms: ports[3], centre: ports[4], changed: make(chan struct{})}
	n.serve(t, post)
	dir := t.TempDir()
	file := filepath.Join(dir, "kannel.conf")
	t.Cleanup(func() {
		for _, port := range ports {
			l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port))
			if err != nil {
				t.Errorf("a port is still taken: %v", err)
				continue
			}
			_ = l.Close() // It only had to be free.
		}
	})
	content := fmt.Sprintf(configuration, n.admin, n.boxes, n.phones, n.sendsms, n.centre, service(n.callbacks.URL+"/in"))
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, dir, nil, bearerbox, "-v", "4", file)
	reachable(t, n.boxes)
	reachable(t, n.phones)
	run(t, dir, nil, smsbox, "-v", "4", file)
	reachable(t, n.sendsms)
	// The phone that writes first, and stays to be written to.
	run(t, dir, n.show, fakesmsc, "-H", "127.0.0.1", "-r", fmt.Sprint(n.phones), "-i", "0.1", "-m", "1", "254711000111 8333 text BAL 1")
	return n
}

// serve is the gateway's side: an inbox whose handler answers, an outbox, and the two addresses.
func (n *network) serve(t *testing.T, post bool) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	mux := http.NewServeMux()
	n.callbacks = httptest.NewServer(mux)
	var err error
	if n.store, err = store.Open(t.TempDir(), log); err != nil {
		t.Fatal(err)
	}
	route := sms.Route{Name: "kannel", Sender: n.sender(t, post)}
	if n.outbox, err = sms.New(sms.Config{Store: n.store, Routes: []sms.Route{route}, Log: log}); err != nil {
		t.Fatal(err)
	}
	inbox := sms.NewInbox(sms.InboxConfig{Store: n.store, Log: log, Handler: func(ctx context.Context, m sms.Inbound) error {
		n.note(func() { n.heard = append(n.heard, fmt.Sprintf("%s %s %s", m.From, m.To, m.Text)) })
		return n.enqueue(ctx, ussd.Message{Reference: fmt.Sprint("inbound/", m.Number), To: m.From, Text: "You asked: " + m.Text})
	}})
	mux.Handle("/in", NewInbound("kannel", inbox, log))
	mux.Handle("/reports", NewReports("kannel", n, log))
	ctx, cancel := context.WithCancel(context.Background())
	var loops sync.WaitGroup
	for _, loop := range []func(context.Context) error{inbox.Run, n.outbox.Run} {
		loops.Go(func() {
			if err := loop(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() {
		n.callbacks.Close()
		cancel()
		loops.Wait()
		if err := n.store.Close(); err != nil {
			t.Error(err)
		}
	})
}

func (n *network) enqueue(ctx context.Context, m ussd.Message) error {
	return n.store.Update(ctx, func(w ussd.Writer) error { return n.outbox.Enqueue(w, m, uint64(time.Now().UnixMilli())) })
}

// sender is one to this Kannel.
func (n *network) sender(t *testing.T, post bool) *Sender {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	sender, err := NewSender(SenderConfig{
		URL: fmt.Sprintf("http://127.0.0.1:%d/cgi-bin/sendsms", n.sendsms), Username: "umoja", Password: pin.NewSecret("secret"), From: "8333",
		Post: post, ReportURL: n.callbacks.URL + "/reports", Client: client,
	})
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

// show takes fakesmsc's lines about messages it got.
func (n *network) show(output io.Reader) {
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if _, message, got := strings.Cut(lines.Text(), "Got message "); got {
			_, message, _ = strings.Cut(message, "<")
			n.note(func() { n.shown = append(n.shown, strings.TrimSuffix(message, ">")) })
		}
	}
}

// freePorts finds ports that nobody has now, below those that systems give to outgoing connections.
func freePorts(t *testing.T, count int) (ports []int) {
	t.Helper()
	for range 100 * count {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 5_000+rand.IntN(5_000)))
		if err != nil {
			continue
		}
		defer l.Close()
		if ports = append(ports, l.Addr().(*net.TCPAddr).Port); len(ports) == count {
			return ports
		}
	}
	t.Fatal("no free ports")
	return nil
}

// reachable waits until somebody listens.
func reachable(t *testing.T, port int) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		c, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", port))
		if err == nil {
			_ = c.Close() // It only had to open.
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nobody listens: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// run starts a program that ends with the test, by the signal that Kannel ends on.
func run(t *testing.T, dir string, read func(io.Reader), name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = dir
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGINT) }
	command.WaitDelay = 10 * time.Second
	var output io.ReadCloser = io.NopCloser(strings.NewReader(""))
	if read != nil {
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer writer.Close()
		command.Stdout, command.Stderr, output = writer, writer, reader
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	if read != nil {
		reading.Go(func() { read(output) })
	}
	t.Cleanup(func() {
		cancel()
		err := command.Wait()
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		_ = output.Close() // It ended with the program.
		reading.Wait()
	})
}

// A person writes, the gateway answers, and the network reports twice: 8 when it has the answer, 1 when the phone has.
func TestKannelCarriesAMessageInAndItsAnswerOut(t *testing.T) {
	for _, c := range []struct {
		name    string
		post    bool
		service func(address string) string
	}{
		{"by GET", false, func(address string) string { return fmt.Sprintf("get-url = %q", GetURL(address)) }},
		{"by POST", true, func(address string) string { return fmt.Sprintf("post-url = %q", PostURL(address)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := start(t, c.post, c.service)
			n.await(t, "the message", func() bool { return len(n.heard) == 1 && n.heard[0] == "+254711000111 8333 BAL 1" })
			n.await(t, "the answer", func() bool {
				return len(n.shown) == 1 && n.shown[0] == "8333 +254711000111 text You asked: BAL 1"
			})
			n.await(t, "two reports", func() bool { return len(n.reports) == 2 })
			record, err := n.outbox.Message(context.Background(), "inbound/1")
			if err != nil || record.State != sms.StateSent || record.Delivery != sms.ReportDelivered || record.Tries != 1 {
				t.Errorf("%s, %s, %d tries, %v; reports %q", record.State, record.Delivery, record.Tries, err, n.reports)
			}
			n.centreWrites(t, "\u1230\u1208\u121D \u1263\u120B\u1295\u1235")
			n.await(t, "a message in UCS-2", func() bool {
				return len(n.heard) == 2 && n.heard[1] == "+254711000222 8333 \u1230\u1208\u121D \u1263\u120B\u1295\u1235"
			})
			n.await(t, "an answer in UCS-2", func() bool {
				return len(n.shown) == 2 && octets(n.shown[1], "8333 +254711000222 ucs-2 ") == bigEndian("You asked: \u1230\u1208\u121D \u1263\u120B\u1295\u1235")
			})
			n.long(t)
		})
	}
}

// octets are what fakesmsc shows behind a beginning.
func octets(shown, beginning string) string {
	data, ok := strings.CutPrefix(shown, beginning)
	plain, err := url.QueryUnescape(data)
	if !ok || err != nil {
		return "not octets: " + shown
	}
	return plain
}

// long sends a text of three parts; the euro sign and the brackets take two septets each, and stay whole.
func (n *network) long(t *testing.T) {
	t.Helper()
	text := strings.Repeat("a", 152) + "\u20AC" + strings.Repeat("b", 152) + "[]" + strings.Repeat("c", 100)
	if err := n.enqueue(context.Background(), ussd.Message{Reference: "long", To: "+254711000333", Text: text}); err != nil {
		t.Fatal(err)
	}
	n.await(t, "three parts", func() bool { return len(n.shown) == 5 })
	var joined strings.Builder
	for _, part := range n.shown[2:] {
		_, data, _ := strings.Cut(part, " data ")
		joined.WriteString(octets(data, ""))
	}
	if joined.String() != text {
		t.Errorf("the parts joined are %q", joined.String())
	}
	n.await(t, "all reports", func() bool { return len(n.reports) == 6 })
}

// centreWrites brings a message in UTF-16BE by the second centre, which speaks Kannel's own HTTP form.
func (n *network) centreWrites(t *testing.T, text string) {
	t.Helper()
	query := url.Values{"username": {"centre"}, "password": {"secret"}, "from": {"+254711000222"}, "to": {"8333"}, "coding": {"2"},
		"charset": {"UTF-16BE"}, "text": {bigEndian(text)}}
	response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/sms?%s", n.centre, query.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close() // The status says it all.
	if response.StatusCode/100 != 2 {
		t.Fatalf("the centre's message: %s", response.Status)
	}
}
