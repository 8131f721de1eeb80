package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
	"github.com/umoja-ledger/umoja/ussd/handset"
)

// newPhoneCommand is a handset in a terminal.
func newPhoneCommand() *cobra.Command {
	var dir, address, code string
	cmd := &cobra.Command{
		Use:   "phone NUMBER",
		Short: "a feature phone in your terminal: dial, read the screens, get text messages",
		Long: `phone is a handset for the number. It speaks the aggregator's wire form to the gateway, so what you see is what a
person with a cheap phone sees.

  Enter       dial the service code; or type another code, such as *384*2050#
  sms         read the text messages again
  quit        put the phone away (Ctrl-D too)

While a session is open, what you type goes to the menu; "hang" drops the session, as a lost signal does.`,
		Example: "  umoja phone +254711000001",
		Args:    wants("NUMBER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var codes networkCodes
			var inboxes []string
			if address == "" {
				box, err := readSandbox(dir)
				if err != nil {
					return err
				}
				if code == "" {
					code = box.ServiceCode
				}
				codes, inboxes = codesOf(box), inboxesOf(box)
				if address = codes.gateway(code); address == "" {
					return fmt.Errorf("--code is %s: the sandbox has %s", code, strings.Join(codes.all(), " and "))
				}
			}
			if digits, plus := strings.CutPrefix(args[0], "+"); !plus || digits == "" || strings.Trim(digits, "0123456789") != "" {
				return errors.New("NUMBER must be written with + and the country code, such as +254711000001")
			}
			if code == "" {
				return errors.New("--code is missing: name the service code to dial, such as '*384*2050#'")
			}
			config := handset.Config{URL: address, Number: args[0], ServiceCode: code, Inboxes: inboxes}
			return usePhone(cmd.Context(), config, codes, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	addDirFlag(cmd, &dir)
	cmd.Flags().StringVar(&address, "url", "", "the gateway's callback; by default the running sandbox's")
	cmd.Flags().StringVar(&code, "code", "", "the service code; by default the sandbox's")
	return cmd
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

// gateway is the callback that a code leads to, or that the beginning of what is dialled does; "" when it leads nowhere.
func (c networkCodes) gateway(dialled string) string {
	if g := c.of(dialled); g != nil {
		return "http://" + g.HTTP + "/ussd/africastalking"
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
func usePhone(ctx context.Context, config handset.Config, codes networkCodes, in io.Reader, out io.Writer) error {
	p := &phoneScreen{config: config, codes: codes, phone: handset.New(config), out: out, seen: make(map[handset.Message]bool)}
	fmt.Fprintf(out, "%s. Enter dials %s; \"sms\" reads messages; \"quit\" ends.\n", config.Number, config.ServiceCode)
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
	config handset.Config
	codes  networkCodes
	phone  *handset.Handset
	out    io.Writer
	seen   map[handset.Message]bool // messages shown so far
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
func (p *phoneScreen) dial(ctx context.Context, line string) (handset.Screen, error) {
	if line == "" {
		return p.phone.Dial(ctx)
	}
	g := p.codes.of(line)
	if g == nil {
		p.config.ServiceCode = line
		p.phone = handset.New(p.config)
		return p.phone.Dial(ctx)
	}
	p.config.ServiceCode, p.config.URL = g.ServiceCode, p.codes.gateway(line)
	p.phone = handset.New(p.config)
	return p.phone.DialString(ctx, line)
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
