// Leaves (SPEC.md 6) and receipt codes (SPEC.md 7).
import { bigEndian, compare, fromBigEndian, joined } from "./bytes.js";
import { enumName, parseInForm, type HeaderLeaf, type Leaf, type Result, type TransactionLeaf } from "./message.js";
import { Refusal, refuseUnless } from "./refusal.js";

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

export type ParsedLeaf = { header: HeaderLeaf } | { transaction: TransactionLeaf & { result: Result } };

/** parseLeaf holds a leaf to its form and rules. The envelope in it is for who verifies a receipt. */
export function parseLeaf(bytes: Uint8Array): ParsedLeaf {
  refuseUnless(bytes.length <= 65535, "size", `a leaf of ${bytes.length} bytes`);
  const { leaf } = parseInForm<Leaf>("Leaf", bytes);
  switch (leaf.case) {
    case "header":
      checkHeader(leaf.value);
      return { header: leaf.value };
    case "transaction":
      return { transaction: withResult(leaf.value) };
    case undefined:
      throw new Refusal("empty", "a leaf is a header or a transaction");
  }
}

function checkHeader(header: HeaderLeaf): void {
  for (const [field, hash] of Object.entries({
    state_root: header.stateRoot, validator_set_hash: header.validatorSetHash, batch_hash: header.batchHash,
  })) {
    refuseUnless(hash.length === 32, "fixed-length", `${field} has 32 bytes, not ${hash.length}`);
  }
}

function withResult(leaf: TransactionLeaf) {
  const { result, postStates } = leaf;
  refuseUnless(result !== undefined && result.code !== 0, "result", "a record says what came of the transaction");
  const applied = isOk(result.code);
  refuseUnless(!applied || result.operation === 0, "result", "an applied transaction has no refused operation");
  refuseUnless(applied || postStates.length === 0, "post-states", "a refusal touches nothing");
  postStates.forEach((state, i) => {
    const before = postStates[i - 1];
    refuseUnless(state.account.length === 16, "fixed-length", `an account of ${state.account.length} bytes`);
    refuseUnless(state.held <= state.posted, "post-states", "more is held than posted");
    const ascends = before === undefined || compare(balanceKey(before), balanceKey(state)) < 0;
    refuseUnless(ascends, "post-states", "they do not ascend by account and asset");
  });
  return { ...leaf, result };
}

function balanceKey({ account, asset }: { account: Uint8Array; asset: number }): Uint8Array {
  return joined(account, bigEndian(asset, 4));
}

export function resultName(code: number): string {
  return enumName("ResultCode", code);
}

export function isOk(code: number): boolean {
  return resultName(code) === "OK";
}

/** receiptCode is the first 40 bits of a leaf's hash in Crockford's base 32. */
export function receiptCode(leafHash: Uint8Array): string {
  const bits = fromBigEndian(leafHash.subarray(0, 5)).toString(2).padStart(40, "0");
  return (bits.match(/.{5}/g) ?? []).map((word) => alphabet[parseInt(word, 2)]).join("");
}
