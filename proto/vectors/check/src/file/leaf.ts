// leaf.json: records of the history, their hashes and receipt codes.
import type { Kinds, Out } from "../kind.js";
import { accountText } from "../protocol/account.js";
import { hex } from "../protocol/bytes.js";
import { leafHash } from "../protocol/history.js";
import { effectName, legText, parseLeaf, receiptCode, resultName, type RecordLeaf } from "../protocol/leaf.js";
import type { EffectLeaf, HeaderLeaf, PostState } from "../protocol/message.js";

export const leaf: Kinds = {
  file: "leaf.json",
  kinds: [{
    in: ["leaf"],
    check(input) {
      const bytes = input.bytes("leaf");
      const parsed = parseLeaf(bytes);
      const hash = leafHash(bytes);
      if ("header" in parsed) return { ...header(parsed.header), leaf_hash: hex(hash) };
      if ("effect" in parsed) return { ...effect(parsed.effect), leaf_hash: hex(hash) };
      return { ...record(parsed.transaction), leaf_hash: hex(hash), receipt_code: receiptCode(hash) };
    },
  }],
};

function header(leaf: HeaderLeaf): Out {
  return {
    batch: String(leaf.batch), batch_hash: hex(leaf.batchHash), epoch: String(leaf.epoch),
    rules_version: String(leaf.rulesVersion), state_root: hex(leaf.stateRoot), time_unix_ms: String(leaf.timeUnixMs),
    validator_set_hash: hex(leaf.validatorSetHash),
  };
}

function record({ envelope, result, postStates }: RecordLeaf): Out {
  const out: Out = { code: resultName(result.code), envelope: hex(envelope), operation: String(result.operation) };
  result.legs.forEach((leg, i) => (out[`leg_${i}`] = legText(leg)));
  return { ...out, ...balances(postStates) };
}

/** effect gives the fields that there are; what a kind of effect has not is absent. */
function effect(leaf: EffectLeaf): Out {
  const out: Out = {
    kind: effectName(leaf.kind), due_at_unix_ms: String(leaf.dueAtUnixMs), subject: hex(leaf.subject),
    ...balances(leaf.postStates),
  };
  if (leaf.debit.length > 0) out["debit"] = hex(leaf.debit);
  if (leaf.credit.length > 0) out["credit"] = hex(leaf.credit);
  if (leaf.asset > 0) {
    out["asset"] = String(leaf.asset);
    out["amount"] = String(leaf.amount);
  }
  leaf.accounts.forEach((account, i) => (out[`account_${i}`] = hex(account)));
  return out;
}

function balances(list: PostState[]): Out {
  return Object.fromEntries(list.map(({ account, asset, posted, held, previousLeaf }, i) => {
    return [`post_state_${i}`, `${accountText(account)} asset ${asset} posted ${posted} held ${held} previous ${previousLeaf}`];
  }));
}
