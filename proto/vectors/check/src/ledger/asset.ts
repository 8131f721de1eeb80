// Assets (SPEC.md 5.14): money and vouchers, their limits, what is issued and what backs it.
import type { Acts, TierLimit } from "../protocol/act.js";
import { ascii, equal, fromBigEndian } from "../protocol/bytes.js";
import type { Entry } from "../protocol/entry.js";
import { widestAmount } from "../protocol/field.js";
import { must } from "./code.js";
import { dayMs, isVoucher } from "./moment.js";
import type { Record, Running } from "./record.js";

type Bytes = Uint8Array;

const longest = 1827n * dayMs;

export function defineAsset(run: Running, act: Acts["defineAsset"]): void {
  must(act.arbiter.length === 0 || run.moment.hasAccount(act.arbiter), "CREDIT_ACCOUNT_UNKNOWN");
  must(run.state.get("S", ascii(act.code)) === undefined, "ASSET_CODE_TAKEN");
  const until = act.spendUntilUnixMs;
  must(until === 0n || (until > run.time && until <= run.time + longest), "TIME_NOT_VALID");
  const asset = run.count("assets");
  run.state.put("s", {
    asset, scale: BigInt(act.scale), kind: BigInt(act.kind), issuer: act.issuer, spendUntil: until, arbiter: act.arbiter,
    inflow: act.provisionalInflowDay, code: ascii(act.code),
  });
  run.state.put("S", { code: ascii(act.code), asset });
  putLimits(run, asset, act.limits);
}

function putLimits(run: Running, asset: bigint, limits: TierLimit[]): void {
  for (const { tier, capTransaction, capDay } of limits) {
    run.state.put("t", { asset, tier: BigInt(tier), capTransaction, capDay });
  }
}

export function setLimits(run: Running, act: Acts["setLimits"]): void {
  const asset = definition(run, act.asset);
  for (const limit of run.state.all("t")) if (limit.integer("asset") === BigInt(act.asset)) run.state.remove(limit);
  run.state.update(asset, { inflow: act.provisionalInflowDay });
  putLimits(run, BigInt(act.asset), act.limits);
}

/** definition is for assets of which it was said already that they are there. */
function definition(run: Record, number: number | bigint): Entry {
  const asset = run.moment.asset(number);
  if (asset === undefined) throw new Error(`there is no asset ${number}`);
  return asset;
}

export function listPayee(run: Running, act: Acts["listPayee"]): void {
  const asset = definition(run, act.asset);
  must(run.moment.hasAccount(act.payee), "CREDIT_ACCOUNT_UNKNOWN");
  const isListed = run.state.get("y", [act.asset, 4], act.payee)?.integer("listed") === 1n;
  must(isListed !== act.listed, "NOTHING_TO_CHANGE");
  must(isVoucher(asset), "ASSET_IS_NO_VOUCHER");
  must(run.time <= asset.integer("spendUntil"), "VOUCHER_EXPIRED");
  run.state.put("y", { asset: BigInt(act.asset), payee: act.payee, listed: act.listed ? 1n : 0n });
}

export function issue(run: Running, act: Acts["issue"]): void {
  const asset = definition(run, act.asset);
  must(run.moment.hasAccount(act.credit), "CREDIT_ACCOUNT_UNKNOWN");
  must(!run.moment.isFrozen(asset.bytes("issuer")), "ACCOUNT_FROZEN");
  must(!isVoucher(asset) || run.time <= asset.integer("spendUntil"), "VOUCHER_EXPIRED");
  const supply = asset.integer("supply") + act.amount;
  must(supply <= widestAmount, "AMOUNT_OVERFLOW");
  run.state.update(asset, { supply });
  run.touch(act.credit, act.asset, { posted: act.amount });
}

export function redeem(run: Running, act: Acts["redeem"]): void {
  const asset = definition(run, act.asset);
  must(!run.moment.isFrozen(act.issuer), "ACCOUNT_FROZEN");
  must(run.available(act.issuer, act.asset) >= act.amount, "INSUFFICIENT_BALANCE");
  run.state.update(asset, { supply: asset.integer("supply") - act.amount });
  run.touch(act.issuer, act.asset, { posted: -act.amount });
}

export function stateReserve(run: Running, act: Acts["stateReserve"]): void {
  const asset = definition(run, act.asset);
  must(act.asOfUnixMs <= run.time && act.asOfUnixMs > asset.integer("asOf"), "TIME_NOT_VALID");
  run.state.update(asset, { reserve: act.reserve, asOf: act.asOfUnixMs, statedAt: run.time, evidence: act.evidenceHash });
}

/** returnVouchers gives back to the issuer what an account has left after the date, but not from who is or was listed. */
export function returnVouchers(record: Record, subject: Bytes): object | undefined {
  const [number, account] = [fromBigEndian(subject.slice(0, 4)), subject.slice(4)];
  const asset = definition(record, number);
  const amount = record.available(account, number);
  if (amount === 0n || record.state.get("y", [number, 4], account) !== undefined) return undefined;
  const issuer = asset.bytes("issuer");
  if (equal(account, issuer)) return undefined;
  record.touch(account, number, { posted: -amount });
  record.touch(issuer, number, { posted: amount });
  return { kind: "VOUCHER_RETURNED", subject, debit: account, credit: issuer, asset: Number(number), amount };
}

