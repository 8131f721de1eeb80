// Kinds of cases, and holding one case to the kind that it is of.
import { Difference, Input, same, type Vector } from "./vector.js";
import { Refusal } from "./protocol/refusal.js";

export type Out = Record<string, string>;

/** Library gives a kind the cases of other files, for inputs such as "network.json four-validators". */
export interface Library {
  input(reference: string, field: string): string;
}

/**
 * Kind is one thing that cases are about. A case is of the kind that has exactly the fields of its `in`, and the
 * `what` that it names.
 */
export interface Kind {
  what?: string;
  in: string[];
  /**
   * check does what the case is about and gives all of `out`. It throws a Refusal if a rule of the protocol is broken,
   * and anything else if this program and the case do not fit together. What it accepts it also writes again, and
   * compares that with what went in.
   */
  check(input: Input, library: Library): Out;
}

/**
 * Kinds are those of one file, by its name; or, where cases have a form of their own, what checks a whole one. A new file
 * is a module that exports these, listed in file/index.ts.
 */
export type Kinds =
  | { file: string; kinds: Kind[] }
  | { file: string; whole(value: unknown, library: Library): void };

/** hold throws a Difference unless this program accepts or rejects the case as it says. */
export function hold(vector: Vector, kinds: Kind[], library: Library): void {
  const input = new Input(vector.in);
  const kind = kindOf(input, kinds);
  const verdict = judge(kind, input, library);
  if ("refusal" in verdict) {
    if (vector.result === "accept") throw new Difference(`rejected (${verdict.refusal.message}), want accepted`);
    if (!verdict.refusal.rules.includes(vector.rule ?? "")) {
      throw new Difference(`rejected by the rule ${verdict.refusal.message}; want the rule ${vector.rule}`);
    }
    return;
  }
  if (vector.out === undefined) throw new Difference(`accepted, want rejected by the rule ${vector.rule}`);
  same("the list of fields in out", Object.keys(vector.out).sort().join(" "), Object.keys(verdict.out).sort().join(" "));
  for (const [field, got] of Object.entries(verdict.out)) same(`out.${field}`, got, vector.out[field] ?? "");
}

function judge(kind: Kind, input: Input, library: Library): { out: Out } | { refusal: Refusal } {
  try {
    return { out: kind.check(input, library) };
  } catch (fault) {
    if (fault instanceof Refusal) return { refusal: fault };
    throw fault;
  }
}

function kindOf(input: Input, kinds: Kind[]): Kind {
  const fields = input.names().sort().join(" ");
  const what = input.has("what") ? input.text("what") : undefined;
  const found = kinds.filter((kind) => {
    const names = kind.what === undefined ? kind.in : ["what", ...kind.in];
    return kind.what === what && [...names].sort().join(" ") === fields;
  });
  const [kind] = found;
  if (kind === undefined || found.length > 1) {
    throw new Difference(`this program knows ${found.length} kinds of case ${what ?? ""} with the fields ${fields} in in`);
  }
  return kind;
}
