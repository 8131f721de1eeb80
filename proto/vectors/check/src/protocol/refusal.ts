// What a reader of the protocol says no with.

/**
 * Refusal says that bytes or a text break a rule. `rule` is the name by which the vectors call the rule; the message
 * says what was found, for people.
 */
export class Refusal extends Error {
  constructor(readonly rule: string, message: string) {
    super(`${rule}: ${message}`);
  }
}

/** refuseUnless throws a Refusal if the rule does not hold. */
export function refuseUnless(holds: boolean, rule: string, message: string): asserts holds {
  if (!holds) throw new Refusal(rule, message);
}
