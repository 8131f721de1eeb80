// Which fields this program has rules for. The messages grow; a field that is present and not in this list would pass
// unread, so it stops the program until its rules are written.
import { isFieldSet, type DescMessage, type Message } from "@bufbuild/protobuf";

const covered: Record<string, string> = {
  Envelope: "body signatures",
  Signature: "signer signature",
  TransactionBody: "nonce expires_at_unix_ms operations",
  Operation: "open_account issue_grant revoke_grant bind_alias issue transfer",
  Authority: "keys threshold attestors",
  AuthorityKey: "key weight",
  OpenAccount: "authority salt",
  IssueGrant: "account grantee operations asset cap_transaction cap_day fee_ceiling expires_at_unix_ms",
  RevokeGrant: "account grantee",
  BindAlias: "alias account sealed_name",
  Issue: "asset credit amount",
  Transfer: "debit credit asset amount fee alias reference",
  Fee: "provider schedule_version amount",
  Leaf: "header transaction",
  HeaderLeaf: "batch time_unix_ms state_root validator_set_hash rules_version batch_hash epoch",
  TransactionLeaf: "envelope result post_states",
  Result: "code operation",
  PostState: "account asset posted held previous_leaf",
  ValidatorSet: "validators",
  Validator: "name key tls_key_hash",
  Receipt: "leaf leaf_index proof checkpoint changes",
  ValidatorSetChange: "header_leaf leaf_index proof checkpoint validator_set",
  Batch: "header signature envelopes",
  BatchHeader: "epoch number previous_hash time_unix_ms leader envelopes_hash",
};

/** checkCovered throws an Error, which is no Refusal, if a field is present that this program has no rules for. */
export function checkCovered(descriptor: DescMessage, message: Message): void {
  const known = covered[descriptor.name]?.split(" ") ?? [];
  for (const field of descriptor.fields) {
    if (!isFieldSet(message, field)) continue;
    if (!known.includes(field.name)) throw new Error(`${field} has no rules in this program`);
    const path = field.oneof === undefined ? [field.localName] : [field.oneof.localName, "value"];
    const value = path.reduce<unknown>((outer, name) => (outer as Record<string, unknown>)[name], message);
    if (field.fieldKind === "message") checkCovered(field.message, value as Message);
    if (field.fieldKind !== "list" || field.listKind !== "message") continue;
    for (const element of value as Message[]) checkCovered(field.message, element);
  }
}
