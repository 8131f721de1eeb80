// The ledger at one moment: the state as the rules see it, in which what is overdue is done (SPEC.md 5.8).
import { equal, fromBigEndian, hex } from "../protocol/bytes.js";
import type { Entry } from "../protocol/entry.js";
import { parse, type Authority } from "../protocol/message.js";
import type { State } from "../protocol/state.js";

type Bytes = Uint8Array;

export const dayMs = 86400000n;

/** History is what there was before this batch: its size, and its leaves. */
export interface History { size: bigint; leaf(index: bigint): Bytes | undefined }

/** The states of what waits (SPEC.md 5.11). */
export const running = 0n;
export const held = 1n;
export const confirmed = 2n;

/** What an alias is (SPEC.md 6.4, entries l). */
export const provisional = 0n;
export const attested = 1n;
export const released = 2n;

/** Bits of the flags of a move. */
export const hasOldGrantee = 1n;
export const hasNewGrant = 2n;
export const hasName = 4n;

/** GrantedOperation, as bits of a grant's operations. */
export const may = { transfer: 1, hold: 2, capture: 3, request: 4, return: 5, cancel: 6 } as const;

/** Binding is an alias as the rules see it: a move that is overdue has moved it. */
export interface Binding { account: Bytes; status: bigint; quarantineUntil: bigint; voucher: Bytes; sealedName: Bytes }

/** Moment gives what is in force at the time of a batch. */
export class Moment {
  constructor(readonly state: State, readonly time: bigint, readonly history: History) {}

  /** day is the calendar day of ledger time where the network is (SPEC.md 5.7). */
  get day(): bigint {
    const rules = this.state.get("r");
    const offset = BigInt.asIntN(32, rules?.integer("dayOffset") ?? 0n) * 60000n;
    return (this.time + offset) / dayMs;
  }

  parameter(number: number): bigint {
    return this.state.get("P", [number, 1])?.integer("value") ?? 0n;
  }

  account(id: Bytes): Entry | undefined {
    return id.length === 0 ? undefined : this.state.get("a", id);
  }

  hasAccount(id: Bytes): boolean {
    return this.account(id) !== undefined;
  }

  asset(number: number | bigint): Entry | undefined {
    return this.state.get("s", [number, 4]);
  }

  /** authority is the one in force: of an account whose recovery is overdue, the new one. */
  authority(id: Bytes): Authority | undefined {
    const account = this.account(id);
    if (account === undefined) return undefined;
    const recovery = this.state.get("c", id);
    const isNew = recovery !== undefined && this.isCompleted(recovery);
    return parse<Authority>("Authority", (isNew ? recovery : account).bytes("authority"));
  }

  /** waits tells whether a move or recovery is neither over nor overdue. */
  waits(wait: Entry): boolean {
    return this.time <= wait.integer("due");
  }

  /** isCompleted tells of a move or recovery that is overdue whether it did not lapse. */
  isCompleted(wait: Entry): boolean {
    return !this.waits(wait) && wait.integer("waiting") !== held;
  }

  /** grant is one that holds. */
  grant(account: Bytes, grantee: Bytes): Entry | undefined {
    const grant = this.state.get("g", account, grantee);
    if (grant === undefined || this.time > grant.integer("expiry")) return undefined;
    return this.moves(account).some((move) => this.isCompleted(move) && ends(move, grantee)) ? undefined : grant;
  }

  /** moves are those from an account that have not ended by a leaf, in the order of their start. */
  moves(account: Bytes): Entry[] {
    const list = this.state.get("M", account)?.bytes("aliases") ?? new Uint8Array();
    const aliases = Array.from({ length: list.length / 32 }, (_, i) => list.slice(32 * i, 32 * i + 32));
    return aliases.map((alias) => {
      const move = this.state.get("m", alias);
      if (move === undefined) throw new Error(`there is no move of ${hex(alias)}`);
      return move;
    });
  }

  /** move is one that waits. */
  move(alias: Bytes): Entry | undefined {
    const move = this.state.get("m", alias);
    return move !== undefined && this.waits(move) ? move : undefined;
  }

  recovery(account: Bytes): Entry | undefined {
    const recovery = this.state.get("c", account);
    return recovery !== undefined && this.waits(recovery) ? recovery : undefined;
  }

  hold(id: Bytes): Entry | undefined {
    return this.unexpired(this.state.get("h", id));
  }

  request(id: Bytes): Entry | undefined {
    return this.unexpired(this.state.get("R", id));
  }

  private unexpired(entry: Entry | undefined): Entry | undefined {
    return entry !== undefined && this.time <= entry.integer("expiry") ? entry : undefined;
  }

  binding(alias: Bytes): Binding | undefined {
    const entry = this.state.get("l", alias);
    if (entry === undefined) return undefined;
    const move = this.state.get("m", alias);
    const isMoved = move !== undefined && this.isCompleted(move);
    return {
      account: (isMoved ? move.bytes("to") : entry.bytes("account")), status: isMoved ? attested : entry.integer("status"),
      quarantineUntil: entry.integer("quarantineUntil"), voucher: entry.bytes("voucher"), sealedName: entry.bytes("sealedName"),
    };
  }

  /** isBound tells whether an alias leads to an account, provisionally or in full. */
  isBound(alias: Bytes, account: Bytes): boolean {
    const binding = this.binding(alias);
    return binding !== undefined && binding.status !== released && equal(binding.account, account);
  }

  /** isAttested tells whether an alias leads to an account in full. */
  isAttested(alias: Bytes, account: Bytes): boolean {
    return this.isBound(alias, account) && this.binding(alias)?.status === attested;
  }

  /** providerOf gives the provider whose key this is; retired keys are none, unless they are asked for. */
  providerOf(key: Bytes, retired?: "retired too"): Bytes | undefined {
    const entry = this.state.get("k", key);
    return entry !== undefined && (retired !== undefined || entry.integer("retired") === 0n) ? entry.bytes("account") : undefined;
  }

  /** limit is the tier limit that holds (SPEC.md 5.7): of the account's tier, or of the next lower that has one. */
  limit(asset: number | bigint, tier: bigint): Entry | undefined {
    for (let lower = tier; lower >= 0n; lower--) {
      const limit = this.state.get("t", [asset, 4], [lower, 1]);
      if (limit !== undefined) return limit;
    }
    return undefined;
  }

  isFrozen(id: Bytes): boolean {
    return (this.account(id)?.integer("frozenUntil") ?? 0n) >= this.time && this.account(id)?.integer("frozenUntil") !== 0n;
  }
}

/** ends tells whether a completed move ends the grant of a key on the account that it leaves. */
function ends(move: Entry, grantee: Bytes): boolean {
  if ((move.integer("flags") & hasOldGrantee) === 0n || !equal(move.bytes("oldGrantee"), grantee)) return false;
  return !isOneGrant(move);
}

/** isOneGrant tells whether old and new grant of a move are of one key on one account. */
export function isOneGrant(move: Entry): boolean {
  const both = hasOldGrantee | hasNewGrant;
  const isOneKey = (move.integer("flags") & both) === both && equal(move.bytes("oldGrantee"), move.bytes("newGrantee"));
  return isOneKey && equal(move.bytes("from"), move.bytes("to"));
}

/** Voucher assets have a date; money has none. */
export function isVoucher(asset: Entry): boolean {
  return asset.integer("spendUntil") !== 0n;
}

export function numberOf(bytes: Bytes): number {
  return Number(fromBigEndian(bytes));
}
