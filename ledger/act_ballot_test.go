package ledger_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

func init() {
	verbs["propose"] = (*words).propose
	verbs["vote"] = (*words).vote
	reads["ballot?"] = (*words).ballotLine
	reads["set?"] = (*words).setLine
	reads["parameter?"] = (*words).parameterLine
	reads["attestor?"] = (*words).attestorLine
	reads["frozen?"] = (*words).frozenLine
}

// propose reads "propose VALIDATOR DECISION until TIME [effect TIME]"; the account VALIDATOR in capitals is its governor's.
func (w *words) propose(options) (tx.Operation, string) {
	w.t.Helper()
	governor := w.next()
	op := tx.Propose{Validator: strings.ToLower(governor), Decision: w.decision()}
	if !w.is("until") {
		w.fail("propose VALIDATOR DECISION until TIME")
	}
	op.ExpiresAtUnixMs = w.when()
	if w.is("effect") {
		op.EffectiveAtUnixMs = w.when()
	}
	return op, governor
}

var parameterNames = map[string]tx.Parameter{
	"attestations": tx.Attestations, "move": tx.MoveDelayMs, "recovery": tx.RecoveryDelayMs, "quarantine": tx.QuarantineMs,
	"interval": tx.CreditIntervalMs, "burst": tx.CreditBurst,
}

// decision reads what a ballot decides.
func (w *words) decision() tx.Decision {
	w.t.Helper()
	switch word := w.next(); word {
	case "validators":
		return w.validators()
	case "parameter":
		return tx.SetParameter{Parameter: parameterNames[w.next()], Value: uint64(w.count())}
	case "rules":
		return tx.SetRules{Version: uint32(w.count())}
	case "issuer", "noissuer":
		return tx.SetIssuer{Account: w.account(w.next()), Issuer: word == "issuer"}
	case "attestor":
		account := w.next()
		a := tx.Attestor{Account: w.account(account), Key: w.key(account).Public(), Name: account}
		if w.is("key") {
			a.Key = w.key(w.next()).Public()
		}
		if w.is("of") {
			provider := w.account(w.next())
			a.Provider = &provider
		}
		return tx.SetAttestor{Attestor: a}
	case "noattestor":
		return tx.RemoveAttestor{Account: w.account(w.next())}
	case "freeze":
		account := w.account(w.next())
		return tx.Freeze{Account: account, UntilUnixMs: w.when(), EvidenceHash: evidence("court")}
	case "unfreeze":
		return tx.Freeze{Account: w.account(w.next()), EvidenceHash: evidence("court")}
	case "pool":
		return tx.SetPool{Provider: w.account(w.next()), Shares: uint32(w.count())}
	default:
		w.fail("no ballot decides %q", word)
		return nil
	}
}

// validators reads names in order. One that the set has keeps its keys; a new one, or one written with a stroke (v2'), gets others. The
// governor of a new one is the account of its name in capitals.
func (w *words) validators() tx.SetValidators {
	w.t.Helper()
	set, err := w.chain.State().ValidatorSet()
	if err != nil {
		w.fail("%v", err)
	}
	var out tx.SetValidators
	for len(w.rest) > 0 && w.rest[0] != "until" {
		word := w.next()
		name := strings.TrimSuffix(word, "'")
		g := tx.Governor{Name: name, Account: w.account(strings.ToUpper(name))}
		if v, found := set.Find(name); found && word == name {
			g.Key, g.TLSKeyHash = v.PublicKey(), v.TLSKeyHash
		} else {
			seed := sha256.Sum256([]byte("validator " + word))
			private := ed25519.NewKeyFromSeed(seed[:])
			g.Key, g.TLSKeyHash = private.Public().(ed25519.PublicKey), sha256.Sum256([]byte("tls "+word))
			w.world.Validators[name+"'"] = private
		}
		out.Validators = append(out.Validators, g)
	}
	return out
}

// ballot is the ballot that a named transaction opens.
func (w *words) ballot() tx.BallotID {
	w.t.Helper()
	name := w.next()
	signed := w.named[name]
	if signed == nil {
		return tx.BallotID(salt(name)) // Nobody proposed it.
	}
	return tx.NewBallotID(signed.ID(), 0)
}

// vote reads "vote VALIDATOR yes|no BALLOT".
func (w *words) vote(options) (tx.Operation, string) {
	w.t.Helper()
	governor := w.next()
	yes := w.is("yes")
	if !yes && !w.is("no") {
		w.fail("vote VALIDATOR yes|no BALLOT")
	}
	return tx.Vote{Validator: strings.ToLower(governor), Yes: yes, Ballot: w.ballot()}, governor
}

// ballotLine reads "ballot? BALLOT".
func (w *words) ballotLine() string {
	b, err := w.chain.State().Ballot(w.ballot())
	if err != nil {
		w.fail("%v", err)
	}
	if b == nil {
		return "no ballot"
	}
	var votes []string
	for _, v := range b.Votes {
		votes = append(votes, v.Validator+map[bool]string{true: " yes", false: " no"}[v.Yes])
	}
	state := "open"
	if b.PassedAtUnixMs != 0 {
		state = "passed " + w.ago(b.PassedAtUnixMs)
	}
	return state + ": " + strings.Join(votes, ", ")
}

// setLine reads "set?".
func (w *words) setLine() string {
	set, err := w.chain.State().ValidatorSet()
	if err != nil {
		w.fail("%v", err)
	}
	var names []string
	for _, v := range set {
		names = append(names, v.Name)
	}
	line := strings.Join(names, " ")
	if w.fx == nil {
		return line
	}
	last := w.fx.Leaves[len(w.fx.Leaves)-1]
	if leaf, err := tx.ParseLeaf(last.Raw); err != nil || leaf.Header == nil || leaf.Header.ValidatorSetHash != set.Hash() {
		w.fail("the header leaf does not name the set: %v", err)
	}
	return line
}

// parameterLine reads "parameter? NAME".
func (w *words) parameterLine() string {
	name := w.next()
	v, err := w.chain.State().Parameter(parameterNames[name])
	if err != nil {
		w.fail("%v", err)
	}
	return fmt.Sprintf("%s %d", name, v)
}

// attestorLine reads "attestor? ACCOUNT".
func (w *words) attestorLine() string {
	a, err := w.chain.State().Attestor(w.account(w.next()))
	if err != nil {
		w.fail("%v", err)
	}
	if a == nil {
		return "no attestor"
	}
	line := "attestor " + a.Name
	if a.Provider != nil {
		line += " of " + w.name(*a.Provider)
	}
	names := []string{"ATTESTOR1", "ATTESTOR2", "ATTESTOR3", "SALA", "BAKARI", "SHOP"}
	at := slices.IndexFunc(names, func(n string) bool { return w.key(n).Public() == a.Key })
	if at >= 0 {
		line += ", key of " + names[at]
	}
	return line
}

// frozenLine reads "frozen? ACCOUNT".
func (w *words) frozenLine() string {
	a, err := w.chain.State().Account(w.account(w.next()))
	if err != nil || a == nil {
		w.fail("account: %v", err)
	}
	if a.FrozenUntilUnixMs == 0 {
		return "not frozen"
	}
	return "frozen until " + w.ago(a.FrozenUntilUnixMs)
}
