// The messages of umoja.v1: their descriptors, and reading and writing them by @bufbuild/protobuf. No code is generated:
// buf compiles the .proto files when the program starts, so the program always reads the messages that are there.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  create, createFileRegistry, fromBinary, toBinary, type DescMessage, type FileRegistry, type Message,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { Operation } from "./act.js";
import { equal, hex } from "./bytes.js";
import { checkCovered } from "./covered.js";
import { checkForm } from "./form.js";
import { Refusal } from "./refusal.js";

const root = fileURLToPath(new URL("../../../../../", import.meta.url));

let registry: FileRegistry | undefined;

function messages(): FileRegistry {
  if (registry !== undefined) return registry;
  const buf = `${root}tools/node_modules/.bin/buf`;
  if (!existsSync(buf)) throw new Error(`${buf} is not there: npm --prefix tools install`);
  const set = execFileSync(buf, ["build", "proto", "--path", "proto/umoja/v1", "-o", "-"], { cwd: root });
  registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, set));
  return registry;
}

/** descriptor gives a message of umoja.v1 by its short name, or nothing if there is none. */
export function descriptor(name: string): DescMessage | undefined {
  return messages().getMessage(`umoja.v1.${name}`);
}

/** enumName gives the name of an enum's value without the enum's own name: OK for RESULT_CODE_OK. */
export function enumName(name: string, value: number): string {
  const found = messages().getEnum(`umoja.v1.${name}`)?.value[value];
  if (found === undefined) throw new Error(`${name} has no value ${value}`);
  const prefix = name.replace(/(?<=.)[A-Z]/g, "_$&").toUpperCase() + "_";
  return found.name.slice(prefix.length);
}

/** enumNumber is the other way round. */
export function enumNumber(name: string, value: string): number {
  const found = messages().getEnum(`umoja.v1.${name}`)?.values.find(({ number }) => enumName(name, number) === value);
  if (found === undefined) throw new Error(`${name} has no value ${value}`);
  return found.number;
}

/** parse checks the form of the bytes and then parses them. What does not parse to the same bytes again is a finding. */
export function parse<T>(name: string, bytes: Uint8Array): T {
  const message = known(name);
  checkForm(message, bytes);
  const parsed = fromBinary(message, bytes, { readUnknownFields: false });
  const again = toBinary(message, parsed);
  if (!equal(again, bytes)) throw new Error(`@bufbuild/protobuf writes ${name} ${hex(bytes)} as ${hex(again)}`);
  return parsed as T;
}

/** parseInForm is parse for who goes on with rules: any fault of the form has one rule, and every field must have some. */
export function parseInForm<T>(name: string, bytes: Uint8Array, rule = "form"): T {
  try {
    const parsed = parse<T & Message>(name, bytes);
    checkCovered(known(name), parsed);
    return parsed;
  } catch (fault) {
    if (fault instanceof Refusal) throw new Refusal(rule, fault.message);
    throw fault;
  }
}

/** encode writes a message in canonical form, and checks that it did. */
export function encode(name: string, fields: object): Uint8Array {
  const message = known(name);
  const bytes = toBinary(message, create(message, fields as never));
  checkForm(message, bytes);
  return bytes;
}

function known(name: string): DescMessage {
  const message = descriptor(name);
  if (message === undefined) throw new Error(`there is no message umoja.v1.${name}`);
  return message;
}

// The fields of the parsed messages, as far as rules read them. Absent scalars are zero, absent bytes and lists empty.

export interface Signature { signer: Uint8Array; signature: Uint8Array }
export interface Envelope { body: Uint8Array; signatures: Signature[] }
export interface TransactionBody { nonce: Uint8Array; expiresAtUnixMs: bigint; operations: Operation[] }
export interface AuthorityKey { key: Uint8Array; weight: number }
export interface Authority {
  keys: AuthorityKey[]; threshold: number; attestors: number; guardians: AuthorityKey[]; guardianThreshold: number;
}
export interface LegResult { operation: number; leg: number; code: number }
export interface Result { code: number; operation: number; legs: LegResult[] }
export interface PostState { account: Uint8Array; asset: number; posted: bigint; held: bigint; previousLeaf: bigint }
export interface TransactionLeaf { envelope: Uint8Array; result?: Result; postStates: PostState[] }
export interface HeaderLeaf {
  batch: bigint; timeUnixMs: bigint; stateRoot: Uint8Array; validatorSetHash: Uint8Array; rulesVersion: number;
  batchHash: Uint8Array; epoch: bigint;
}
export interface EffectLeaf {
  kind: number; dueAtUnixMs: bigint; subject: Uint8Array; debit: Uint8Array; credit: Uint8Array; asset: number; amount: bigint;
  postStates: PostState[]; accounts: Uint8Array[];
}
export interface Leaf {
  leaf:
    | { case: "header"; value: HeaderLeaf } | { case: "transaction"; value: TransactionLeaf }
    | { case: "effect"; value: EffectLeaf } | { case: undefined };
}
export interface Validator { name: string; key: Uint8Array; tlsKeyHash: Uint8Array }
export interface ValidatorSet { validators: Validator[] }
export interface ValidatorSetChange {
  headerLeaf: Uint8Array; leafIndex: bigint; proof: Uint8Array[]; checkpoint: Uint8Array; validatorSet: Uint8Array;
}
export interface Receipt {
  leaf: Uint8Array; leafIndex: bigint; proof: Uint8Array[]; checkpoint: Uint8Array; changes: ValidatorSetChange[];
}
export interface Batch { header: Uint8Array; signature: Uint8Array; envelopes: Uint8Array[] }
export interface BatchHeader {
  epoch: bigint; number: bigint; previousHash: Uint8Array; timeUnixMs: bigint; leader: string; envelopesHash: Uint8Array;
  epochChange: Uint8Array; term: bigint; setCheckpoint: Uint8Array;
}
export interface EpochVote {
  validator: string; certifiedEpoch: bigint; certifiedSize: bigint; certifiedRoot: Uint8Array; signature: Uint8Array;
}
export interface ValidatorSignature { validator: string; signature: Uint8Array }
export interface Certificate { epoch: bigint; size: bigint; root: Uint8Array; signatures: ValidatorSignature[] }
export interface EpochChange { epoch: bigint; votes: EpochVote[]; certificate?: Certificate }
export interface SignedTree { epoch: bigint; size: bigint; root: Uint8Array; signature: Uint8Array }
export interface SignedCheckpoint { size: bigint; root: Uint8Array; timeUnixS: bigint; signature: Uint8Array }
export interface SignedEpoch { epoch: bigint; vote?: EpochVote }
export interface SignedHeader { header: Uint8Array; signature: Uint8Array }
export interface SignedElection {
  term: bigint; candidate: string; lastIndex: bigint; lastTerm: bigint; signature: Uint8Array;
}
export interface Evidence {
  validator: string; attestations: SignedTree[]; ratifications: SignedTree[]; cosignatures: SignedCheckpoint[];
  epochVotes: SignedEpoch[]; batches: SignedHeader[]; elections: SignedElection[]; prefixRoot: Uint8Array; proof: Uint8Array[];
}
