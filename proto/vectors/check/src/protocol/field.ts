// Rules that many acts share (SPEC.md 3.6): lengths, keys, amounts, texts. Each names the rule that it refuses by.
import { hex } from "./bytes.js";
import type { Band, Fee, Grant, TierLimit } from "./act.js";
import { isPoint } from "./hash.js";
import { refuseUnless } from "./refusal.js";

type Bytes = Uint8Array;

export const widestAmount = (1n << 63n) - 1n;

/** Fields holds the fields of a body to their rules, and keeps the accounts that they name. */
export class Fields {
  readonly accounts = new Set<string>();

  account(name: string, bytes: Bytes): void {
    fixed(name, bytes, 16);
    this.accounts.add(hex(bytes));
  }

  accountOrAbsent(name: string, bytes: Bytes): void {
    if (bytes.length > 0) this.account(name, bytes);
  }

  /** fee also holds amounts and fee together to the bound of a sum. */
  fee(fee: Fee | undefined, amounts: bigint): void {
    if (fee !== undefined) {
      this.account("provider", fee.provider);
      refuseUnless(fee.scheduleVersion >= 1, "fee-schedule", "a fee names a schedule version");
      // With an amount of 1, such a fee breaks the rule of sums as well.
      refuseUnless(fee.amount <= widestAmount, ["amount", "sum"], `a fee of ${fee.amount}`);
    }
    refuseUnless(amounts + (fee?.amount ?? 0n) <= widestAmount, "sum", "amounts and fee together");
  }

  grant(grant: Grant): void {
    this.account("account", grant.account);
    key("grantee", grant.grantee);
    const ascends = grant.operations.every((operation, i) => operation > (grant.operations[i - 1] ?? 0));
    refuseUnless(grant.operations.length > 0 && ascends, "granted-operations", `${grant.operations}`);
    asset(grant.asset);
    caps(grant);
    refuseUnless(grant.feeCeiling <= grant.capTransaction, "caps", "the fee ceiling is above the cap");
    time("expires_at", grant.expiresAtUnixMs);
  }
}

export function fixed(name: string, bytes: Bytes, length: number): void {
  refuseUnless(bytes.length === length, "fixed-length", `${name} has ${length} bytes, not ${bytes.length}`);
}

export function fixedOrAbsent(name: string, bytes: Bytes, length: number): void {
  if (bytes.length > 0) fixed(name, bytes, length);
}

/** key is for keys that somebody is to sign with. */
export function key(name: string, bytes: Bytes): void {
  fixed(name, bytes, 32);
  refuseUnless(isPoint(bytes), "point", `${name} ${hex(bytes)} is on no point of the curve`);
}

export function asset(number: number): void {
  refuseUnless(number >= 1, "asset", "assets are numbered from 1");
}

export function amount(value: bigint): void {
  refuseUnless(value >= 1n && value <= widestAmount, "amount", `an amount of ${value}`);
}

export function amountOrZero(name: string, value: bigint): void {
  refuseUnless(value <= widestAmount, "amount", `${name} is ${value}`);
}

/** time is for times whose absence would be a mistake. */
export function time(name: string, unixMs: bigint): void {
  refuseUnless(unixMs > 0n, "expiry", `there is no ${name}`);
}

export function caps({ capTransaction, capDay }: { capTransaction: bigint; capDay: bigint }): void {
  refuseUnless(capTransaction > 0n, "caps", "a cap of 0 per transaction");
  refuseUnless(capTransaction <= capDay, "caps", "the cap of a day is below that of a transaction");
  refuseUnless(capDay <= widestAmount, "caps", `a cap of ${capDay} per day`);
}

export function tier(value: number): void {
  refuseUnless(value <= 9, "limits", `tier ${value}`);
}

export function limits(list: TierLimit[]): void {
  list.forEach((limit, i) => {
    tier(limit.tier);
    refuseUnless(limit.tier > (list[i - 1]?.tier ?? -1), "limits", "limits do not ascend by tier");
    caps(limit);
  });
}

export function bands(list: Band[]): void {
  refuseUnless(list.length >= 1 && list.length <= 16, "bands", `${list.length} bands`);
  list.forEach(({ upTo, flat, basisPoints }, i) => {
    const isLast = i === list.length - 1;
    refuseUnless((upTo === 0n) === isLast, "bands", "the last band, and no other, has no bound");
    refuseUnless(isLast || upTo > (list[i - 1]?.upTo ?? 0n), "bands", "bounds do not ascend");
    refuseUnless(upTo <= widestAmount, "bands", `a bound of ${upTo}`);
    // A flat fee is a fee, so SPEC.md says this twice.
    refuseUnless(flat <= widestAmount, ["amount", "bands"], `a flat fee of ${flat}`);
    refuseUnless(basisPoints <= 10000, "bands", `${basisPoints} basis points`);
  });
}

export function reference(text: string): void {
  const size = Buffer.byteLength(text);
  refuseUnless(size <= 64, "reference", `a reference of ${size} bytes`);
}

// The characters of SPEC.md 4 that are not seen, or change what is.
const unseen = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]/;

/** isShown tells whether a reader may show a text. */
export function isShown(text: string): boolean {
  return !unseen.test(text);
}

export function text(name: string, value: string, longest: number): void {
  const size = Buffer.byteLength(value);
  refuseUnless(size >= 1 && size <= longest, "text", `${name} of ${size} bytes`);
  refuseUnless(isShown(value), "text", `${name} ${JSON.stringify(value)}`);
}

export function texts(name: string, list: string[], most: number, longest: number): void {
  refuseUnless(list.length <= most, "text", `${list.length} ${name}`);
  for (const value of list) text(name, value, longest);
}

export function telephone(value: string): void {
  if (value !== "") refuseUnless(/^\+[1-9][0-9]*$/.test(value) && value.length <= 16, "telephone", value);
}

export function isAssetCode(code: string): boolean {
  return /^[A-Z0-9]{1,12}$/.test(code);
}

export function isValidatorName(name: string): boolean {
  return /^[a-z0-9][a-z0-9.-]{0,63}$/.test(name);
}

export function validatorName(name: string): void {
  refuseUnless(isValidatorName(name), "validator-name", JSON.stringify(name));
}
