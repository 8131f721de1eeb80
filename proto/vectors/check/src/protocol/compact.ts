// One text message (SPEC.md 10): a signed transfer in 159 letters.
import type { Transfer } from "./act.js";
import { bigEndian, equal, fromBigEndian, hex, joined } from "./bytes.js";
import { bip340 } from "./hash.js";
import { encode, parse, type Authority, type Envelope, type TransactionBody } from "./message.js";
import { Refusal, refuseUnless } from "./refusal.js";
import { parseTransaction, transactionId } from "./transaction.js";

type Bytes = Uint8Array;

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ=,%*+-./:";
const widestText = 1024;

// The fields of a message in their order, with their lengths in bytes.
const layout = {
  template: 1, nonce: 8, expiresAtUnixMs: 6, payer: 4, payee: 4, asset: 2, amount: 5, provider: 4, scheduleVersion: 2, fee: 4,
  signature: 64,
};
type Name = keyof typeof layout;
const names = Object.keys(layout) as Name[];

/** Compact is what a message says; numbers are those of accounts, without check digit. */
export type Compact = { [N in Name]: N extends "nonce" | "signature" ? Bytes : bigint };

/** readCompact reads a message without any ledger (SPEC.md 10.3). */
export function readCompact(text: string): Compact {
  const bytes = fromLetters(letters(text));
  const body = bytes.subarray(0, -2);
  refuseUnless(equal(bytes.subarray(-2), checksum(body)), "checksum", "it does not match");
  const message = split(body);
  refuseUnless(message.template === 1n, "template", `template ${message.template}`);
  for (const name of ["expiresAtUnixMs", "payer", "payee", "asset", "amount"] as const) {
    refuseUnless(message[name] !== 0n, "field", `${name} is 0`);
  }
  const hasFee = message.provider !== 0n;
  refuseUnless(hasFee === (message.scheduleVersion !== 0n), "field", "a provider without a schedule, or the other way round");
  refuseUnless(hasFee || message.fee === 0n, "field", "a fee for nobody");
  return message;
}

export function writeCompact(message: Compact): string {
  const fields = names.map((name) => {
    const value = message[name];
    return typeof value === "bigint" ? bigEndian(value, layout[name]) : value;
  });
  const body = joined(...fields);
  return toLetters(joined(body, checksum(body)));
}

/** letters takes out what carriers and people add, and raises the case. */
function letters(text: string): string {
  refuseUnless(Buffer.byteLength(text) <= widestText, "text", "a text without end");
  const found = text.replace(/[ \t\n\r]/g, "").replace(/[a-z]/g, (letter) => letter.toUpperCase());
  const other = [...found].find((letter) => !alphabet.includes(letter));
  refuseUnless(other === undefined, "text", `there is no letter ${other}`);
  refuseUnless(found.length === 159, "text", `${found.length} letters`);
  return found;
}

function fromLetters(text: string): Bytes {
  const groups = text.match(/.{3}/g) ?? [];
  return joined(...groups.map((group) => {
    const [low = 0, middle = 0, high = 0] = [...group].map((letter) => alphabet.indexOf(letter));
    const value = low + 45 * middle + 2025 * high;
    refuseUnless(value <= 0xffff, "text", `the letters ${group} are above two bytes`);
    return bigEndian(value, 2);
  }));
}

function toLetters(bytes: Bytes): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 2) {
    const value = Number(fromBigEndian(bytes.subarray(i, i + 2)));
    for (const letter of [value % 45, Math.floor(value / 45) % 45, Math.floor(value / 2025)]) text += alphabet[letter];
  }
  return text;
}

function checksum(bytes: Bytes): Bytes {
  let sum = 0xffff;
  for (const byte of bytes) {
    sum ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) sum = ((sum << 1) ^ (sum & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return bigEndian(sum, 2);
}

function split(bytes: Bytes): Compact {
  let at = 0;
  const fields = names.map((name) => {
    at += layout[name];
    const field = bytes.slice(at - layout[name], at);
    return [name, name === "nonce" || name === "signature" ? field : fromBigEndian(field)];
  });
  return Object.fromEntries(fields) as Compact;
}

/** Account is what a ledger knows of an account that a message names. */
export interface Account { number: bigint; id: Bytes; authority: Authority }

/** rebuild gives the envelope that the payer signed (SPEC.md 10.4). */
export function rebuild(network: Bytes, accounts: Account[], message: Compact): Bytes {
  const open = (number: bigint): Account => {
    const found = accounts.find((account) => account.number === number);
    if (found === undefined) throw new Refusal("account", `nobody has the number ${number}`);
    return found;
  };
  const payer = open(message.payer);
  const transfer = {
    debit: payer.id, credit: open(message.payee).id, asset: Number(message.asset), amount: message.amount,
    ...(message.provider === 0n ? {} : {
      fee: { provider: open(message.provider).id, scheduleVersion: Number(message.scheduleVersion), amount: message.fee },
    }),
  };
  const [owner, ...others] = payer.authority.keys;
  refuseUnless(owner !== undefined && others.length === 0, "single-key", `${payer.authority.keys.length} owner keys`);
  const body = encode("TransactionBody", {
    nonce: message.nonce, expiresAtUnixMs: message.expiresAtUnixMs,
    operations: [{ operation: { case: "transfer", value: transfer } }],
  });
  const verifies = bip340.verify(message.signature, transactionId(network, body), owner.key);
  refuseUnless(verifies, "signature", "it is not the payer's");
  return encode("Envelope", { body, signatures: [{ signer: owner.key, signature: message.signature }] });
}

/** shorten writes an envelope as a message, or refuses what has no place in one (SPEC.md 10.2). */
export function shorten(network: Bytes, accounts: Account[], bytes: Bytes): string {
  parseTransaction(network, bytes);
  const carry = (holds: boolean, message: string) => refuseUnless(holds, "carry", message);
  const envelope = parse<Envelope>("Envelope", bytes);
  const body = parse<TransactionBody>("TransactionBody", envelope.body);
  const [operation, ...operations] = body.operations;
  const [signature, ...signatures] = envelope.signatures;
  const act = operation?.operation;
  refuseUnless(act?.case === "transfer" && operations.length === 0, "carry", "it is not one transfer");
  refuseUnless(signature !== undefined && signatures.length === 0, "carry", "it has not one signature");
  const transfer: Transfer = act.value;
  const { alias, reference, request, fee } = transfer;
  carry(alias.length === 0 && reference === "" && request.length === 0, "a field has no place");
  const open = (id: Bytes): Account => {
    const found = accounts.find((account) => equal(account.id, id));
    if (found === undefined) throw new Refusal("account", `${hex(id)} has no number`);
    return found;
  };
  const payer = open(transfer.debit);
  const [owner, ...others] = payer.authority.keys;
  const isNamed = owner !== undefined && others.length === 0 && equal(owner.key, signature.signer);
  carry(isNamed, "the payer's account does not name the signer");
  const message: Compact = {
    template: 1n, nonce: body.nonce, expiresAtUnixMs: body.expiresAtUnixMs, payer: payer.number,
    payee: open(transfer.credit).number, asset: BigInt(transfer.asset), amount: transfer.amount,
    provider: fee === undefined ? 0n : open(fee.provider).number, scheduleVersion: BigInt(fee?.scheduleVersion ?? 0),
    fee: fee?.amount ?? 0n, signature: signature.signature,
  };
  for (const name of names) {
    const value = message[name];
    if (typeof value === "bigint") carry(value < 1n << BigInt(8 * layout[name]), `${name} is ${value}`);
  }
  return writeCompact(message);
}
