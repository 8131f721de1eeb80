// Which fields this program has rules for. The messages grow; a field that is present and not in this list would pass
// unread, so it stops the program until its rules are written.
import { isFieldSet, type DescMessage, type Message } from "@bufbuild/protobuf";

const covered: Record<string, string> = {
  AttestAlias: "alias account sealed_name",
  Attestor: "account key name provider endpoints",
  Authority: "keys threshold attestors guardians guardian_threshold",
  AuthorityKey: "key weight",
  Batch: "header signature envelopes",
  BatchHeader: "epoch number previous_hash time_unix_ms leader envelopes_hash epoch_change term set_checkpoint",
  BindAlias: "alias account sealed_name",
  BulkLeg: "credit amount alias",
  BulkTransfer: "debit asset mode legs fee reference",
  CancelMove: "alias account",
  CancelRecovery: "account",
  Certificate: "epoch size root signatures",
  CaptureHold: "hold debit credit asset amount preimage release_rest",
  CompleteRecovery: "account",
  ConfirmMove: "alias account",
  Decision: "set_validators set_parameter set_rules set_issuer set_attestor remove_attestor freeze set_pool",
  DeclineRequest: "request account",
  DefineAsset: "issuer code scale kind spend_until_unix_ms arbiter limits provisional_inflow_day",
  EffectLeaf: "kind due_at_unix_ms subject debit credit asset amount post_states accounts",
  Envelope: "body signatures",
  EpochChange: "epoch votes certificate",
  EpochVote: "validator certified_epoch certified_size certified_root signature",
  Evidence: "validator attestations ratifications cosignatures epoch_votes batches elections prefix_root proof",
  Fee: "provider schedule_version amount",
  FeeBand: "up_to flat basis_points",
  Freeze: "account until_unix_ms evidence_hash",
  Governor: "name key tls_key_hash account peer_address",
  HeaderLeaf: "batch time_unix_ms state_root validator_set_hash rules_version batch_hash epoch",
  Issue: "asset credit amount",
  IssueGrant: "account grantee operations asset cap_transaction cap_day fee_ceiling expires_at_unix_ms",
  Leaf: "header transaction effect",
  LegResult: "operation leg code",
  ListPayee: "asset issuer payee listed",
  OpenAccount: "authority salt",
  Operation:
    "open_account issue_grant revoke_grant bind_alias issue transfer set_authority set_tier start_recovery " +
    "cancel_recovery complete_recovery attest_alias release_alias start_move cancel_move confirm_move " +
    "define_asset set_limits list_payee redeem state_reserve bulk_transfer place_hold capture_hold " +
    "release_hold request_payment decline_request return register_provider publish_fees propose vote",
  PlaceHold: "debit credit alias asset amount fee on_expiry expires_at_unix_ms hashlock payer_may_release reference",
  PostState: "account asset posted held previous_leaf",
  Propose: "validator decision expires_at_unix_ms effective_at_unix_ms evidence_hash",
  PublishFees: "provider asset version bands effective_at_unix_ms",
  Receipt: "leaf leaf_index proof checkpoint changes",
  Redeem: "asset issuer amount",
  RegisterProvider: "account key name codes languages endpoints telephone",
  ReleaseAlias: "alias account",
  ReleaseHold: "hold debit",
  RemoveAttestor: "account",
  RequestPayment: "credit debit asset amount expires_at_unix_ms reference",
  Result: "code operation legs",
  Return: "leaf_index leaf operation debit credit asset amount carrier",
  RevokeGrant: "account grantee",
  SetAttestor: "attestor",
  SetAuthority: "account authority",
  SetIssuer: "account issuer",
  SetLimits: "asset issuer limits provisional_inflow_day",
  SetParameter: "parameter value",
  SetPool: "provider shares",
  SetRules: "version",
  SetTier: "account tier checked_at_unix_ms evidence_hash",
  SetValidators: "validators",
  Signature: "signer signature",
  SignedCheckpoint: "size root time_unix_s signature",
  SignedElection: "term candidate last_index last_term signature",
  SignedEpoch: "epoch vote",
  SignedHeader: "header signature",
  SignedTree: "epoch size root signature",
  StartMove: "alias from to old_grantee grant sealed_name",
  StartRecovery: "account authority",
  StateReserve: "asset issuer reserve as_of_unix_ms evidence_hash",
  TierLimit: "tier cap_transaction cap_day",
  TransactionBody: "nonce expires_at_unix_ms operations",
  TransactionLeaf: "envelope result post_states",
  Transfer: "debit credit asset amount fee alias reference request",
  Validator: "name key tls_key_hash",
  ValidatorSet: "validators",
  ValidatorSetChange: "header_leaf leaf_index proof checkpoint validator_set",
  ValidatorSignature: "validator signature",
  Vote: "ballot validator yes",
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
