// Receipts (SPEC.md 7): what the ledger did with a transaction, proved from network id and the genesis' validator set.
import { equal, hex } from "./bytes.js";
import { open, type Checkpoint } from "./checkpoint.js";
import { includes, leafHash } from "./history.js";
import { parseLeaf } from "./leaf.js";
import { parseInForm, type Receipt, type Result, type ValidatorSetChange } from "./message.js";
import { parseTransaction } from "./transaction.js";
import { parseSet, setHash } from "./validator.js";
import { refuseUnless, under } from "./refusal.js";

const widestReceipt = 1 << 20;
const highestSize = 1n << 62n;

export interface Proved {
  id: Uint8Array; result: Result; leafHash: Uint8Array; leafIndex: bigint; checkpoint: Checkpoint;
}

/** verify does the steps of SPEC.md 7, in their order. */
export function verify(network: Uint8Array, genesisSet: Uint8Array, bytes: Uint8Array): Proved {
  refuseUnless(bytes.length <= widestReceipt, "size", `a receipt of ${bytes.length} bytes`);
  const receipt = parseInForm<Receipt>("Receipt", bytes);
  for (const { proof } of [receipt, ...receipt.changes]) checkHashes(proof);
  under("form", () => receipt.changes.forEach(({ validatorSet }) => parseSet(validatorSet)));

  let set = genesisSet;
  let index = -1n;
  for (const change of receipt.changes) {
    verifyChange(network, set, index, change);
    set = change.validatorSet;
    index = change.leafIndex;
  }
  const checkpoint = openNote(network, set, receipt.checkpoint);
  const { leaf, leafIndex, proof } = receipt;
  verifyInclusion(checkpoint, leafIndex, leaf, proof);
  refuseUnless(checkpoint.size > index, "old-checkpoint", "the checkpoint is older than the last change of the set");

  const parsed = under("not-a-transaction", () => parseLeaf(leaf));
  refuseUnless("transaction" in parsed, "not-a-transaction", "the leaf records no transaction");
  const { envelope, result } = parsed.transaction;
  const { id } = under("transaction", () => parseTransaction(network, envelope));
  return { id, result, leafHash: leafHash(leaf), leafIndex, checkpoint };
}

function verifyChange(network: Uint8Array, set: Uint8Array, lastIndex: bigint, change: ValidatorSetChange): void {
  under("set-change", () => {
    const checkpoint = openNote(network, set, change.checkpoint);
    verifyInclusion(checkpoint, change.leafIndex, change.headerLeaf, change.proof);
    const parsed = parseLeaf(change.headerLeaf);
    const check = (holds: boolean, message: string) => refuseUnless(holds, "set-change", message);
    refuseUnless("header" in parsed, "set-change", "the leaf is no header");
    check(equal(parsed.header.validatorSetHash, setHash(change.validatorSet)), "the header names another set");
    check(!equal(change.validatorSet, set), "the set stays as it was");
    check(change.leafIndex > lastIndex, "changes do not ascend");
  });
}

function checkHashes(proof: Uint8Array[]): void {
  const other = proof.find((hash) => hash.length !== 32);
  refuseUnless(other === undefined, "form", `a proof has ${other && hex(other)} for a hash`);
}

function openNote(network: Uint8Array, set: Uint8Array, checkpoint: Uint8Array): Checkpoint {
  // Bytes that are no UTF-8 turn into other characters, and then into no form of a note.
  return open(network, parseSet(set), Buffer.from(checkpoint).toString("utf8"));
}

function verifyInclusion({ size, root }: Checkpoint, index: bigint, leaf: Uint8Array, proof: Uint8Array[]): void {
  refuseUnless(index < size && size <= highestSize, "index", `leaf ${index} of ${size}`);
  refuseUnless(proof.length <= 64, "index", `a path of ${proof.length} hashes`);
  refuseUnless(includes(root, size, index, leaf, proof), "inclusion", `it is not leaf ${index} of the tree`);
}
