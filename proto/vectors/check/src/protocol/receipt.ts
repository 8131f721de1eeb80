// Receipts (SPEC.md 7): what the ledger did with a transaction, proved from network id and the genesis' validator set.
import { equal, hex } from "./bytes.js";
import { open, type Checkpoint } from "./checkpoint.js";
import { includes, leafHash } from "./history.js";
import { parseLeaf } from "./leaf.js";
import { parseInForm, type Receipt, type Result, type ValidatorSetChange } from "./message.js";
import { parseTransaction } from "./transaction.js";
import { parseSet, setHash } from "./validator.js";
import { refuseUnless } from "./refusal.js";

export interface Proved {
  id: Uint8Array; result: Result; leafHash: Uint8Array; leafIndex: bigint; checkpoint: Checkpoint;
}

/** verify does the five steps of SPEC.md 7, in their order. */
export function verify(network: Uint8Array, genesisSet: Uint8Array, bytes: Uint8Array): Proved {
  refuseUnless(bytes.length <= 1 << 20, "size", `a receipt of ${bytes.length} bytes`);
  const receipt = parseInForm<Receipt>("Receipt", bytes);
  for (const proof of [receipt.proof, ...receipt.changes.map((change) => change.proof)]) checkHashes(proof);

  let set = genesisSet;
  let index = -1n;
  for (const change of receipt.changes) {
    verifyChange(network, set, index, change);
    set = change.validatorSet;
    index = change.leafIndex;
  }
  const checkpoint = openNote(network, set, receipt.checkpoint);
  refuseUnless(checkpoint.size > index, "set-change", "the checkpoint is older than the last change of the set");
  const { leaf, leafIndex, proof } = receipt;
  verifyInclusion(checkpoint, leafIndex, leaf, proof);

  const parsed = parseLeaf(leaf);
  refuseUnless("transaction" in parsed, "not-a-transaction", "the leaf is a header");
  const { id } = parseTransaction(network, parsed.transaction.envelope);
  return { id, result: parsed.transaction.result, leafHash: leafHash(leaf), leafIndex, checkpoint };
}

function verifyChange(network: Uint8Array, set: Uint8Array, lastIndex: bigint, change: ValidatorSetChange): void {
  const checkpoint = openNote(network, set, change.checkpoint);
  verifyInclusion(checkpoint, change.leafIndex, change.headerLeaf, change.proof);
  const parsed = parseLeaf(change.headerLeaf);
  refuseUnless("header" in parsed, "set-change", "the leaf is no header");
  const check = (holds: boolean, message: string) => refuseUnless(holds, "set-change", message);
  check(!equal(change.validatorSet, set), "the set stays as it was");
  parseSet(change.validatorSet);
  check(equal(parsed.header.validatorSetHash, setHash(change.validatorSet)), "the header names another set");
  check(change.leafIndex > lastIndex, "changes do not ascend");
}

function checkHashes(proof: Uint8Array[]): void {
  const other = proof.find((hash) => hash.length !== 32);
  refuseUnless(other === undefined, "fixed-length", `a proof has ${other && hex(other)} for a hash`);
}

function openNote(network: Uint8Array, set: Uint8Array, checkpoint: Uint8Array): Checkpoint {
  // Bytes that are no UTF-8 turn into other characters, and then into no form of a note.
  return open(network, parseSet(set), Buffer.from(checkpoint).toString("utf8"));
}

function verifyInclusion({ size, root }: Checkpoint, index: bigint, leaf: Uint8Array, proof: Uint8Array[]): void {
  refuseUnless(index < size, "index", `leaf ${index} of ${size}`);
  refuseUnless(includes(root, size, index, leaf, proof), "inclusion", `it is not leaf ${index} of the tree`);
}
