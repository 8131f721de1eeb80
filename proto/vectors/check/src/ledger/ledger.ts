// The ledger (SPEC.md 5.1, 6, 8.4): batch after batch, from the state that a genesis file founds.
import type { Acts } from "../protocol/act.js";
import { accountId } from "../protocol/authority.js";
import { compare, equal, hex } from "../protocol/bytes.js";
import type { Entry } from "../protocol/entry.js";
import { open } from "../protocol/checkpoint.js";
import { firstEpoch, ofOneSet, verifyEpochChange } from "../protocol/epoch.js";
import { foundingEntries, foundingLeaf } from "../protocol/founding.js";
import type { Network } from "../protocol/genesis.js";
import { Tree } from "../protocol/history.js";
import { encode, enumNumber, parse, type EpochChange, type LegResult, type ValidatorSet } from "../protocol/message.js";
import { resultName } from "../protocol/leaf.js";
import { Refusal } from "../protocol/refusal.js";
import { State, type Changes } from "../protocol/state.js";
import { parseTransaction, type Transaction } from "../protocol/transaction.js";
import { setHash, verifyLeader, type SealedBatch } from "../protocol/validator.js";
import { expireGrant, endRecovery } from "./account.js";
import { endMove } from "./alias.js";
import { ruleOf } from "./admission.js";
import { returnVouchers } from "./asset.js";
import { decidesId, Refused } from "./code.js";
import { expireHold, expireRequest } from "./hold.js";
import { dayMs, Moment } from "./moment.js";
import { operate } from "./operate.js";
import { due, Record, Running } from "./record.js";
import { grantName, Rights, type Signers } from "./right.js";
import { endBallot } from "./vote.js";

type Bytes = Uint8Array;

const mostForgotten = 2048;
const mostDue = 256;
const mostWeight = 10000;
const mostOfTheMoment = 8;
const widestLeaf = 65535;
const longestLife = 7n * dayMs;
const creditInterval = 5;
const creditBurst = 6;

/** Outcome is what became of a transaction; operation is there for a refusal that decides its id. */
export interface Outcome { code: string; operation: number; legs: LegResult[]; leaf: bigint; duplicate: boolean }

/** Applied is what a batch left behind. */
export interface Applied { outcomes: Outcome[]; leaves: Bytes[]; changes: Changes; size: bigint; root: Bytes; stateRoot: Bytes }

/** Void is thrown for a batch that leaves nothing. */
export class Void extends Error {
  constructor(readonly reason: string) {
    super(`the batch is void: ${reason}`);
  }
}

function unless(holds: boolean, reason: string): void {
  if (!holds) throw new Void(reason);
}

export class Ledger {
  private readonly state: State;
  private readonly tree = new Tree();
  private readonly leaves: Bytes[] = [];
  private number = 0n;
  private hash: Bytes;
  private time: bigint;
  private epoch = 0n;
  /** start is the tree from which the epoch in force went on. */
  private start: { size: bigint; root: Bytes };

  constructor(private readonly network: Network) {
    this.state = new State(network.id, foundingEntries(network));
    this.hash = network.id;
    this.time = network.genesis.time_unix_ms;
    this.append(foundingLeaf(network));
    this.start = { size: this.tree.size, root: this.tree.root() };
  }

  private append(leaf: Bytes): void {
    this.leaves.push(leaf);
    this.tree.append(leaf);
  }

  /** entries gives those of a letter as they are after the last batch. */
  entries(letter: string): Entry[] {
    return this.state.all(letter);
  }

  /** apply does a batch, or throws Void and is as before. */
  apply(batch: SealedBatch): Applied {
    const mark = this.state.mark();
    try {
      const { transactions, waits } = this.admitBatch(batch);
      if (waits) return this.openWithoutBatch(batch);
      const { outcomes, leaves } = this.applyTransactions(batch.fields.timeUnixMs, transactions);
      return this.seal(batch, outcomes, leaves);
    } catch (fault) {
      this.state.takeBack(mark);
      throw fault;
    }
  }

  /** admitBatch asks what makes a batch void before anything is applied (SPEC.md 8.4). */
  private admitBatch(batch: SealedBatch): { transactions: Transaction[]; waits: boolean } {
    const { epoch, number, previousHash, timeUnixMs, leader, epochChange } = batch.fields;
    const opens = epochChange.length > 0;
    const { set, begins, waits } = this.judges(batch);
    const next = begins ? firstEpoch(this.epoch) : this.epoch;
    unless(opens ? epoch > next && ofOneSet(epoch, next) && batch.envelopes.length === 0 : epoch === next, "epoch");
    unless(number === this.number + 1n, "number");
    unless(equal(previousHash, this.hash), "previous");
    unless(timeUnixMs >= this.time, "time");
    const key = set.validators.find(({ name }) => name === leader)?.key;
    if (key === undefined) throw new Void("leader");
    voidOnRefusal("signature", () => verifyLeader(batch, key));
    const change = () => verifyEpochChange(this.network.id, set.validators, epochChange);
    if (opens) this.checkStart(voidOnRefusal("epoch", change), epoch);
    const parsed = (envelope: Bytes) => voidOnRefusal("envelope", () => parseTransaction(this.network.id, envelope));
    const transactions = batch.envelopes.map(parsed);
    for (const { expiresAtUnixMs } of transactions) unless(expiresAtUnixMs >= timeUnixMs, "expired");
    const weight = transactions.reduce((sum, { operations }) => sum + weightOf(operations), 0);
    unless(weight <= mostWeight, "weight");
    if (begins) this.state.remove(this.state.get("u"));
    return { transactions, waits };
  }

  /** openWithoutBatch puts an epoch in force at the boundary before a set that waits to begin (SPEC.md 8.4). */
  private openWithoutBatch({ fields: { epoch } }: SealedBatch): Applied {
    const [size, root] = [this.tree.size, this.tree.root()];
    this.epoch = epoch;
    this.start = { size, root };
    return { outcomes: [], leaves: [], changes: this.state.seal(), size, root, stateRoot: this.state.root() };
  }

  /** judges gives the set that judges a batch, and whether it begins with it or waits on (SPEC.md 8.4, from one set to the next). */
  private judges({ fields: { setCheckpoint, epochChange } }: SealedBatch): { set: ValidatorSet; begins: boolean; waits: boolean } {
    const read = (letter: string) => parse<ValidatorSet>("ValidatorSet", this.state.get(letter)?.bytes("set") ?? new Uint8Array());
    const brings = setCheckpoint.length > 0;
    if (this.state.get("u") === undefined) {
      unless(!brings, "set-checkpoint");
      return { set: read("v"), begins: false, waits: false };
    }
    const before = read("u");
    if (!brings) {
      unless(epochChange.length > 0, "set-checkpoint");
      return { set: before, begins: false, waits: true };
    }
    const note = new TextDecoder().decode(setCheckpoint);
    const { size, root } = voidOnRefusal("set-checkpoint", () => open(this.network.id, before.validators, note));
    unless(size === this.tree.size && equal(root, this.tree.root()), "set-checkpoint");
    return { set: read("v"), begins: true, waits: false };
  }

  /** checkStart holds an epoch to start at the head (SPEC.md 8.3): nothing here takes batches back. */
  private checkStart({ epoch, certificate }: EpochChange, opened: bigint): void {
    unless(epoch === opened, "epoch");
    const certified = certificate !== undefined && certificate.epoch >= this.epoch;
    unless(!certified || certificate.epoch === this.epoch, "epoch");
    const start = certified ? certificate : this.start;
    if (start.size !== this.tree.size || !equal(start.root, this.tree.root())) throw new Error("it takes batches back");
  }

  private applyTransactions(time: bigint, transactions: Transaction[]): { outcomes: Outcome[]; leaves: Bytes[] } {
    const history = { size: this.tree.size, leaf: (index: bigint) => this.leaves[Number(index)] };
    const moment = new Moment(this.state, time, history);
    this.forget(time);
    const leaves = this.passTime(moment);
    const outcomes = transactions.map((transaction) => {
      const index = this.tree.size + BigInt(leaves.length);
      const known = this.state.get("x", [transaction.expiresAtUnixMs, 8], transaction.id);
      if (known !== undefined) return this.duplicate(known, leaves);
      const { outcome, leaf } = this.decide(moment, index, transaction);
      leaves.push(leaf);
      return outcome;
    });
    const ofTheMoment = outcomes.filter(({ code, duplicate }) => !duplicate && !decidesId(code));
    unless(ofTheMoment.length <= mostOfTheMoment, "unauthorised");
    return { outcomes, leaves };
  }

  private forget(time: bigint): void {
    const expired = this.state.all("x").filter((entry) => entry.integer("expiry") < time);
    for (const entry of expired.slice(0, mostForgotten)) this.state.remove(entry);
  }

  /** passTime does what is due, and gives a leaf for each thing that it did (SPEC.md 5.8). */
  private passTime(moment: Moment): Bytes[] {
    const leaves: Bytes[] = [];
    const first = this.state.all("d").slice(0, mostDue).filter((entry) => entry.integer("due") < moment.time);
    for (const entry of first) {
      const at = entry.integer("due");
      const kind = Number(entry.integer("kind"));
      const subject = entry.bytes("subject");
      if (this.state.get("d", [at, 8], [kind, 1], subject) === undefined) continue;
      this.state.remove(entry);
      const record = new Record(moment, this.tree.size + BigInt(leaves.length));
      const effect = happen(record, kind, subject);
      if (effect !== undefined) leaves.push(effectLeaf(effect, at, record));
    }
    return leaves;
  }

  private duplicate(known: Entry, leaves: Bytes[]): Outcome {
    const leaf = known.integer("leaf");
    const bytes = this.leaves[Number(leaf)] ?? leaves[Number(leaf - this.tree.size)];
    const { value } = parse<{ leaf: { value: { result: { legs: LegResult[] } } } }>("Leaf", bytes ?? new Uint8Array()).leaf;
    const code = nameOf(known.integer("code"));
    return { code, operation: Number(known.integer("operation")), legs: value.result.legs, leaf, duplicate: true };
  }

  /** decide admits and applies one transaction, and makes its leaf. */
  private decide(moment: Moment, index: bigint, transaction: Transaction): { outcome: Outcome; leaf: Bytes } {
    const run = new Running(moment, index, transaction.id, transaction.signers, transaction.operations);
    const outcome: Outcome = { code: "OK", operation: 0, legs: [], leaf: index, duplicate: false };
    const before = this.state.mark();
    try {
      admit(run, transaction);
      this.charge(run);
      this.operateAll(run, outcome);
    } catch (fault) {
      if (!(fault instanceof Refused)) throw fault;
      // Of the moment: nothing stays, not even the credits.
      this.state.takeBack(before);
      outcome.code = fault.code;
    }
    let leaf = recordLeaf(transaction, outcome, run);
    if (leaf.length > widestLeaf) {
      this.state.takeBack(before);
      this.charge(run);
      Object.assign(outcome, { code: "LEAF_TOO_LARGE", operation: 0, legs: [] });
      leaf = recordLeaf(transaction, outcome, run);
    }
    if (!decidesId(outcome.code)) return { outcome, leaf };
    this.state.put("x", {
      expiry: transaction.expiresAtUnixMs, id: transaction.id, leaf: index,
      code: BigInt(enumNumber("ResultCode", outcome.code)), operation: BigInt(outcome.operation),
    });
    return { outcome, leaf };
  }

  /** operateAll does the operations in order, or of a refusal that decides the id nothing. */
  private operateAll(run: Running, outcome: Outcome): void {
    const mark = this.state.mark();
    try {
      run.operations.forEach(({ operation }, position) => {
        if (operation.case === undefined) throw new Error("an operation without its act");
        run.position = position;
        // A right that an operation before took away is as if it had not been there.
        if (ruleOf(operation).right(run.rights) !== undefined) throw new Refused("UNAUTHORISED");
        operate(run, operation);
      });
      outcome.legs = run.legs;
    } catch (fault) {
      if (!(fault instanceof Refused) || !decidesId(fault.code)) throw fault;
      this.state.takeBack(mark);
      outcome.code = fault.code;
      outcome.operation = run.position;
    }
  }

  /** charge takes what the transaction costs from who pays its credits (SPEC.md 5.7). */
  private charge(run: Running): void {
    const { moment, state } = run;
    const [interval, burst] = [moment.parameter(creditInterval), moment.parameter(creditBurst)];
    if (interval === 0n) return;
    const provider = run.rights.firstProvider();
    const first = run.operations[0]?.operation;
    if (first?.case === undefined) throw new Error("a transaction without operation");
    const account = provider ?? ruleOf(first).credits(run.rights);
    const shares = provider === undefined ? 1n : (state.get("p", provider)?.integer("shares") ?? 1n);
    const entry = state.get("q", account);
    const earned = entry === undefined ? 0n : (moment.time - entry.integer("time")) * shares;
    const left = (entry?.integer("debt") ?? 0n) - earned;
    const debt = (left > 0n ? left : 0n) + costOf(run) * interval;
    if (debt > burst * interval * shares) throw new Refused("QUOTA_EXHAUSTED");
    state.put("q", { account, time: moment.time, debt });
  }

  /** seal ends the batch by its header leaf. */
  private seal(batch: SealedBatch, outcomes: Outcome[], leaves: Bytes[]): Applied {
    const changes = this.state.seal();
    const stateRoot = this.state.root();
    const { number, timeUnixMs, epoch } = batch.fields;
    const value = {
      batch: number, timeUnixMs, epoch, stateRoot, batchHash: batch.hash,
      validatorSetHash: setHash(this.state.get("v")?.bytes("set") ?? new Uint8Array()),
      rulesVersion: Number(this.state.get("r")?.integer("version")),
    };
    leaves.push(encode("Leaf", { leaf: { case: "header", value } }));
    if (epoch !== this.epoch) this.start = { size: this.tree.size, root: this.tree.root() };
    leaves.forEach((leaf) => this.append(leaf));
    this.epoch = epoch;
    this.number = number;
    this.hash = batch.hash;
    this.time = timeUnixMs;
    return { outcomes, leaves, changes, size: this.tree.size, root: this.tree.root(), stateRoot };
  }
}

function voidOnRefusal<T>(reason: string, act: () => T): T {
  try {
    return act();
  } catch (fault) {
    if (fault instanceof Refusal) throw new Void(reason);
    throw fault;
  }
}

function nameOf(code: bigint): string {
  return resultName(Number(code));
}

function happen(record: Record, kind: number, subject: Bytes): object | undefined {
  switch (kind) {
    case due.hold:
      return expireHold(record, subject);
    case due.request:
      return expireRequest(record, subject);
    case due.move:
      return endMove(record, subject);
    case due.recovery:
      return endRecovery(record, subject);
    case due.vouchers:
      return returnVouchers(record, subject);
    case due.ballot:
      return endBallot(record, subject);
    case due.grant:
      return expireGrant(record, subject);
    default:
      throw new Error(`nothing of the kind ${kind} is ever due`);
  }
}

function effectLeaf(effect: { kind?: string; accounts?: Bytes[] }, dueAtUnixMs: bigint, record: Record): Bytes {
  const accounts = (effect.accounts ?? []).sort(compare).filter((one, i, all) => i === 0 || !equal(one, all[i - 1] ?? one));
  const value = {
    ...effect, kind: enumNumber("EffectKind", effect.kind ?? ""), dueAtUnixMs, accounts, postStates: record.postStates(),
  };
  return encode("Leaf", { leaf: { case: "effect", value } });
}

function recordLeaf({ envelope }: Transaction, outcome: Outcome, run: Running): Bytes {
  const result = { code: enumNumber("ResultCode", outcome.code), operation: outcome.operation, legs: outcome.legs };
  const postStates = outcome.code === "OK" ? run.postStates() : [];
  return encode("Leaf", { leaf: { case: "transaction", value: { envelope, result, postStates } } });
}

/** admit asks on the state before the transaction whether the signers may do each operation. */
function admit(run: Running, { expiresAtUnixMs }: Transaction): void {
  const signers: Signers = { keys: run.keys, opened: new Map(), revoked: new Set() };
  const rights = new Rights(run.moment, signers);
  const verdicts = run.operations.map(({ operation }) => {
    if (operation.case === undefined) throw new Error("an operation without its act");
    const verdict = ruleOf(operation).right(rights);
    if (operation.case === "openAccount") opens(operation.value, signers);
    if (operation.case === "revokeGrant") signers.revoked.add(grantName(operation.value.account, operation.value.grantee));
    return verdict;
  });
  if (verdicts.includes("UNAUTHORISED")) throw new Refused("UNAUTHORISED");
  if (expiresAtUnixMs > run.time + longestLife) throw new Refused("EXPIRY_TOO_FAR");
  const first = verdicts.find((verdict) => verdict !== undefined);
  if (first !== undefined) throw new Refused(first);
}

function opens({ authority, salt }: Acts["openAccount"], signers: Signers): void {
  if (authority === undefined) return;
  signers.opened.set(hex(accountId(salt, encode("Authority", authority))), authority);
}

/** costOf is one for each operation, each further leg of a bulk transfer, and each further signature. */
function costOf({ operations, keys }: Running): bigint {
  const legs = operations.map(({ operation }) => (operation.case === "bulkTransfer" ? operation.value.legs.length : 1));
  return BigInt(legs.reduce((sum, count) => sum + count, 0) + keys.length - 1);
}

function weightOf(operations: Transaction["operations"]): number {
  return operations.reduce((sum, { operation }) => (operation.case === undefined ? sum : sum + ruleOf(operation).weight), 3);
}

