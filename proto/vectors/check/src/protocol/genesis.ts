// Genesis files (SPEC.md 3): the JSON document that founds a network, in its one form.
import { ascii, equal, fromHex } from "./bytes.js";
import { accountId, readAccountText } from "./account.js";
import { taggedHash } from "./hash.js";
import { readJson, writeJson } from "./json.js";
import { encode } from "./message.js";
import { checkSet, verifyRecord, type ValidatorRecord } from "./validator.js";
import { refuseUnless } from "./refusal.js";

export interface Genesis {
  format: string; name: string; test: boolean; time_unix_ms: bigint; day_offset_minutes: bigint; rules_version: bigint;
  validators: ValidatorRecord[];
  assets: { code: string; scale: bigint; issuer: string }[];
  tiers: { asset: bigint; cap_transaction: bigint; cap_day: bigint }[];
  accounts: {
    id: string; salt: string;
    authority: { keys?: { key: string; weight: bigint }[]; threshold?: bigint; attestors?: bigint };
  }[];
  providers: {
    account: string; name: string; key: string;
    schedules: { asset: bigint; flat: bigint; effective_at_unix_ms: bigint }[];
  }[];
  issues: { asset: bigint; credit: string; amount: bigint }[];
  aliases: { alias: string; account: string; sealed_name: string }[];
  grants: {
    account: string; grantee: string; asset: bigint; cap_transaction: bigint; cap_day: bigint; fee_ceiling: bigint;
    expires_at_unix_ms: bigint;
  }[];
}

// Each object's fields in the order in which they are written. A list holds objects of one shape; null is a plain value.
type Shape = { [field: string]: Shape | [Shape] | null };
const plain = (...fields: string[]): Shape => Object.fromEntries(fields.map((field) => [field, null]));
const shape: Shape = {
  ...plain("format", "name", "test", "time_unix_ms", "day_offset_minutes", "rules_version"),
  validators: [plain("name", "key", "tls_key_hash", "peer_address", "address", "proof")],
  assets: [plain("code", "scale", "issuer")],
  tiers: [plain("asset", "cap_transaction", "cap_day")],
  accounts: [{
    ...plain("id", "salt"), authority: { keys: [plain("key", "weight")], ...plain("threshold", "attestors") },
  }],
  providers: [{ ...plain("account", "name", "key"), schedules: [plain("asset", "flat", "effective_at_unix_ms")] }],
  issues: [plain("asset", "credit", "amount")],
  aliases: [plain("alias", "account", "sealed_name")],
  grants: [plain("account", "grantee", "asset", "cap_transaction", "cap_day", "fee_ceiling", "expires_at_unix_ms")],
};

export interface Network { id: Uint8Array; genesis: Genesis; set: Uint8Array }

/** parseGenesis reads a document that is written in its one form and keeps its rules. */
export function parseGenesis(document: string): Network {
  const value = json(document);
  checkFields(shape, value, "");
  refuseUnless(writeJson(ordered(shape, value)) === document, "one-form", "it is written in another way");
  const genesis = value as Genesis;
  refuseUnless(genesis.format === "umoja-genesis/v1", "format", `${genesis.format}`);
  const validators = genesis.validators.map((record) => {
    verifyRecord(record);
    return { name: record.name, key: fromHex(record.key), tlsKeyHash: fromHex(record.tls_key_hash) };
  });
  checkSet(validators);
  for (const { id, salt, authority } of genesis.accounts) {
    const made = accountId(fromHex(salt), authorityBytes(authority));
    refuseUnless(equal(made, readAccountText(id)), "account-id", `${id} is not the hash of its authority and salt`);
  }
  return { id: taggedHash("umoja/genesis/v1", ascii(document)), genesis, set: encode("ValidatorSet", { validators }) };
}

export function authorityBytes(authority: Genesis["accounts"][number]["authority"]): Uint8Array {
  const keys = (authority.keys ?? []).map(({ key, weight }) => ({ key: fromHex(key), weight: Number(weight) }));
  const { threshold = 0n, attestors = 0n } = authority;
  return encode("Authority", { keys, threshold: Number(threshold), attestors: Number(attestors) });
}

function json(document: string): unknown {
  try {
    return readJson(document);
  } catch (fault) {
    refuseUnless(false, "one-form", `it is no JSON: ${fault}`);
  }
}

/** checkFields tells a field that nobody knows from one that is known and written in another letter case. */
function checkFields(want: Shape, value: unknown, path: string): void {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  refuseUnless(isObject, "one-form", `${path || "the document"} is no object`);
  for (const [field, inner] of Object.entries(value)) {
    const folded = Object.keys(want).some((name) => name.toLowerCase() === field.toLowerCase());
    refuseUnless(folded, "known", `there is no field ${path}${field}`);
    const expected = want[field];
    refuseUnless(expected !== undefined, "one-form", `${path}${field} is written in another letter case`);
    if (expected === null) continue;
    if (!Array.isArray(expected)) {
      checkFields(expected, inner, `${path}${field}.`);
      continue;
    }
    refuseUnless(Array.isArray(inner), "one-form", `${path}${field} is no list`);
    for (const element of inner) checkFields(expected[0], element, `${path}${field}.`);
  }
}

/** ordered gives the same content with the fields in their order. Absent fields stay absent. */
function ordered(want: Shape, value: unknown): object {
  const fields = value as Record<string, unknown>;
  const out: Record<string, unknown> = {};
  for (const [field, inner] of Object.entries(want)) {
    const found = fields[field];
    if (found === undefined) continue;
    if (inner === null) out[field] = found;
    else if (Array.isArray(inner)) out[field] = (found as unknown[]).map((element) => ordered(inner[0], element));
    else out[field] = ordered(inner, found);
  }
  return out;
}
