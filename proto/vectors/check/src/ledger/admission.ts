// Admission (SPEC.md 5.1, 5.4): who signs each act, whose credits it costs, and what it weighs.
import type { Act, Acts, Fee } from "../protocol/act.js";
import { equal } from "../protocol/bytes.js";
import { parse, type Authority } from "../protocol/message.js";
import { isPayerFree, payeeOf } from "./hold.js";
import { may, provisional } from "./moment.js";
import type { Involved, Rights } from "./right.js";

type Bytes = Uint8Array;

/** Verdict is the code that keeps an operation out; nothing lets it in. */
export type Verdict = string | undefined;

interface Rule<A> {
  weight(act: A): number;
  /** credits is the account that the operation acts for. */
  credits(act: A, rights: Rights): Bytes;
  /** right is asked before the transaction, and again before the operation. */
  right(act: A, rights: Rights): Verdict;
}

const nobody = new Uint8Array(16);
const attestations = 1;

/** Asked is the rule of one act, for that act. */
interface Asked { weight: number; credits(rights: Rights): Bytes; right(rights: Rights): Verdict }

export function ruleOf({ case: name, value }: Act): Asked {
  const rule = rules[name] as Rule<object>;
  return {
    weight: rule.weight(value), credits: (rights) => rule.credits(value, rights), right: (rights) => rule.right(value, rights),
  };
}

/** acting is the verdict on an account that is acted on, or debited. */
function acting(rights: Rights, account: Bytes, holds: boolean, unknown = "ACCOUNT_UNKNOWN"): Verdict {
  if (!rights.isOpen(account)) return unknown;
  return holds ? undefined : "UNAUTHORISED";
}

const debitUnknown = "DEBIT_ACCOUNT_UNKNOWN";
const weighs = (weight: number) => () => weight;
type OnAccount = { account: Bytes };
const ofAccount = ({ account }: OnAccount) => account;

/** byOwner are the acts that only an authority signs. */
function byOwner<A>(weight: number, account: (act: A) => Bytes): Rule<A> {
  const right = (act: A, rights: Rights) => acting(rights, account(act), rights.authority(account(act)));
  return { weight: weighs(weight), credits: account, right };
}

/** byIssuer are the acts of the issuer of an asset that is there. */
function byIssuer<A extends { asset: number; issuer: Bytes }>(weight: number): Rule<A> {
  return {
    weight: weighs(weight), credits: ({ issuer }) => issuer,
    right({ asset, issuer }, rights) {
      const definition = rights.moment.asset(asset);
      const isIssuers = definition !== undefined && equal(definition.bytes("issuer"), issuer);
      return acting(rights, issuer, isIssuers && rights.authority(issuer));
    },
  };
}

type Paid = { debit: Bytes; asset: number; fee?: Fee };

/** carried are debits by authority or carrying grant. */
function carried(act: Paid, rights: Rights, operation: number, carrier: Bytes | undefined): Verdict {
  const holds = rights.authority(act.debit) || rights.carrying(act.debit, operation, act.asset, carrier).length > 0;
  return acting(rights, act.debit, holds, debitUnknown);
}

/** cancels is for what waits: who ends it, and who holds it up. */
function cancels(account: Bytes, rights: Rights, but?: Bytes): Verdict {
  const hasKeys = (rights.authorityOf(account)?.keys.length ?? 0) > 0;
  const attestors = !hasKeys && rights.attestorsSay(account, { accounts: [account], keys: [] });
  const isOther = (grantee: Bytes) => but === undefined || !equal(grantee, but);
  const grants = rights.grants(account, may.cancel, "any").filter((grant) => isOther(grant.bytes("grantee")));
  return acting(rights, account, rights.authority(account) || attestors || grants.length > 0);
}

function recovers({ account }: OnAccount, rights: Rights, to: Authority | undefined): Verdict {
  const keys = [...(rights.authorityOf(account)?.keys ?? []), ...(to?.keys ?? [])].map(({ key }) => key);
  const attestors = () => rights.attestorsSay(account, { accounts: [account], keys });
  return acting(rights, account, rights.guardians(account) || attestors());
}

const aliasWeight = (alias: Bytes) => (alias.length > 0 ? 1 : 0);

const rules: { [Name in keyof Acts]: Rule<Acts[Name]> } = {
  openAccount: {
    weight: weighs(3), credits: () => nobody,
    right({ authority }, rights) {
      if (authority === undefined) return "UNAUTHORISED";
      if (authority.keys.length > 0) return rights.reaches(authority.keys, authority.threshold) ? undefined : "UNAUTHORISED";
      const isOfNetwork = BigInt(authority.attestors) === rights.moment.parameter(attestations);
      return isOfNetwork && authority.guardians.length === 0 && rights.firstProvider() !== undefined ? undefined : "UNAUTHORISED";
    },
  },
  issueGrant: {
    weight: weighs(4), credits: ofAccount,
    right({ account, grantee }, rights) {
      const isFounded = rights.isOpenedHere(account) && rights.authorityOf(account)?.keys.length === 0;
      const isFounder = isFounded && rights.signs(grantee) && rights.moment.providerOf(grantee) !== undefined;
      return acting(rights, account, isFounder || rights.authority(account));
    },
  },
  revokeGrant: {
    weight: weighs(4), credits: ofAccount,
    right({ account, grantee }, rights) {
      const isOwn = rights.signs(grantee) && rights.grant(account, grantee) !== undefined;
      return acting(rights, account, isOwn || rights.authority(account));
    },
  },
  bindAlias: {
    weight: weighs(4), credits: ofAccount,
    right({ account }, rights) {
      return acting(rights, account, rights.isOpenedHere(account) && rights.authorityOf(account)?.keys.length === 0);
    },
  },
  issue: {
    weight: weighs(6), credits: ({ asset }, rights) => rights.moment.asset(asset)?.bytes("issuer") ?? nobody,
    right({ asset }, rights) {
      const issuer = rights.moment.asset(asset)?.bytes("issuer");
      return issuer !== undefined && rights.authority(issuer) ? undefined : "UNAUTHORISED";
    },
  },
  transfer: {
    weight: ({ fee, alias, request }) => 5 + (fee === undefined ? 0 : 2) + aliasWeight(alias) + (request.length > 0 ? 2 : 0),
    credits: ({ debit }) => debit,
    right: (act, rights) => carried(act, rights, may.transfer, act.fee?.provider),
  },
  setAuthority: byOwner(6, ofAccount),
  setTier: {
    weight: weighs(4), credits: (_, rights) => rights.firstAttestor() ?? nobody,
    right: ({ account }, rights) => acting(rights, account, rights.attestors({ accounts: [account], keys: [] }) >= 1),
  },
  startRecovery: { weight: weighs(6), credits: ofAccount, right: (act, rights) => recovers(act, rights, act.authority) },
  cancelRecovery: { weight: weighs(6), credits: ofAccount, right: ({ account }, rights) => cancels(account, rights) },
  completeRecovery: {
    weight: weighs(6), credits: ofAccount,
    right(act, rights) {
      const recovery = rights.moment.recovery(act.account);
      return recovers(act, rights, recovery && parse<Authority>("Authority", recovery.bytes("authority")));
    },
  },
  attestAlias: {
    weight: weighs(4), credits: ofAccount,
    right({ account, alias }, rights) {
      const binding = rights.moment.binding(alias);
      const isMadeFull = binding?.status === provisional && equal(binding.account, account);
      const involved: Involved = { accounts: [account], keys: [], vouched: isMadeFull ? binding.voucher : undefined };
      const enough = BigInt(rights.attestors(involved)) >= rights.moment.parameter(attestations);
      const hasKeys = (rights.authorityOf(account)?.keys.length ?? 0) > 0;
      return acting(rights, account, enough && (!hasKeys || rights.authority(account)));
    },
  },
  releaseAlias: {
    weight: weighs(6), credits: ofAccount,
    right({ account }, rights) {
      const attestors = () => rights.attestorsSay(account, { accounts: [account], keys: [] });
      return acting(rights, account, rights.authority(account) || attestors());
    },
  },
  startMove: { weight: weighs(12), credits: ({ from }) => from, right: mayMove },
  cancelMove: {
    weight: weighs(8), credits: ofAccount,
    right({ account, alias }, rights) {
      const move = rights.moment.move(alias);
      const grantee = move?.isSet("newGrantee") ? move.bytes("newGrantee") : undefined;
      return cancels(account, rights, grantee);
    },
  },
  confirmMove: {
    weight: weighs(14), credits: ofAccount,
    right({ account, alias }, rights) {
      const move = rights.moment.move(alias);
      const parts = (names: string[]) => names.flatMap((name) => (move?.isSet(name) ? [move.bytes(name)] : []));
      const involved = { accounts: [account, ...parts(["from", "to"])], keys: parts(["oldGrantee", "newGrantee"]) };
      return acting(rights, account, rights.attestorsSay(account, involved));
    },
  },
  defineAsset: {
    weight: weighs(13), credits: ({ issuer }) => issuer,
    right({ issuer }, rights) {
      return acting(rights, issuer, rights.moment.state.get("i", issuer) !== undefined && rights.authority(issuer));
    },
  },
  setLimits: byIssuer(11),
  listPayee: byIssuer(4),
  redeem: byIssuer(6),
  stateReserve: byIssuer(4),
  bulkTransfer: {
    weight: ({ legs }) => 8 + legs.reduce((sum, { alias }) => sum + 2 + aliasWeight(alias), 0),
    credits: ({ debit }) => debit,
    right: (act, rights) => carried(act, rights, may.transfer, act.fee?.provider),
  },
  placeHold: {
    weight: weighs(10), credits: ({ debit }) => debit,
    right: (act, rights) => carried(act, rights, may.hold, act.fee?.provider),
  },
  captureHold: {
    weight: weighs(8), credits: ({ credit }) => credit,
    right: ({ credit, asset }, rights) => acting(rights, credit, rights.mayActBy(credit, may.capture, asset)),
  },
  releaseHold: {
    weight: weighs(6),
    credits(act, rights) {
      const { payee, asPayer } = releasers(act, rights);
      return asPayer ? act.debit : (payee ?? act.debit);
    },
    right(act, rights) {
      const { asPayer, asPayee } = releasers(act, rights);
      return acting(rights, act.debit, asPayer || asPayee);
    },
  },
  requestPayment: {
    weight: weighs(2), credits: ({ credit }) => credit,
    right({ credit, debit, asset }, rights) {
      const verdict = acting(rights, credit, rights.mayActBy(credit, may.request, asset));
      return verdict ?? (rights.isOpen(debit) ? undefined : debitUnknown);
    },
  },
  declineRequest: {
    weight: weighs(2), credits: ofAccount,
    right: ({ account }, rights) => acting(rights, account, rights.mayActBy(account, may.request, "any")),
  },
  return: {
    weight: weighs(8), credits: ({ debit, asset }, rights) => arbiterOf(asset, rights) ?? debit,
    right(act, rights) {
      if (arbiterOf(act.asset, rights) !== undefined) return acting(rights, act.debit, true, debitUnknown);
      return carried(act, rights, may.return, act.carrier.length > 0 ? act.carrier : undefined);
    },
  },
  registerProvider: {
    weight: weighs(6), credits: ofAccount,
    right: ({ account, key }, rights) => acting(rights, account, rights.signs(key) && rights.authority(account)),
  },
  publishFees: byOwner(6, ({ provider }) => provider),
  propose: byGovernor(),
  vote: byGovernor(),
};

function byGovernor<A extends { validator: string }>(): Rule<A> {
  const governor = ({ validator }: A, rights: Rights) =>
    rights.moment.state.get("V", new Uint8Array(Buffer.from(validator)))?.bytes("account");
  return {
    weight: weighs(6), credits: (act, rights) => governor(act, rights) ?? nobody,
    right(act, rights) {
      const account = governor(act, rights);
      return account !== undefined && rights.authority(account) ? undefined : "UNAUTHORISED";
    },
  };
}

/** arbiterOf is the asset's arbiter, if he signs. */
function arbiterOf(asset: number, rights: Rights): Bytes | undefined {
  const definition = rights.moment.asset(asset);
  if (definition === undefined || !definition.isSet("arbiter")) return undefined;
  return rights.authority(definition.bytes("arbiter")) ? definition.bytes("arbiter") : undefined;
}

/** releasers tells in whose right a hold is released; of one that is not there, in that of the account named as payer. */
function releasers({ hold: id, debit }: Acts["releaseHold"], rights: Rights) {
  const hold = rights.moment.hold(id);
  if (hold === undefined || !equal(hold.bytes("debit"), debit)) {
    return { payee: undefined, asPayer: rights.mayActBy(debit, may.hold, "any"), asPayee: false };
  }
  const asset = Number(hold.integer("asset"));
  const payee = payeeOf(rights, hold);
  return {
    payee, asPayer: isPayerFree(hold) && rights.mayActBy(debit, may.hold, asset),
    asPayee: payee !== undefined && rights.mayActBy(payee, may.capture, asset),
  };
}

/** mayMove is the table of who signs a move (SPEC.md 5.13). */
function mayMove(act: Acts["startMove"], rights: Rights): Verdict {
  const { from, to, oldGrantee, grant } = act;
  if (!rights.isOpen(from) || !rights.isOpen(to)) return "ACCOUNT_UNKNOWN";
  const keys = [...(oldGrantee.length > 0 ? [oldGrantee] : []), ...(grant === undefined ? [] : [grant.grantee])];
  const starts = rights.authority(from) || rights.attestorsSay(from, { accounts: [from, to], keys });
  const agrees = grant === undefined || rights.signs(grant.grantee);
  return starts && agrees && (equal(from, to) || receives(act, rights)) ? undefined : "UNAUTHORISED";
}

/** receives tells whether another account takes the number: its owner, or for one without keys who acts on it. */
function receives({ to, grant }: Acts["startMove"], rights: Rights): boolean {
  const hasKeys = (rights.authorityOf(to)?.keys.length ?? 0) > 0;
  if (hasKeys) return rights.authority(to);
  if (grant !== undefined) return false;
  const isGrantee = rights.signers.keys.some((key) => rights.grant(to, key) !== undefined);
  return isGrantee || (rights.isOpenedHere(to) && rights.firstProvider() !== undefined);
}

