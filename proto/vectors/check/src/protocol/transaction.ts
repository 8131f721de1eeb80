// Transactions (SPEC.md 3): the rules of an envelope and its body that need no state, ids and signatures; and the digest of
// a request (SPEC.md 9).
import { bigEndian, compare, hex, joined } from "./bytes.js";
import { accountId, checkAuthority } from "./account.js";
import { bip340, isPoint, taggedHash } from "./hash.js";
import { encode, parseInForm, type Authority, type Envelope, type TransactionBody } from "./message.js";
import { refuseUnless } from "./refusal.js";

export const widestAmount = (1n << 63n) - 1n;

/** Transaction is an envelope that parsed. */
export interface Transaction { body: Uint8Array; id: Uint8Array; envelopeHash: Uint8Array; operations: number }

export function envelopeHash(network: Uint8Array, envelope: Uint8Array): Uint8Array {
  return taggedHash("umoja/envelope/v1", network, envelope);
}

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
  const id = taggedHash("umoja/tx/v1", network, envelope.body);
  for (const { signer, signature } of envelope.signatures) {
    refuseUnless(bip340.verify(signature, id, signer), "signature", `the signature of ${hex(signer)} does not verify`);
  }
  return { body: envelope.body, id, envelopeHash: envelopeHash(network, bytes), operations: body.operations.length };
}

function checkSigners({ signatures }: Envelope): void {
  refuseUnless(signatures.length > 0, "no-signature", "the envelope has none");
  refuseUnless(signatures.length <= 8, "signatures", `${signatures.length} of them`);
  signatures.forEach(({ signer, signature }, i) => {
    const before = signatures[i - 1];
    refuseUnless(signer.length === 32, "fixed-length", `a signer of ${signer.length} bytes`);
    refuseUnless(signature.length === 64, "signature-length", `a signature of ${signature.length} bytes`);
    refuseUnless(before === undefined || compare(before.signer, signer) < 0, "signers", "signers do not ascend");
  });
}

/** checkBody holds a body to the rules that need no state. */
export function checkBody(body: TransactionBody): void {
  refuseUnless(body.nonce.length === 8, "nonce", `a nonce of ${body.nonce.length} bytes`);
  refuseUnless(body.expiresAtUnixMs > 0n, "expiry", "there is none");
  refuseUnless(body.operations.length > 0, "no-operation", "the transaction does nothing");
  refuseUnless(body.operations.length <= 400, "operations", `${body.operations.length} of them`);
  const named = new Set<string>();
  for (const { operation } of body.operations) {
    refuseUnless(operation.case !== undefined, "empty-operation", "an operation without its act");
    const rules = acts[operation.case];
    // Not a refusal: a new act needs its rules here before a case with it can pass.
    if (rules === undefined) throw new Error(`the act ${operation.case} has no rules in this program`);
    for (const account of rules(operation.value as never)) named.add(hex(account));
  }
  refuseUnless(named.size <= 512, "accounts", `${named.size} of them`);
}

type Bytes = Uint8Array;

// The rules of each act, by its name in the oneof; each gives the accounts that the act names.
const acts: Record<string, (act: never) => Bytes[]> = {
  openAccount({ authority, salt }: { authority?: Authority; salt: Bytes }) {
    checkAuthority(authority);
    checkLength("salt", salt, 16);
    return [accountId(salt, encode("Authority", authority))];
  },
  issueGrant(grant: {
    account: Bytes; grantee: Bytes; operations: number[]; asset: number; capTransaction: bigint; capDay: bigint;
    feeCeiling: bigint; expiresAtUnixMs: bigint;
  }) {
    checkLength("account", grant.account, 16);
    checkKey("grantee", grant.grantee);
    const ascends = grant.operations.every((operation, i) => operation > (grant.operations[i - 1] ?? 0));
    refuseUnless(grant.operations.length > 0 && ascends, "granted-operations", `${grant.operations}`);
    refuseUnless(grant.asset > 0, "asset", "a grant is for an asset");
    refuseUnless(grant.capTransaction > 0n, "caps", "a cap of 0 per transaction");
    refuseUnless(grant.capTransaction <= grant.capDay, "caps", "the cap of a day is below that of a transaction");
    refuseUnless(grant.capDay <= widestAmount, "caps", `a cap of ${grant.capDay} per day`);
    refuseUnless(grant.feeCeiling <= grant.capTransaction, "caps", "the fee ceiling is above the cap");
    refuseUnless(grant.expiresAtUnixMs > 0n, "expiry", "a grant has an expiry");
    return [grant.account];
  },
  revokeGrant({ account, grantee }: { account: Bytes; grantee: Bytes }) {
    checkLength("account", account, 16);
    checkKey("grantee", grantee);
    return [account];
  },
  bindAlias(binding: { alias: Bytes; account: Bytes; sealedName: Bytes }) {
    checkLength("alias", binding.alias, 32);
    checkLength("account", binding.account, 16);
    checkLength("sealed_name", binding.sealedName, 60);
    return [binding.account];
  },
  issue({ credit, amount }: { credit: Bytes; amount: bigint }) {
    checkLength("credit", credit, 16);
    checkAmount(amount);
    return [credit];
  },
  transfer(transfer: {
    debit: Bytes; credit: Bytes; amount: bigint; alias: Bytes; reference: string;
    fee?: { provider: Bytes; scheduleVersion: number; amount: bigint };
  }) {
    checkLength("debit", transfer.debit, 16);
    checkLength("credit", transfer.credit, 16);
    checkAmount(transfer.amount);
    if (transfer.alias.length > 0) checkLength("alias", transfer.alias, 32);
    const size = Buffer.byteLength(transfer.reference);
    refuseUnless(size <= 64, "reference", `a reference of ${size} bytes`);
    const accounts = [transfer.debit, transfer.credit];
    if (transfer.fee === undefined) return accounts;
    checkLength("provider", transfer.fee.provider, 16);
    refuseUnless(transfer.fee.scheduleVersion >= 1, "fee-schedule", "a fee names a schedule version");
    refuseUnless(transfer.fee.amount <= widestAmount, "amount", `a fee of ${transfer.fee.amount}`);
    refuseUnless(transfer.amount + transfer.fee.amount <= widestAmount, "sum", "amount and fee together");
    return [...accounts, transfer.fee.provider];
  },
};

function checkLength(field: string, bytes: Bytes, length: number): void {
  refuseUnless(bytes.length === length, "fixed-length", `${field} has ${length} bytes, not ${bytes.length}`);
}

function checkKey(field: string, key: Bytes): void {
  checkLength(field, key, 32);
  refuseUnless(isPoint(key), "point", `${field} ${hex(key)} is on no point of the curve`);
}

function checkAmount(amount: bigint): void {
  refuseUnless(amount >= 1n && amount <= widestAmount, "amount", `an amount of ${amount}`);
}

/** envelopesHash is for batches: the tagged hash over the hashes of envelopes, in order. */
export function envelopesHash(hashes: Uint8Array[]): Uint8Array {
  return taggedHash("umoja/envelopes/v1", joined(...hashes));
}
