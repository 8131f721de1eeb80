// What a reader of the protocol says no with.

/**
 * Refusal says that bytes or a text break a rule. `rules` are the names by which the vectors call the rule, more than
 * one where SPEC.md says the same thing under two names; the message says what was found, for people.
 */
export class Refusal extends Error {
  readonly rules: string[];

  constructor(rule: string | string[], message: string) {
    super(`${rule}: ${message}`);
    this.rules = [rule].flat();
  }
}

/** refuseUnless throws a Refusal if the rule does not hold. */
export function refuseUnless(holds: boolean, rule: string | string[], message: string): asserts holds {
  if (!holds) throw new Refusal(rule, message);
}

/** under does something whose own refusals have another rule here. */
export function under<T>(rule: string | string[], act: () => T): T {
  try {
    return act();
  } catch (fault) {
    if (fault instanceof Refusal) throw new Refusal(rule, fault.message);
    throw fault;
  }
}
