// Accounts (SPEC.md 5.9), grants (5.10) and recovery (5.11).
import type { Acts, Grant } from "../protocol/act.js";
import { accountId } from "../protocol/authority.js";
import { equal, hex, joined } from "../protocol/bytes.js";
import type { Entry } from "../protocol/entry.js";
import { encode, type Authority } from "../protocol/message.js";
import { must, present } from "./code.js";
import { confirmed, dayMs, held, running } from "./moment.js";
import { due, type Record, type Running } from "./record.js";

type Bytes = Uint8Array;

const holdUp = dayMs;
const lapses = 7n * dayMs;
const recoveryDelay = 3;

export function openAccount(run: Running, { authority, salt }: Acts["openAccount"]): void {
  const bytes = encode("Authority", authority ?? {});
  const account = accountId(salt, bytes);
  must(!run.moment.hasAccount(account), "ACCOUNT_EXISTS");
  const number = run.count("accounts");
  run.state.put("a", { account, number, authority: bytes });
  run.state.put("#", { number, account });
  run.opened.set(hex(account), authority as Authority);
}

export function setAuthority(run: Running, { account, authority }: Acts["setAuthority"]): void {
  const recovery = run.state.get("c", account);
  if (recovery !== undefined) endWait(run, recovery, account);
  run.state.update(run.account(account), { authority: encode("Authority", authority ?? {}) });
}

export function setTier(run: Running, act: Acts["setTier"]): void {
  must(act.checkedAtUnixMs <= run.time, "TIME_NOT_VALID");
  run.state.update(run.account(act.account), { tier: BigInt(act.tier) });
}

export function issueGrant(run: Running, act: Grant): void {
  must(run.moment.asset(act.asset) !== undefined, "ASSET_UNKNOWN");
  const isFounding = run.isOpenedHere(act.account) && run.moment.authority(act.account)?.keys.length === 0;
  if (isFounding) must(isWithinTier(run, act, 0n), "GRANT_ABOVE_TIER");
  beginGrant(run, act);
}

/** isWithinTier tells whether caps are within the limits of a tier; where there are none, none are. */
export function isWithinTier(run: Running, grant: Grant, tier: bigint): boolean {
  const limit = run.moment.limit(grant.asset, tier);
  if (limit === undefined) return false;
  return grant.capTransaction <= limit.integer("capTransaction") && grant.capDay <= limit.integer("capDay");
}

/** grantFields are those of a grant that a g and an m entry have in common; nothing is used of it yet. */
export function grantFields(grant: Grant): { [name: string]: bigint } {
  return {
    asset: BigInt(grant.asset), capTransaction: grant.capTransaction, capDay: grant.capDay, feeCeiling: grant.feeCeiling,
    expiry: grant.expiresAtUnixMs, operations: grant.operations.reduce((bits, operation) => bits | (1n << BigInt(operation)), 0n),
  };
}

/** beginGrant replaces what the key was granted on the account; what it used for the same asset still counts. */
function beginGrant(run: Record, grant: Grant): void {
  writeGrant(run, grant.account, grant.grantee, grantFields(grant));
}

export function writeGrant(run: Record, account: Bytes, grantee: Bytes, fields: { [name: string]: bigint }): void {
  const before = run.state.get("g", account, grantee);
  const counts = before !== undefined && before.integer("asset") === fields["asset"];
  const used = counts ? { day: before.integer("day"), used: before.integer("used") } : {};
  endGrant(run, before);
  run.state.put("g", { account, grantee, ...fields, ...used });
  expose(run, grantee, fields["asset"] ?? 0n, fields["capDay"] ?? 0n, 1n);
  run.schedule(fields["expiry"] ?? 0n, due.grant, joined(account, grantee));
}

export function endGrant(run: Record, grant: Entry | undefined): void {
  if (grant === undefined) return;
  const [account, grantee] = [grant.bytes("account"), grant.bytes("grantee")];
  run.state.remove(grant);
  expose(run, grantee, grant.integer("asset"), -grant.integer("capDay"), -1n);
  run.unschedule(grant.integer("expiry"), due.grant, joined(account, grantee));
}

/** expose keeps the sum of what a key may draw in a day by all its grants. */
function expose(run: Record, grantee: Bytes, asset: bigint, capDay: bigint, one: 1n | -1n): void {
  const entry = run.state.get("G", grantee, [asset, 4]);
  const sum = (entry?.integer("sum") ?? 0n) + capDay;
  const count = (entry?.integer("count") ?? 0n) + one;
  if (count === 0n) run.state.remove(entry);
  else run.state.put("G", { grantee, asset, sum, count });
}

export function revokeGrant(run: Running, { account, grantee }: Acts["revokeGrant"]): void {
  endGrant(run, present(run.moment.grant(account, grantee), "GRANT_UNKNOWN"));
}

export function expireGrant(record: Record, subject: Bytes): object | undefined {
  const [account, grantee] = [subject.slice(0, 16), subject.slice(16)];
  const grant = record.state.get("g", account, grantee);
  if (grant === undefined) return undefined;
  endGrant(record, grant);
  return { kind: "GRANT_EXPIRED", subject, accounts: [account] };
}

export function startRecovery(run: Running, { account, authority }: Acts["startRecovery"]): void {
  must(run.state.get("c", account) === undefined, "RECOVERY_PENDING");
  const bytes = encode("Authority", authority ?? {});
  must(!equal(bytes, run.account(account).bytes("authority")), "NOTHING_TO_CHANGE");
  const at = run.time + run.moment.parameter(recoveryDelay);
  run.state.put("c", { account, started: run.time, due: at, authority: bytes });
  run.schedule(at, due.recovery, account);
  run.pend(account, 1n);
}

export function cancelRecovery(run: Running, { account }: Acts["cancelRecovery"]): void {
  const recovery = present(run.moment.recovery(account), "RECOVERY_UNKNOWN");
  if (mayEnd(run, account)) return endWait(run, recovery, account);
  holdWaitUp(run, recovery, due.recovery, account);
}

/** mayEnd tells who ends what waits from who holds it up: the authority, or attestors of an account without keys. */
export function mayEnd(run: Running, account: Bytes): boolean {
  if (run.rights.authority(account)) return true;
  const hasKeys = (run.moment.authority(account)?.keys.length ?? 0) > 0;
  return !hasKeys && run.rights.attestorsSay(account, { accounts: [account], keys: [] });
}

/** holdWaitUp holds a move or recovery up, once, for a day at least; then it lapses if it is not confirmed. */
export function holdWaitUp(run: Running, wait: Entry, kind: number, subject: Bytes): void {
  must(wait.integer("waiting") === running, "ALREADY_HELD");
  const tomorrow = run.time + holdUp;
  const heldUntil = wait.integer("due") > tomorrow ? wait.integer("due") : tomorrow;
  rewait(run, wait, kind, subject, { waiting: held, due: heldUntil + lapses, heldUntil });
}

/** confirmWait lets what was held up complete when the hold-up is over. */
export function confirmWait(run: Running, wait: Entry, kind: number, subject: Bytes): void {
  must(wait.integer("waiting") !== running, "NOT_HELD");
  must(wait.integer("waiting") !== confirmed, "NOTHING_TO_CHANGE");
  rewait(run, wait, kind, subject, { waiting: confirmed, due: wait.integer("heldUntil") });
}

function rewait(run: Running, wait: Entry, kind: number, subject: Bytes, fields: { [name: string]: bigint }): void {
  run.unschedule(wait.integer("due"), kind, subject);
  run.state.update(wait, fields);
  run.schedule(fields["due"] ?? 0n, kind, subject);
}

export function completeRecovery(run: Running, { account }: Acts["completeRecovery"]): void {
  confirmWait(run, present(run.moment.recovery(account), "RECOVERY_UNKNOWN"), due.recovery, account);
}

function endWait(run: Record, recovery: Entry, account: Bytes): void {
  run.unschedule(recovery.integer("due"), due.recovery, account);
  run.state.remove(recovery);
  run.pend(account, -1n);
}

export function endRecovery(record: Record, account: Bytes): object | undefined {
  const recovery = record.state.get("c", account);
  if (recovery === undefined) return undefined;
  endWait(record, recovery, account);
  const kind = recovery.integer("waiting") === held ? "RECOVERY_LAPSED" : "RECOVERY_COMPLETED";
  if (kind === "RECOVERY_COMPLETED") record.state.update(record.account(account), { authority: recovery.bytes("authority") });
  return { kind, subject: account, accounts: [account] };
}

