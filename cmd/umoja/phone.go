package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
	"github.com/umoja-ledger/umoja/ussd/handset"
)

// newPhoneCommand is a handset in a terminal.
func newPhoneCommand() *cobra.Command {
	var flags phoneFlags
	var crowd soakFlags
	cmd := &cobra.Command{
		Use:   "phone NUMBER | --soak",
		Short: "a feature phone in your terminal: dial, read the screens, get text messages",
		Long: `phone is a handset for the number. It speaks an aggregator's wire form to the gateway, so what you see is what a
person with a cheap phone sees.

  Enter       dial the service code; or type another code, such as *384*2050#
  sms         read the text messages again
  text WORDS  send a text message to the provider: BAL, SEND 200 0712..., or the code of an answer
  quit        put the phone away (Ctrl-D too)

While a session is open, what you type goes to the menu; "hang" drops the session, as a lost signal does. A text goes to the provider
of the code that was dialled last; the answer is a text message, too.

--format names the aggregator: ` + strings.Join(handset.Formats(), ", ") + `.
--fault makes steps go wrong as networks do, each with a rate from 0 to 1, or always: ` + faultNames() + `.

` + scriptHelp + "\n\n" + soakHelp,
		Example: "  umoja phone +254711000001\n  umoja phone +254711000001 --format hubtel --fault late:0.1\n  umoja phone +254711000001 --script pay.txt\n  umoja phone --soak --users 200 --for 10m --kill gateway,leader",
		Args: func(cmd *cobra.Command, args []string) error {
			if crowd.on || crowd.openCount > 0 {
				return wants()(cmd, args)
			}
			return wants("NUMBER")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if crowd.on || crowd.openCount > 0 {
				return crowd.run(cmd, &flags)
			}
			if digits, plus := strings.CutPrefix(args[0], "+"); !plus || digits == "" || strings.Trim(digits, "0123456789") != "" {
				return errors.New("NUMBER must be written with + and the country code, such as +254711000001")
			}
			p, err := flags.open(args[0])
			if err != nil {
				return err
			}
			if flags.script != "" {
				return playScript(cmd.Context(), p, flags.script, cmd.OutOrStdout())
			}
			return usePhone(cmd.Context(), p, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	flags.add(cmd)
	crowd.add(cmd)
	return cmd
}

// phoneFlags say which gateway a phone reaches, and how.
type phoneFlags struct {
	dir, address, code, format, script string
	faults                             []string
	seed                               uint64
}

func (f *phoneFlags) add(cmd *cobra.Command) {
	addDirFlag(cmd, &f.dir)
	cmd.Flags().StringVar(&f.address, "url", "", "the gateway's callback; by default the running sandbox's")
	cmd.Flags().StringVar(&f.code, "code", "", "the service code; by default the sandbox's")
	cmd.Flags().StringVar(&f.format, "format", "africastalking", "the aggregator whose wire form is spoken")
	cmd.Flags().StringVar(&f.script, "script", "", "a file of what is typed and what is to be seen; ends with 1 when anything else is seen")
	cmd.Flags().StringArrayVar(&f.faults, "fault", nil, "a fault and its rate, such as late:0.1; may be given several times")
	cmd.Flags().Uint64Var(&f.seed, "seed", 1, "decides which steps suffer a fault")
}

// network is what a phone reaches: the codes and how their gateways are asked.
type network struct {
	config handset.Config
	codes  networkCodes
	faults *faultRates
}

func (f *phoneFlags) open(number string) (*network, error) {
	if !slices.Contains(handset.Formats(), f.format) {
		return nil, fmt.Errorf("--format is %q: it is one of %s", f.format, strings.Join(handset.Formats(), ", "))
	}
	faults, err := readFaults(f.faults, f.seed)
	if err != nil {
		return nil, err
	}
	n := &network{config: handset.Config{URL: f.address, Format: f.format, Number: number, ServiceCode: f.code}, faults: faults}
	if f.address == "" {
		box, err := readSandbox(f.dir)
		if err != nil {
			return nil, err
		}
		if f.code == "" {
			n.config.ServiceCode = box.ServiceCode
		}
		n.codes, n.config.Inboxes = codesOf(box), inboxesOf(box)
		if n.config.URL = n.codes.gateway(n.config.ServiceCode, f.format); n.config.URL == "" {
			return nil, fmt.Errorf("--code is %s: the sandbox has %s", f.code, strings.Join(n.codes.all(), " and "))
		}
	}
	if n.config.ServiceCode == "" {
		return nil, errors.New("--code is missing: name the service code to dial, such as '*384*2050#'")
	}
	return n, nil
}

// dial dials a code on a phone of the network, and gives the phone that did: another one where the code leads to another gateway.
func (n *network) dial(ctx context.Context, phone *handset.Handset, code string) (*handset.Handset, handset.Screen, error) {
	g := n.codes.of(code)
	config := n.config
	if g == nil {
		config.ServiceCode = code
	} else {
		config.ServiceCode, config.URL = g.ServiceCode, n.codes.gateway(code, n.config.Format)
	}
	if config.ServiceCode != n.config.ServiceCode {
		n.config, phone = config, handset.New(config)
	}
	n.faults.inject(phone)
	screen, err := phone.DialString(ctx, code)
	return phone, screen, err
}

// networkCodes are the service codes of a network, and the gateway that each leads to.
type networkCodes []sandbox.GatewayAddress

// codesOf are those of a sandbox; one of an earlier run has a gateway without a list.
func codesOf(box sandboxFile) networkCodes {
	if len(box.Gateways) == 0 {
		return networkCodes{{HTTP: box.HTTP, ServiceCode: box.ServiceCode}}
	}
	return box.Gateways
}

// gateway is the callback, in an aggregator's form, that a code leads to, or that the beginning of what is dialled does; "" when it leads
// nowhere.
func (c networkCodes) gateway(dialled, format string) string {
	if g := c.of(dialled); g != nil {
		return "http://" + g.HTTP + "/ussd/" + format
	}
	return ""
}

func (c networkCodes) of(dialled string) *sandbox.GatewayAddress {
	for i, g := range c {
		if dialled == g.ServiceCode || strings.HasPrefix(dialled, strings.TrimSuffix(g.ServiceCode, "#")+"*") {
			return &c[i]
		}
	}
	return nil
}

func (c networkCodes) all() (all []string) {
	for _, g := range c {
		all = append(all, g.ServiceCode)
	}
	return all
}

// inboxesOf are the carriers of a sandbox: each gateway and each attestor sends by its own.
func inboxesOf(box sandboxFile) (all []string) {
	for _, g := range codesOf(box) {
		all = append(all, "http://"+g.HTTP)
	}
	for _, a := range box.Attestors {
		all = append(all, "http://"+a.HTTP)
	}
	return all
}

// usePhone runs the handset until the input ends.
func usePhone(ctx context.Context, n *network, in io.Reader, out io.Writer) error {
	p := &phoneScreen{network: n, phone: handset.New(n.config), out: out, seen: make(map[handset.Message]bool)}
	fmt.Fprintf(out, "%s. Enter dials %s; \"sms\" reads messages, \"text BAL\" sends one; \"quit\" ends.\n", n.config.Number, n.config.ServiceCode)
	switch err := p.messages(ctx, false); {
	case errors.Is(err, handset.ErrRefused):
		fmt.Fprintln(out, "(this gateway shows no messages: only the sandbox's does)")
	case err != nil:
		return fmt.Errorf("%w; is the gateway running?", err)
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(in); s.Scan(); {
			select {
			case lines <- s.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	poll := time.NewTicker(time.Second)
	defer poll.Stop()
	p.prompt()
	for {
		select {
		case line, ok := <-lines:
			if !ok || line == "quit" && !p.phone.Open() {
				fmt.Fprintln(out)
				return nil
			}
			if err := p.key(ctx, line); err != nil {
				if ctx.Err() != nil {
					return nil
				}
				fmt.Fprintf(out, "(%v)\n", err)
			}
			p.prompt()
		case <-poll.C:
			if err := p.messages(ctx, true); err != nil {
				continue // The gateway is away; dialling will say so.
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// phoneScreen draws what the phone shows.
type phoneScreen struct {
	network *network
	phone   *handset.Handset
	out     io.Writer
	seen    map[handset.Message]bool // messages shown so far
}

func (p *phoneScreen) prompt() {
	if p.phone.Open() {
		fmt.Fprint(p.out, "reply> ")
	} else {
		fmt.Fprint(p.out, "dial> ")
	}
}

// key does what a line says. When the gateway does not answer, the session is dropped, as a carrier does: what it did last is
// learnt by dialling again.
func (p *phoneScreen) key(ctx context.Context, line string) error {
	var screen handset.Screen
	var err error
	switch {
	case p.phone.Open() && line == "hang":
		p.phone.Hang()
		return nil
	case p.phone.Open():
		p.network.faults.inject(p.phone)
		screen, err = p.phone.Type(ctx, line)
	case line == "sms":
		clear(p.seen)
		if err := p.messages(ctx, false); err != nil {
			return err
		}
		if len(p.seen) == 0 {
			fmt.Fprintln(p.out, "(no messages)")
		}
		return nil
	case line == "text" || strings.HasPrefix(line, "text "):
		return writeText(ctx, p.phone, strings.TrimPrefix(line, "text"))
	case line == "" || strings.HasPrefix(line, "*"):
		screen, err = p.dial(ctx, line)
	default:
		return errors.New("press Enter to dial first")
	}
	if err != nil {
		p.phone.Hang()
		return fmt.Errorf("connection problem: %w; dial again", err)
	}
	draw(p.out, screen.Text)
	return nil
}

// dial dials what was typed, or the code of before. The network knows which gateway a code leads to.
func (p *phoneScreen) dial(ctx context.Context, line string) (screen handset.Screen, err error) {
	if line == "" {
		p.network.faults.inject(p.phone)
		return p.phone.Dial(ctx)
	}
	p.phone, screen, err = p.network.dial(ctx, p.phone, line)
	return screen, err
}

// messages shows the messages not shown yet. A carrier that is away hides those of no other.
func (p *phoneScreen) messages(ctx context.Context, arrived bool) error {
	all, err := p.phone.Inbox(ctx)
	if err != nil && len(all) == 0 {
		return err
	}
	shown := false
	for _, m := range all {
		if p.seen[m] {
			continue
		}
		if p.seen[m], shown = true, true; arrived {
			fmt.Fprintln(p.out)
		}
		fmt.Fprintf(p.out, "SMS %s: %s\n", m.Time.Local().Format("15:04"), m.Text)
	}
	if arrived && shown {
		p.prompt()
	}
	return nil
}

// phoneColumns is how many letters a line of the handset has.
const phoneColumns = 34

// draw frames a screen, with lines as long as a phone's.
func draw(out io.Writer, text string) {
	bar := "+" + strings.Repeat("-", phoneColumns+2) + "+"
	fmt.Fprintln(out, bar)
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		for _, part := range wrap(line, phoneColumns) {
			fmt.Fprintf(out, "| %-*s |\n", phoneColumns, part)
		}
	}
	fmt.Fprintln(out, bar)
}

// wrap breaks a line between words; a longer word is broken inside.
func wrap(line string, columns int) []string {
	var parts []string
	rest := []rune(line)
	for len(rest) > columns {
		at := columns
		for at > 0 && rest[at] != ' ' {
			at--
		}
		if at == 0 {
			at = columns
		}
		parts = append(parts, string(rest[:at]))
		rest = rest[at:]
		if rest[0] == ' ' {
			rest = rest[1:]
		}
	}
	return append(parts, string(rest))
}
