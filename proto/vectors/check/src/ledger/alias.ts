// Aliases (SPEC.md 5.12) and moves (SPEC.md 5.13).
import type { Acts } from "../protocol/act.js";
import { equal, joined } from "../protocol/bytes.js";
import type { Entry } from "../protocol/entry.js";
import { confirmWait, endGrant, grantFields, holdWaitUp, isWithinTier, mayEnd, writeGrant } from "./account.js";
import { must, present } from "./code.js";
import {
  attested, hasName, hasNewGrant, hasOldGrantee, held, isOneGrant, may, provisional, released,
} from "./moment.js";
import { due, type Record, type Running } from "./record.js";

type Bytes = Uint8Array;

const moveDelay = 2;
const quarantine = 4;
const mostMoves = 4;

export function bindAlias(run: Running, act: Acts["bindAlias"]): void {
  const binding = run.moment.binding(act.alias);
  must(binding === undefined || binding.status === released, "ALIAS_TAKEN");
  must(binding === undefined || run.time > binding.quarantineUntil, "ALIAS_QUARANTINED");
  run.state.put("l", {
    alias: act.alias, account: act.account, status: provisional, voucher: founder(run, act.account), sealedName: act.sealedName,
  });
}

/** founder is the provider that opens an account: that grants itself its use, else the first signer that is one. */
export function founder(run: Running, account: Bytes): Bytes {
  for (const { operation } of run.operations) {
    if (operation.case !== "issueGrant" || !equal(operation.value.account, account)) continue;
    const { grantee } = operation.value;
    const provider = run.rights.signs(grantee) ? run.moment.providerOf(grantee) : undefined;
    if (provider !== undefined) return provider;
  }
  return present(run.rights.firstProvider(), "UNAUTHORISED");
}

export function attestAlias(run: Running, act: Acts["attestAlias"]): void {
  const binding = run.moment.binding(act.alias);
  const isSame = binding !== undefined && equal(binding.account, act.account);
  if (binding?.status === attested) {
    must(isSame, "ALIAS_TAKEN");
    must(run.moment.move(act.alias) === undefined, "MOVE_PENDING");
    must(!equal(binding.sealedName, act.sealedName), "NOTHING_TO_CHANGE");
  }
  if (binding?.status === released) must(isSame || run.time > binding.quarantineUntil, "ALIAS_QUARANTINED");
  bindInFull(run, act.alias, act.account, act.sealedName);
}

function bindInFull(run: Record, alias: Bytes, account: Bytes, sealedName: Bytes): void {
  run.state.put("l", { alias, account, status: attested, sealedName });
}

export function releaseAlias(run: Running, { alias, account }: Acts["releaseAlias"]): void {
  must(run.moment.isBound(alias, account), "ALIAS_UNKNOWN");
  const entry = present(run.state.get("l", alias), "ALIAS_UNKNOWN");
  if (entry.integer("status") === provisional) return run.state.remove(entry);
  must(run.moment.move(alias) === undefined, "MOVE_PENDING");
  const [away, delay] = [run.moment.parameter(quarantine), run.moment.parameter(moveDelay)];
  // The name goes: the alias leads to nobody.
  run.state.put("l", { alias, account, status: released, quarantineUntil: run.time + (away > delay ? away : delay) });
}

export function startMove(run: Running, act: Acts["startMove"]): void {
  const { moment } = run;
  const { alias, from, to, grant } = act;
  must(grant === undefined || moment.asset(grant.asset) !== undefined, "ASSET_UNKNOWN");
  must(moment.isBound(alias, from), "ALIAS_UNKNOWN");
  must(act.oldGrantee.length === 0 || moment.grant(from, act.oldGrantee) !== undefined, "GRANT_UNKNOWN");
  must(moment.isAttested(alias, from), "ALIAS_PROVISIONAL");
  const waiting = moment.moves(from).filter((move) => moment.waits(move)).length;
  must(run.state.get("m", alias) === undefined && waiting < mostMoves, "MOVE_PENDING");
  const isImmediate = movesAtOnce(run, act);
  const at = run.time + (isImmediate ? 0n : moment.parameter(moveDelay));
  // The grant of a move that waits outlives it; that of an immediate one has not expired.
  const outlives = grant === undefined || (isImmediate ? grant.expiresAtUnixMs >= at : grant.expiresAtUnixMs > at);
  must(outlives, "TIME_NOT_VALID");
  const isOwners = run.rights.authority(to);
  const tier = run.account(to).integer("tier");
  must(grant === undefined || isOwners || isWithinTier(run, grant, tier), "GRANT_ABOVE_TIER");
  const flags = [
    act.oldGrantee.length > 0 ? hasOldGrantee : 0n, grant !== undefined ? hasNewGrant : 0n,
    act.sealedName.length > 0 ? hasName : 0n,
  ].reduce((sum, flag) => sum | flag);
  run.state.put("m", {
    alias, started: run.time, due: at, from, to, flags, oldGrantee: act.oldGrantee,
    newGrantee: grant?.grantee ?? new Uint8Array(), ...(grant === undefined ? {} : grantFields(grant)),
    sealedName: act.sealedName,
  });
  const move = present(run.state.get("m", alias), "MOVE_UNKNOWN");
  if (isImmediate) {
    run.state.remove(move);
    return makeMove(run, move);
  }
  const before = run.state.get("M", from)?.bytes("aliases") ?? new Uint8Array();
  run.state.put("M", { account: from, aliases: joined(before, alias) });
  run.schedule(at, due.move, alias);
  markMove(run, alias, at);
  run.pend(from, 1n);
}

/** movesAtOnce tells whether nobody is left who might want to hold the move up. */
function movesAtOnce(run: Running, { from, oldGrantee }: Acts["startMove"]): boolean {
  if (run.rights.authority(from)) return true;
  const hasKeys = (run.moment.authority(from)?.keys.length ?? 0) > 0;
  const waives = run.rights.grants(from, may.cancel, "any").some((grant) => equal(grant.bytes("grantee"), oldGrantee));
  return !hasKeys && waives;
}

/** markMove writes when the alias moves; 0 when that is open. */
function markMove(run: Record, alias: Bytes, at: bigint): void {
  const entry = run.state.get("l", alias);
  if (entry !== undefined) run.state.update(entry, { movesAt: at });
}

/** makeMove does what a move is for. */
function makeMove(record: Record, move: Entry): void {
  const [alias, from, to, flags] = [move.bytes("alias"), move.bytes("from"), move.bytes("to"), move.integer("flags")];
  const name = (flags & hasName) !== 0n ? move.bytes("sealedName") : record.state.get("l", alias)?.bytes("sealedName");
  bindInFull(record, alias, to, name ?? new Uint8Array());
  const ends = (flags & hasOldGrantee) !== 0n && !isOneGrant(move);
  if (ends) endGrant(record, record.state.get("g", from, move.bytes("oldGrantee")));
  if ((flags & hasNewGrant) === 0n) return;
  const fields = Object.fromEntries(
    ["asset", "capTransaction", "capDay", "feeCeiling", "expiry", "operations"].map((name) => [name, move.integer(name)]),
  );
  writeGrant(record, to, move.bytes("newGrantee"), fields);
}

export function cancelMove(run: Running, { alias, account }: Acts["cancelMove"]): void {
  const move = moveFrom(run, alias, account);
  if (mayEnd(run, account)) return endWaiting(run, move);
  holdWaitUp(run, move, due.move, alias);
  markMove(run, alias, 0n);
}

export function confirmMove(run: Running, { alias, account }: Acts["confirmMove"]): void {
  const move = moveFrom(run, alias, account);
  confirmWait(run, move, due.move, alias);
  markMove(run, alias, move.integer("heldUntil"));
}

function moveFrom(run: Running, alias: Bytes, account: Bytes): Entry {
  const move = present(run.moment.move(alias), "MOVE_UNKNOWN");
  must(equal(move.bytes("from"), account), "MOVE_UNKNOWN");
  return move;
}

/** endWaiting takes a move away from everywhere that says it is there. */
function endWaiting(run: Record, move: Entry): void {
  const [alias, from] = [move.bytes("alias"), move.bytes("from")];
  const others = run.moment.moves(from).map((one) => one.bytes("alias")).filter((one) => !equal(one, alias));
  run.unschedule(move.integer("due"), due.move, alias);
  run.state.remove(move);
  if (others.length === 0) run.state.remove(run.state.get("M", from));
  else run.state.put("M", { account: from, aliases: joined(...others) });
  markMove(run, alias, 0n);
  run.pend(from, -1n);
}

export function endMove(record: Record, alias: Bytes): object | undefined {
  const move = record.state.get("m", alias);
  if (move === undefined) return undefined;
  endWaiting(record, move);
  const accounts = [move.bytes("from"), move.bytes("to")];
  if (move.integer("waiting") === held) return { kind: "MOVE_LAPSED", subject: alias, accounts };
  makeMove(record, move);
  return { kind: "MOVE_COMPLETED", subject: alias, accounts };
}
