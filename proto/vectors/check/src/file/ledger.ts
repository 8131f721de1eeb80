// ledger.json: whole ledgers. Every batch is applied, and what it leaves behind compared with what the file says.
import type { Kinds } from "../kind.js";
import { founded } from "./founded.js";
import { Difference, record, same, texts } from "../vector.js";
import { Ledger, Void, type Applied, type Outcome } from "../ledger/ledger.js";
import { audit } from "../ledger/audit.js";
import { decidesId } from "../ledger/code.js";
import { fromHex, hex } from "../protocol/bytes.js";
import { Entry, letterOf } from "../protocol/entry.js";
import type { Network } from "../protocol/genesis.js";
import { legText } from "../protocol/leaf.js";
import { encode } from "../protocol/message.js";
import { parseBatch, type SealedBatch } from "../protocol/validator.js";

interface Told {
  comment: string; envelope: string; code?: string; operation?: string; legs?: string[]; leaf?: string; duplicate?: boolean;
}
interface Batch {
  comment?: string; time_unix_ms: string; leader: string; header: string; signature: string; transactions: Told[];
  void?: string; leaves?: string[]; changes?: Record<string, string | null>; balances?: object[]; size?: string;
  root?: string; state_root?: string;
}

const always = ["time_unix_ms", "leader", "header", "signature", "transactions"];
const left = ["size", "root", "state_root"];

export const ledger: Kinds = {
  file: "ledger.json",
  whole(value, library) {
    const fields = record("a ledger", value);
    same("the list of a ledger's fields", Object.keys(fields).sort().join(" "), "batches comment genesis name");
    texts("a ledger", fields, ["name", "comment", "genesis"]);
    const network = founded(String(fields["genesis"]), library);
    const follower = new Follower(network);
    for (const [i, batch] of list<Batch>("batches", fields["batches"]).entries()) {
      within(`batch ${i + 1}`, () => follower.follow(batch));
    }
  },
};

// What became of a batch behind the batches before it. The tests change what is said of a batch in many ways, and its own
// bytes in few.
const results = new Map<string, Applied | Void>();

/** Follower holds batches to what they say, one after the other. */
class Follower {
  private ledger: Ledger | undefined;
  // Batches whose result was known, and that the ledger has not applied.
  private readonly behind: SealedBatch[] = [];
  private place: string;

  constructor(private readonly network: Network) {
    this.place = hex(network.id);
  }

  follow(batch: Batch): void {
    checkForm(batch);
    const sealed = sealedBatch(this.network, batch);
    const name = `${this.place} ${hex(sealed.hash)} ${hex(sealed.signature)}`;
    const known = results.get(name);
    const result = known ?? this.apply(sealed);
    results.set(name, result);
    checkResult(batch, result);
    if (result instanceof Void) return;
    if (known !== undefined) this.behind.push(sealed);
    this.place = name;
  }

  private apply(sealed: SealedBatch): Applied | Void {
    const ledger = this.caughtUp();
    try {
      const applied = ledger.apply(sealed);
      audit(ledger, applied);
      return applied;
    } catch (fault) {
      if (fault instanceof Void) return fault;
      throw fault;
    }
  }

  /** caughtUp is the ledger behind all batches before. */
  private caughtUp(): Ledger {
    this.ledger ??= new Ledger(this.network);
    for (const batch of this.behind.splice(0)) this.ledger.apply(batch);
    return this.ledger;
  }
}

/** checkForm holds a batch to the fields that it has. */
function checkForm(batch: Batch): void {
  const isVoid = "void" in batch;
  const optional = ["comment", ...(isVoid ? [] : ["leaves", "changes", "balances"])];
  checkFields(batch, [...always, ...(isVoid ? ["void"] : left)], optional);
  for (const told of list<Told>("transactions", batch.transactions)) checkTold(told, isVoid);
}

/** sealedBatch is the batch as it travels: header, signature and envelopes. */
function sealedBatch(network: Network, batch: Batch): SealedBatch {
  const envelopes = batch.transactions.map(({ envelope }) => fromHex(envelope));
  const [header, signature] = [fromHex(batch.header), fromHex(batch.signature)];
  const sealed = parseBatch(network.id, encode("Batch", { header, signature, envelopes }));
  same("time_unix_ms", String(sealed.fields.timeUnixMs), batch.time_unix_ms);
  same("leader", sealed.fields.leader, batch.leader);
  return sealed;
}

function checkResult(batch: Batch, result: Applied | Void): void {
  if (result instanceof Void) return same("void", result.reason, batch.void ?? "");
  if (batch.void !== undefined) throw new Difference(`the batch is applied, want void: ${batch.void}`);
  same("the outcomes", result.outcomes.map(outcomeText).join("\n"), batch.transactions.map(toldText).join("\n"));
  compare(batch, result);
}

function checkTold(told: Told, isVoid: boolean): void {
  const optional = isVoid ? [] : ["operation", "legs", "duplicate"];
  checkFields(told, ["comment", "envelope", ...(isVoid ? [] : ["code", "leaf"])], optional);
  if (told.duplicate !== undefined && told.duplicate !== true) throw new Difference("duplicate is true or absent");
}

/** The text of an outcome has in it what the file tells of a transaction, and nothing more. */
function outcomeText({ code, operation, legs, leaf, duplicate }: Outcome): string {
  const refused = code !== "OK" && decidesId(code) ? String(operation) : undefined;
  const texts = legs.length > 0 ? legs.map(legText) : undefined;
  return JSON.stringify([code, refused, texts, String(leaf), duplicate || undefined]);
}

function toldText({ code, operation, legs, leaf, duplicate }: Told): string {
  return JSON.stringify([code, operation, legs, leaf, duplicate]);
}

function compare(batch: Batch, { leaves, changes, size, root, stateRoot }: Applied): void {
  // Records and changes tell more of what is wrong than roots, so they come first.
  const lines = (all: string[]) => all.join("\n");
  const got = leaves.map(hex);
  const want = list<string>("leaves", batch.leaves ?? []);
  got.slice(0, -1).forEach((leaf, i) => same(`leaf ${i} of the batch`, leaf, String(want[i])));
  const text = (of: Record<string, string | null>) => lines(Object.entries(of).map(([key, value]) => `${key}=${value}`));
  const wanted = text(batch.changes ?? {});
  const entries = new Set(wanted.split("\n"));
  const other = text(changes).split("\n").filter((line) => !entries.has(line));
  if (text(changes) !== wanted) same("the changes", `${lines(other)}\n…`, wanted);
  const balances = Object.entries(changes).flatMap(([key, value]) => {
    return value !== null && letterOf(key) === "b" ? [new Entry(key, value)] : [];
  });
  const balance = (entry: Entry) => ({
    account: entry.hex("account"), asset: String(entry.integer("asset")), posted: String(entry.integer("posted")),
    held: String(entry.integer("held")),
  });
  same("the header leaf", String(got.at(-1)), String(want.at(-1)));
  same("how many leaves", String(got.length), String(want.length));
  same("the balances", JSON.stringify(balances.map(balance)), JSON.stringify(batch.balances ?? []));
  same("size", String(size), String(batch.size));
  same("state_root", hex(stateRoot), String(batch.state_root));
  same("root", hex(root), String(batch.root));
}

function checkFields(value: object, wanted: string[], optional: string[]): void {
  const names = Object.keys(record("an object", value));
  const missing = wanted.filter((name) => !names.includes(name));
  const more = names.filter((name) => !wanted.includes(name) && !optional.includes(name));
  if (missing.length + more.length > 0) throw new Difference(`without ${missing.join(" ")}, with ${more.join(" ")}`);
  const fields = value as Record<string, unknown>;
  texts("an object", fields, names.filter((name) => typeof fields[name] === "string"));
}

function list<T>(what: string, value: unknown): T[] {
  if (!Array.isArray(value)) throw new Difference(`${what} is no list`);
  return value as T[];
}

function within(what: string, check: () => void): void {
  try {
    check();
  } catch (fault) {
    throw new Difference(`${what}: ${fault instanceof Error ? fault.message : String(fault)}`);
  }
}
