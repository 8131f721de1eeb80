// Holds (SPEC.md 5.16) and requests to pay (SPEC.md 5.17).
import type { Acts } from "../protocol/act.js";
import { equal } from "../protocol/bytes.js";
import type { Entry } from "../protocol/entry.js";
import { sha256 } from "../protocol/hash.js";
import { enumName } from "../protocol/message.js";
import { holdId, requestId } from "../protocol/transaction.js";
import { must, present } from "./code.js";
import { attested, dayMs } from "./moment.js";
import { mayReceive, reserve } from "./payment.js";
import { due, type Record, type Running } from "./record.js";

type Bytes = Uint8Array;

const completes = 1n;
const isLocked = 2n;
const mayRelease = 4n;
const longest = 90n * dayMs;
const leastLocked = 60000n;

export function placeHold(run: Running, act: Acts["placeHold"]): void {
  const { moment } = run;
  const names = act.credit.length > 0;
  if (names) must(moment.hasAccount(act.credit), "CREDIT_ACCOUNT_UNKNOWN");
  const asset = present(moment.asset(act.asset), "ASSET_UNKNOWN");
  const id = holdId(run.id, run.position);
  if (names) {
    must(!equal(act.debit, act.credit), "SELF_TRANSFER");
    must(act.alias.length === 0 || moment.isBound(act.alias, act.credit), "ALIAS_NOT_BOUND_TO_PAYEE");
    must(act.alias.length === 0 || moment.isAttested(act.alias, act.credit), "ALIAS_PROVISIONAL");
  }
  must(run.state.get("h", id) === undefined, "NOTHING_TO_CHANGE");
  const locked = act.hashlock.length > 0;
  const until = asset.integer("spendUntil");
  const isInTime = act.expiresAtUnixMs > run.time && act.expiresAtUnixMs <= run.time + longest;
  must(isInTime && (until === 0n || act.expiresAtUnixMs <= until), "TIME_NOT_VALID");
  must(!locked || act.expiresAtUnixMs >= run.time + leastLocked, "TIME_NOT_VALID");
  const fee = reserve(run, act, asset);
  const flags = [
    enumName("HoldExpiry", act.onExpiry) === "COMPLETE" ? completes : 0n, locked ? isLocked : 0n,
    act.payerMayRelease ? mayRelease : 0n,
  ].reduce((sum, flag) => sum | flag);
  run.state.put("h", {
    hold: id, debit: act.debit, credit: act.credit, alias: act.alias, asset: BigInt(act.asset), left: act.amount, fee,
    provider: act.fee?.provider ?? new Uint8Array(), expiry: act.expiresAtUnixMs, flags, hashlock: act.hashlock,
  });
  run.schedule(act.expiresAtUnixMs, due.hold, id);
}

export function captureHold(run: Running, act: Acts["captureHold"]): void {
  const { moment } = run;
  const hold = present(moment.hold(act.hold), "HOLD_UNKNOWN");
  must(!equal(act.debit, act.credit), "SELF_TRANSFER");
  const isForAlias = !hold.isSet("credit");
  must(!isForAlias || moment.isBound(hold.bytes("alias"), act.credit), "ALIAS_NOT_BOUND_TO_PAYEE");
  must(!isForAlias || moment.isAttested(hold.bytes("alias"), act.credit), "ALIAS_PROVISIONAL");
  const isPayee = isForAlias || equal(hold.bytes("credit"), act.credit);
  const isOfPayer = equal(hold.bytes("debit"), act.debit) && hold.integer("asset") === BigInt(act.asset);
  must(isPayee && isOfPayer, "HOLD_MISMATCH");
  must(opens(hold, act.preimage), "PREIMAGE_MISMATCH");
  const asset = present(moment.asset(act.asset), "ASSET_UNKNOWN");
  must(mayReceive(run, asset, act.debit, act.credit), "PAYEE_NOT_LISTED");
  must(act.amount <= hold.integer("left"), "CAPTURE_ABOVE_HOLD");
  pay(run, hold, act.credit, act.amount);
  const left = hold.integer("left") - act.amount;
  if (left > 0n && !act.releaseRest) {
    run.state.update(hold, { left, fee: 0n });
    return;
  }
  if (left > 0n) run.touch(act.debit, act.asset, { held: -left });
  end(run, hold);
}

function opens(hold: Entry, preimage: Bytes): boolean {
  if ((hold.integer("flags") & isLocked) === 0n) return preimage.length === 0;
  return preimage.length > 0 && equal(sha256(preimage), hold.bytes("hashlock"));
}

/** pay moves held units to a payee, and the fee, if it was not paid yet, to the provider. */
function pay(run: Record, hold: Entry, payee: Bytes, amount: bigint): void {
  const [asset, fee] = [hold.integer("asset"), hold.integer("fee")];
  run.touch(hold.bytes("debit"), asset, { posted: -(amount + fee), held: -(amount + fee) });
  run.touch(payee, asset, { posted: amount });
  if (fee > 0n) run.touch(hold.bytes("provider"), asset, { posted: fee });
}

function end(run: Record, hold: Entry): void {
  run.unschedule(hold.integer("expiry"), due.hold, hold.bytes("hold"));
  run.state.remove(hold);
}

export function releaseHold(run: Running, act: Acts["releaseHold"]): void {
  const hold = present(run.moment.hold(act.hold), "HOLD_UNKNOWN");
  must(equal(hold.bytes("debit"), act.debit), "HOLD_MISMATCH");
  giveUnitsBack(run, hold);
}

function giveUnitsBack(run: Record, hold: Entry): void {
  run.touch(hold.bytes("debit"), hold.integer("asset"), { held: -(hold.integer("left") + hold.integer("fee")) });
  end(run, hold);
}

/** isPayerFree tells whether a hold may be released by its payer. */
export function isPayerFree(hold: Entry): boolean {
  return (hold.integer("flags") & mayRelease) !== 0n;
}

/** payeeOf is the account that may claim a hold; of one for an alias, the account that it is attested to. */
export function payeeOf(run: Pick<Record, "moment">, hold: Entry): Bytes | undefined {
  if (hold.isSet("credit")) return hold.bytes("credit");
  const binding = run.moment.binding(hold.bytes("alias"));
  if (binding === undefined || binding.status !== attested) return undefined;
  return equal(binding.account, hold.bytes("debit")) ? undefined : binding.account;
}

/** expireHold does at its expiry what a hold says. */
export function expireHold(record: Record, id: Bytes): object | undefined {
  const hold = record.state.get("h", id);
  if (hold === undefined) return undefined;
  const [debit, asset, amount] = [hold.bytes("debit"), hold.integer("asset"), hold.integer("left")];
  const payee = payeeOf(record, hold);
  const definition = present(record.moment.asset(asset), "ASSET_UNKNOWN");
  const common = { subject: id, debit, asset: Number(asset), amount };
  const wanted = (hold.integer("flags") & completes) !== 0n;
  if (wanted && payee !== undefined && mayReceive(record, definition, debit, payee)) {
    pay(record, hold, payee, amount);
    end(record, hold);
    return { kind: "HOLD_COMPLETED", ...common, credit: payee };
  }
  giveUnitsBack(record, hold);
  return { kind: "HOLD_RETURNED", ...common, accounts: hold.isSet("credit") ? [hold.bytes("credit")] : [] };
}

export function requestPayment(run: Running, act: Acts["requestPayment"]): void {
  must(run.moment.asset(act.asset) !== undefined, "ASSET_UNKNOWN");
  must(!equal(act.debit, act.credit), "SELF_TRANSFER");
  const id = requestId(run.id, run.position);
  must(run.state.get("R", id) === undefined, "NOTHING_TO_CHANGE");
  must(act.expiresAtUnixMs > run.time && act.expiresAtUnixMs <= run.time + longest, "TIME_NOT_VALID");
  run.state.put("R", {
    request: id, credit: act.credit, debit: act.debit, asset: BigInt(act.asset), amount: act.amount, expiry: act.expiresAtUnixMs,
  });
  run.schedule(act.expiresAtUnixMs, due.request, id);
}

export function declineRequest(run: Running, act: Acts["declineRequest"]): void {
  const request = present(run.moment.request(act.request), "REQUEST_UNKNOWN");
  const isParty = equal(request.bytes("debit"), act.account) || equal(request.bytes("credit"), act.account);
  must(isParty, "REQUEST_MISMATCH");
  run.unschedule(request.integer("expiry"), due.request, act.request);
  run.state.remove(request);
}

export function expireRequest(record: Record, id: Bytes): object | undefined {
  const request = record.state.get("R", id);
  if (request === undefined) return undefined;
  record.state.remove(request);
  return { kind: "REQUEST_EXPIRED", subject: id, accounts: [request.bytes("debit"), request.bytes("credit")] };
}

