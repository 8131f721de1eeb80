// Command mutation shows that the check can fail: it changes vectors, one thing at a time and in memory, in every way
// that must be noticed, and exits 1 if a change goes unnoticed.
import { fileURLToPath } from "node:url";
import { checkDirectory, checkFile, readDirectory, type Directory } from "./check.js";
import { changedText, ledgerChanges, without } from "./ledgermutation.js";
import type { Vector } from "./vector.js";

// The end of these inputs may change, and nothing else with it: the last 32 bytes are the hash of the last validator's TLS
// key, which no signature of these files covers.
const uncovered = new Set(["checkpoint.json validator_set", "validator.json validator_set"]);

interface Mutation { kind: string; file: string; name: string; cases: unknown[] }

// Nearly all that is done here is refusing; nobody reads where.
Error.stackTraceLimit = 0;

const directory = readDirectory(process.argv[2] ?? fileURLToPath(new URL("../..", import.meta.url)));
const before = checkDirectory(directory).flatMap(({ wrong }) => wrong);
if (before.length > 0) {
  console.error(`${before.length} cases are wrong before any change; run start`);
  process.exit(1);
}

const made = new Map<string, { made: number; missed: string[] }>();
for (const mutation of mutations(directory)) {
  const row = made.get(mutation.kind) ?? { made: 0, missed: [] };
  made.set(mutation.kind, row);
  row.made++;
  if (!isNoticed(mutation)) row.missed.push(`${mutation.file} ${mutation.name}`);
}

console.log("change".padEnd(32) + "made".padStart(8) + "missed".padStart(8));
for (const [kind, { made: count, missed }] of made) {
  console.log(kind.padEnd(32) + String(count).padStart(8) + String(missed.length).padStart(8));
  for (const name of missed) console.error(`missed: ${kind}: ${name}`);
}
process.exitCode = [...made.values()].some(({ missed }) => missed.length > 0) ? 1 : 0;

function isNoticed({ file, cases }: Mutation): boolean {
  const changed: Directory = new Map(directory).set(file, cases);
  return checkFile(file, changed).wrong.length > 0;
}

function* mutations(directory: Directory): Generator<Mutation> {
  yield { kind: "a file of another name", file: "stranger.json", name: "", cases: [...directory.values()][0] ?? [] };
  for (const [file, cases] of directory) {
    const vectors = cases as Vector[];
    const [first] = vectors;
    yield { kind: "a case twice", file, name: "", cases: [first, first] };
    for (const vector of vectors) {
      const all = file === "ledger.json" ? ledgerChanges(vector as unknown as Record<string, unknown>) : changes(file, vector);
      for (const [kind, changed] of all) yield { kind, file, name: vector.name, cases: [changed] };
    }
  }
}

/** changes gives a case changed in one thing each. */
function* changes(file: string, vector: Vector): Generator<[kind: string, changed: object]> {
  const { rule: _rule, out: _out, ...rest } = vector;
  yield ["a field of the case more", { ...vector, note: "" }];
  yield ["the comment away", { ...vector, comment: undefined }];
  yield ["a field of in more", { ...vector, in: { ...vector.in, stranger: "" } }];
  for (const field of Object.keys(vector.in)) yield [`a field of in away`, { ...vector, in: without(vector.in, field) }];
  if (vector.out === undefined) {
    yield ["rejected, now accepted", { ...rest, result: "accept", out: {} }];
    yield ["another rule", { ...vector, rule: `${vector.rule}s` }];
    yield ["the rule away", rest];
    return;
  }
  yield ["accepted, now rejected", { ...rest, result: "reject", rule: "signature" }];
  yield ["a field of out more", { ...vector, out: { ...vector.out, stranger: "" } }];
  for (const [field, value] of Object.entries(vector.out)) {
    yield ["a field of out away", { ...vector, out: without(vector.out, field) }];
    yield ["a value of out", { ...vector, out: { ...vector.out, [field]: changedText(value) } }];
  }
  // Other canonical bytes are as canonical, so what goes in there may change.
  if (file === "canonical.json") return;
  for (const [field, value] of Object.entries(vector.in)) {
    // A state without entries has one root on every network.
    if (uncovered.has(`${file} ${field}`) || (field === "network" && vector.in["entries"] === "[]")) continue;
    yield ["a value of in", { ...vector, in: { ...vector.in, [field]: changedText(value) } }];
  }
  for (let bit = 0; file === "receipt.json" && bit < 8 * 900; bit += 61) {
    yield ["a bit of a receipt", { ...vector, in: { ...vector.in, receipt: flipped(vector.in["receipt"] ?? "", bit) } }];
  }
}

function flipped(text: string, bit: number): string {
  const bytes = Buffer.from(text, "hex");
  const at = Math.floor(bit / 8) % bytes.length;
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit % 8));
  return bytes.toString("hex");
}
