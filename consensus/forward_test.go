package consensus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// TestForwardsShareCalls: what waits goes in one call, as much as one carries, in order and without what nobody waits for.
func TestForwardsShareCalls(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	f := &forwards{node: &Node{ctx: t.Context()}}
	small := seal(t, w, 1)
	for range maxForwards + 10 {
		f.waiting = append(f.waiting, &forward{signed: small})
	}
	gone, next := f.waiting[1], f.waiting[2]
	if f.leave(gone) {
		t.Error("was sent, and no call carries it")
	}
	call := f.take()
	defer call.cancel()
	if len(call.carries) != maxForwards || call.carries[1] != next || len(f.waiting) != 9 {
		t.Fatalf("carries %d, left %d", len(call.carries), len(f.waiting))
	}
	for i, one := range call.carries {
		if call.ctx.Err() != nil {
			t.Fatalf("ended while somebody waits for %d", i)
		}
		for range 2 { // Leaving twice is leaving once.
			if !f.leave(one) {
				t.Error("left, and was not sent")
			}
		}
	}
	if call.ctx.Err() == nil {
		t.Error("a call goes on that nobody waits for")
	}

	// By bytes:
	large := bulk(t, w)
	f.waiting = nil
	for range maxForwards {
		f.waiting = append(f.waiting, &forward{signed: large})
	}
	call = f.take()
	defer call.cancel()
	if n, most := len(call.carries), maxForwardBytes/len(large.Envelope()); n != most || most >= maxForwards {
		t.Errorf("carries %d of %d bytes, want %d", n, len(large.Envelope()), most)
	}
}

// bulk is a transaction of many bytes.
func bulk(t *testing.T, w *ledgertest.World) *tx.Signed {
	t.Helper()
	legs := make([]tx.BulkLeg, 300)
	for i := range legs {
		legs[i] = tx.BulkLeg{Credit: w.Juma.Account, Amount: 1}
	}
	body, err := tx.Body{
		Nonce: w.Nonce(1), ExpiresAtUnixMs: uint64(time.Now().Add(time.Hour).UnixMilli()),
		Operations: []tx.Operation{tx.BulkTransfer{Debit: w.IssuerAccount, Asset: ledgertest.KES, Mode: tx.Atomic, Legs: legs}},
	}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := tx.Seal(w.Network, body, w.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// TestForwardsAreBounded: past its bounds nothing is carried, and past that nothing is taken.
func TestForwardsAreBounded(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	f := &forwards{node: &Node{}, calls: quickCalls}
	signed := seal(t, w, 1)
	for range queueLength {
		if _, err := f.add(signed); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.add(signed); !errors.Is(err, ErrOverloaded) {
		t.Errorf("got %v, want %v", err, ErrOverloaded)
	}
	if f.calls != quickCalls || f.gathering {
		t.Error("a call began without a place")
	}
}

// TestForwardedHaveTheirOwnAnswers: of one call some are ordered and some are not, and each is told.
func TestForwardedHaveTheirOwnAnswers(t *testing.T) {
	c := newCluster(t)
	op := tx.Transfer{Debit: c.world.IssuerAccount, Credit: c.world.Juma.Account, Asset: ledgertest.KES, Amount: 5_00}
	for {
		n := c.leader()
		all := []*tx.Signed{
			c.sign(op, time.Hour, c.world.Issuer), c.sign(op, time.Hour, c.world.Key(t, "stranger")), c.sign(op, -time.Second, c.world.Issuer),
			c.sign(op, time.Hour, c.world.Issuer),
		}
		all = append(all, all[0]) // The same again is ordered once.
		results, err := n.takeForwarded(t.Context(), c.follower().name, envelopesOf(all))
		if errors.Is(err, ErrNotLeader) {
			continue
		}
		if err != nil || len(results) != len(all) {
			t.Fatalf("%d results: %v", len(results), err)
		}
		reasons := make([]string, len(results))
		for i, r := range results {
			reasons[i] = r.GetFailure().GetReason()
		}
		if slices.Contains(reasons, "NO_LEADER") || slices.Contains(reasons, "UNKNOWN_OUTCOME") {
			continue // Deposed meanwhile, as happens on a slow machine.
		}
		if want := []string{"", tx.Unauthorised.String(), "EXPIRED", "", ""}; !slices.Equal(reasons, want) {
			t.Fatalf("reasons %q, want %q", reasons, want)
		}
		for _, i := range []int{0, 3} {
			if s, err := n.Transaction(t.Context(), all[i].ID(), Final); err != nil || s.Stage != Final {
				t.Errorf("submission %d: %v, %v", i, s, err)
			}
		}
		return
	}
}

func envelopesOf(all []*tx.Signed) (out [][]byte) {
	for _, signed := range all {
		out = append(out, signed.Envelope())
	}
	return out
}

// TestHostileForwards: a call of another size than it may have, or with something that does not verify, is refused as one; who makes such
// calls gets no more of them looked at, and nobody else hears of it.
func TestHostileForwards(t *testing.T) {
	c := newCluster(t)
	good := c.pay(c.world.Juma.Account, 1)
	forged := append([]byte(nil), c.pay(c.world.Juma.Account, 2).Envelope()...)
	forged[len(forged)-1] ^= 1
	many := make([][]byte, maxForwards+1)
	for i := range many {
		many[i] = good.Envelope()
	}
	call := func(envelopes ...[]byte) error {
		for {
			leader, liar := c.leader(), c.follower()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			peer, err := liar.peer(ctx, leader.name)
			if err == nil {
				_, err = peer.Forward(ctx, &peerv1.ForwardRequest{Envelopes: envelopes})
			}
			if err = fromStatus(err); !errors.Is(err, ErrNoLeader) && !errors.Is(err, ErrUnknownOutcome) {
				return err
			}
		}
	}
	for what, row := range map[string]struct {
		envelopes [][]byte
		want      error
	}{
		"none":           {nil, ErrField},
		"too many":       {many, ErrField},
		"too many bytes": {[][]byte{make([]byte, maxForwardBytes), {1}}, ErrField},
		"a forged one":   {[][]byte{good.Envelope(), forged}, tx.ErrBadSignature},
		"one too large":  {[][]byte{good.Envelope(), make([]byte, tx.MaxEnvelopeBytes+1)}, tx.ErrTooLarge},
		"no envelope":    {[][]byte{good.Envelope(), nil}, tx.ErrMalformed},
	} {
		if err := call(row.envelopes...); !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", what, err, row.want)
		}
	}
	for _, n := range c.nodes {
		if s, err := n.lookup(good.ID()); err != nil || s.Stage != Unknown {
			t.Errorf("what came with a false one is at stage %d at %s: %v", s.Stage, n.name, err)
		}
	}

	// Past its bound nothing of the liar is looked at, also what is good; others are heard.
	n, f := c.leader(), newForwarded()
	liar, err := f.enter("liar", envelopesOf([]*tx.Signed{good}), queueLength)
	if err != nil {
		t.Fatal(err)
	}
	liar.faults.SetLimit(0) // However long it takes here, none comes back.
	for i := range faultsAtOnce {
		if _, err := n.checkForwarded(liar, [][]byte{forged}); !errors.Is(err, tx.ErrBadSignature) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if _, err := n.checkForwarded(liar, [][]byte{good.Envelope()}); !errors.Is(err, ErrRateLimited) {
		t.Errorf("after false ones: %v, want %v", err, ErrRateLimited)
	}
	honest, err := f.enter("honest", envelopesOf([]*tx.Signed{good}), queueLength)
	if err != nil {
		t.Fatal(err)
	}
	if signed, err := n.checkForwarded(honest, [][]byte{good.Envelope()}); err != nil || signed[0].ID() != good.ID() {
		t.Errorf("somebody else: %v", err)
	}
}

// TestForwardedRoom: a validator has so many submissions with the leader and so many bytes in a second, and no more; another has its own.
func TestForwardedRoom(t *testing.T) {
	f := newForwarded()
	ten := make([][]byte, 10)
	one, err := f.enter("a", ten, 15)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.enter("a", ten, 15); !errors.Is(err, ErrOverloaded) {
		t.Errorf("got %v, want %v", err, ErrOverloaded)
	}
	if _, err := f.enter("b", ten, 15); err != nil {
		t.Error(err)
	}
	f.leave(one, len(ten))
	if _, err := f.enter("a", ten, 15); err != nil {
		t.Errorf("after the answers: %v", err)
	}
	large := [][]byte{make([]byte, maxForwardBytes)}
	one.bytes.SetLimit(1)
	for i := 0; ; i++ {
		g, err := f.enter("a", large, 15)
		if errors.Is(err, ErrRateLimited) && i == 2*forwardedBytes/maxForwardBytes {
			break
		}
		if err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
		f.leave(g, 1)
	}
	for i := range 3 * maxGuests {
		if g, err := f.enter(fmt.Sprint("passer-by", i), ten, 15); err == nil {
			f.leave(g, len(ten))
		}
	}
	if len(f.guests) > maxGuests {
		t.Errorf("%d validators are remembered", len(f.guests))
	}
}

// TestForwardsBesideACensoredOne: a leader that never answers one submission holds up no other, not those of the same call and not those
// that come after.
func TestForwardsBesideACensoredOne(t *testing.T) {
	c := newStopped(t, Snapshots{})
	victim := c.world.Juma.Account
	c.leaveOut = func(_ string, signed *tx.Signed) bool {
		return signed.Body.Operations[0].(tx.Transfer).Credit == victim
	}
	c.startAll()
	n := c.follower()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	const count = 5 * quickCalls
	censored, free := make(chan error, count), make(chan error, count)
	for i := range count {
		victims, other := c.pay(victim, 1), c.pay(c.world.Amina.Account, 1)
		go func() {
			_, err := n.Submit(ctx, victims.Envelope(), Accepted)
			censored <- err
		}()
		go func() {
			_, err := n.Submit(t.Context(), other.Envelope(), Accepted)
			free <- err
		}()
		if i%2 == 0 { // Some come together, and some alone.
			if err := <-free; err != nil {
				t.Fatal(err)
			}
			free <- nil
		}
	}
	for range count {
		if err := <-free; err != nil {
			t.Error(err)
		}
	}
	cancel() // Nobody has answered these.
	for range count {
		if err := <-censored; !errors.Is(err, ErrUnknownOutcome) && !errors.Is(err, ErrNoLeader) {
			t.Errorf("a censored submission: %v", err)
		}
	}
}

// TestAPlaceIsTakenUntilTheAnswer: who ends a call does not get the places back of what it brought: that still waits in the leader's queue. A batch that is wanted for its
// time takes one too.
func TestAPlaceIsTakenUntilTheAnswer(t *testing.T) {
	c := newStopped(t, Snapshots{})
	victim := c.world.Juma.Account
	c.leaveOut = func(_ string, signed *tx.Signed) bool {
		return signed != nil && signed.Body.Operations[0].(tx.Transfer).Credit == victim
	}
	c.startAll()
	n := c.leader()
	const from = "v9" // No other validator's, who bring what they like.
	here := func() int {
		n.forwarded.mu.Lock()
		defer n.forwarded.mu.Unlock()
		return n.forwarded.guest(from).here
	}
	waits, free := c.pay(victim, 1), c.pay(c.world.Amina.Account, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { // Who has brought both waits no more when the one is there.
		_, _ = n.Transaction(t.Context(), free.ID(), Accepted)
		cancel()
	}()
	if _, err := n.takeForwarded(ctx, from, envelopesOf([]*tx.Signed{waits, free})); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); here() > 1 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond) // It is there before its packer has answered.
	}
	if got := here(); got != 1 {
		t.Errorf("%d places are taken, and one submission has no answer", got)
	}
	if _, err := n.takeForwarded(t.Context(), from, [][]byte{{1}}); err == nil || here() != 1 {
		t.Errorf("what does not verify: %v, and %d places", err, here())
	}
	if err := n.passFor(t.Context(), from, n.store.Head().TimeUnixMs); err != nil || here() != 1 {
		t.Errorf("time passed: %v, and %d places", err, here())
	}
	if g, err := n.forwarded.place(from, 2*n.forwardsOfOne()-1, 2*n.forwardsOfOne()); err != nil {
		t.Error(err)
	} else if err := n.passFor(t.Context(), from, n.store.Head().TimeUnixMs); !errors.Is(err, ErrOverloaded) {
		t.Errorf("without a place: %v", err)
	} else {
		n.forwarded.leave(g, 2*n.forwardsOfOne()-1)
	}
}

// TestFailuresComeBack: what the leader says of one submission is here what it was there, and what is not known leaves the outcome open.
func TestFailuresComeBack(t *testing.T) {
	for _, err := range []error{ErrExpired, ErrOverloaded, ErrNoLeader, ErrUnknownOutcome, ErrStopped, tx.ErrBadSignature} {
		if got := fromFailure(ToFailure(fmt.Errorf("do: %w", err))); !errors.Is(got, err) {
			t.Errorf("%v came back as %v", err, got)
		}
	}
	for _, code := range refusals {
		if got := fromFailure(ToFailure(&Refusal{Code: code})); !isRefusal(got, code) {
			t.Errorf("%s came back as %v", code, got)
		}
	}
	if got := fromFailure(&apiv1.SubmitFailure{Code: 3, Reason: "OF_THE_FUTURE"}); !errors.Is(got, ErrUnknownOutcome) {
		t.Errorf("got %v, want %v", got, ErrUnknownOutcome)
	}
}
