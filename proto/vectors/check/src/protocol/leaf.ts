// Leaves (SPEC.md 6) and receipt codes (SPEC.md 7).
import { bigEndian, compare, fromBigEndian, joined } from "./bytes.js";
import { fixed, widestAmount } from "./field.js";
import {
  enumName, parseInForm, type EffectLeaf, type HeaderLeaf, type Leaf, type LegResult, type PostState, type Result,
  type TransactionLeaf,
} from "./message.js";
import { Refusal, refuseUnless } from "./refusal.js";

const widestLeaf = 65535;
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

export type RecordLeaf = TransactionLeaf & { result: Result };
export type ParsedLeaf = { header: HeaderLeaf } | { transaction: RecordLeaf } | { effect: EffectLeaf };

/** parseLeaf holds a leaf to its form and rules (SPEC.md 6.2). The envelope in it is for who verifies a receipt. */
export function parseLeaf(bytes: Uint8Array): ParsedLeaf {
  refuseUnless(bytes.length <= widestLeaf, "size", `a leaf of ${bytes.length} bytes`);
  const { leaf } = parseInForm<Leaf>("Leaf", bytes);
  switch (leaf.case) {
    case "header":
      checkHeader(leaf.value);
      return { header: leaf.value };
    case "transaction":
      checkPostStates(leaf.value.postStates);
      return { transaction: withResult(leaf.value) };
    case "effect":
      checkEffect(leaf.value);
      checkPostStates(leaf.value.postStates);
      return { effect: leaf.value };
    case undefined:
      throw new Refusal("empty", "a leaf is a header, a transaction or an effect");
  }
}

function checkHeader(header: HeaderLeaf): void {
  fixed("state_root", header.stateRoot, 32);
  fixed("validator_set_hash", header.validatorSetHash, 32);
  fixed("batch_hash", header.batchHash, 32);
}

function withResult(leaf: TransactionLeaf): RecordLeaf {
  const { result, postStates } = leaf;
  refuseUnless(result !== undefined && result.code !== 0, "result", "a record says what came of the transaction");
  const applied = isOk(result.code);
  refuseUnless(!applied || result.operation === 0, "result", "an applied transaction has no refused operation");
  refuseUnless(applied || result.legs.length === 0, "result", "a refusal has no legs");
  refuseUnless(applied || postStates.length === 0, "refusal-touches", "a refusal touches nothing");
  result.legs.forEach(({ operation, leg, code }, i) => {
    const before = result.legs[i - 1];
    refuseUnless(code !== 0 && !isOk(code), "result", "a refused leg has the code of a refusal");
    const ascends =
      before === undefined || before.operation < operation || (before.operation === operation && before.leg < leg);
    refuseUnless(ascends, "legs", "legs do not ascend by operation and leg");
  });
  return { ...leaf, result };
}

function checkPostStates(list: PostState[]): void {
  list.forEach((state, i) => {
    const before = list[i - 1];
    fixed("account", state.account, 16);
    refuseUnless(state.asset >= 1, "post-state", "a balance of no asset");
    refuseUnless(state.held <= state.posted, "post-state", "more is held than posted");
    refuseUnless(state.posted <= widestAmount, "post-state", `posted is ${state.posted}`);
    const ascends = before === undefined || compare(balanceKey(before), balanceKey(state)) < 0;
    refuseUnless(ascends, "post-order", "they do not ascend by account and asset");
  });
}

// What an effect of each kind has: the length of its subject, and which of its other fields.
const effects: Record<string, { subject: number; debit: boolean; credit: boolean }> = {
  HOLD_RETURNED: { subject: 16, debit: true, credit: false },
  HOLD_COMPLETED: { subject: 16, debit: true, credit: true },
  REQUEST_EXPIRED: { subject: 16, debit: false, credit: false },
  MOVE_COMPLETED: { subject: 32, debit: false, credit: false },
  MOVE_LAPSED: { subject: 32, debit: false, credit: false },
  RECOVERY_COMPLETED: { subject: 16, debit: false, credit: false },
  RECOVERY_LAPSED: { subject: 16, debit: false, credit: false },
  VOUCHER_RETURNED: { subject: 20, debit: true, credit: true },
  BALLOT_EFFECTIVE: { subject: 16, debit: false, credit: false },
  BALLOT_LAPSED: { subject: 16, debit: false, credit: false },
  GRANT_EXPIRED: { subject: 48, debit: false, credit: false },
};

function checkEffect(effect: EffectLeaf): void {
  const check = (holds: boolean, message: string) => refuseUnless(holds, "effect", message);
  const name = effectName(effect.kind);
  const want = effects[name];
  if (effect.kind !== 0 && want === undefined) throw new Error(`the effect ${name} has no rules in this program`);
  refuseUnless(want !== undefined, "effect", "an effect of no kind");
  check(effect.subject.length === want.subject, `a subject of ${effect.subject.length} bytes`);
  const length = (wanted: boolean) => (wanted ? 16 : 0);
  // SPEC.md gives the length of accounts twice: in the rule of effects, and for all leaves.
  const fits = (bytes: Uint8Array, wanted: number, field: string) =>
    refuseUnless(bytes.length === wanted, ["effect", "fixed-length"], `${field} of ${bytes.length} bytes`);
  fits(effect.debit, length(want.debit), "a debit");
  fits(effect.credit, length(want.credit), "a credit");
  check(want.debit ? effect.asset >= 1 : effect.asset === 0, `asset ${effect.asset}`);
  check(want.debit ? effect.amount <= widestAmount : effect.amount === 0n, `an amount of ${effect.amount}`);
  check(effect.accounts.length <= 2, `${effect.accounts.length} accounts`);
  effect.accounts.forEach((account, i) => {
    const before = effect.accounts[i - 1];
    fits(account, 16, "an account");
    check(before === undefined || compare(before, account) < 0, "accounts do not ascend");
  });
}

export function balanceKey({ account, asset }: { account: Uint8Array; asset: number }): Uint8Array {
  return joined(account, bigEndian(asset, 4));
}

export function effectName(kind: number): string {
  return enumName("EffectKind", kind);
}

export function resultName(code: number): string {
  return enumName("ResultCode", code);
}

export function isOk(code: number): boolean {
  return resultName(code) === "OK";
}

/** legText is a refused leg as the vectors write it. */
export function legText({ operation, leg, code }: LegResult): string {
  return `operation ${operation} leg ${leg} ${resultName(code)}`;
}

/** receiptCode is the first 40 bits of a leaf's hash in Crockford's base 32. */
export function receiptCode(leafHash: Uint8Array): string {
  const bits = fromBigEndian(leafHash.subarray(0, 5)).toString(2).padStart(40, "0");
  return (bits.match(/.{5}/g) ?? []).map((word) => alphabet[parseInt(word, 2)]).join("");
}
