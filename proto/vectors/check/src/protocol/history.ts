// History (SPEC.md 6): the RFC 6962 tree of leaves.
import { equal, joined } from "./bytes.js";
import { sha256 } from "./hash.js";

export function leafHash(leaf: Uint8Array): Uint8Array {
  return sha256(joined(new Uint8Array([0]), leaf));
}

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(joined(new Uint8Array([1]), left, right));
}

/** includes verifies an inclusion proof (RFC 9162, 2.1.3.2): a path of exactly the right length, for this very place. */
export function includes(root: Uint8Array, size: bigint, index: bigint, leaf: Uint8Array, proof: Uint8Array[]): boolean {
  if (index >= size) return false;
  let place = index;
  let last = size - 1n;
  let hash = leafHash(leaf);
  for (const sibling of proof) {
    if (last === 0n) return false;
    if ((place & 1n) === 1n || place === last) {
      hash = nodeHash(sibling, hash);
      while ((place & 1n) === 0n && place !== 0n) {
        place >>= 1n;
        last >>= 1n;
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    place >>= 1n;
    last >>= 1n;
  }
  return last === 0n && equal(hash, root);
}
