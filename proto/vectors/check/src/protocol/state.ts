// The state root (SPEC.md 6): LtHash16 over the state's entries.
import { blake3 } from "@noble/hashes/blake3.js";
import { bigEndian, joined } from "./bytes.js";
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

  add(key: Uint8Array, value: Uint8Array): void {
    this.change(key, value, 1);
  }

  remove(key: Uint8Array, value: Uint8Array): void {
    this.change(key, value, -1);
  }

  root(): Uint8Array {
    const out = new DataView(new ArrayBuffer(2 * words));
    this.sums.forEach((sum, i) => out.setUint16(2 * i, sum, true));
    return blake3(new Uint8Array(out.buffer));
  }

  private change(key: Uint8Array, value: Uint8Array, sign: 1 | -1): void {
    refuseUnless(key.length > 0 && key.length <= 0xffff, "entry", `a key of ${key.length} bytes`);
    const message = joined(bigEndian(key.length, 2), key, value);
    const bytes = blake3(message, { key: this.key, dkLen: 2 * words });
    const expansion = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    // The array cuts each sum to 16 bits, which is the sum modulo 2^16.
    for (let i = 0; i < words; i++) this.sums[i] = (this.sums[i] ?? 0) + sign * expansion.getUint16(2 * i, true);
  }
}
