// Ballots (SPEC.md 5.20): what validators decide together.
import type { Acts, Attestor, Decision, Decisions } from "../protocol/act.js";
import { ascii, bigEndian, equal, hex, joined } from "../protocol/bytes.js";
import type { Entry } from "../protocol/entry.js";
import { encode, parse, type ValidatorSet } from "../protocol/message.js";
import { ballotId } from "../protocol/transaction.js";
import { quorum } from "../protocol/validator.js";
import { must, present, Refused } from "./code.js";
import { dayMs, type Moment } from "./moment.js";
import { due, type Record, type Running } from "./record.js";

type Bytes = Uint8Array;

const longestVote = 30n * dayMs;
const longestWait = 90n * dayMs;
const longestFreeze = 30n * dayMs;

export function propose(run: Running, act: Acts["propose"]): void {
  const decision = chosen(act.decision);
  possible(run.moment, decision);
  const [expiry, effectiveAt] = [act.expiresAtUnixMs, act.effectiveAtUnixMs];
  must(expiry > run.time && expiry <= run.time + longestVote, "TIME_NOT_VALID");
  must(effectiveAt <= run.time + longestWait, "TIME_NOT_VALID");
  const later = (a: bigint, b: bigint) => (a > b ? a : b);
  possibleAt(run.moment, decision, later(run.time, effectiveAt), later(expiry, effectiveAt));
  const ballot = ballotId(run.id, run.position);
  const bytes = encode("Decision", act.decision ?? {});
  run.state.put("B", { ballot, expiry, effectiveAt, votes: [voice(act.validator, true)], decision: bytes });
  run.schedule(expiry, due.ballot, ballot);
  count(run, present(run.state.get("B", ballot), "BALLOT_UNKNOWN"));
}

export function vote(run: Running, act: Acts["vote"]): void {
  const ballot = present(run.state.get("B", act.ballot), "BALLOT_UNKNOWN");
  must(run.time <= dueOf(ballot), "BALLOT_UNKNOWN");
  const votes = ballot.list("votes");
  must(!votes.some((one) => equal(one.subarray(1), ascii(act.validator))), "ALREADY_VOTED");
  must(ballot.integer("passedAt") === 0n, "NOTHING_TO_CHANGE");
  const all = [...votes, voice(act.validator, act.yes)];
  all.sort((a, b) => (hex(a.subarray(1)) < hex(b.subarray(1)) ? -1 : 1));
  run.state.update(ballot, { votes: all });
  count(run, present(run.state.get("B", act.ballot), "BALLOT_UNKNOWN"));
}

function voice(validator: string, yes: boolean): Bytes {
  return joined(bigEndian(yes ? 1 : 0, 1), ascii(validator));
}

function setOf(moment: Moment): ValidatorSet["validators"] {
  return parse<ValidatorSet>("ValidatorSet", moment.state.get("v")?.bytes("set") ?? new Uint8Array()).validators;
}

/** count lets a ballot pass once a quorum of the set in force says yes. */
function count(run: Running, ballot: Entry): void {
  const set = setOf(run.moment);
  const yes = ballot.list("votes").filter((one) => one[0] === 1);
  const voices = set.filter(({ name }) => yes.some((one) => equal(one.subarray(1), ascii(name)))).length;
  if (voices < quorum(set.length)) return;
  run.unschedule(ballot.integer("expiry"), due.ballot, ballot.bytes("ballot"));
  run.state.update(ballot, { passedAt: run.time });
  run.schedule(dueOf(present(run.state.get("B", ballot.bytes("ballot")), "BALLOT_UNKNOWN")), due.ballot, ballot.bytes("ballot"));
}

function dueOf(ballot: Entry): bigint {
  const [passedAt, effectiveAt] = [ballot.integer("passedAt"), ballot.integer("effectiveAt")];
  if (passedAt === 0n) return ballot.integer("expiry");
  // What is due happens after its due time, and a decision takes effect at its time.
  return passedAt >= effectiveAt ? passedAt : effectiveAt - 1n;
}

type Chosen = { [Name in keyof Decisions]: { case: Name; value: Decisions[Name] } }[keyof Decisions];

function chosen(decision: Decision | undefined): Chosen {
  if (decision?.decision.case === undefined) throw new Error("a proposal without decision");
  return decision.decision;
}

/** possible asks what a decision needs whatever the time. */
function possible(moment: Moment, decision: Chosen): void {
  const { state } = moment;
  const opened = (account: Bytes) => must(moment.hasAccount(account), "CREDIT_ACCOUNT_UNKNOWN");
  const changes = (holds: boolean) => must(holds, "NOTHING_TO_CHANGE");
  switch (decision.case) {
    case "setValidators":
      return possibleSet(moment, decision.value);
    case "setParameter":
      return changes(moment.parameter(decision.value.parameter) !== decision.value.value);
    case "setRules":
      return;
    case "setIssuer":
      opened(decision.value.account);
      return changes((state.get("i", decision.value.account) !== undefined) !== decision.value.issuer);
    case "setAttestor": {
      const attestor = entryOf(decision.value);
      opened(attestor.account);
      must(attestor.provider.length === 0 || state.get("p", attestor.provider) !== undefined, "PROVIDER_UNKNOWN");
      const other = state.get("O", attestor.key)?.bytes("account");
      return must(other === undefined || equal(other, attestor.account), "KEY_TAKEN");
    }
    case "removeAttestor":
      return must(state.get("o", decision.value.account) !== undefined, "ATTESTOR_UNKNOWN");
    case "freeze":
      opened(decision.value.account);
      return changes(moment.account(decision.value.account)?.integer("frozenUntil") !== decision.value.untilUnixMs);
    case "setPool": {
      const provider = present(state.get("p", decision.value.provider), "PROVIDER_UNKNOWN");
      return changes(provider.integer("shares") !== BigInt(decision.value.shares));
    }
  }
}

/** possibleAt asks what depends on the time at which a decision takes effect: some time of a span. */
function possibleAt(moment: Moment, decision: Chosen, first: bigint, last: bigint): void {
  if (decision.case === "freeze") {
    const until = decision.value.untilUnixMs;
    must(until === 0n || (until > first && until <= last + longestFreeze), "TIME_NOT_VALID");
  }
  if (decision.case !== "setRules") return;
  const version = moment.state.get("r")?.integer("version") ?? 0n;
  must(BigInt(decision.value.version) === version + 1n, "VERSION_NOT_NEXT");
}

/** possibleSet bounds how much of a set changes at once. Another key is another validator. */
function possibleSet(moment: Moment, { validators }: Decisions["setValidators"]): void {
  for (const { account } of validators) must((moment.authority(account)?.keys.length ?? 0) > 0, "CREDIT_ACCOUNT_UNKNOWN");
  const set = setOf(moment);
  const name = (one: { name: string; key: Bytes; tlsKeyHash: Bytes }) => `${one.name} ${hex(one.key)} ${hex(one.tlsKeyHash)}`;
  const [old, next] = [set.map(name), validators.map(name)];
  const come = next.filter((one) => !old.includes(one)).length;
  const go = old.filter((one) => !next.includes(one)).length;
  const speaks = (one: { name: string; account: Bytes; peerAddress: string }) => {
    const governor = moment.state.get("V", ascii(one.name));
    return governor !== undefined && equal(governor.bytes("account"), one.account) && equal(governor.bytes("peerAddress"), ascii(one.peerAddress));
  };
  const f = (set.length - 1) / 3;
  const isReplacement = come === go && come >= 1 && come <= f;
  const isGrowth = (come === 3 && go === 0) || (come === 0 && go === 3);
  const isOther = come === 0 && go === 0 && !validators.every(speaks);
  must(isReplacement || isGrowth || isOther, "NOTHING_TO_CHANGE");
}

function entryOf({ attestor }: Decisions["setAttestor"]): Attestor {
  if (attestor === undefined) throw new Error("no attestor");
  return attestor;
}

/** endBallot lets a decision take effect, if it passed and is possible; a second set waits until the first has begun. */
export function endBallot(record: Record, id: Bytes): object | undefined {
  const ballot = record.state.get("B", id);
  if (ballot === undefined) return undefined;
  const decision = chosen(parse<Decision>("Decision", ballot.bytes("decision")));
  const passed = ballot.integer("passedAt") !== 0n && isPossibleNow(record, decision);
  if (passed && decision.case === "setValidators") {
    if (record.state.get("u") !== undefined) {
      record.schedule(record.time, due.ballot, id);
      return undefined;
    }
  }
  record.state.remove(ballot);
  if (passed) decide(record, decision);
  return { kind: passed ? "BALLOT_EFFECTIVE" : "BALLOT_LAPSED", subject: id };
}

function isPossibleNow(record: Record, decision: Chosen): boolean {
  try {
    possible(record.moment, decision);
    possibleAt(record.moment, decision, record.time, record.time);
    return true;
  } catch (fault) {
    if (fault instanceof Refused) return false;
    throw fault;
  }
}

function decide(record: Record, decision: Chosen): void {
  const { state } = record;
  switch (decision.case) {
    case "setValidators": {
      const { validators } = decision.value;
      for (const governor of state.all("V")) state.remove(governor);
      for (const { name, account, peerAddress } of validators) {
        state.put("V", { name: ascii(name), account, peerAddress: ascii(peerAddress) });
      }
      const set = encode("ValidatorSet", { validators: validators.map(({ name, key, tlsKeyHash }) => ({ name, key, tlsKeyHash })) });
      const before = present(state.get("v"), "").bytes("set");
      if (equal(before, set)) return;
      state.put("u", { set: before });
      return state.put("v", { set });
    }
    case "setParameter":
      return state.put("P", { parameter: BigInt(decision.value.parameter), value: decision.value.value });
    case "setRules":
      return state.update(present(state.get("r"), ""), { version: BigInt(decision.value.version) });
    case "setIssuer": {
      const { account, issuer } = decision.value;
      return issuer ? state.put("i", { account, one: 1n }) : state.remove(state.get("i", account));
    }
    case "setAttestor": {
      const attestor = entryOf(decision.value);
      removeAttestor(record, attestor.account);
      state.put("o", { account: attestor.account, entry: encode("Attestor", attestor) });
      return state.put("O", { attestorKey: attestor.key, account: attestor.account });
    }
    case "removeAttestor":
      return removeAttestor(record, decision.value.account);
    case "freeze":
      return state.update(record.account(decision.value.account), { frozenUntil: decision.value.untilUnixMs });
    case "setPool":
      return state.update(present(state.get("p", decision.value.provider), ""), { shares: BigInt(decision.value.shares) });
  }
}

function removeAttestor({ state }: Record, account: Bytes): void {
  const before = state.get("o", account);
  if (before === undefined) return;
  state.remove(state.get("O", parse<Attestor>("Attestor", before.bytes("entry")).key));
  state.remove(before);
}
