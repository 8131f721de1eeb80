// The acts of a transaction (SPEC.md 5.4) as they come out of the parser. Absent scalars are zero, absent bytes and lists
// empty, absent messages undefined.
import type { Authority } from "./message.js";

type Bytes = Uint8Array;

export interface Fee { provider: Bytes; scheduleVersion: number; amount: bigint }
export interface Grant {
  account: Bytes; grantee: Bytes; operations: number[]; asset: number; capTransaction: bigint; capDay: bigint;
  feeCeiling: bigint; expiresAtUnixMs: bigint;
}
export interface TierLimit { tier: number; capTransaction: bigint; capDay: bigint }
export interface Band { upTo: bigint; flat: bigint; basisPoints: number }
export interface Provider {
  account: Bytes; key: Bytes; name: string; codes: string[]; languages: string[]; endpoints: string[]; telephone: string;
}
export interface Attestor { account: Bytes; key: Bytes; name: string; provider: Bytes; endpoints: string[] }
export interface Governor { name: string; key: Bytes; tlsKeyHash: Bytes; account: Bytes; peerAddress: string }
export interface Leg { credit: Bytes; amount: bigint; alias: Bytes }
export interface Bulk { debit: Bytes; asset: number; mode: number; legs: Leg[]; fee?: Fee; reference: string }
export interface Capture {
  hold: Bytes; debit: Bytes; credit: Bytes; asset: number; amount: bigint; preimage: Bytes; releaseRest: boolean;
}
export interface Hold {
  debit: Bytes; credit: Bytes; alias: Bytes; asset: number; amount: bigint; fee?: Fee; onExpiry: number;
  expiresAtUnixMs: bigint; hashlock: Bytes; payerMayRelease: boolean; reference: string;
}
export interface Transfer {
  debit: Bytes; credit: Bytes; asset: number; amount: bigint; fee?: Fee; alias: Bytes; reference: string; request: Bytes;
}
export interface Return {
  leafIndex: bigint; leaf: Bytes; operation: number; debit: Bytes; credit: Bytes; asset: number; amount: bigint; carrier: Bytes;
}

/** Decisions are the members of Decision's oneof. */
export interface Decisions {
  setValidators: { validators: Governor[] };
  setParameter: { parameter: number; value: bigint };
  setRules: { version: number };
  setIssuer: { account: Bytes; issuer: boolean };
  setAttestor: { attestor?: Attestor };
  removeAttestor: { account: Bytes };
  freeze: { account: Bytes; untilUnixMs: bigint; evidenceHash: Bytes };
  setPool: { provider: Bytes; shares: number };
}

/** Acts are the members of Operation's oneof. */
export interface Acts {
  openAccount: { authority?: Authority; salt: Bytes };
  issueGrant: Grant;
  revokeGrant: { account: Bytes; grantee: Bytes };
  bindAlias: { alias: Bytes; account: Bytes; sealedName: Bytes };
  issue: { asset: number; credit: Bytes; amount: bigint };
  transfer: Transfer;
  setAuthority: { account: Bytes; authority?: Authority };
  setTier: { account: Bytes; tier: number; checkedAtUnixMs: bigint; evidenceHash: Bytes };
  startRecovery: { account: Bytes; authority?: Authority };
  cancelRecovery: { account: Bytes };
  completeRecovery: { account: Bytes };
  attestAlias: { alias: Bytes; account: Bytes; sealedName: Bytes };
  releaseAlias: { alias: Bytes; account: Bytes };
  startMove: { alias: Bytes; from: Bytes; to: Bytes; oldGrantee: Bytes; grant?: Grant; sealedName: Bytes };
  cancelMove: { alias: Bytes; account: Bytes };
  confirmMove: { alias: Bytes; account: Bytes };
  defineAsset: {
    issuer: Bytes; code: string; scale: number; kind: number; spendUntilUnixMs: bigint; arbiter: Bytes; limits: TierLimit[];
    provisionalInflowDay: bigint;
  };
  setLimits: { asset: number; issuer: Bytes; limits: TierLimit[]; provisionalInflowDay: bigint };
  listPayee: { asset: number; issuer: Bytes; payee: Bytes; listed: boolean };
  redeem: { asset: number; issuer: Bytes; amount: bigint };
  stateReserve: { asset: number; issuer: Bytes; reserve: bigint; asOfUnixMs: bigint; evidenceHash: Bytes };
  bulkTransfer: Bulk;
  placeHold: Hold;
  captureHold: Capture;
  releaseHold: { hold: Bytes; debit: Bytes };
  requestPayment: {
    credit: Bytes; debit: Bytes; asset: number; amount: bigint; expiresAtUnixMs: bigint; reference: string;
  };
  declineRequest: { request: Bytes; account: Bytes };
  return: Return;
  registerProvider: Provider;
  publishFees: { provider: Bytes; asset: number; version: number; bands: Band[]; effectiveAtUnixMs: bigint };
  propose: { validator: string; decision?: Decision; expiresAtUnixMs: bigint; effectiveAtUnixMs: bigint; evidenceHash: Bytes };
  vote: { ballot: Bytes; validator: string; yes: boolean };
}

/** OneOf is what the parser makes of a oneof: the name of the member that is set, and its value. */
type OneOf<Members> = { [Name in keyof Members]: { case: Name; value: Members[Name] } }[keyof Members];

export type Act = OneOf<Acts>;
export interface Operation { operation: Act | { case: undefined } }
export interface Decision { decision: OneOf<Decisions> | { case: undefined } }
