// One leaf in the making: the balances that it touches, and the transaction that it is of.
import type { Operation } from "../protocol/act.js";
import { bigEndian, equal, hex, joined } from "../protocol/bytes.js";
import type { Entry } from "../protocol/entry.js";
import { widestAmount } from "../protocol/field.js";
import { enumNumber, type Authority, type LegResult, type PostState } from "../protocol/message.js";
import { isVoucher, type Moment } from "./moment.js";
import { Rights } from "./right.js";

type Bytes = Uint8Array;

/** Kinds of what is due (SPEC.md 5.8). */
export const due = { hold: 1, request: 2, move: 3, recovery: 4, vouchers: 5, ballot: 6, grant: 7 } as const;

/** Balance is an account's units of an asset; one that was never touched is all zero. */
export interface Balance { posted: bigint; held: bigint; leaf: bigint; day: bigint; used: bigint }

/** Change is what a leaf does to a balance. */
export interface Change { posted?: bigint; held?: bigint; used?: bigint }

/** Record writes to the state under one leaf, and keeps the balances that it touched. */
export class Record {
  private readonly touched = new Map<string, { account: Bytes; asset: number; previousLeaf: bigint }>();

  constructor(readonly moment: Moment, readonly leafIndex: bigint) {}

  get state() {
    return this.moment.state;
  }

  get time(): bigint {
    return this.moment.time;
  }

  balance(account: Bytes, asset: number | bigint): Balance {
    const entry = this.state.get("b", account, [asset, 4]);
    const value = (name: string) => entry?.integer(name) ?? 0n;
    return { posted: value("posted"), held: value("held"), leaf: value("leaf"), day: value("day"), used: value("used") };
  }

  available(account: Bytes, asset: number | bigint): bigint {
    const { posted, held } = this.balance(account, asset);
    return posted - held;
  }

  /** used is what counts as used of the day; counters of another day count as 0. */
  used({ day, used }: { day: bigint; used: bigint }): bigint {
    return day === this.moment.day ? used : 0n;
  }

  /** touch changes a balance by the differences, of which used makes the day today. */
  touch(account: Bytes, assetNumber: number | bigint, change: Change): void {
    const [asset, before] = [Number(assetNumber), this.balance(account, assetNumber)];
    const name = hex(joined(account, bigEndian(asset, 4)));
    if (!this.touched.has(name)) this.touched.set(name, { account, asset, previousLeaf: before.leaf });
    const posted = before.posted + (change.posted ?? 0n);
    if (posted > widestAmount) throw new Error(`a balance of ${posted}`);
    const counter = change.used === undefined ? { day: before.day, used: before.used } : this.counted(before, change.used);
    this.state.put("b", {
      account, asset: BigInt(asset), posted, held: before.held + (change.held ?? 0n), leaf: this.leafIndex, ...counter,
    });
    this.watchVouchers(account, asset, posted);
  }

  counted(before: { day: bigint; used: bigint }, total: bigint): { day: bigint; used: bigint } {
    const used = this.used(before) + total;
    return { day: this.moment.day, used: used > widestAmount ? widestAmount : used };
  }

  /** watchVouchers keeps the entry of the day on which vouchers return (SPEC.md 5.14). */
  private watchVouchers(account: Bytes, asset: number, posted: bigint): void {
    const definition = this.moment.asset(asset);
    if (definition === undefined || !isVoucher(definition)) return;
    const until = definition.integer("spendUntil");
    const wasListed = this.state.get("y", [asset, 4], account) !== undefined;
    const isDue = posted > 0n && !equal(account, definition.bytes("issuer")) && (this.time <= until || !wasListed);
    const subject = joined(bigEndian(asset, 4), account);
    if (isDue) this.schedule(until, due.vouchers, subject);
    else this.unschedule(until, due.vouchers, subject);
  }

  schedule(at: bigint, kind: number, subject: Bytes): void {
    this.state.put("d", { due: at, kind: BigInt(kind), subject, one: 1n });
  }

  unschedule(at: bigint, kind: number, subject: Bytes): void {
    this.state.remove(this.state.get("d", [at, 8], [kind, 1], subject));
  }

  /** postStates are the balances touched, as they are now, ascending by account and asset. */
  postStates(): PostState[] {
    return [...this.touched].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { account, asset, previousLeaf }]) => {
      const { posted, held } = this.balance(account, asset);
      return { account, asset, posted, held, previousLeaf };
    });
  }

  /** pend counts moves and recoveries of an account that wait. */
  pend(account: Bytes, difference: 1n | -1n): void {
    const entry = this.account(account);
    this.state.update(entry, { pending: entry.integer("pending") + difference });
  }

  /** account is for accounts of which it was said already that they are open. */
  account(id: Bytes): Entry {
    const entry = this.moment.account(id);
    if (entry === undefined) throw new Error(`the account ${hex(id)} is not open`);
    return entry;
  }

  count(counter: "accounts" | "assets"): bigint {
    const name = new Uint8Array(Buffer.from(counter));
    const count = (this.state.get("n", name)?.integer("count") ?? 0n) + 1n;
    this.state.put("n", { counter: name, count });
    return count;
  }
}

/** Running is a transaction that is being applied, operation by operation. */
export class Running extends Record {
  position = 0;
  readonly legs: LegResult[] = [];
  readonly opened = new Map<string, Authority>();
  /** What this transaction has drawn under each grant, by the key of its entry. */
  readonly drawn = new Map<string, bigint>();

  constructor(
    moment: Moment, leafIndex: bigint, readonly id: Bytes, readonly keys: Bytes[], readonly operations: Operation[],
  ) {
    super(moment, leafIndex);
  }

  /** rights are those on the state that the operations before left. */
  get rights(): Rights {
    return new Rights(this.moment, { keys: this.keys, opened: this.opened, revoked: new Set() });
  }

  refuseLeg(leg: number, code: string): void {
    this.legs.push({ operation: this.position, leg, code: enumNumber("ResultCode", code) });
  }

  isOpenedHere(account: Bytes): boolean {
    return this.opened.has(hex(account));
  }
}
