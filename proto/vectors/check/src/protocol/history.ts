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

/** extendsTree verifies a consistency proof (RFC 9162, 2.1.4.2): the tree begins with the smaller one. */
export function extendsTree(
  root: Uint8Array, size: bigint, smallRoot: Uint8Array, small: bigint, proof: Uint8Array[],
): boolean {
  if (small === 0n || small >= size) return false;
  const isComplete = (small & (small - 1n)) === 0n;
  const [first, ...rest] = isComplete ? [smallRoot, ...proof] : proof;
  if (first === undefined) return false;
  let [before, last] = [small - 1n, size - 1n];
  while ((before & 1n) === 1n) [before, last] = [before >> 1n, last >> 1n];
  let [smallHash, hash] = [first, first];
  for (const sibling of rest) {
    if (last === 0n) return false;
    if ((before & 1n) === 1n || before === last) {
      [smallHash, hash] = [nodeHash(sibling, smallHash), nodeHash(sibling, hash)];
      while ((before & 1n) === 0n && before !== 0n) [before, last] = [before >> 1n, last >> 1n];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [before, last] = [before >> 1n, last >> 1n];
  }
  return last === 0n && equal(smallHash, smallRoot) && equal(hash, root);
}

/** Tree is the history as it grows: of each complete subtree on its right edge the root, the largest first. */
export class Tree {
  size = 0n;
  private edge: { hash: Uint8Array; size: bigint }[] = [];

  append(leaf: Uint8Array): void {
    let last = { hash: leafHash(leaf), size: 1n };
    for (let before = this.edge.at(-1); before?.size === last.size; before = this.edge.at(-1)) {
      last = { hash: nodeHash(before.hash, last.hash), size: 2n * last.size };
      this.edge.pop();
    }
    this.edge.push(last);
    this.size++;
  }

  root(): Uint8Array {
    const hashes = this.edge.map(({ hash }) => hash);
    if (hashes.length === 0) return sha256(new Uint8Array());
    return hashes.reduceRight((right, left) => nodeHash(left, right));
  }
}
