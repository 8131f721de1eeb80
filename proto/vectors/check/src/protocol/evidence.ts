// Evidence (SPEC.md 8.9): two statements of one validator of which an honest one makes at most one.
import { ascii, compare, equal } from "./bytes.js";
import { checkpointText, cosignedMessage } from "./checkpoint.js";
import { certifiedBy, checkVoteForm, isAbove, verifyEpochVote, type Tree } from "./epoch.js";
import { isValidatorName } from "./field.js";
import { taggedHash } from "./hash.js";
import { extendsTree } from "./history.js";
import { parseInForm, type BatchHeader, type Evidence, type SignedElection, type Validator } from "./message.js";
import { refuseUnless } from "./refusal.js";
import { checkSignature, electionDigest, voteDigest } from "./validator.js";

const mostBytes = 131072;

/** verifyEvidence gives the validator and what it did. */
export function verifyEvidence(
  network: Uint8Array, set: Validator[], bytes: Uint8Array,
): { validator: string; offence: string } {
  refuseUnless(bytes.length <= mostBytes, "evidence", `${bytes.length} bytes`);
  const evidence = parseInForm<Evidence>("Evidence", bytes);
  checkParts(evidence);
  const accused = set.find(({ name }) => name === evidence.validator);
  refuseUnless(accused !== undefined, "evidence", `${evidence.validator} is not in the set`);
  const offence = offences.find(({ lists, holds }) => {
    return sameLists(evidence, lists) && holds(evidence, network);
  });
  refuseUnless(offence !== undefined, "evidence", "the statements do not contradict each other, or are not in order");
  checkSigned(network, evidence, accused.key);
  return { validator: evidence.validator, offence: offence.name };
}

/** checkParts holds names, roots and signatures to their forms. */
function checkParts(evidence: Evidence): void {
  const check = (holds: boolean, message: string) => refuseUnless(holds, "evidence", message);
  check(isValidatorName(evidence.validator), `a validator called ${JSON.stringify(evidence.validator)}`);
  const trees = [...evidence.attestations, ...evidence.ratifications, ...evidence.cosignatures];
  for (const { root } of trees) check(root.length === 32, `a root of ${root.length} bytes`);
  for (const { signature } of [...trees, ...evidence.batches, ...evidence.elections]) {
    check(signature.length === 64, `a signature of ${signature.length} bytes`);
  }
  for (const { vote } of evidence.epochVotes) {
    check(vote?.validator === evidence.validator, "a vote for an epoch of somebody else");
    if (vote !== undefined) checkVoteForm(vote, "evidence");
  }
  for (const { candidate } of evidence.elections) check(isValidatorName(candidate), `a candidate called ${candidate}`);
  const hashes = evidence.prefixRoot.length === 0 ? evidence.proof : [evidence.prefixRoot, ...evidence.proof];
  for (const hash of hashes) check(hash.length === 32, `a hash of ${hash.length} bytes`);
}

const listNames = ["attestations", "ratifications", "cosignatures", "epochVotes", "batches", "elections"] as const;
type Lists = Partial<Record<(typeof listNames)[number], number>>;

function sameLists(evidence: Evidence, lists: Lists): boolean {
  return listNames.every((name) => evidence[name].length === (lists[name] ?? 0));
}

interface Offence { name: string; lists: Lists; holds(evidence: Evidence, network: Uint8Array): boolean }

const offences: Offence[] = [
  { name: "two attestations", lists: { attestations: 2 }, holds: (e) => isBare(e) && twoRoots(e.attestations) },
  { name: "two ratifications", lists: { ratifications: 2 }, holds: (e) => isBare(e) && twoRoots(e.ratifications) },
  { name: "two cosignatures", lists: { cosignatures: 2 }, holds: (e) => isBare(e) && twoRoots(ofNoEpoch(e)) },
  { name: "two epoch votes", lists: { epochVotes: 2 }, holds: (e) => isBare(e) && twoEpochVotes(e) },
  { name: "hidden certificate", lists: { ratifications: 1, epochVotes: 1 }, holds: (e) => isBare(e) && hides(e) },
  { name: "forked attestations", lists: { attestations: 2 }, holds: (e) => isFork(e, e.attestations) },
  { name: "forked cosignatures", lists: { cosignatures: 2 }, holds: (e) => isFork(e, ofNoEpoch(e)) },
  { name: "two batches", lists: { batches: 2 }, holds: (e, network) => isBare(e) && twoBatches(e, network) },
  { name: "two elections", lists: { elections: 2 }, holds: (e) => isBare(e) && twoElections(e.elections) },
];

/** isBare says that no proof of a fork stands beside the statements. */
function isBare({ prefixRoot, proof }: Evidence): boolean {
  return prefixRoot.length === 0 && proof.length === 0;
}

function ofNoEpoch({ cosignatures }: Evidence): Tree[] {
  return cosignatures.map(({ size, root }) => ({ epoch: 0n, size, root }));
}

function twoRoots([a, b]: Tree[]): boolean {
  if (a === undefined || b === undefined) return false;
  return a.epoch === b.epoch && a.size === b.size && a.size > 0n && compare(a.root, b.root) < 0;
}

function isFork({ prefixRoot, proof }: Evidence, [small, large]: Tree[]): boolean {
  if (small === undefined || large === undefined || proof.length === 0) return false;
  if (small.epoch !== large.epoch || small.size === 0n || small.size >= large.size) return false;
  return !equal(prefixRoot, small.root) && extendsTree(large.root, large.size, prefixRoot, small.size, proof);
}

function twoEpochVotes({ epochVotes: [a, b] }: Evidence): boolean {
  if (a?.vote === undefined || b?.vote === undefined || a.epoch !== b.epoch) return false;
  const [low, high] = [certifiedBy(a.vote), certifiedBy(b.vote)];
  const same = low.epoch === high.epoch && low.size === high.size;
  return isAbove(high, low) || (same && compare(low.root, high.root) < 0);
}

function hides({ ratifications: [given], epochVotes: [wish] }: Evidence): boolean {
  if (given === undefined || wish?.vote === undefined) return false;
  return given.epoch < wish.epoch && isAbove(given, certifiedBy(wish.vote));
}

function twoBatches({ validator, batches }: Evidence, network: Uint8Array): boolean {
  const [a, b] = batches.map(({ header }) => readHeader(header));
  const [hashA, hashB] = batches.map(({ header }) => taggedHash("umoja/batch/v1", network, header));
  if (a === undefined || b === undefined || hashA === undefined || hashB === undefined) return false;
  const ofLeader = a.leader === validator && b.leader === validator;
  const ofPlace = a.epoch === b.epoch && a.number === b.number && a.term === b.term && a.term !== 0n;
  return ofLeader && ofPlace && compare(hashA, hashB) < 0;
}

function readHeader(bytes: Uint8Array): BatchHeader {
  const header = parseInForm<BatchHeader>("BatchHeader", bytes);
  if (header.epochChange.length > 0) parseInForm("EpochChange", header.epochChange);
  for (const hash of [header.previousHash, header.envelopesHash]) {
    refuseUnless(hash.length === 32, "evidence", `a hash of ${hash.length} bytes`);
  }
  return header;
}

function twoElections([a, b]: SignedElection[]): boolean {
  if (a === undefined || b === undefined) return false;
  return a.term === b.term && compare(ascii(a.candidate), ascii(b.candidate)) < 0;
}

function checkSigned(network: Uint8Array, evidence: Evidence, key: Uint8Array): void {
  const votes = (tag: string, trees: (Tree & { signature: Uint8Array })[]) => {
    for (const { epoch, size, root, signature } of trees) {
      checkSignature(signature, voteDigest(tag, network, epoch, size, root), key);
    }
  };
  votes("umoja/attest/v1", evidence.attestations);
  votes("umoja/ratify/v1", evidence.ratifications);
  for (const { size, root, timeUnixS, signature } of evidence.cosignatures) {
    checkSignature(signature, ascii(cosignedMessage(checkpointText(network, size, root), timeUnixS)), key);
  }
  for (const { epoch, vote } of evidence.epochVotes) {
    if (vote !== undefined) verifyEpochVote(network, epoch, certifiedBy(vote), vote.signature, key);
  }
  for (const { header, signature } of evidence.batches) {
    checkSignature(signature, taggedHash("umoja/batch/v1", network, header), key);
  }
  for (const election of evidence.elections) checkSignature(election.signature, electionDigest(network, election), key);
}
