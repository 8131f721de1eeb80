// Checkpoints and cosignatures (SPEC.md 8): C2SP tlog-checkpoint and tlog-cosignature, in the one form that is allowed.
import { ascii, base64, bigEndian, compare, decimal, equal, fromBase64, fromBigEndian, hex, joined } from "./bytes.js";
import { ed25519, sha256 } from "./hash.js";
import type { Validator } from "./message.js";
import { quorum } from "./validator.js";
import { Refusal, refuseUnless } from "./refusal.js";

const logType = new Uint8Array([1]);
const cosignatureType = new Uint8Array([4]);
const widestNote = 16384;
const lineFeed = ascii("\n");

export interface Cosignature { name: string; timeUnixS: bigint; signature: Uint8Array }
export interface Checkpoint { size: bigint; root: Uint8Array; cosignatures: Cosignature[] }

export function checkpointText(network: Uint8Array, size: bigint, root: Uint8Array): string {
  return `umoja.v1/${hex(network)}\n${size}\n${base64(root)}\n`;
}

export function cosignedMessage(text: string, timeUnixS: bigint): string {
  return `cosignature/v1\ntime ${timeUnixS}\n${text}`;
}

export function keyHash(name: string, key: Uint8Array): Uint8Array {
  return sha256(joined(ascii(name), lineFeed, cosignatureType, key)).slice(0, 4);
}

/** verifierKey is a key as C2SP signed-note writes it. */
export function verifierKey(name: string, key: Uint8Array): string {
  return `${name}+${hex(keyHash(name, key))}+${base64(joined(cosignatureType, key))}`;
}

export function cosignatureLine({ name, timeUnixS, signature }: Cosignature, key: Uint8Array): string {
  return `— ${name} ${base64(joined(keyHash(name, key), bigEndian(timeUnixS, 8), signature))}\n`;
}

function logKeyHash(origin: string, key: Uint8Array): Uint8Array {
  return sha256(joined(ascii(origin), lineFeed, logType, key)).slice(0, 4);
}

/** verifyLogLine holds the signature of the log under a served checkpoint to its key, and gives the key as C2SP writes it. */
export function verifyLogLine(network: Uint8Array, size: bigint, root: Uint8Array, line: string, key: Uint8Array): string {
  const text = checkpointText(network, size, root);
  const [origin = ""] = text.split("\n");
  const [, name = "", encoded = ""] = /^— ([^ ]+) ([^ ]+)$/.exec(line) ?? [];
  const bytes = fromBase64(encoded);
  const known = name === origin && bytes?.length === 68 && equal(bytes.subarray(0, 4), logKeyHash(origin, key));
  refuseUnless(known && bytes !== undefined, "signature", `${line} is of another key`);
  refuseUnless(ed25519.verify(bytes.slice(4), ascii(text), key), "signature", "it is of another text");
  return `${origin}+${hex(logKeyHash(origin, key))}+${base64(joined(logType, key))}`;
}

/** open reads a checkpoint that a quorum of the set cosigned, and refuses every other way to write the same. */
export function open(network: Uint8Array, set: Validator[], note: string): Checkpoint {
  const bytes = Buffer.byteLength(note);
  refuseUnless(bytes <= widestNote, "size", `a note of ${bytes} bytes`);
  const { origin, size, root, text, lines } = split(note);
  refuseUnless(origin === `umoja.v1/${hex(network)}`, "origin", `${origin} is another network's`);
  const sizeValue = decimal(size);
  refuseUnless(sizeValue !== undefined && sizeValue < 1n << 63n, "size", `${size} is no size`);
  const rootValue = fromBase64(root);
  refuseUnless(rootValue?.length === 32, "root", `${root} is no root`);
  const cosignatures = lines.map((line) => cosignature(set, line));
  cosignatures.forEach(({ name }, i) => {
    const before = cosignatures[i - 1];
    const ascends = before === undefined || compare(ascii(before.name), ascii(name)) < 0;
    refuseUnless(ascends, "one-form", "signature lines do not ascend by name");
  });
  for (const { name, timeUnixS, signature } of cosignatures) {
    const verifies = ed25519.verify(signature, ascii(cosignedMessage(text, timeUnixS)), keyOf(set, name));
    refuseUnless(verifies, "signature", `the cosignature of ${name} does not verify`);
  }
  const missing = quorum(set.length) - cosignatures.length;
  refuseUnless(missing <= 0, "quorum", `${missing} cosignatures are missing`);
  const opened = { size: sizeValue, root: rootValue, cosignatures };
  if (writeNote(network, set, opened) !== note) throw new Error("an opened note is written in another way");
  return opened;
}

function writeNote(network: Uint8Array, set: Validator[], { size, root, cosignatures }: Checkpoint): string {
  const lines = cosignatures.map((cosignature) => cosignatureLine(cosignature, keyOf(set, cosignature.name)));
  return `${checkpointText(network, size, root)}\n${lines.join("")}`;
}

/** split takes a note apart at its empty line: three lines before it, and at least one signature line behind it. */
function split(note: string): { origin: string; size: string; root: string; text: string; lines: string[] } {
  const at = note.indexOf("\n\n") + 1;
  const text = note.slice(0, at);
  const signatures = note.slice(at + 1);
  refuseUnless(at > 0 && signatures !== "", "no-signature", "a note is a text, an empty line, and signature lines");
  const [origin = "", size = "", root = "", ...more] = text.split("\n");
  refuseUnless(more.length === 1, "origin", "the text of a note has three lines");
  const lines = signatures.split("\n");
  refuseUnless(lines.pop() === "", "one-form", "the last line has no end");
  return { origin, size, root, text, lines };
}

function cosignature(set: Validator[], line: string): Cosignature {
  const refused = new Refusal("one-form", `${line} is no cosignature of the set`);
  const [, name = "", encoded = ""] = /^— ([^ ]+) ([^ ]+)$/.exec(line) ?? [];
  const validator = set.find((candidate) => candidate.name === name);
  const bytes = fromBase64(encoded);
  if (validator === undefined || bytes?.length !== 76) throw refused;
  if (!equal(bytes.subarray(0, 4), keyHash(name, validator.key))) throw refused;
  return { name, timeUnixS: fromBigEndian(bytes.subarray(4, 12)), signature: bytes.slice(12) };
}

function keyOf(set: Validator[], name: string): Uint8Array {
  const validator = set.find((candidate) => candidate.name === name);
  if (validator === undefined) throw new Error(`${name} is not in the set`);
  return validator.key;
}
