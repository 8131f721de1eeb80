// Accounts (SPEC.md 3): their authority, their id and its text, and their number with its check digit.
import { compare, decimal, equal, hex, joined } from "./bytes.js";
import { decodeBech32m, encodeBech32m } from "./bech32m.js";
import { isPoint, taggedHash } from "./hash.js";
import { parseInForm, type Authority } from "./message.js";
import { Refusal, refuseUnless } from "./refusal.js";

const prefix = "umoja";

/** checkAuthority holds an authority to its rules: owner keys with a threshold in reach, or attestors. */
export function checkAuthority(authority: Authority | undefined): asserts authority is Authority {
  const check = (holds: boolean, message: string) => refuseUnless(holds, "authority", message);
  if (authority === undefined) throw new Refusal("authority", "there is none");
  if (authority.keys.length === 0) {
    check(authority.threshold === 0, "a threshold without keys");
    check(authority.attestors >= 1 && authority.attestors <= 16, `${authority.attestors} attestors`);
    return;
  }
  check(authority.keys.length <= 16, `${authority.keys.length} keys`);
  check(authority.attestors === 0, "keys beside attestors");
  let sum = 0;
  authority.keys.forEach(({ key, weight }, i) => {
    const before = authority.keys[i - 1];
    check(key.length === 32, `a key of ${key.length} bytes`);
    check(before === undefined || compare(before.key, key) < 0, "keys do not ascend");
    check(weight >= 1, "a key of weight 0");
    refuseUnless(isPoint(key), "point", `the owner key ${hex(key)} is on no point of the curve`);
    sum += weight;
  });
  check(authority.threshold >= 1 && authority.threshold <= sum, `threshold ${authority.threshold} of ${sum}`);
}

/** accountId hashes the canonical bytes of an authority, after checking them, with the salt. */
export function accountId(salt: Uint8Array, authority: Uint8Array): Uint8Array {
  checkAuthority(parseInForm<Authority>("Authority", authority, "canonical"));
  refuseUnless(salt.length === 16, "fixed-length", `a salt of ${salt.length} bytes`);
  return taggedHash("umoja/account/v1", joined(salt, authority)).slice(0, 16);
}

export function accountText(account: Uint8Array): string {
  return encodeBech32m(prefix, account);
}

/** readAccountText reads umoja1…, in lower or in upper case. */
export function readAccountText(text: string): Uint8Array {
  const account = decodeBech32m(prefix, text);
  refuseUnless(account !== undefined && account.length === 16, "text", `${text} is no account`);
  const again = decodeBech32m(prefix, accountText(account));
  if (again === undefined || !equal(again, account)) throw new Error(`${text} does not come back`);
  return account;
}

// The quasigroup of order 10 of Damm's thesis.
const damm = [
  "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
  "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
];

function dammDigit(digits: string): string {
  let interim = 0;
  for (const digit of digits) interim = Number(damm[interim]?.[Number(digit)]);
  return String(interim);
}

/** numberText writes an account's number with its check digit behind it. */
export function numberText(number: bigint): string {
  return `${number}${dammDigit(String(number))}`;
}

/** readNumber reads what numberText writes, and nothing else. */
export function readNumber(text: string): bigint {
  refuseUnless(/^[1-9][0-9]+$/.test(text), "digits", `${text} is no number with a check digit`);
  const digits = text.slice(0, -1);
  refuseUnless(dammDigit(digits) === text.slice(-1), "check-digit", `${text} has another check digit`);
  const number = decimal(digits);
  refuseUnless(number !== undefined, "check-digit", `${text} is beyond 64 bits`);
  return number;
}
