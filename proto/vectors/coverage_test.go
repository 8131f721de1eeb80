package vectors_test

import (
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/umoja-ledger/umoja/ledger/tx"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// readAll gives the vectors of every file but the whole ledgers.
func readAll(t *testing.T) map[string][]vectors.Vector {
	t.Helper()
	all := map[string][]vectors.Vector{}
	for file := range kinds {
		list, err := vectors.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		all[file] = list
	}
	return all
}

// TestCount: named cases, each ledger counted as one, however many batches and transactions it has.
func TestCount(t *testing.T) {
	if *update {
		t.Skip("the files are being written")
	}
	ledgers, err := vectors.ReadLedgers()
	if err != nil {
		t.Fatal(err)
	}
	cases, transactions := len(ledgers), 0
	for file, list := range readAll(t) {
		t.Logf("%-18s %4d", file, len(list))
		cases += len(list)
	}
	for _, l := range ledgers {
		for _, b := range l.Batches {
			transactions += len(b.Transactions)
		}
	}
	t.Logf("%-18s %4d, with %d transactions", vectors.Ledgers, len(ledgers), transactions)
	if cases < 400 || transactions < 400 {
		t.Errorf("%d cases, and %d transactions in ledgers; want 400 of each", cases, transactions)
	}
}

// TestRulesBroken: every rule has a case that breaks it.
func TestRulesBroken(t *testing.T) {
	if *update {
		t.Skip("the files are being written")
	}
	for file, list := range readAll(t) {
		broken := map[string]bool{}
		for _, v := range list {
			broken[v.Rule] = true
		}
		for rule := range kinds[file].rules {
			if _, ofNote := rulesOfCheckpoint[rule]; !broken[rule] && !(file == "receipt.json" && ofNote) {
				t.Errorf("%s: no case breaks the rule %s", file, rule)
			}
		}
	}
	ledgers, err := vectors.ReadLedgers()
	if err != nil {
		t.Fatal(err)
	}
	void := map[string]bool{}
	for _, l := range ledgers {
		for _, b := range l.Batches {
			void[b.Void] = true
		}
	}
	for rule := range rulesOfVoid {
		if !void[rule] {
			t.Errorf("no batch is void by %s", rule)
		}
	}
}

// appeared is what the files show.
type appeared struct {
	t *testing.T
	// parsed are the operations and decisions of accepted transactions, applied those of transactions that a ledger applied.
	parsed, applied map[string]bool
	codes           map[tx.Code]bool
	effects         map[tx.EffectKind]bool
	// refused are operations with the codes that they were refused with.
	refused map[string]bool
}

// operations notes what a body does.
func (a *appeared) operations(to map[string]bool, body []byte) {
	var m umojav1.TransactionBody
	if err := proto.Unmarshal(body, &m); err != nil {
		a.t.Fatal(err)
	}
	for _, op := range m.GetOperations() {
		to[member(op.ProtoReflect())] = true
		if d := op.GetPropose().GetDecision(); d != nil {
			to["propose "+member(d.ProtoReflect())] = true
		}
	}
}

// member is the name of the member of a oneof that is set.
func member(m protoreflect.Message) string {
	return string(m.WhichOneof(m.Descriptor().Oneofs().Get(0)).Name())
}

// leaf notes what a leaf records.
func (a *appeared) leaf(raw []byte) {
	leaf, err := tx.ParseLeaf(raw)
	switch {
	case err != nil:
		a.t.Fatal(err)
	case leaf.Effect != nil:
		a.effects[leaf.Effect.Kind] = true
	case leaf.Record != nil:
		a.codes[leaf.Record.Result.Code] = true
		for _, leg := range leaf.Record.Result.Legs {
			a.codes[leg.Code], a.refused["leg "+leg.Code.String()] = true, true
		}
		var envelope umojav1.Envelope
		var body umojav1.TransactionBody
		if err := errors.Join(proto.Unmarshal(leaf.Record.Envelope, &envelope), proto.Unmarshal(envelope.GetBody(), &body)); err != nil {
			a.t.Fatal(err)
		}
		if leaf.Record.Result.Code == tx.OK {
			a.operations(a.applied, envelope.GetBody())
			return
		}
		// A code that does not decide names no operation: it is told of the last, which is the one that the stories mean.
		at := int(leaf.Record.Result.Operation)
		if !leaf.Record.Result.Code.Decides() {
			at = len(body.GetOperations()) - 1
		}
		a.refused[member(body.GetOperations()[at].ProtoReflect())+" "+leaf.Record.Result.Code.String()] = true
	}
}

// everything reads the transactions and the ledgers.
func everything(t *testing.T) *appeared {
	t.Helper()
	a := &appeared{t, map[string]bool{}, map[string]bool{}, map[tx.Code]bool{}, map[tx.EffectKind]bool{}, map[string]bool{}}
	for _, v := range readAll(t)["transaction.json"] {
		a.operations(a.parsed, unhexText(t, v.Out["body"]))
	}
	ledgers, err := vectors.ReadLedgers()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range ledgers {
		for _, b := range l.Batches {
			for _, text := range b.Leaves {
				a.leaf(unhexText(t, text))
			}
		}
	}
	return a
}

// TestEverythingAppears: each operation and decision is accepted by itself and applied by a ledger, and each result code and each effect of
// ledger time is in a ledger's leaf. LEAF_TOO_LARGE is in leaf.json alone: no transaction that fits its own limits reaches it.
func TestEverythingAppears(t *testing.T) {
	if *update {
		t.Skip("the files are being written")
	}
	a := everything(t)
	var wanted []string
	operations, decisions := (&umojav1.Operation{}).ProtoReflect().Descriptor().Fields(), (&umojav1.Decision{}).ProtoReflect().Descriptor().Fields()
	for i := range operations.Len() {
		wanted = append(wanted, string(operations.Get(i).Name()))
	}
	for i := range decisions.Len() {
		wanted = append(wanted, "propose "+string(decisions.Get(i).Name()))
	}
	for _, name := range wanted {
		if !a.parsed[name] || !a.applied[name] {
			t.Errorf("%s: in transaction.json %v, applied by a ledger %v", name, a.parsed[name], a.applied[name])
		}
	}
	for number, name := range umojav1.ResultCode_name {
		if code := tx.Code(number); number != 0 && code != tx.LeafTooLarge && !a.codes[code] {
			t.Errorf("no ledger has a leaf of %s", name)
		}
	}
	for number, name := range umojav1.EffectKind_name {
		if number != 0 && !a.effects[tx.EffectKind(number)] {
			t.Errorf("no ledger has a leaf of %s", name)
		}
	}
}

func unhexText(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// refusals are the codes with which each operation can be refused (SPEC.md 5.9 to 5.20), but for what cannot be made: two bodies whose
// holds or requests have one id, and a balance that passes 2^63 while the supply does not.
var refusals = map[string]string{
	"open_account": "UNAUTHORISED ACCOUNT_EXISTS", "set_authority": "UNAUTHORISED ACCOUNT_UNKNOWN", "set_tier": "UNAUTHORISED ACCOUNT_UNKNOWN TIME_NOT_VALID",
	"issue_grant": "UNAUTHORISED ACCOUNT_UNKNOWN ASSET_UNKNOWN GRANT_ABOVE_TIER", "revoke_grant": "UNAUTHORISED ACCOUNT_UNKNOWN GRANT_UNKNOWN",
	"start_recovery":    "UNAUTHORISED ACCOUNT_UNKNOWN RECOVERY_PENDING NOTHING_TO_CHANGE",
	"cancel_recovery":   "UNAUTHORISED ACCOUNT_UNKNOWN RECOVERY_UNKNOWN ALREADY_HELD",
	"complete_recovery": "UNAUTHORISED ACCOUNT_UNKNOWN RECOVERY_UNKNOWN NOT_HELD NOTHING_TO_CHANGE",
	"bind_alias":        "UNAUTHORISED ALIAS_TAKEN ALIAS_QUARANTINED",
	"attest_alias":      "UNAUTHORISED ACCOUNT_UNKNOWN ALIAS_TAKEN ALIAS_QUARANTINED MOVE_PENDING NOTHING_TO_CHANGE",
	"release_alias":     "UNAUTHORISED ACCOUNT_UNKNOWN ALIAS_UNKNOWN MOVE_PENDING",
	"start_move":        "UNAUTHORISED ACCOUNT_UNKNOWN ASSET_UNKNOWN ALIAS_UNKNOWN GRANT_UNKNOWN ALIAS_PROVISIONAL MOVE_PENDING TIME_NOT_VALID GRANT_ABOVE_TIER",
	"cancel_move":       "UNAUTHORISED ACCOUNT_UNKNOWN MOVE_UNKNOWN ALREADY_HELD",
	"confirm_move":      "UNAUTHORISED ACCOUNT_UNKNOWN MOVE_UNKNOWN NOT_HELD NOTHING_TO_CHANGE",
	"define_asset":      "UNAUTHORISED CREDIT_ACCOUNT_UNKNOWN ASSET_CODE_TAKEN TIME_NOT_VALID", "set_limits": "UNAUTHORISED",
	"list_payee": "UNAUTHORISED CREDIT_ACCOUNT_UNKNOWN NOTHING_TO_CHANGE ASSET_IS_NO_VOUCHER VOUCHER_EXPIRED",
	"issue":      "UNAUTHORISED CREDIT_ACCOUNT_UNKNOWN ACCOUNT_FROZEN VOUCHER_EXPIRED AMOUNT_OVERFLOW",
	"redeem":     "UNAUTHORISED ACCOUNT_FROZEN INSUFFICIENT_BALANCE", "state_reserve": "UNAUTHORISED TIME_NOT_VALID",
	"transfer": "UNAUTHORISED EXPIRY_TOO_FAR DEBIT_ACCOUNT_UNKNOWN QUOTA_EXHAUSTED CREDIT_ACCOUNT_UNKNOWN ASSET_UNKNOWN REQUEST_UNKNOWN SELF_TRANSFER " +
		"ALIAS_NOT_BOUND_TO_PAYEE REQUEST_MISMATCH " + debits + " VOUCHER_EXPIRED PAYEE_NOT_LISTED PROVISIONAL_INFLOW",
	"bulk_transfer": "UNAUTHORISED DEBIT_ACCOUNT_UNKNOWN QUOTA_EXHAUSTED ASSET_UNKNOWN ACCOUNT_FROZEN VOUCHER_EXPIRED FEE_PROVIDER_UNKNOWN FEE_SCHEDULE_NOT_VALID " +
		"FEE_MISMATCH FEE_ABOVE_CEILING CAP_TRANSACTION SELF_TRANSFER INSUFFICIENT_BALANCE CREDIT_ACCOUNT_UNKNOWN NO_LEG_APPLIED",
	"leg": "CREDIT_ACCOUNT_UNKNOWN SELF_TRANSFER ALIAS_NOT_BOUND_TO_PAYEE PAYEE_NOT_LISTED CAP_TRANSACTION CAP_DAY LIMIT_TRANSACTION LIMIT_DAY " +
		"PROVISIONAL_INFLOW INSUFFICIENT_BALANCE",
	"place_hold": "UNAUTHORISED DEBIT_ACCOUNT_UNKNOWN CREDIT_ACCOUNT_UNKNOWN ASSET_UNKNOWN SELF_TRANSFER ALIAS_NOT_BOUND_TO_PAYEE ALIAS_PROVISIONAL TIME_NOT_VALID " +
		debits + " PAYEE_NOT_LISTED",
	"capture_hold": "UNAUTHORISED ACCOUNT_UNKNOWN HOLD_UNKNOWN SELF_TRANSFER ALIAS_NOT_BOUND_TO_PAYEE ALIAS_PROVISIONAL HOLD_MISMATCH PREIMAGE_MISMATCH " +
		"PAYEE_NOT_LISTED CAPTURE_ABOVE_HOLD",
	"release_hold":    "UNAUTHORISED ACCOUNT_UNKNOWN HOLD_UNKNOWN HOLD_MISMATCH",
	"request_payment": "UNAUTHORISED ACCOUNT_UNKNOWN DEBIT_ACCOUNT_UNKNOWN ASSET_UNKNOWN SELF_TRANSFER TIME_NOT_VALID",
	"decline_request": "UNAUTHORISED ACCOUNT_UNKNOWN REQUEST_UNKNOWN REQUEST_MISMATCH",
	"return": "UNAUTHORISED DEBIT_ACCOUNT_UNKNOWN CREDIT_ACCOUNT_UNKNOWN ASSET_UNKNOWN PROVIDER_UNKNOWN TRANSFER_UNKNOWN ACCOUNT_FROZEN VOUCHER_EXPIRED " +
		"CAP_TRANSACTION CAP_DAY LIMIT_TRANSACTION LIMIT_DAY INSUFFICIENT_BALANCE RETURN_ABOVE_TRANSFER",
	"register_provider": "UNAUTHORISED ACCOUNT_UNKNOWN KEY_TAKEN NOTHING_TO_CHANGE",
	"publish_fees":      "UNAUTHORISED ACCOUNT_UNKNOWN ASSET_UNKNOWN PROVIDER_UNKNOWN TIME_NOT_VALID VERSION_NOT_NEXT FEE_SCHEDULE_PENDING FEE_RAISE_TOO_SOON",
	"propose":           "UNAUTHORISED CREDIT_ACCOUNT_UNKNOWN PROVIDER_UNKNOWN ATTESTOR_UNKNOWN KEY_TAKEN NOTHING_TO_CHANGE TIME_NOT_VALID VERSION_NOT_NEXT",
	"vote":              "UNAUTHORISED BALLOT_UNKNOWN ALREADY_VOTED NOTHING_TO_CHANGE",
}

// debits are what refuses a transfer and a hold for the payer's sake.
const debits = "ACCOUNT_FROZEN FEE_PROVIDER_UNKNOWN FEE_SCHEDULE_NOT_VALID FEE_MISMATCH FEE_ABOVE_CEILING CAP_TRANSACTION CAP_DAY LIMIT_TRANSACTION LIMIT_DAY " +
	"INSUFFICIENT_BALANCE"

// TestEveryRefusal: each code with which an operation can be refused is shown by a ledger, and no other.
func TestEveryRefusal(t *testing.T) {
	if *update {
		t.Skip("the files are being written")
	}
	shown := everything(t).refused
	for operation, codes := range refusals {
		for _, code := range strings.Fields(codes) {
			if !shown[operation+" "+code] {
				t.Errorf("no ledger refuses %s with %s", operation, code)
			}
			delete(shown, operation+" "+code)
		}
	}
	for _, other := range slices.Sorted(maps.Keys(shown)) {
		t.Errorf("a ledger refuses what SPEC.md does not say: %s", other)
	}
}
