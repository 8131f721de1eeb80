// Decisions of ballots (SPEC.md 5.20): their bounds that need no state.
import type { Decision, Decisions } from "./act.js";
import { hex } from "./bytes.js";
import { checkAttestor } from "./directory.js";
import { fixed, validatorName, type Fields } from "./field.js";
import { enumName } from "./message.js";
import { refuseUnless } from "./refusal.js";

export function checkDecision(decision: Decision | undefined, fields: Fields): void {
  const chosen = decision?.decision;
  refuseUnless(chosen?.case !== undefined, "decision", "there is none");
  const rules = decisions[chosen.case] as ((value: object, fields: Fields) => void) | undefined;
  if (rules === undefined) throw new Error(`the decision ${chosen.case} has no rules in this program`);
  rules(chosen.value, fields);
}

const check = (holds: boolean, message: string) => refuseUnless(holds, "decision", message);

const decisions: { [Name in keyof Decisions]: (value: Decisions[Name], fields: Fields) => void } = {
  setValidators({ validators }, fields) {
    const n = validators.length;
    check(n >= 4 && n <= 31 && n % 3 === 1, `${n} validators`);
    validators.forEach(({ name, key, tlsKeyHash, account, peerAddress }, i) => {
      const before = validators[i - 1];
      validatorName(name);
      check(before === undefined || before.name < name, "names do not ascend");
      fixed("key", key, 32);
      fixed("tls_key_hash", tlsKeyHash, 32);
      fields.account("account", account);
      check(peerAddress.length <= 255 && /^[!#-%'-;=?-[\]-~]*$/.test(peerAddress), "an address of other than printable ASCII");
    });
    const keys = validators.flatMap(({ key, tlsKeyHash }) => [hex(key), hex(tlsKeyHash)]);
    check(new Set(keys).size === 2 * n, "a key stands twice");
  },
  setParameter({ parameter, value }) {
    check(parameter !== 0, "a parameter that is none");
    check(isParameterValue(enumName("Parameter", parameter), value), `parameter ${parameter} is ${value}`);
  },
  setRules: ({ version }) => check(version >= 1, "versions are numbered from 1"),
  setIssuer: ({ account }, fields) => fields.account("account", account),
  setAttestor({ attestor }, fields) {
    refuseUnless(attestor !== undefined, "decision", "there is no attestor");
    checkAttestor(attestor, fields);
  },
  removeAttestor: ({ account }, fields) => fields.account("account", account),
  freeze({ account, evidenceHash }, fields) {
    fields.account("account", account);
    fixed("evidence_hash", evidenceHash, 32);
  },
  setPool({ provider, shares }, fields) {
    fields.account("provider", provider);
    check(isShares(BigInt(shares)), `${shares} shares`);
  },
};

export function isShares(shares: bigint): boolean {
  return shares >= 1n && shares <= 65536n;
}

const year = 365n * 86400000n;
const bounds: Record<string, [least: bigint, most: bigint]> = {
  ATTESTATIONS: [1n, 8n], MOVE_DELAY_MS: [0n, year], RECOVERY_DELAY_MS: [0n, year], QUARANTINE_MS: [0n, year],
  CREDIT_INTERVAL_MS: [0n, 1n << 27n], CREDIT_BURST: [1n, 1n << 20n],
};

/** isParameterValue takes the name of a parameter as the enum has it, without its prefix. */
export function isParameterValue(name: string, value: bigint): boolean {
  const found = bounds[name];
  if (found === undefined) throw new Error(`the parameter ${name} has no bounds in this program`);
  return value >= found[0] && value <= found[1];
}
