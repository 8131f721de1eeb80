// The rules of each act that need no state (SPEC.md 3.6). What a table of acts says of an act once is said here once.
import type { Acts, Operation } from "./act.js";
import { accountId, checkAuthority, checkOwned } from "./authority.js";
import { checkDecision } from "./ballot.js";
import { equal } from "./bytes.js";
import { checkProvider } from "./directory.js";
import {
  amount, amountOrZero, asset, bands, Fields, fixed, fixedOrAbsent, isAssetCode, limits, reference, tier, time, validatorName,
} from "./field.js";
import { encode, enumName } from "./message.js";
import { refuseUnless } from "./refusal.js";

/** checkOperation holds one operation to the rules of its act. */
export function checkOperation({ operation }: Operation, fields: Fields): void {
  refuseUnless(operation.case !== undefined, "empty-operation", "an operation without its act");
  // Not a refusal: a new act needs its rules here before a case with it can pass.
  const rules = acts[operation.case] as ((act: object, fields: Fields) => void) | undefined;
  if (rules === undefined) throw new Error(`the act ${operation.case} has no rules in this program`);
  rules(operation.value, fields);
}

const acts: { [Name in keyof Acts]: (act: Acts[Name], fields: Fields) => void } = {
  openAccount({ authority, salt }, fields) {
    checkAuthority(authority);
    fixed("salt", salt, 16);
    fields.account("account", accountId(salt, encode("Authority", authority)));
  },
  issueGrant: (grant, fields) => fields.grant(grant),
  revokeGrant({ account, grantee }, fields) {
    fields.account("account", account);
    fixed("grantee", grantee, 32);
  },
  bindAlias: checkBinding,
  attestAlias: checkBinding,
  releaseAlias: checkAlias,
  cancelMove: checkAlias,
  confirmMove: checkAlias,
  setAuthority({ account, authority }, fields) {
    fields.account("account", account);
    checkOwned(authority);
  },
  startRecovery({ account, authority }, fields) {
    fields.account("account", account);
    checkOwned(authority);
  },
  cancelRecovery: ({ account }, fields) => fields.account("account", account),
  completeRecovery: ({ account }, fields) => fields.account("account", account),
  setTier(set, fields) {
    fields.account("account", set.account);
    tier(set.tier);
    time("checked_at", set.checkedAtUnixMs);
    fixed("evidence_hash", set.evidenceHash, 32);
  },
  startMove(move, fields) {
    fixed("alias", move.alias, 32);
    fields.account("from", move.from);
    fields.account("to", move.to);
    fixedOrAbsent("old_grantee", move.oldGrantee, 32);
    fixedOrAbsent("sealed_name", move.sealedName, 60);
    const changes = !equal(move.from, move.to) || move.oldGrantee.length > 0 || move.grant !== undefined;
    refuseUnless(changes, "move", "the move changes nothing");
    if (move.grant === undefined) return;
    fields.grant(move.grant);
    refuseUnless(equal(move.grant.account, move.to), "move", "the grant is on another account than to");
  },
  defineAsset(definition, fields) {
    fields.account("issuer", definition.issuer);
    const check = (holds: boolean, message: string) => refuseUnless(holds, "asset-definition", message);
    check(isAssetCode(definition.code), `code ${definition.code}`);
    check(definition.scale <= 18, `scale ${definition.scale}`);
    check(definition.kind !== 0, "an asset of no kind");
    const isMoney = enumName("AssetKind", definition.kind) === "MONEY";
    check((definition.spendUntilUnixMs === 0n) === isMoney, `spend_until is ${definition.spendUntilUnixMs}`);
    fields.accountOrAbsent("arbiter", definition.arbiter);
    limits(definition.limits);
    amountOrZero("provisional_inflow_day", definition.provisionalInflowDay);
  },
  setLimits(set, fields) {
    asset(set.asset);
    fields.account("issuer", set.issuer);
    limits(set.limits);
    amountOrZero("provisional_inflow_day", set.provisionalInflowDay);
  },
  listPayee(list, fields) {
    asset(list.asset);
    fields.account("issuer", list.issuer);
    fields.account("payee", list.payee);
  },
  issue(issue, fields) {
    asset(issue.asset);
    fields.account("credit", issue.credit);
    amount(issue.amount);
  },
  redeem(redeem, fields) {
    asset(redeem.asset);
    fields.account("issuer", redeem.issuer);
    amount(redeem.amount);
  },
  stateReserve(statement, fields) {
    asset(statement.asset);
    fields.account("issuer", statement.issuer);
    amountOrZero("reserve", statement.reserve);
    time("as_of", statement.asOfUnixMs);
    fixed("evidence_hash", statement.evidenceHash, 32);
  },
  transfer(transfer, fields) {
    checkPayment(transfer, fields);
    fields.fee(transfer.fee, transfer.amount);
    fixedOrAbsent("alias", transfer.alias, 32);
    fixedOrAbsent("request", transfer.request, 16);
    reference(transfer.reference);
  },
  bulkTransfer(bulk, fields) {
    fields.account("debit", bulk.debit);
    asset(bulk.asset);
    refuseUnless(bulk.mode !== 0, "mode", "a bulk transfer without a mode");
    refuseUnless(bulk.legs.length >= 1 && bulk.legs.length <= 400, "legs", `${bulk.legs.length} legs`);
    for (const leg of bulk.legs) {
      fields.account("credit", leg.credit);
      amount(leg.amount);
      fixedOrAbsent("alias", leg.alias, 32);
    }
    fields.fee(bulk.fee, bulk.legs.reduce((sum, leg) => sum + leg.amount, 0n));
    reference(bulk.reference);
  },
  placeHold(hold, fields) {
    fields.account("debit", hold.debit);
    fields.accountOrAbsent("credit", hold.credit);
    fixedOrAbsent("alias", hold.alias, 32);
    refuseUnless(hold.credit.length > 0 || hold.alias.length > 0, "payee", "a hold for nobody");
    refuseUnless(hold.onExpiry !== 0, "payee", "a hold that does not say what its expiry does");
    asset(hold.asset);
    amount(hold.amount);
    fields.fee(hold.fee, hold.amount);
    time("expires_at", hold.expiresAtUnixMs);
    fixedOrAbsent("hashlock", hold.hashlock, 32);
    reference(hold.reference);
  },
  captureHold(capture, fields) {
    fixed("hold", capture.hold, 16);
    checkPayment(capture, fields);
    fixedOrAbsent("preimage", capture.preimage, 32);
  },
  releaseHold({ hold, debit }, fields) {
    fixed("hold", hold, 16);
    fields.account("debit", debit);
  },
  requestPayment(request, fields) {
    checkPayment(request, fields);
    time("expires_at", request.expiresAtUnixMs);
    reference(request.reference);
  },
  declineRequest({ request, account }, fields) {
    fixed("request", request, 16);
    fields.account("account", account);
  },
  return(back, fields) {
    refuseUnless(back.leaf.length > 0, "return-leaf", "a return without its leaf");
    checkPayment(back, fields);
    fields.accountOrAbsent("carrier", back.carrier);
  },
  registerProvider: checkProvider,
  publishFees(publish, fields) {
    fields.account("provider", publish.provider);
    asset(publish.asset);
    refuseUnless(publish.version >= 1, "bands", "versions are numbered from 1");
    bands(publish.bands);
  },
  propose(proposal, fields) {
    validatorName(proposal.validator);
    fixedOrAbsent("evidence_hash", proposal.evidenceHash, 32);
    checkDecision(proposal.decision, fields);
    time("expires_at", proposal.expiresAtUnixMs);
  },
  vote({ ballot, validator }) {
    fixed("ballot", ballot, 16);
    validatorName(validator);
  },
};

type Bytes = Uint8Array;

function checkAlias({ alias, account }: { alias: Bytes; account: Bytes }, fields: Fields): void {
  fixed("alias", alias, 32);
  fields.account("account", account);
}

function checkBinding(binding: { alias: Bytes; account: Bytes; sealedName: Bytes }, fields: Fields): void {
  checkAlias(binding, fields);
  fixed("sealed_name", binding.sealedName, 60);
}

type Payment = { debit: Bytes; credit: Bytes; asset: number; amount: bigint };

function checkPayment(payment: Payment, fields: Fields): void {
  fields.account("debit", payment.debit);
  fields.account("credit", payment.credit);
  asset(payment.asset);
  amount(payment.amount);
}
