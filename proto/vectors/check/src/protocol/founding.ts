// What a genesis file founds (SPEC.md 13.4): the state of batch 0, and leaf 0, its header.
import { ascii, bigEndian, hex, joined } from "./bytes.js";
import { authorityBytes, bandsOf, type Genesis, type Network } from "./genesis.js";
import { encode, enumNumber } from "./message.js";
import { StateSum } from "./state.js";
import { setHash } from "./validator.js";

type Bytes = Uint8Array;
type Put = (letter: string, key: Bytes[], ...value: Bytes[]) => void;

const u1 = (value: bigint | number) => bigEndian(value, 1);
const u4 = (value: bigint | number) => bigEndian(value, 4);
const u8 = (value: bigint | number) => bigEndian(value, 8);
const zeros = (length: number) => new Uint8Array(length);
const allOperations = 0x7e;
const grantExpires = 7;

/** foundingEntries gives the state's entries by key, both in hexadecimal, as the table of SPEC.md 6.4 writes them. */
export function foundingEntries({ genesis, set }: Network): Map<string, string> {
  const entries = new Map<string, string>();
  const put: Put = (letter, key, ...value) => entries.set(hex(joined(ascii(letter), ...key)), hex(joined(...value)));
  put("r", [], u4(genesis.rules_version), u4(genesis.day_offset_minutes));
  put("v", [], set);
  for (const [name, value] of Object.entries(genesis.parameters)) {
    put("P", [u1(enumNumber("Parameter", name.toUpperCase()))], u8(value));
  }
  for (const { validator, account } of genesis.governors) put("V", [ascii(validator)], account);
  putAccounts(genesis, put);
  putAssets(genesis, put);
  putProviders(genesis, put);
  for (const attestor of genesis.attestors) {
    put("o", [attestor.account], encode("Attestor", attestor));
    put("O", [attestor.key], attestor.account);
  }
  for (const { alias, account, sealed_name } of genesis.aliases) {
    // Attested, without quarantine, without a provider that vouched, without a move.
    put("l", [alias], account, u1(1), u8(0), zeros(16), u8(0), sealed_name);
  }
  putGrants(genesis, put);
  return entries;
}

function putAccounts({ accounts, issues }: Genesis, put: Put): void {
  accounts.forEach(({ id, tier, authority }, i) => {
    put("a", [id], u8(i + 1), u1(tier), u1(0), u8(0), authorityBytes(authority));
    put("#", [u8(i + 1)], id);
  });
  put("n", [ascii("accounts")], u8(accounts.length));
  const balances = new Map<string, { key: Bytes; posted: bigint }>();
  for (const { asset, credit, amount } of issues) {
    const key = joined(credit, u4(asset));
    balances.set(hex(key), { key, posted: (balances.get(hex(key))?.posted ?? 0n) + amount });
  }
  for (const { key, posted } of balances.values()) put("b", [key], u8(posted), u8(0), u8(0), u4(0), u8(0));
}

function putAssets({ assets, issues, tiers }: Genesis, put: Put): void {
  assets.forEach(({ code, scale, issuer, arbiter, provisional_inflow_day }, i) => {
    const number = u4(i + 1);
    const supply = issues.filter(({ asset }) => asset === BigInt(i + 1)).reduce((sum, { amount }) => sum + amount, 0n);
    const reserve = joined(u8(0), u8(0), u8(0), zeros(32));
    const arbiterOrNone = arbiter.length > 0 ? arbiter : zeros(16);
    put(
      "s", [number], u8(supply), u1(scale), u1(1), issuer, u8(0), arbiterOrNone, u8(provisional_inflow_day), reserve, ascii(code),
    );
    put("S", [ascii(code)], number);
    put("i", [issuer], u1(1));
  });
  put("n", [ascii("assets")], u8(assets.length));
  for (const { asset, tier, cap_transaction, cap_day } of tiers) {
    put("t", [u4(asset), u1(tier)], u8(cap_transaction), u8(cap_day));
  }
}

function putProviders({ providers }: Genesis, put: Put): void {
  for (const { shares, schedules, ...entry } of providers) {
    put("p", [entry.account], u4(shares), u4(schedules.length), u1(0), encode("RegisterProvider", entry));
    put("k", [entry.key], entry.account, u1(0));
    schedules.forEach((schedule, i) => {
      const { asset, effective_at_unix_ms: effective } = schedule;
      const next = schedules.slice(i + 1).find((later) => later.asset === asset);
      const bands = bandsOf(schedule).map(({ upTo, flat, basisPoints }) => joined(u8(upTo), u8(flat), u4(basisPoints)));
      put("f", [entry.account, u4(i + 1)], u4(asset), u8(effective), u8(next?.effective_at_unix_ms ?? 0), ...bands);
      put("e", [entry.account, u4(asset)], u4(i + 1));
    });
  }
}

function putGrants({ grants }: Genesis, put: Put): void {
  const days = new Map<string, { key: Bytes; sum: bigint; count: number }>();
  for (const grant of grants) {
    const caps = joined(u8(grant.cap_transaction), u8(grant.cap_day), u8(grant.fee_ceiling));
    const unused = joined(u4(0), u8(0));
    put(
      "g", [grant.account, grant.grantee], u4(grant.asset), caps, u8(grant.expires_at_unix_ms), unused, u4(allOperations),
    );
    put("d", [u8(grant.expires_at_unix_ms), u1(grantExpires), grant.account, grant.grantee], u1(1));
    const key = joined(grant.grantee, u4(grant.asset));
    const before = days.get(hex(key)) ?? { sum: 0n, count: 0 };
    days.set(hex(key), { key, sum: before.sum + grant.cap_day, count: before.count + 1 });
  }
  for (const { key, sum, count } of days.values()) put("G", [key], bigEndian(sum, 16), u8(count));
}

/** foundingLeaf is leaf 0: the header of batch 0, in the place of whose hash stands the network id. */
export function foundingLeaf(network: Network): Uint8Array {
  const sum = new StateSum(network.id);
  for (const [key, value] of foundingEntries(network)) sum.add(key, value);
  const value = {
    timeUnixMs: network.genesis.time_unix_ms, stateRoot: sum.root(), validatorSetHash: setHash(network.set),
    rulesVersion: Number(network.genesis.rules_version), batchHash: network.id,
  };
  return encode("Leaf", { leaf: { case: "header", value } });
}
