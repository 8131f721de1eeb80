// The state (SPEC.md 6.4), and its root (SPEC.md 6.5): LtHash16 over its entries.
import { blake3 } from "@noble/hashes/blake3.js";
import { bigEndian, fromHex, hex, joined } from "./bytes.js";
import { Entry, entryKey, type Field as EntryField, type KeyPart } from "./entry.js";
import { taggedHash } from "./hash.js";
import { refuseUnless } from "./refusal.js";

const words = 1024;

// Expansions by state key and entry: the same entries come again in every change that the tests make.
const expansions = new Map<string, Uint16Array>();
const mostExpansions = 20000;

/** StateSum adds entries up, in any order; an entry taken away again leaves the sum as if it had never been. */
export class StateSum {
  private readonly key: Uint8Array;
  private readonly sums = new Uint16Array(words);

  constructor(network: Uint8Array) {
    this.key = taggedHash("umoja/state/v1", network);
  }

  /** add takes key and value in hexadecimal. */
  add(key: string, value: string): void {
    this.change(key, value, 1);
  }

  remove(key: string, value: string): void {
    this.change(key, value, -1);
  }

  root(): Uint8Array {
    const out = new DataView(new ArrayBuffer(2 * words));
    this.sums.forEach((sum, i) => out.setUint16(2 * i, sum, true));
    return blake3(new Uint8Array(out.buffer));
  }

  private change(key: string, value: string, sign: 1 | -1): void {
    const expansion = this.expansion(key, value);
    // The array cuts each sum to 16 bits, which is the sum modulo 2^16.
    for (let i = 0; i < words; i++) this.sums[i] = (this.sums[i] ?? 0) + sign * (expansion[i] ?? 0);
  }

  private expansion(key: string, value: string): Uint16Array {
    const name = `${hex(this.key)} ${key}=${value}`;
    const known = expansions.get(name);
    if (known !== undefined) return known;
    const size = key.length / 2;
    refuseUnless(size > 0 && size <= 0xffff, "entry", `a key of ${size} bytes`);
    const bytes = blake3(joined(bigEndian(size, 2), fromHex(key), fromHex(value)), { key: this.key, dkLen: 2 * words });
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const made = Uint16Array.from({ length: words }, (_, i) => view.getUint16(2 * i, true));
    if (expansions.size >= mostExpansions) expansions.clear();
    expansions.set(name, made);
    return made;
  }
}

/** Changes are entries that have another value than before, by key, both in hexadecimal; null is one that is gone. */
export type Changes = Record<string, string | null>;

/** State is the entries at one moment, taken apart. */
export class State {
  private readonly entries = new Map<string, Entry>();
  private readonly sum: StateSum;
  // What was there before, for each write: of a transaction, to take it back, and of a batch, to tell its changes.
  private readonly journal: { key: string; before: Entry | undefined }[] = [];

  constructor(network: Uint8Array, entries: Map<string, string>) {
    this.sum = new StateSum(network);
    for (const [key, value] of entries) {
      this.entries.set(key, new Entry(key, value));
      this.sum.add(key, value);
    }
  }

  get(letter: string, ...parts: KeyPart[]): Entry | undefined {
    return this.entries.get(entryKey(letter, ...parts));
  }

  /** all gives the entries of a letter, ascending by key. */
  all(letter: string): Entry[] {
    const prefix = entryKey(letter);
    const found = [...this.entries.values()].filter(({ key }) => key.startsWith(prefix));
    return found.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  put(letter: string, fields: Record<string, EntryField>): void {
    const entry = Entry.of(letter, fields);
    this.write(entry.key, entry);
  }

  /** update writes an entry with other values of some fields. */
  update(entry: Entry, fields: Record<string, EntryField>): void {
    this.put(entry.letter, { ...entry.fields, ...fields });
  }

  remove(entry: Entry | undefined): void {
    if (entry !== undefined) this.write(entry.key, undefined);
  }

  private write(key: string, entry: Entry | undefined): void {
    this.journal.push({ key, before: this.entries.get(key) });
    if (entry === undefined) this.entries.delete(key);
    else this.entries.set(key, entry);
  }

  /** mark is a place to take writes back to. */
  mark(): number {
    return this.journal.length;
  }

  takeBack(mark: number): void {
    for (const { key, before } of this.journal.splice(mark).reverse()) {
      if (before === undefined) this.entries.delete(key);
      else this.entries.set(key, before);
    }
  }

  /** seal ends a batch: it gives what changed since the last one, ascending by key, and adds it to the sum. */
  seal(): Changes {
    const before = new Map<string, Entry | undefined>();
    for (const write of this.journal.splice(0)) if (!before.has(write.key)) before.set(write.key, write.before);
    const changes: Changes = {};
    for (const [key, old] of [...before].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const value = this.entries.get(key)?.value;
      if (value === old?.value) continue;
      if (old !== undefined) this.sum.remove(key, old.value);
      if (value !== undefined) this.sum.add(key, value);
      changes[key] = value ?? null;
    }
    return changes;
  }

  root(): Uint8Array {
    return this.sum.root();
  }
}
