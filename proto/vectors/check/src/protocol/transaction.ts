// Transactions (SPEC.md 3): the rules of an envelope and its body that need no state, ids and signatures; and the digest of
// a request (SPEC.md 9).
import { bigEndian, compare, hex, joined } from "./bytes.js";
import type { Operation } from "./act.js";
import { Fields, fixed, time } from "./field.js";
import { bip340, taggedHash } from "./hash.js";
import { parseInForm, type Envelope, type TransactionBody } from "./message.js";
import { checkOperation } from "./operation.js";
import { refuseUnless } from "./refusal.js";

/** Transaction is an envelope that parsed. */
export interface Transaction {
  envelope: Uint8Array; envelopeHash: Uint8Array; body: Uint8Array; id: Uint8Array; expiresAtUnixMs: bigint;
  operations: Operation[]; signers: Uint8Array[];
}

export function envelopeHash(network: Uint8Array, envelope: Uint8Array): Uint8Array {
  return taggedHash("umoja/envelope/v1", network, envelope);
}

export function transactionId(network: Uint8Array, body: Uint8Array): Uint8Array {
  return taggedHash("umoja/tx/v1", network, body);
}

// What an operation makes has an id that follows from the transaction and the operation's position (SPEC.md 3.4).
const madeBy = (tag: string) => (id: Uint8Array, position: number) =>
  taggedHash(tag, id, bigEndian(position, 4)).slice(0, 16);
export const holdId = madeBy("umoja/hold/v1");
export const requestId = madeBy("umoja/request/v1");
export const ballotId = madeBy("umoja/ballot/v1");

export function requestDigest(network: Uint8Array, account: Uint8Array, timeUnixMs: bigint): Uint8Array {
  return taggedHash("umoja/pending/v1", network, account, bigEndian(timeUnixMs, 8));
}

/** parseTransaction holds an envelope to its form, to the rules that need no state, and then to its signatures. */
export function parseTransaction(network: Uint8Array, bytes: Uint8Array): Transaction {
  refuseUnless(bytes.length <= 16384, "size", `an envelope of ${bytes.length} bytes`);
  const envelope = parseInForm<Envelope>("Envelope", bytes);
  const body = parseInForm<TransactionBody>("TransactionBody", envelope.body);
  checkSigners(envelope);
  checkBody(body);
  const id = transactionId(network, envelope.body);
  for (const { signer, signature } of envelope.signatures) {
    refuseUnless(bip340.verify(signature, id, signer), "signature", `the signature of ${hex(signer)} does not verify`);
  }
  return {
    envelope: bytes, envelopeHash: envelopeHash(network, bytes), body: envelope.body, id,
    expiresAtUnixMs: body.expiresAtUnixMs, operations: body.operations, signers: envelope.signatures.map(({ signer }) => signer),
  };
}

function checkSigners({ signatures }: Envelope): void {
  refuseUnless(signatures.length > 0, "no-signature", "the envelope has none");
  refuseUnless(signatures.length <= 16, "signatures", `${signatures.length} of them`);
  signatures.forEach(({ signer, signature }, i) => {
    const before = signatures[i - 1];
    fixed("signer", signer, 32);
    fixed("signature", signature, 64);
    refuseUnless(before === undefined || compare(before.signer, signer) < 0, "signers", "signers do not ascend");
  });
}

/** checkBody holds a body to the rules that need no state. */
export function checkBody(body: TransactionBody): void {
  fixed("nonce", body.nonce, 8);
  time("expires_at", body.expiresAtUnixMs);
  refuseUnless(body.operations.length > 0, "no-operation", "the transaction does nothing");
  refuseUnless(body.operations.length <= 400, "size", `${body.operations.length} operations`);
  const fields = new Fields();
  for (const operation of body.operations) checkOperation(operation, fields);
  refuseUnless(fields.accounts.size <= 512, "size", `${fields.accounts.size} accounts`);
}

/** envelopesHash is for batches: the tagged hash over the hashes of envelopes, in order. */
export function envelopesHash(hashes: Uint8Array[]): Uint8Array {
  return taggedHash("umoja/envelopes/v1", joined(...hashes));
}
