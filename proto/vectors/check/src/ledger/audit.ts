// What is true of every state, whatever led to it: said by SPEC.md 5 and 6 apart from what single acts change.
import { bigEndian, equal, hex, joined } from "../protocol/bytes.js";
import type { Entry } from "../protocol/entry.js";
import { parseLeaf } from "../protocol/leaf.js";
import { parse } from "../protocol/message.js";
import type { Provider } from "../protocol/act.js";
import type { Applied, Ledger } from "./ledger.js";
import { held } from "./moment.js";
import { due } from "./record.js";

type Bytes = Uint8Array;

function unless(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`audit: ${what}`);
}

/** audit throws unless the entries of a ledger say the same about each other, and the leaves of its last batch, if it left any, are leaves. */
export function audit(ledger: Ledger, { leaves }: Applied): void {
  const kinds = leaves.map((leaf) => Object.keys(parseLeaf(leaf))[0]).join(" ");
  unless(kinds === "" || /^(effect )*(transaction )*header$/.test(kinds), `the leaves of a batch are ${kinds}`);
  auditUnits(ledger);
  auditAccounts(ledger);
  auditGrants(ledger);
  auditDue(ledger);
  auditProviders(ledger);
}

/** auditUnits: supply is the sum of balances, and what is held of them the sum of holds. */
function auditUnits(ledger: Ledger): void {
  const balances = ledger.entries("b");
  for (const asset of ledger.entries("s")) {
    const number = asset.integer("asset");
    const own = balances.filter((balance) => balance.integer("asset") === number);
    const sum = own.reduce((all, balance) => all + balance.integer("posted"), 0n);
    unless(sum === asset.integer("supply"), `the balances of asset ${number} are ${sum} together`);
  }
  const name = (account: Bytes, asset: bigint) => hex(joined(account, bigEndian(asset, 4)));
  const reserved = new Map<string, bigint>();
  for (const hold of ledger.entries("h")) {
    const key = name(hold.bytes("debit"), hold.integer("asset"));
    reserved.set(key, (reserved.get(key) ?? 0n) + hold.integer("left") + hold.integer("fee"));
  }
  for (const balance of balances) {
    const key = name(balance.bytes("account"), balance.integer("asset"));
    unless(balance.integer("held") === (reserved.get(key) ?? 0n), `${key} holds ${balance.integer("held")}`);
    unless(balance.integer("held") <= balance.integer("posted"), `${key} holds more than it has`);
    reserved.delete(key);
  }
  unless(reserved.size === 0, "a hold of no balance");
}

/** auditAccounts: numbers lead to accounts and back; counters count; what is pending is there. */
function auditAccounts(ledger: Ledger): void {
  const accounts = ledger.entries("a");
  const numbers = new Map(ledger.entries("#").map((entry) => [entry.integer("number"), entry.bytes("account")]));
  for (const account of accounts) {
    const id = account.bytes("account");
    const found = numbers.get(account.integer("number"));
    unless(found !== undefined && equal(found, id), `the number of ${hex(id)}`);
    const moves = ledger.entries("m").filter((move) => equal(move.bytes("from"), id)).map((move) => move.hex("alias")).sort();
    const listed = ledger.entries("M").find((entry) => equal(entry.bytes("account"), id))?.hex("aliases") ?? "";
    unless((listed.match(/.{64}/g) ?? []).sort().join() === moves.join(), `the moves of ${hex(id)}`);
    const recoveries = ledger.entries("c").filter((recovery) => equal(recovery.bytes("account"), id)).length;
    unless(account.integer("pending") === BigInt(moves.length + recoveries), `what waits of ${hex(id)}`);
  }
  unless(numbers.size === accounts.length, "more numbers than accounts");
  const counters = ledger.entries("n").map((one) => [Buffer.from(one.bytes("counter")).toString(), one.integer("count")]);
  const counts: Record<string, bigint> = Object.fromEntries(counters);
  unless((counts["accounts"] ?? 0n) === BigInt(accounts.length), "the counter of accounts");
  unless((counts["assets"] ?? 0n) === BigInt(ledger.entries("s").length), "the counter of assets");
  const codes = ledger.entries("S").map((entry) => `${entry.hex("code")} ${entry.integer("asset")}`).sort();
  const assets = ledger.entries("s").map((entry) => `${entry.hex("code")} ${entry.integer("asset")}`).sort();
  unless(codes.join() === assets.join(), "codes and assets");
  for (const alias of ledger.entries("l")) {
    const move = ledger.entries("m").find((one) => equal(one.bytes("alias"), alias.bytes("alias")));
    const at = move === undefined || move.integer("waiting") === held ? 0n : move.integer("due");
    unless(alias.integer("movesAt") === at, `the alias ${alias.hex("alias")} moves at ${alias.integer("movesAt")}`);
  }
}

/** auditGrants: what all grants to a key allow is the sum of them. */
function auditGrants(ledger: Ledger): void {
  const name = (grant: Entry) => `${grant.hex("grantee")} ${grant.integer("asset")}`;
  const sums = new Map<string, { sum: bigint; count: bigint }>();
  for (const grant of ledger.entries("g")) {
    const { sum, count } = sums.get(name(grant)) ?? { sum: 0n, count: 0n };
    sums.set(name(grant), { sum: sum + grant.integer("capDay"), count: count + 1n });
  }
  const exposures = ledger.entries("G");
  for (const exposure of exposures) {
    const found = sums.get(name(exposure));
    const isSum = found?.sum === exposure.integer("sum") && found.count === exposure.integer("count");
    unless(isSum, `the grants to ${name(exposure)}`);
  }
  unless(sums.size === exposures.length, "grants to a key that has no sum");
}

/** auditDue: the queue has everything that ledger time will do, and but for vouchers and ballots that wait nothing else. */
function auditDue(ledger: Ledger): void {
  const queue = new Set(ledger.entries("d").map((entry) => entry.key));
  const wants = (at: bigint, kind: number, subject: Bytes) => {
    const key = hex(joined(Buffer.from("d"), bigEndian(at, 8), bigEndian(kind, 1), subject));
    unless(queue.delete(key), `nothing is due of kind ${kind} for ${hex(subject)} at ${at}`);
  };
  for (const hold of ledger.entries("h")) wants(hold.integer("expiry"), due.hold, hold.bytes("hold"));
  for (const request of ledger.entries("R")) wants(request.integer("expiry"), due.request, request.bytes("request"));
  for (const move of ledger.entries("m")) wants(move.integer("due"), due.move, move.bytes("alias"));
  for (const recovery of ledger.entries("c")) wants(recovery.integer("due"), due.recovery, recovery.bytes("account"));
  for (const grant of ledger.entries("g")) {
    wants(grant.integer("expiry"), due.grant, joined(grant.bytes("account"), grant.bytes("grantee")));
  }
  const kinds = [...queue].map((key) => parseInt(key.slice(18, 20), 16));
  unless(kinds.every((kind) => kind === due.ballot || kind === due.vouchers), `${[...queue].join()} is due of nothing`);
  const ballots = kinds.filter((kind) => kind === due.ballot).length;
  unless(ballots === ledger.entries("B").length, "each ballot ends once");
}

/** auditProviders: keys lead to providers and attestors, and back; the last schedule of an asset is the one in the index. */
function auditProviders(ledger: Ledger): void {
  const keys = ledger.entries("k");
  let known = 0;
  for (const provider of ledger.entries("p")) {
    const now = parse<Provider>("RegisterProvider", provider.bytes("entry")).key;
    const all = [{ key: now, retired: 0n }, ...provider.list("retired").map((key) => ({ key, retired: 1n }))];
    known += all.length;
    for (const { key, retired } of all) {
      const entry = keys.find((one) => equal(one.bytes("providerKey"), key));
      const leads = entry !== undefined && equal(entry.bytes("account"), provider.bytes("account"));
      unless(leads && entry.integer("retired") === retired, `the key ${hex(key)} of a provider`);
    }
    const schedules = ledger.entries("f").filter((one) => equal(one.bytes("account"), provider.bytes("account")));
    unless(BigInt(schedules.length) === provider.integer("version"), "the version of a provider's last schedule");
    for (const latest of ledger.entries("e").filter((one) => equal(one.bytes("account"), provider.bytes("account")))) {
      const same = schedules.filter((one) => one.integer("asset") === latest.integer("asset"));
      unless(same.at(-1)?.integer("version") === latest.integer("version"), "the last schedule for an asset");
      const replaced = same.every((one, i) => one.integer("replacedFrom") === (same[i + 1]?.integer("from") ?? 0n));
      unless(replaced, "each schedule is replaced by the next");
    }
  }
  unless(known === keys.length, "a key of no provider");
  const attestors = ledger.entries("o").map((entry) => entry.hex("account")).sort();
  unless(attestors.join() === ledger.entries("O").map((entry) => entry.hex("account")).sort().join(), "attestors and their keys");
}
