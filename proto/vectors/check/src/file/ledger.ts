// ledger.json: whole ledgers. Every batch is applied, and what it leaves behind compared with what the file says.
import type { Kinds, Library } from "../kind.js";
import { Difference, record, same, texts } from "../vector.js";
import { Ledger, Void, type Applied, type Outcome } from "../ledger/ledger.js";
import { audit } from "../ledger/audit.js";
import { decidesId } from "../ledger/code.js";
import { fromHex, hex } from "../protocol/bytes.js";
import { Entry } from "../protocol/entry.js";
import { parseGenesis, type Network } from "../protocol/genesis.js";
import { legText } from "../protocol/leaf.js";
import { encode } from "../protocol/message.js";
import { parseBatch, type SealedBatch } from "../protocol/validator.js";

interface Told { comment: string; envelope: string; code?: string; operation?: string; legs?: string[]; leaf?: string; duplicate?: boolean }
interface Batch {
  comment?: string; time_unix_ms: string; leader: string; header: string; signature: string; transactions: Told[]; void?: string;
  leaves?: string[]; changes?: Record<string, string | null>; balances?: object[]; size?: string; root?: string; state_root?: string;
}

const always = ["time_unix_ms", "leader", "header", "signature", "transactions"];
const left = ["leaves", "size", "root", "state_root"];

export const ledger: Kinds = {
  file: "ledger.json",
  whole(value, library) {
    const fields = record("a ledger", value);
    same("the list of a ledger's fields", Object.keys(fields).sort().join(" "), "batches comment genesis name");
    texts("a ledger", fields, ["name", "comment", "genesis"]);
    const network = founded(String(fields["genesis"]), library);
    const running = new Ledger(network);
    for (const [i, batch] of list<Batch>("batches", fields["batches"]).entries()) {
      within(`batch ${i + 1}`, () => checkBatch(network, running, batch));
    }
  },
};

// A document is parsed once for the many ledgers that it founds.
const networks = new Map<string, Network>();

function founded(reference: string, library: Library): Network {
  const document = library.input(reference, "genesis");
  const network = networks.get(document) ?? parseGenesis(document);
  networks.set(document, network);
  return network;
}

function checkBatch(network: Network, ledger: Ledger, batch: Batch): void {
  const isVoid = "void" in batch;
  const optional = ["comment", ...(isVoid ? [] : ["changes", "balances"])];
  checkFields(batch, [...always, ...(isVoid ? ["void"] : left)], optional);
  const transactions = list<Told>("transactions", batch.transactions);
  for (const told of transactions) checkTold(told, isVoid);
  const sealed = sealedBatch(network, batch, transactions);
  same("time_unix_ms", String(sealed.fields.timeUnixMs), batch.time_unix_ms);
  same("leader", sealed.fields.leader, batch.leader);
  const applied = applyOr(ledger, sealed);
  if (applied instanceof Void) return same("void", applied.reason, batch.void ?? "");
  if (isVoid) throw new Difference(`the batch is applied, want void: ${batch.void}`);
  same("the outcomes", applied.outcomes.map(outcomeText).join("\n"), transactions.map(toldText).join("\n"));
  compare(batch, applied);
  audit(ledger, applied);
}

/** sealedBatch is the batch as it travels: header, signature and envelopes. */
function sealedBatch(network: Network, { header, signature }: Batch, transactions: Told[]): SealedBatch {
  const envelopes = transactions.map(({ envelope }) => fromHex(envelope));
  return parseBatch(network.id, encode("Batch", { header: fromHex(header), signature: fromHex(signature), envelopes }));
}

function applyOr(ledger: Ledger, batch: SealedBatch): Applied | Void {
  try {
    return ledger.apply(batch);
  } catch (fault) {
    if (fault instanceof Void) return fault;
    throw fault;
  }
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
  const want = list<string>("leaves", batch.leaves);
  got.slice(0, -1).forEach((leaf, i) => same(`leaf ${i} of the batch`, leaf, String(want[i])));
  const text = (of: Record<string, string | null>) => lines(Object.entries(of).map(([key, value]) => `${key}=${value}`));
  const wanted = text(batch.changes ?? {});
  const entries = new Set(wanted.split("\n"));
  const other = text(changes).split("\n").filter((line) => !entries.has(line));
  if (text(changes) !== wanted) same("the changes", `${lines(other)}\n…`, wanted);
  const balances = Object.entries(changes).flatMap(([key, value]) => (value !== null && key.startsWith("62") ? [new Entry(key, value)] : []));
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
  texts("an object", value as Record<string, unknown>, names.filter((name) => typeof (value as Record<string, unknown>)[name] === "string"));
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
