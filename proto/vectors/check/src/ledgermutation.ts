// Changes of whole ledgers that must be noticed: one thing each, in one batch, behind which the ledger ends.

type Fields = Record<string, unknown>;

/** ledgerChanges gives a ledger changed in one thing each. */
export function* ledgerChanges(ledger: Fields): Generator<[kind: string, changed: Fields]> {
  yield ["a field of a ledger more", { ...ledger, stranger: "" }];
  for (const name of Object.keys(ledger)) yield ["a field of a ledger away", without(ledger, name)];
  yield ["another genesis", { ...ledger, genesis: `${ledger["genesis"]}s` }];
  const batches = ledger["batches"] as Fields[];
  for (const [i, batch] of batches.entries()) {
    const before = batches.slice(0, i);
    for (const [kind, changed] of batchChanges(batch)) yield [kind, { ...ledger, batches: [...before, changed] }];
  }
}

// A void batch ends with the first rule that it breaks: these come before the signature is looked at, or at it.
const beforeSignature = ["set-checkpoint", "epoch", "number", "previous", "time", "leader", "signature"];

function* batchChanges(batch: Fields): Generator<[kind: string, changed: Fields]> {
  yield ["a field of a batch more", { ...batch, stranger: "" }];
  if (batch["void"] === undefined) yield ["applied, now void", { ...batch, void: "weight" }];
  else yield ["void, now applied", without(batch, "void")];
  for (const [name, value] of Object.entries(batch)) {
    if (name === "comment") continue;
    yield ["a field of a batch away", without(batch, name)];
    if (name === "signature" && beforeSignature.includes(String(batch["void"]))) continue;
    // What opens an epoch stands at the end of a header, and is not looked at where none may be opened.
    if (name === "header" && batch["void"] === "epoch") continue;
    if (typeof value === "string") yield [`${name} of a batch`, { ...batch, [name]: changedText(value) }];
  }
  for (const name of ["transactions", "leaves", "balances"]) {
    const list = (batch[name] ?? []) as (Fields | string)[];
    for (const [i, element] of list.entries()) {
      const replaced = (...by: (Fields | string)[]) => ({ ...batch, [name]: list.toSpliced(i, 1, ...by) });
      yield [`one of the ${name} away`, replaced()];
      yield [`one of the ${name} twice`, replaced(element, element)];
      for (const [kind, changed] of elementChanges(name, element)) yield [kind, replaced(changed)];
    }
  }
  const entries = (batch["changes"] ?? {}) as Fields;
  for (const [key, value] of Object.entries(entries)) {
    yield ["a change of the state away", { ...batch, changes: without(entries, key) }];
    const other = value === null ? "00" : changedText(String(value));
    yield ["a change of the state", { ...batch, changes: { ...entries, [key]: other } }];
  }
}

function* elementChanges(name: string, element: Fields | string): Generator<[kind: string, changed: Fields | string]> {
  if (typeof element === "string") {
    yield [`one of the ${name}`, changedText(element)];
    return;
  }
  yield [`a field of one of the ${name} more`, { ...element, stranger: "" }];
  for (const [field, value] of Object.entries(element)) {
    yield [`a field of one of the ${name} away`, without(element, field)];
    if (typeof value === "string" && field !== "comment") {
      yield [`${field} of one of the ${name}`, { ...element, [field]: changedText(value) }];
    }
    if (field !== "legs") continue;
    const legs = value as string[];
    for (const [i, leg] of legs.entries()) {
      yield ["a refused leg", { ...element, legs: legs.with(i, changedText(leg)) }];
    }
  }
}

export function without<T>(fields: Record<string, T>, name: string): Record<string, T> {
  return Object.fromEntries(Object.entries(fields).filter(([field]) => field !== name));
}

/** changedText changes the lowest bit of a text's last character, so that a decimal stays one. */
export function changedText(text: string): string {
  return text.slice(0, -1) + String.fromCharCode((text.at(-1) ?? "0").charCodeAt(0) ^ 1);
}
