// Authorities (SPEC.md 5.3): who may act on an account; and the account ids that follow from them (SPEC.md 3.3).
import { compare, hex, joined } from "./bytes.js";
import { isPoint, taggedHash } from "./hash.js";
import { parseInForm, type Authority, type AuthorityKey } from "./message.js";
import { refuseUnless } from "./refusal.js";

const check = (holds: boolean, message: string) => refuseUnless(holds, "authority", message);

/** checkAuthority makes sure that somebody can act on the account, or give it a new authority. */
export function checkAuthority(authority: Authority | undefined): asserts authority is Authority {
  refuseUnless(authority !== undefined, "authority", "there is none");
  const { keys, threshold, attestors, guardians, guardianThreshold } = authority;
  checkKeys("owner", keys, threshold);
  checkKeys("guardian", guardians, guardianThreshold);
  check(attestors <= 8, `${attestors} attestors`);
  check(keys.length > 0 || attestors >= 1, "neither keys nor attestors");
}

/** checkOwned is for an authority that replaces another: it has keys. */
export function checkOwned(authority: Authority | undefined): asserts authority is Authority {
  checkAuthority(authority);
  check(authority.keys.length > 0, "an account is never given back to nobody");
}

function checkKeys(whose: string, keys: AuthorityKey[], threshold: number): void {
  check(keys.length <= 16, `${keys.length} ${whose} keys`);
  let sum = 0;
  keys.forEach(({ key, weight }, i) => {
    const before = keys[i - 1];
    refuseUnless(key.length === 32, "fixed-length", `a ${whose} key of ${key.length} bytes`);
    refuseUnless(isPoint(key), "point", `the ${whose} key ${hex(key)} is on no point of the curve`);
    check(before === undefined || compare(before.key, key) < 0, `${whose} keys do not ascend`);
    check(weight >= 1, `a ${whose} key of weight 0`);
    sum += weight;
  });
  // The sum is at most 16 * 2^32, which a number holds exactly.
  check(keys.length === 0 ? threshold === 0 : threshold >= 1 && threshold <= sum, `${whose} threshold ${threshold} of ${sum}`);
}

/** accountId hashes the canonical bytes of an authority, after checking them, with the salt. */
export function accountId(salt: Uint8Array, authority: Uint8Array): Uint8Array {
  checkAuthority(parseInForm<Authority>("Authority", authority));
  refuseUnless(salt.length === 16, "fixed-length", `a salt of ${salt.length} bytes`);
  return taggedHash("umoja/account/v1", joined(salt, authority)).slice(0, 16);
}
