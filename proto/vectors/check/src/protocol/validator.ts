// Validator sets, and what validators sign beside checkpoints (SPEC.md 8): votes, expiry statements, records, batches.
import { ascii, bigEndian, compare, equal, fromHex, hex } from "./bytes.js";
import { isValidatorName } from "./field.js";
import { ed25519, taggedHash } from "./hash.js";
import { parseInForm, type Batch, type BatchHeader, type Validator, type ValidatorSet } from "./message.js";
import { envelopeHash, envelopesHash } from "./transaction.js";
import { Refusal, refuseUnless } from "./refusal.js";

/** parseSet holds a validator set to its form and rules. */
export function parseSet(bytes: Uint8Array): Validator[] {
  const { validators } = parseInForm<ValidatorSet>("ValidatorSet", bytes);
  checkSet(validators);
  return validators;
}

export function checkSet(validators: Validator[]): void {
  const n = validators.length;
  const check = (holds: boolean, message: string) => refuseUnless(holds, "set", message);
  check(n >= 4 && n <= 31 && n % 3 === 1, `${n} validators`);
  validators.forEach(({ name, key, tlsKeyHash }, i) => {
    const before = validators[i - 1];
    check(isValidatorName(name), `a validator called ${JSON.stringify(name)}`);
    check(before === undefined || compare(ascii(before.name), ascii(name)) < 0, "names do not ascend");
    check(key.length === 32 && tlsKeyHash.length === 32, `a key of ${name} has another length than 32 bytes`);
  });
  const keys = validators.flatMap(({ key, tlsKeyHash }) => [hex(key), hex(tlsKeyHash)]);
  check(new Set(keys).size === 2 * n, "a key stands twice");
}

/** quorum is how many of n validators must speak. */
export function quorum(n: number): number {
  return Math.floor((2 * n) / 3) + 1;
}

export function setHash(set: Uint8Array): Uint8Array {
  return taggedHash("umoja/validators/v1", set);
}

const voteTags = ["umoja/attest/v1", "umoja/ratify/v1"];

export function voteDigest(tag: string, network: Uint8Array, epoch: bigint, size: bigint, root: Uint8Array): Uint8Array {
  if (!voteTags.includes(tag)) throw new Error(`votes have no tag ${tag}`);
  return taggedHash(tag, network, bigEndian(epoch, 8), bigEndian(size, 8), root);
}

export interface Expiry {
  id: Uint8Array; expiresAtUnixMs: bigint; headerIndex: bigint; headerTimeUnixMs: bigint; size: bigint;
  root: Uint8Array; validator: string;
}

/** verifyExpiry gives the digest of a statement that says what settles something and that its validator signed. */
export function verifyExpiry(network: Uint8Array, set: Validator[], said: Expiry, signature: Uint8Array): Uint8Array {
  const passed = said.headerTimeUnixMs > said.expiresAtUnixMs;
  refuseUnless(passed && said.headerIndex < said.size, "of-another", "the header settles nothing");
  const validator = set.find(({ name }) => name === said.validator);
  refuseUnless(validator !== undefined, "signature", `${said.validator} is not in the set`);
  const digest = taggedHash(
    "umoja/expired/v1", network, said.id, bigEndian(said.expiresAtUnixMs, 8), bigEndian(said.headerIndex, 8),
    bigEndian(said.headerTimeUnixMs, 8), bigEndian(said.size, 8), said.root, ascii(said.validator),
  );
  checkSignature(signature, digest, validator.key);
  return digest;
}

export function checkSignature(signature: Uint8Array, digest: Uint8Array, key: Uint8Array): void {
  refuseUnless(ed25519.verify(signature, digest, key), "signature", `it is not one of ${hex(key)}`);
}

/** verifyComplaint gives what a validator of the set signed about another one that leads. */
export function verifyComplaint(
  network: Uint8Array, set: Validator[], said: { validator: string; term: bigint; leader: string }, signature: Uint8Array,
): Uint8Array {
  const by = set.find(({ name }) => name === said.validator);
  const known = set.some(({ name }) => name === said.leader) && said.leader !== said.validator;
  refuseUnless(by !== undefined && known, "signature", `${said.validator} about ${said.leader}`);
  const digest = taggedHash("umoja/complaint/v1", network, bigEndian(said.term, 8), ascii(said.leader));
  checkSignature(signature, digest, by.key);
  return digest;
}

export interface Submission { id: Uint8Array; seenSize: bigint; includeBySize: bigint; validator: string }

/** verifySubmission gives what a validator of the set promised about a transaction. */
export function verifySubmission(
  network: Uint8Array, set: Validator[], submitted: Uint8Array, said: Submission, signature: Uint8Array,
): Uint8Array {
  const { id, seenSize, includeBySize, validator } = said;
  refuseUnless(equal(id, submitted) && seenSize < includeBySize, "of-another", "the promise is of something else");
  const by = set.find(({ name }) => name === validator);
  refuseUnless(by !== undefined, "signature", `${validator} is not in the set`);
  const sizes = [seenSize, includeBySize].map((size) => bigEndian(size, 8));
  const digest = taggedHash("umoja/submission/v1", network, id, ...sizes, ascii(validator));
  checkSignature(signature, digest, by.key);
  return digest;
}

export interface Election { term: bigint; candidate: string; lastIndex: bigint; lastTerm: bigint }

/** electionDigest is what a validator signs that votes for a candidate in the raft group. */
export function electionDigest(network: Uint8Array, { term, candidate, lastIndex, lastTerm }: Election): Uint8Array {
  const numbers = [term, lastIndex, lastTerm].map((n) => bigEndian(n, 8));
  return taggedHash("umoja/raft-vote/v1", network, ...numbers, ascii(candidate));
}

export interface ValidatorRecord {
  name: string; key: string; tls_key_hash: string; peer_address: string; address: string; proof: string;
}

/** digestText is what a record's proof is over: the five strings before the proof, as a JSON list. */
export function digestText(record: ValidatorRecord): string {
  return JSON.stringify([record.name, record.key, record.tls_key_hash, record.peer_address, record.address]);
}

export function recordDigest(record: ValidatorRecord): Uint8Array {
  return taggedHash("umoja/validator-record/v1", ascii(digestText(record)));
}

/** verifyRecord holds a record to its form and proves that who wrote it holds its key. */
export function verifyRecord(record: ValidatorRecord): void {
  const fault = (rule: string, message: string) => new Refusal(rule, message);
  if (!isValidatorName(record.name)) throw fault("set", `a validator called ${JSON.stringify(record.name)}`);
  for (const address of [record.peer_address, record.address]) {
    // Printable ASCII without what JSON writers escape, each in its own way.
    if (!/^[!#-%'-;=?-[\]-~]{0,255}$/.test(address)) throw fault("address", JSON.stringify(address));
  }
  const [key, tls, proof] = [record.key, record.tls_key_hash, record.proof].map(fieldBytes);
  if (key?.length !== 32 || tls?.length !== 32) throw fault("set", "a key or hash has not 32 bytes");
  const verifies = proof?.length === 64 && ed25519.verify(proof, recordDigest(record), key);
  if (!verifies) throw fault("proof", `it is not one of ${record.key}`);
}

/** fieldBytes gives nothing for what is not lower-case hexadecimal. */
function fieldBytes(text: string): Uint8Array | undefined {
  return /^([0-9a-f]{2})*$/.test(text) ? fromHex(text) : undefined;
}

export interface SealedBatch {
  header: Uint8Array; fields: BatchHeader; hash: Uint8Array; envelopesHash: Uint8Array; envelopes: Uint8Array[];
  signature: Uint8Array;
}

/** parseBatch holds a batch to its form and bounds, and its envelopes to its header. */
export function parseBatch(network: Uint8Array, bytes: Uint8Array): SealedBatch {
  const check = (holds: boolean, message: string) => refuseUnless(holds, "batch", message);
  check(bytes.length <= 327680, `a batch of ${bytes.length} bytes`);
  const batch = parseInForm<Batch>("Batch", bytes);
  const header = parseInForm<BatchHeader>("BatchHeader", batch.header);
  if (header.epochChange.length > 0) parseInForm("EpochChange", header.epochChange);
  for (const hash of [header.previousHash, header.envelopesHash]) {
    refuseUnless(hash.length === 32, "fixed-length", `a hash of ${hash.length} bytes`);
  }
  refuseUnless(batch.signature.length === 64, "fixed-length", `a signature of ${batch.signature.length} bytes`);
  const size = batch.envelopes.reduce((sum, envelope) => sum + envelope.length, 0);
  check(size <= 262144, `${size} bytes of envelopes`);
  const hash = envelopesHash(batch.envelopes.map((envelope) => envelopeHash(network, envelope)));
  check(equal(hash, header.envelopesHash), "the header is of other envelopes");
  return {
    header: batch.header, fields: header, hash: taggedHash("umoja/batch/v1", network, batch.header), envelopesHash: hash,
    envelopes: batch.envelopes, signature: batch.signature,
  };
}

/** verifyLeader holds a batch to the key of who leads. */
export function verifyLeader(batch: SealedBatch, leader: Uint8Array): void {
  checkSignature(batch.signature, batch.hash, leader);
}
