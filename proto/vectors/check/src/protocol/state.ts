// The state root (SPEC.md 6): LtHash16 over the state's entries.
import { blake3 } from "@noble/hashes/blake3.js";
import { bigEndian, fromHex, joined } from "./bytes.js";
import { taggedHash } from "./hash.js";
import { refuseUnless } from "./refusal.js";

const words = 1024;

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
    const size = key.length / 2;
    refuseUnless(size > 0 && size <= 0xffff, "entry", `a key of ${size} bytes`);
    const bytes = blake3(joined(bigEndian(size, 2), fromHex(key), fromHex(value)), { key: this.key, dkLen: 2 * words });
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return Uint16Array.from({ length: words }, (_, i) => view.getUint16(2 * i, true));
  }
}
