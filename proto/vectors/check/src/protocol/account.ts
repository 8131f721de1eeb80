// Accounts (SPEC.md 3.3): the text of their id, and their number with its check digit.
import { decimal, equal } from "./bytes.js";
import { decodeBech32m, encodeBech32m } from "./bech32m.js";
import { refuseUnless } from "./refusal.js";

const prefix = "umoja";

export function accountText(account: Uint8Array): string {
  return encodeBech32m(prefix, account);
}

/** readAccountText reads umoja1…, in lower or in upper case. */
export function readAccountText(text: string, rule = "text"): Uint8Array {
  const account = decodeBech32m(prefix, text);
  refuseUnless(account !== undefined && account.length === 16, rule, `${text} is no account`);
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
  refuseUnless(/^[1-9][0-9]{1,20}$/.test(text), "digits", `${text} is no number with a check digit`);
  const digits = text.slice(0, -1);
  const number = decimal(digits);
  refuseUnless(number !== undefined, "digits", `${text} is beyond 64 bits`);
  refuseUnless(dammDigit(digits) === text.slice(-1), "check-digit", `${text} has another check digit`);
  return number;
}
