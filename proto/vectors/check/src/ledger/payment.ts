// What leaves an account (SPEC.md 5.5), fees (5.6), limits (5.7); transfers (5.15) and returns (5.18).
import type { Acts, Band, Fee } from "../protocol/act.js";
import { equal, fromBigEndian } from "../protocol/bytes.js";
import type { Entry } from "../protocol/entry.js";
import { widestAmount } from "../protocol/field.js";
import { effectName, isOk, parseLeaf } from "../protocol/leaf.js";
import { enumName, parse, type Envelope, type TransactionBody } from "../protocol/message.js";
import { must, present, Refused } from "./code.js";
import { dayMs, isVoucher, may, provisional } from "./moment.js";
import { due, type Running } from "./record.js";

type Bytes = Uint8Array;

const tenThousand = 10000n;

export function bandsOf(schedule: Entry): Band[] {
  const bytes = schedule.bytes("bands");
  return Array.from({ length: bytes.length / 20 }, (_, i) => {
    const band = bytes.subarray(20 * i, 20 * i + 20);
    return {
      upTo: fromBigEndian(band.subarray(0, 8)), flat: fromBigEndian(band.subarray(8, 16)),
      basisPoints: Number(fromBigEndian(band.subarray(16))),
    };
  });
}

/** feeFor is the fee of an amount: the share rounded down, in the payer's favour. */
export function feeFor(bands: Band[], amount: bigint): bigint {
  const band = bands.find(({ upTo }) => upTo === 0n || amount <= upTo);
  if (band === undefined) throw new Error("the last band has no bound");
  const fee = band.flat + (amount * BigInt(band.basisPoints)) / tenThousand;
  return fee > widestAmount ? widestAmount : fee;
}

/** Payer is who pays, as far as it is decided once for a transfer or a bulk transfer. */
interface Payer {
  account: Bytes; asset: Entry; operation: number; fee: Fee | undefined; carrier: Bytes | undefined;
  /** What the operation has drawn so far. */
  drawn: bigint;
}

/** asksPayer asks what concerns the payer: freeze, and the date of vouchers. */
function asksPayer(run: Running, { account, asset }: Payer): void {
  must(!run.moment.isFrozen(account), "ACCOUNT_FROZEN");
  must(!isOver(run, asset) || wasListed(run, asset, account), "VOUCHER_EXPIRED");
}

/** asksPayee asks where vouchers may go; nothing of money. */
function asksPayee(run: Running, { account, asset, fee }: Payer, payee: Bytes): void {
  must(!isOver(run, asset) || equal(payee, asset.bytes("issuer")), "VOUCHER_EXPIRED");
  must(mayReceive(run, asset, account, payee), "PAYEE_NOT_LISTED");
  // A fee is paid with them as well.
  must(fee === undefined || mayReceive(run, asset, account, fee.provider), "PAYEE_NOT_LISTED");
}

/** isOver tells whether the date of vouchers has passed. */
function isOver(run: Running, asset: Entry): boolean {
  return isVoucher(asset) && run.time > asset.integer("spendUntil");
}

function wasListed(run: Running, asset: Entry, account: Bytes): boolean {
  return run.state.get("y", [asset.integer("asset"), 4], account) !== undefined;
}

/** mayReceive tells whether vouchers may go from payer to payee: a listed one, or the issuer on either side. */
export function mayReceive(run: { state: Running["state"] }, asset: Entry, payer: Bytes, payee: Bytes): boolean {
  const issuer = asset.bytes("issuer");
  if (!isVoucher(asset) || equal(payer, issuer) || equal(payee, issuer)) return true;
  return run.state.get("y", [asset.integer("asset"), 4], payee)?.integer("listed") === 1n;
}

/** asksFee holds a fee to the schedule that it names, and gives what one amount costs. */
function asksFee(run: Running, { asset, fee }: Payer, amounts: bigint[]): (amount: bigint) => bigint {
  if (fee === undefined) return () => 0n;
  must(run.state.get("p", fee.provider) !== undefined, "FEE_PROVIDER_UNKNOWN");
  const schedule = run.state.get("f", fee.provider, [fee.scheduleVersion, 4]);
  must(schedule !== undefined && isValid(schedule, asset, run.time), "FEE_SCHEDULE_NOT_VALID");
  const bands = bandsOf(schedule);
  must(fee.amount === amounts.reduce((sum, amount) => sum + feeFor(bands, amount), 0n), "FEE_MISMATCH");
  return (amount) => feeFor(bands, amount);
}

function isValid(schedule: Entry, asset: Entry, time: bigint): boolean {
  const replaced = schedule.integer("replacedFrom");
  if (schedule.integer("asset") !== asset.integer("asset") || schedule.integer("from") > time) return false;
  return replaced === 0n || time < replaced + 7n * dayMs;
}

/** draw asks caps, limits and balance for one amount and its fee, and counts them as used. */
function draw(run: Running, payer: Payer, amount: bigint, fee: bigint, inflow?: () => void): void {
  const total = amount + fee;
  const grant = carriedBy(run, payer, total, fee);
  const { account, asset } = payer;
  const number = asset.integer("asset");
  const limit = limitOf(run, account, asset);
  if (limit !== undefined) {
    must(payer.drawn + total <= limit.transaction, "LIMIT_TRANSACTION");
    must(run.used(run.balance(account, number)) + total <= limit.day, "LIMIT_DAY");
  }
  inflow?.();
  must(run.available(account, number) >= total, "INSUFFICIENT_BALANCE");
  payer.drawn += total;
  if (grant === undefined) return;
  run.drawn.set(grant.key, (run.drawn.get(grant.key) ?? 0n) + total);
  run.state.update(grant, run.counted({ day: grant.integer("day"), used: grant.integer("used") }, total));
}

/** carriedBy gives the grant that is drawn on; nothing if the authority signs. */
function carriedBy(run: Running, { account, asset, operation, carrier }: Payer, total: bigint, fee: bigint): Entry | undefined {
  const { rights } = run;
  if (rights.authority(account)) return undefined;
  const grants = rights.carrying(account, operation, Number(asset.integer("asset")), carrier);
  const failures = ["UNAUTHORISED", "FEE_ABOVE_CEILING", "CAP_TRANSACTION", "CAP_DAY"];
  let furthest = 0;
  for (const grant of grants) {
    const failure = [
      fee > grant.integer("feeCeiling"),
      (run.drawn.get(grant.key) ?? 0n) + total > grant.integer("capTransaction"),
      run.used({ day: grant.integer("day"), used: grant.integer("used") }) + total > grant.integer("capDay"),
    ].indexOf(true);
    if (failure < 0) return grant;
    furthest = Math.max(furthest, failure + 1);
  }
  throw new Refused(failures[furthest] ?? "");
}

/** limitOf is the limit of the payer's tier, a quarter of it while something waits; the issuer has none. */
function limitOf(run: Running, account: Bytes, asset: Entry): { transaction: bigint; day: bigint } | undefined {
  const entry = run.account(account);
  const limit = run.moment.limit(asset.integer("asset"), entry.integer("tier"));
  if (limit === undefined || equal(account, asset.bytes("issuer"))) return undefined;
  const share = entry.integer("pending") > 0n ? 4n : 1n;
  return { transaction: limit.integer("capTransaction") / share, day: limit.integer("capDay") / share };
}

/** provisionalInflow bounds what numbers that one provider vouches for alone receive in a day (SPEC.md 5.7). */
function provisionalInflow(run: Running, asset: Entry, alias: Bytes, amount: bigint): { ask(): void; count(): void } {
  const nothing = { ask: () => {}, count: () => {} };
  const binding = alias.length > 0 ? run.moment.binding(alias) : undefined;
  const most = asset.integer("inflow");
  if (binding === undefined || binding.status !== provisional || most === 0n) return nothing;
  const number = asset.integer("asset");
  const entry = run.state.get("w", binding.voucher, [number, 4]);
  const before = { day: entry?.integer("day") ?? 0n, used: entry?.integer("received") ?? 0n };
  const received = run.used(before) + amount;
  return {
    ask: () => must(received <= most, "PROVISIONAL_INFLOW"),
    count: () => run.state.put("w", { account: binding.voucher, asset: number, day: run.moment.day, received }),
  };
}

/** settle moves an amount and its fee. Of a draw, both count as used of the payer's day. */
function settle(run: Running, { account, asset, fee: named }: Payer, payee: Bytes, amount: bigint, fee: bigint): void {
  const number = asset.integer("asset");
  run.touch(account, number, { posted: -(amount + fee), used: amount + fee });
  run.touch(payee, number, { posted: amount });
  if (named !== undefined && fee > 0n) run.touch(named.provider, number, { posted: fee });
}

export function transfer(run: Running, act: Acts["transfer"]): void {
  const { moment } = run;
  must(moment.hasAccount(act.credit), "CREDIT_ACCOUNT_UNKNOWN");
  const asset = present(moment.asset(act.asset), "ASSET_UNKNOWN");
  const request = act.request.length > 0 ? present(moment.request(act.request), "REQUEST_UNKNOWN") : undefined;
  must(!equal(act.debit, act.credit), "SELF_TRANSFER");
  must(act.alias.length === 0 || moment.isBound(act.alias, act.credit), "ALIAS_NOT_BOUND_TO_PAYEE");
  if (request !== undefined) must(asksFor(request, act), "REQUEST_MISMATCH");
  const payer: Payer = {
    account: act.debit, asset, operation: may.transfer, fee: act.fee, carrier: act.fee?.provider, drawn: 0n,
  };
  asksPayer(run, payer);
  asksPayee(run, payer, act.credit);
  const fee = asksFee(run, payer, [act.amount])(act.amount);
  const inflow = provisionalInflow(run, asset, act.alias, act.amount);
  draw(run, payer, act.amount, fee, inflow.ask);
  inflow.count();
  settle(run, payer, act.credit, act.amount, fee);
  if (request === undefined) return;
  run.unschedule(request.integer("expiry"), due.request, act.request);
  run.state.remove(request);
}

function asksFor(request: Entry, act: Acts["transfer"]): boolean {
  const parties = equal(request.bytes("debit"), act.debit) && equal(request.bytes("credit"), act.credit);
  return parties && request.integer("asset") === BigInt(act.asset) && request.integer("amount") === act.amount;
}

export function bulkTransfer(run: Running, act: Acts["bulkTransfer"]): void {
  const asset = present(run.moment.asset(act.asset), "ASSET_UNKNOWN");
  const payer: Payer = {
    account: act.debit, asset, operation: may.transfer, fee: act.fee, carrier: act.fee?.provider, drawn: 0n,
  };
  asksPayer(run, payer);
  const feeOf = asksFee(run, payer, act.legs.map(({ amount }) => amount));
  const isAtomic = enumName("BulkMode", act.mode) === "ATOMIC";
  const refused: { leg: number; code: string }[] = [];
  act.legs.forEach((leg, i) => {
    const mark = run.state.mark();
    try {
      bulkLeg(run, payer, leg, feeOf(leg.amount));
    } catch (fault) {
      // A right that is missing is nothing that a leg can lack.
      if (!(fault instanceof Refused) || isAtomic || fault.code === "UNAUTHORISED") throw fault;
      run.state.takeBack(mark);
      refused.push({ leg: i, code: fault.code });
    }
  });
  must(refused.length < act.legs.length, "NO_LEG_APPLIED");
  for (const { leg, code } of refused) run.refuseLeg(leg, code);
}

function bulkLeg(run: Running, payer: Payer, leg: Acts["bulkTransfer"]["legs"][number], fee: bigint): void {
  must(run.moment.hasAccount(leg.credit), "CREDIT_ACCOUNT_UNKNOWN");
  must(!equal(payer.account, leg.credit), "SELF_TRANSFER");
  must(leg.alias.length === 0 || run.moment.isBound(leg.alias, leg.credit), "ALIAS_NOT_BOUND_TO_PAYEE");
  asksPayee(run, payer, leg.credit);
  const inflow = provisionalInflow(run, payer.asset, leg.alias, leg.amount);
  draw(run, payer, leg.amount, fee, inflow.ask);
  inflow.count();
  settle(run, payer, leg.credit, leg.amount, fee);
}

/** reserve is the gate of a hold: everything about the payer, whose units then are held (SPEC.md 5.16). */
export function reserve(run: Running, act: Acts["placeHold"], asset: Entry): bigint {
  const payer: Payer = { account: act.debit, asset, operation: may.hold, fee: act.fee, carrier: act.fee?.provider, drawn: 0n };
  asksPayer(run, payer);
  // Vouchers for a number alone: nobody can say whether who claims it will be listed.
  const isIssuers = equal(act.debit, asset.bytes("issuer"));
  if (act.credit.length > 0) asksPayee(run, payer, act.credit);
  else must(!isVoucher(asset) || isIssuers, "PAYEE_NOT_LISTED");
  const fee = asksFee(run, payer, [act.amount])(act.amount);
  draw(run, payer, act.amount, fee);
  run.touch(act.debit, act.asset, { held: act.amount + fee, used: act.amount + fee });
  return fee;
}

export function giveBack(run: Running, act: Acts["return"]): void {
  const { moment } = run;
  must(moment.hasAccount(act.credit), "CREDIT_ACCOUNT_UNKNOWN");
  const asset = present(moment.asset(act.asset), "ASSET_UNKNOWN");
  must(act.carrier.length === 0 || run.state.get("p", act.carrier) !== undefined, "PROVIDER_UNKNOWN");
  const moved = present(movedBy(run, act), "TRANSFER_UNKNOWN");
  const isArbitrated = asset.isSet("arbiter") && run.rights.authority(asset.bytes("arbiter"));
  const payer: Payer = {
    account: act.debit, asset, operation: may.return, fee: undefined,
    carrier: act.carrier.length > 0 ? act.carrier : undefined, drawn: 0n,
  };
  if (!isArbitrated) must(!moment.isFrozen(act.debit), "ACCOUNT_FROZEN");
  must(!isOver(run, asset) || equal(act.credit, asset.bytes("issuer")), "VOUCHER_EXPIRED");
  if (isArbitrated) must(run.available(act.debit, act.asset) >= act.amount, "INSUFFICIENT_BALANCE");
  else draw(run, payer, act.amount, 0n);
  const before = run.state.get("z", [act.leafIndex, 8], [act.operation, 4])?.integer("returned") ?? 0n;
  must(before + act.amount <= moved, "RETURN_ABOVE_TRANSFER");
  run.state.put("z", { leaf: act.leafIndex, operation: BigInt(act.operation), returned: before + act.amount });
  const used = isArbitrated ? {} : { used: act.amount };
  run.touch(act.debit, act.asset, { posted: -act.amount, ...used });
  run.touch(act.credit, act.asset, { posted: act.amount });
}

/** movedBy gives what the operation of the leaf moved from the one who is to be credited to the one to be debited. */
function movedBy(run: Running, act: Acts["return"]): bigint | undefined {
  const { history } = run.moment;
  const leaf = act.leafIndex < history.size ? history.leaf(act.leafIndex) : undefined;
  if (leaf === undefined || !equal(leaf, act.leaf)) return undefined;
  const parsed = parseLeaf(leaf);
  let found: { debit: Bytes; credit: Bytes; asset: number; amount: bigint } | undefined;
  if ("effect" in parsed && act.operation === 0) {
    if (effectName(parsed.effect.kind) === "HOLD_COMPLETED") found = parsed.effect;
  } else if ("transaction" in parsed && isOk(parsed.transaction.result.code)) {
    const body = parse<TransactionBody>("TransactionBody", parse<Envelope>("Envelope", parsed.transaction.envelope).body);
    const operation = body.operations[act.operation]?.operation;
    if (operation?.case === "transfer" || operation?.case === "captureHold") found = operation.value;
  }
  if (found === undefined || found.asset !== act.asset) return undefined;
  return equal(found.debit, act.credit) && equal(found.credit, act.debit) ? found.amount : undefined;
}

/** raises tells whether a schedule costs more than another for some amount (SPEC.md 5.6), before any rounding. */
export function raises(before: Band[], after: Band[]): boolean {
  const bounds = [...before, ...after].flatMap(({ upTo }) => (upTo === 0n ? [] : [upTo, upTo + 1n]));
  const exact = (bands: Band[], amount: bigint) => {
    const band = bands.find(({ upTo }) => upTo === 0n || amount <= upTo);
    return band === undefined ? 0n : tenThousand * band.flat + amount * BigInt(band.basisPoints);
  };
  const amounts = [1n, widestAmount, ...bounds].filter((amount) => amount <= widestAmount);
  return amounts.some((amount) => exact(after, amount) > exact(before, amount));
}

