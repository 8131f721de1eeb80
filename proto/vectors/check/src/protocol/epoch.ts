// How an epoch ends and the next one begins (SPEC.md 8.3): votes of validators, and what opens an epoch.
import { ascii, bigEndian, compare, equal } from "./bytes.js";
import { taggedHash } from "./hash.js";
import { parseInForm, type Certificate, type EpochChange, type EpochVote, type Validator } from "./message.js";
import { refuseUnless } from "./refusal.js";
import { checkSignature, quorum, voteDigest } from "./validator.js";

/** Tree is what a validator speaks of. Without a certificate its epoch and size are zero and its root is empty. */
export interface Tree { epoch: bigint; size: bigint; root: Uint8Array }

const nothing = new Uint8Array(32);
const mostVoices = 31;

const epochsOfASet = 1n << 32n;

/** firstEpoch is that of the set which follows the set of an epoch. */
export function firstEpoch(epoch: bigint): bigint {
  return (epoch / epochsOfASet + 1n) * epochsOfASet;
}

/** ofOneSet tells whether two epochs are of one set. */
export function ofOneSet(a: bigint, b: bigint): boolean {
  return a / epochsOfASet === b / epochsOfASet;
}

export function epochDigest(network: Uint8Array, epoch: bigint, certified: Tree): Uint8Array {
  const root = certified.root.length === 0 ? nothing : certified.root;
  const numbers = [epoch, certified.epoch, certified.size].map((n) => bigEndian(n, 8));
  return taggedHash("umoja/epoch/v1", network, ...numbers, root);
}

/** verifyEpochVote holds a vote for an epoch to its rules, and gives what was signed. */
export function verifyEpochVote(
  network: Uint8Array, epoch: bigint, certified: Tree, signature: Uint8Array, key: Uint8Array,
): Uint8Array {
  const none = certified.epoch === 0n && certified.size === 0n && equal(certified.root, new Uint8Array(certified.root.length));
  const earlier = certified.size > 0n && certified.epoch < epoch;
  refuseUnless(none || earlier, "epoch", `a vote for epoch ${epoch} names a tree of epoch ${certified.epoch}`);
  const digest = epochDigest(network, epoch, certified);
  checkSignature(signature, digest, key);
  return digest;
}

/** isAbove orders trees by epoch, then size. */
export function isAbove(a: Tree, b: Tree): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.size > b.size);
}

export function certifiedBy({ certifiedEpoch, certifiedSize, certifiedRoot }: EpochVote): Tree {
  return { epoch: certifiedEpoch, size: certifiedSize, root: certifiedRoot };
}

/** parseEpochChange reads a change and checks what is known without the set: lengths, counts and the epoch. */
function parseEpochChange(bytes: Uint8Array): EpochChange {
  const change = parseInForm<EpochChange>("EpochChange", bytes);
  const { votes, certificate } = change;
  const check = (holds: boolean, message: string) => refuseUnless(holds, "epoch", message);
  for (const vote of votes) checkVoteForm(vote);
  check(votes.length <= mostVoices, `${votes.length} votes`);
  if (certificate !== undefined) {
    const { size, root, signatures } = certificate;
    check(size > 0n && root.length === 32, `a certificate of ${size} leaves with a root of ${root.length} bytes`);
    check(signatures.length <= mostVoices, `${signatures.length} signatures`);
    for (const { signature } of signatures) check(signature.length === 64, `a signature of ${signature.length} bytes`);
  }
  check(change.epoch !== 0n, "epoch 0 is open from the beginning");
  return change;
}

/** checkVoteForm holds the parts of a vote to their lengths: a tree has a root, and no tree has none. */
export function checkVoteForm(vote: EpochVote, rule = "epoch"): void {
  const { certifiedSize, certifiedEpoch, certifiedRoot, signature } = vote;
  const named = certifiedSize > 0n && certifiedRoot.length === 32;
  const none = certifiedSize === 0n && certifiedEpoch === 0n && certifiedRoot.length === 0;
  refuseUnless((named || none) && signature.length === 64, rule, `the vote of ${vote.validator}`);
}

/** verifyEpochChange holds what opens an epoch to every rule of SPEC.md 8.3. */
export function verifyEpochChange(network: Uint8Array, set: Validator[], bytes: Uint8Array): EpochChange {
  const change = parseEpochChange(bytes);
  const { epoch, votes, certificate } = change;
  voices(set, votes);
  for (const vote of votes) {
    verifyEpochVote(network, epoch, certifiedBy(vote), vote.signature, member(set, vote.validator).key);
  }
  // What a vote names of a set before starts nothing above the boundary.
  checkHighest(votes.map(certifiedBy).filter((tree) => tree.size > 0n && ofOneSet(tree.epoch, epoch)), certificate);
  if (certificate !== undefined) voices(set, certificate.signatures);
  const want = quorum(set.length);
  refuseUnless(votes.length >= want, "quorum", `${votes.length} votes`);
  if (certificate === undefined) return change;
  const { signatures } = certificate;
  const digest = voteDigest("umoja/attest/v1", network, certificate.epoch, certificate.size, certificate.root);
  for (const { validator, signature } of signatures) checkSignature(signature, digest, member(set, validator).key);
  refuseUnless(signatures.length >= want, "quorum", `${signatures.length} signatures`);
  return change;
}

/** checkHighest holds the certificate to be of the highest tree that is named, and the only one so high. */
function checkHighest(named: Tree[], certificate: Certificate | undefined): void {
  const isCertified = (tree: Tree) => {
    const { epoch, size, root } = certificate ?? { epoch: 0n, size: 0n, root: nothing };
    return tree.epoch === epoch && tree.size === size && equal(tree.root, root);
  };
  refuseUnless(named.some(isCertified) === (certificate !== undefined), "epoch", "nobody names the tree of the certificate");
  refuseUnless(named.length > 0 === (certificate !== undefined), "epoch", "trees are named and none is certified");
  for (const tree of named) {
    const lower = certificate !== undefined && isAbove(certificate, tree);
    refuseUnless(lower || isCertified(tree), "epoch", "a tree that is named is not below the certified one");
  }
}

/** voices holds names to be those of members, ascending. */
function voices(set: Validator[], named: { validator: string }[]): void {
  named.forEach(({ validator }, i) => {
    const before = named[i - 1];
    const ascends = before === undefined || compare(ascii(before.validator), ascii(validator)) < 0;
    refuseUnless(ascends, "epoch", `${validator} is out of order or speaks twice`);
    refuseUnless(set.some(({ name }) => name === validator), "epoch", `${validator} is not in the set`);
  });
}

function member(set: Validator[], validator: string): Validator {
  const found = set.find(({ name }) => name === validator);
  if (found === undefined) throw new Error(`${validator} is not in the set`);
  return found;
}
