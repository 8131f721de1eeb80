// Who may sign (SPEC.md 5.4), and what attestors mean together (SPEC.md 5.11).
import { equal, hex } from "../protocol/bytes.js";
import type { Entry } from "../protocol/entry.js";
import { parse, type Authority, type AuthorityKey } from "../protocol/message.js";
import type { Attestor } from "../protocol/act.js";
import type { Moment } from "./moment.js";

type Bytes = Uint8Array;

/** Signers are the keys under a transaction, ascending, and what of the transaction itself gives or takes a right. */
export interface Signers {
  keys: Bytes[];
  /** Accounts that earlier operations open, by id in hexadecimal, with their authority. */
  opened: Map<string, Authority>;
  /** Grants that earlier operations end, as account and grantee in hexadecimal. */
  revoked: Set<string>;
}

export const grantName = (account: Bytes, grantee: Bytes) => `${hex(account)} ${hex(grantee)}`;

/** Rights judges what the signers of a transaction may do at a moment. */
export class Rights {
  constructor(readonly moment: Moment, readonly signers: Signers) {}

  signs(key: Bytes): boolean {
    return this.signers.keys.some((signer) => equal(signer, key));
  }

  authorityOf(account: Bytes): Authority | undefined {
    return this.moment.authority(account) ?? this.signers.opened.get(hex(account));
  }

  /** isOpenedHere tells whether the transaction opens the account, before this operation. */
  isOpenedHere(account: Bytes): boolean {
    return this.signers.opened.has(hex(account));
  }

  isOpen(account: Bytes): boolean {
    return this.authorityOf(account) !== undefined;
  }

  /** authority tells whether the weights of an account's keys among the signers reach the threshold. */
  authority(account: Bytes): boolean {
    const authority = this.authorityOf(account);
    return authority !== undefined && this.reaches(authority.keys, authority.threshold);
  }

  guardians(account: Bytes): boolean {
    const authority = this.authorityOf(account);
    return authority !== undefined && this.reaches(authority.guardians, authority.guardianThreshold);
  }

  reaches(keys: AuthorityKey[], threshold: number): boolean {
    const weight = keys.filter(({ key }) => this.signs(key)).reduce((sum, { weight }) => sum + weight, 0);
    return threshold > 0 && weight >= threshold;
  }

  /** grants are those of an account to signers that allow an operation for an asset (or any), ascending by key. */
  grants(account: Bytes, operation: number, asset: number | "any"): Entry[] {
    return this.signers.keys.flatMap((key) => {
      const grant = this.grant(account, key);
      if (grant === undefined || (grant.integer("operations") & (1n << BigInt(operation))) === 0n) return [];
      return asset === "any" || grant.integer("asset") === BigInt(asset) ? [grant] : [];
    });
  }

  /** grant is one that holds and was not revoked before. */
  grant(account: Bytes, grantee: Bytes): Entry | undefined {
    return this.signers.revoked.has(grantName(account, grantee)) ? undefined : this.moment.grant(account, grantee);
  }

  /** carrying are those grants whose keys are no provider's, or of the provider that the operation names. */
  carrying(account: Bytes, operation: number, asset: number, carrier: Bytes | undefined): Entry[] {
    return this.grants(account, operation, asset).filter((grant) => {
      const provider = this.moment.providerOf(grant.bytes("grantee"), "retired too");
      return provider === undefined || (carrier !== undefined && equal(provider, carrier));
    });
  }

  /** mayActBy is authority, or a grant. */
  mayActBy(account: Bytes, operation: number, asset: number | "any"): boolean {
    return this.authority(account) || this.grants(account, operation, asset).length > 0;
  }

  /** provider gives the provider of the first signer that is a registered provider's key. */
  firstProvider(): Bytes | undefined {
    return this.signers.keys.map((key) => this.moment.providerOf(key)).find((provider) => provider !== undefined);
  }

  /** firstAttestor is the account of the first signer that is an attestor's key. */
  firstAttestor(): Bytes | undefined {
    const accounts = this.signers.keys.map((key) => this.moment.state.get("O", key)?.bytes("account"));
    return accounts.find((account) => account !== undefined);
  }

  /** attestorsSay tells whether as many attestors sign as an account's authority says. */
  attestorsSay(account: Bytes, involved: Involved): boolean {
    const wanted = this.authorityOf(account)?.attestors ?? 0;
    return wanted > 0 && this.attestors(involved) >= wanted;
  }

  /** attestors counts those who sign and take no part; those of one provider count as one. */
  attestors(involved: Involved): number {
    const voices = new Set<string>();
    for (const key of this.signers.keys) {
      const account = this.moment.state.get("O", key)?.bytes("account");
      const entry = account && this.moment.state.get("o", account)?.bytes("entry");
      if (entry === undefined) continue;
      const attestor = parse<Attestor>("Attestor", entry);
      if (this.takesPart(attestor, involved)) continue;
      voices.add(attestor.provider.length > 0 ? `provider ${hex(attestor.provider)}` : hex(attestor.account));
    }
    return voices.size;
  }

  private takesPart(attestor: Attestor, { accounts, keys, vouched }: Involved): boolean {
    const { provider } = attestor;
    const own = [attestor.account, ...(provider.length > 0 ? [provider] : [])];
    const ownKeys = [attestor.key, ...this.keysOf(provider)];
    const isOwn = (list: Bytes[], one: Bytes) => list.some((other) => equal(other, one));
    if (accounts.some((account) => isOwn(own, account))) return true;
    if (keys.some((key) => isOwn(ownKeys, key))) return true;
    if (accounts.some((account) => ownKeys.some((key) => this.moment.grant(account, key) !== undefined))) return true;
    const isOpened = accounts.some((account) => this.signers.opened.has(hex(account)));
    if (isOpened && this.keysOf(provider).some((key) => this.signs(key))) return true;
    return vouched !== undefined && provider.length > 0 && equal(provider, vouched);
  }

  /** keysOf are a provider's keys, retired ones included. */
  private keysOf(provider: Bytes): Bytes[] {
    if (provider.length === 0) return [];
    const own = this.moment.state.all("k").filter((key) => equal(key.bytes("account"), provider));
    return own.map((key) => key.bytes("providerKey"));
  }
}

/** Involved is what an operation is about: who has a part in it attests nothing of it. */
export interface Involved {
  accounts: Bytes[];
  /** Keys that begin or end to act by the operation. */
  keys: Bytes[];
  /** The provider that vouched for the binding that the operation makes full. */
  vouched?: Bytes | undefined;
}
