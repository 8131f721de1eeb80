// Genesis files (SPEC.md 13): the JSON document that founds a network, in its one form, and its rules.
import type { Attestor, Band, Provider } from "./act.js";
import { accountId, checkAuthority } from "./authority.js";
import { isParameterValue, isShares } from "./ballot.js";
import { ascii, compare, equal, hex } from "./bytes.js";
import { checkAttestor, checkProvider } from "./directory.js";
import { bands, caps, Fields, fixed, isAssetCode, isShown, widestAmount } from "./field.js";
import { taggedHash } from "./hash.js";
import { encode, type Authority, type AuthorityKey } from "./message.js";
import { readShaped, type Shape } from "./shape.js";
import { checkSet, verifyRecord } from "./validator.js";
import { under, refuseUnless } from "./refusal.js";

type Bytes = Uint8Array;

export interface Genesis {
  format: string; name: string; test: boolean; time_unix_ms: bigint; day_offset_minutes: bigint; rules_version: bigint;
  validators: { name: string; key: Bytes; tls_key_hash: Bytes; peer_address: string; address: string; proof: Bytes }[];
  assets: { code: string; scale: bigint; issuer: Bytes; arbiter: Bytes; provisional_inflow_day: bigint }[];
  parameters: Record<string, bigint>;
  governors: { validator: string; account: Bytes }[];
  tiers: { asset: bigint; tier: bigint; cap_transaction: bigint; cap_day: bigint }[];
  accounts: { id: Bytes; salt: Bytes; authority: AuthorityFields; tier: bigint }[];
  providers: (Provider & { shares: bigint; schedules: Schedule[] })[];
  attestors: Attestor[];
  issues: { asset: bigint; credit: Bytes; amount: bigint }[];
  aliases: { alias: Bytes; account: Bytes; sealed_name: Bytes }[];
  grants: GenesisGrant[];
}
interface KeyFields { key: Bytes; weight: bigint }
interface AuthorityFields {
  keys: KeyFields[]; threshold: bigint; attestors: bigint; guardians: KeyFields[]; guardian_threshold: bigint;
}
interface Schedule {
  asset: bigint; bands: { up_to: bigint; flat: bigint; basis_points: bigint }[]; effective_at_unix_ms: bigint;
}
interface GenesisGrant {
  account: Bytes; grantee: Bytes; asset: bigint; cap_transaction: bigint; cap_day: bigint; fee_ceiling: bigint;
  expires_at_unix_ms: bigint;
}

const keys: [Shape] = [{ key: "bytes", weight: "integer" }];
const shape: Shape = {
  format: "text", name: "text", test: "boolean", time_unix_ms: "integer", day_offset_minutes: "signed", rules_version: "integer",
  validators: [{
    name: "text", key: "bytes", tls_key_hash: "bytes", peer_address: "text", address: "text", proof: "bytes",
  }],
  assets: [{ code: "text", scale: "integer", issuer: "account", "arbiter?": "account", "provisional_inflow_day?": "integer" }],
  parameters: {
    attestations: "integer", move_delay_ms: "integer", recovery_delay_ms: "integer", quarantine_ms: "integer",
    credit_interval_ms: "integer", credit_burst: "integer",
  },
  governors: [{ validator: "text", account: "account" }],
  tiers: [{ asset: "integer", "tier?": "integer", cap_transaction: "integer", cap_day: "integer" }],
  accounts: [{
    id: "account", salt: "bytes",
    authority: {
      "keys?": keys, "threshold?": "integer", "attestors?": "integer", "guardians?": keys, "guardian_threshold?": "integer",
    },
    "tier?": "integer",
  }],
  providers: [{
    account: "account", name: "text", key: "bytes", "codes?": "texts", "languages?": "texts", "endpoints?": "texts",
    "telephone?": "text", shares: "integer",
    schedules: [{
      asset: "integer", bands: [{ "up_to?": "integer", flat: "integer", "basis_points?": "integer" }],
      effective_at_unix_ms: "integer",
    }],
  }],
  attestors: [{ account: "account", key: "bytes", name: "text", "provider?": "account", "endpoints?": "texts" }],
  issues: [{ asset: "integer", credit: "account", amount: "integer" }],
  aliases: [{ alias: "bytes", account: "account", sealed_name: "bytes" }],
  grants: [{
    account: "account", grantee: "bytes", asset: "integer", cap_transaction: "integer", cap_day: "integer",
    fee_ceiling: "integer", expires_at_unix_ms: "integer",
  }],
};

const widestDocument = 16 << 20;
const lastTime = 253402300799999n;

export interface Network { id: Bytes; genesis: Genesis; set: Bytes }

/** parseGenesis reads a document that is written in its one form and keeps its rules (SPEC.md 13.3). */
export function parseGenesis(document: string): Network {
  const bytes = ascii(document);
  refuseUnless(bytes.length <= widestDocument, "one-form", `${bytes.length} bytes`);
  const genesis = readShaped(shape, document) as Genesis;
  checkDocument(genesis);
  const set = checkValidators(genesis);
  for (const [name, value] of Object.entries(genesis.parameters)) {
    refuseUnless(isParameterValue(name.toUpperCase(), value), "parameter", `${name} is ${value}`);
  }
  const world = checkAccounts(genesis);
  checkAssets(genesis, world);
  checkDirectory(genesis, world);
  checkBindings(genesis, world);
  return { id: taggedHash("umoja/genesis/v1", bytes), genesis, set };
}

function checkDocument(genesis: Genesis): void {
  const check = (holds: boolean, field: string) => refuseUnless(holds, "document", `of ${field}`);
  const size = Buffer.byteLength(genesis.name);
  check(genesis.format === "umoja-genesis/v1", "format");
  check(size >= 1 && size <= 64 && isShown(genesis.name), "name");
  check(genesis.rules_version === 1n, "rules_version");
  check(genesis.time_unix_ms >= 1n && genesis.time_unix_ms <= lastTime, "time_unix_ms");
  check(genesis.day_offset_minutes >= -840n && genesis.day_offset_minutes <= 840n, "day_offset_minutes");
}

/** checkValidators gives the set, which ascends by name in whatever order the validators are listed. */
function checkValidators(genesis: Genesis): Bytes {
  const validators = genesis.validators.map((record) => {
    verifyRecord({ ...record, key: hex(record.key), tls_key_hash: hex(record.tls_key_hash), proof: hex(record.proof) });
    return { name: record.name, key: record.key, tlsKeyHash: record.tls_key_hash };
  });
  validators.sort((a, b) => compare(ascii(a.name), ascii(b.name)));
  checkSet(validators);
  return encode("ValidatorSet", { validators });
}

/** World is what other parts of the document may name. */
interface World { hasAccount(id: Bytes): boolean; hasAsset(number: bigint): boolean }

function checkAccounts({ accounts, assets }: Genesis): World {
  for (const { id, salt, authority, tier } of accounts) {
    under("account-id", () => {
      const made = accountId(salt, authorityBytes(authority));
      refuseUnless(equal(made, id), "account-id", `${hex(id)} is not the hash of its authority and salt`);
    });
    refuseUnless(tier <= 9n, "account", `tier ${tier}`);
  }
  once("account", accounts.map(({ id }) => hex(id)));
  const known = new Set(accounts.map(({ id }) => hex(id)));
  return {
    hasAccount: (id) => known.has(hex(id)),
    hasAsset: (number) => number >= 1n && number <= BigInt(assets.length),
  };
}

function checkAssets({ assets, issues, tiers }: Genesis, { hasAccount, hasAsset }: World): void {
  const check = (holds: boolean, message: string) => refuseUnless(holds, "asset", message);
  for (const { code, scale, issuer, arbiter, provisional_inflow_day } of assets) {
    check(isAssetCode(code), `code ${code}`);
    check(scale <= 18n, `scale ${scale}`);
    check(hasAccount(issuer), "an issuer without account");
    check(arbiter.length === 0 || hasAccount(arbiter), "an arbiter without account");
    check(provisional_inflow_day <= widestAmount, `an inflow of ${provisional_inflow_day}`);
  }
  once("asset", assets.map(({ code }) => code));
  const supplies = new Map<bigint, bigint>();
  for (const { asset, credit, amount } of issues) {
    const supply = (supplies.get(asset) ?? 0n) + amount;
    supplies.set(asset, supply);
    refuseUnless(hasAsset(asset) && hasAccount(credit), "issue", "of an asset or to an account that is not there");
    refuseUnless(amount > 0n && supply <= widestAmount, "issue", `of ${amount}`);
  }
  for (const { asset, tier, cap_transaction, cap_day } of tiers) {
    refuseUnless(hasAsset(asset) && tier <= 9n, "tier", `tier ${tier} of asset ${asset}`);
    under("tier", () => caps({ capTransaction: cap_transaction, capDay: cap_day }));
  }
  once("tier", tiers.map(({ asset, tier }) => `${asset} ${tier}`));
}

function checkDirectory({ providers, governors, attestors, validators }: Genesis, { hasAccount, hasAsset }: World): void {
  for (const provider of providers) {
    refuseUnless(hasAccount(provider.account), "provider", "it has no account");
    refuseUnless(isShares(provider.shares), "provider", `${provider.shares} shares`);
    under("provider", () => checkProvider(provider, new Fields()));
    const last = new Map<bigint, bigint>();
    for (const schedule of provider.schedules) {
      const { asset, effective_at_unix_ms: effective } = schedule;
      refuseUnless(hasAsset(asset), "schedule", `of asset ${asset}`);
      under("schedule", () => bands(bandsOf(schedule)));
      refuseUnless(effective > (last.get(asset) ?? 0n), "schedule", `in effect from ${effective}`);
      last.set(asset, effective);
    }
  }
  once("provider", providers.map(({ account }) => hex(account)));
  once("provider", providers.map(({ key }) => hex(key)));
  const names = validators.map(({ name }) => name).sort().join(" ");
  const governed = governors.map(({ validator }) => validator).join(" ");
  refuseUnless(governed === "" || governed === names, "governor", `of ${governed}, not of ${names}`);
  for (const { account } of governors) refuseUnless(hasAccount(account), "governor", "a governor without account");
  for (const attestor of attestors) {
    refuseUnless(hasAccount(attestor.account), "attestor", "it has no account");
    under("attestor", () => checkAttestor(attestor, new Fields()));
  }
  once("attestor", attestors.map(({ account }) => hex(account)));
  once("attestor", attestors.map(({ key }) => hex(key)));
}

function checkBindings({ aliases, grants }: Genesis, { hasAccount, hasAsset }: World): void {
  for (const { alias, account, sealed_name } of aliases) {
    under("alias", () => {
      fixed("alias", alias, 32);
      fixed("sealed_name", sealed_name, 60);
    });
    refuseUnless(hasAccount(account), "alias", "of nobody");
  }
  once("alias", aliases.map(({ alias }) => hex(alias)));
  for (const grant of grants) {
    refuseUnless(hasAccount(grant.account) && hasAsset(grant.asset), "grant", "of an account or asset that is not there");
    under("grant", () => new Fields().grant({
      account: grant.account, grantee: grant.grantee, operations: [1, 2, 3, 4, 5, 6], asset: Number(grant.asset),
      capTransaction: grant.cap_transaction, capDay: grant.cap_day, feeCeiling: grant.fee_ceiling,
      expiresAtUnixMs: grant.expires_at_unix_ms,
    }));
  }
  once("grant", grants.map(({ account, grantee }) => `${hex(account)} ${hex(grantee)}`));
}

function once(rule: string, names: string[]): void {
  refuseUnless(new Set(names).size === names.length, rule, "one stands twice");
}

export function authorityBytes(fields: AuthorityFields): Bytes {
  const list = (from: KeyFields[]): AuthorityKey[] => from.map(({ key, weight }) => ({ key, weight: u32(weight) }));
  const authority: Authority = {
    keys: list(fields.keys), threshold: u32(fields.threshold), attestors: u32(fields.attestors),
    guardians: list(fields.guardians), guardianThreshold: u32(fields.guardian_threshold),
  };
  checkAuthority(authority);
  return encode("Authority", authority);
}

export function bandsOf({ bands: list }: Schedule): Band[] {
  return list.map(({ up_to, flat, basis_points }) => ({ upTo: up_to, flat, basisPoints: u32(basis_points) }));
}

function u32(value: bigint): number {
  refuseUnless(value <= 0xffffffffn, "one-form", `${value} is beyond 32 bits`);
  return Number(value);
}
