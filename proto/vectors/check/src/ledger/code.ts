// Result codes (SPEC.md 5.2): refusing by one, and which of them decide an id.

/** Refused says that a rule of the ledger refuses a transaction, or a leg of one. */
export class Refused extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

/** must refuses by a code unless the rule holds. Rules of an operation are asked in ascending order of their codes. */
export function must(holds: boolean, code: string): asserts holds {
  if (!holds) throw new Refused(code);
}

/** present is must for what has to be there. */
export function present<T>(value: T | undefined, code: string): T {
  if (value === undefined) throw new Refused(code);
  return value;
}

// What depends on the envelope or the moment decides no id (SPEC.md 5.1, 3).
const ofTheMoment = ["UNAUTHORISED", "EXPIRY_TOO_FAR", "ACCOUNT_UNKNOWN", "DEBIT_ACCOUNT_UNKNOWN", "QUOTA_EXHAUSTED"];

export function decidesId(code: string): boolean {
  return !ofTheMoment.includes(code);
}
