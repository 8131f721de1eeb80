// leaf.json: records of the history, their hashes and receipt codes.
import type { Kinds, Out } from "../kind.js";
import { accountText } from "../protocol/account.js";
import { hex } from "../protocol/bytes.js";
import { leafHash } from "../protocol/history.js";
import { parseLeaf, receiptCode, resultName } from "../protocol/leaf.js";

export const leaf: Kinds = {
  file: "leaf.json",
  kinds: [{
    in: ["leaf"],
    check(input) {
      const bytes = input.bytes("leaf");
      const parsed = parseLeaf(bytes);
      const hash = leafHash(bytes);
      if ("header" in parsed) {
        const { batch, rulesVersion, stateRoot, timeUnixMs, validatorSetHash } = parsed.header;
        // The vectors do not say batch_hash and epoch; they are compared nowhere but in the leaf's hash.
        return {
          batch: String(batch), leaf_hash: hex(hash), rules_version: String(rulesVersion), state_root: hex(stateRoot),
          time_unix_ms: String(timeUnixMs), validator_set_hash: hex(validatorSetHash),
        };
      }
      const { envelope, result, postStates } = parsed.transaction;
      const out: Out = {
        code: resultName(result.code), envelope: hex(envelope), leaf_hash: hex(hash), operation: String(result.operation),
        receipt_code: receiptCode(hash),
      };
      postStates.forEach(({ account, asset, posted, held, previousLeaf }, i) => {
        const balance = `asset ${asset} posted ${posted} held ${held} previous ${previousLeaf}`;
        out[`post_state_${i}`] = `${accountText(account)} ${balance}`;
      });
      return out;
    },
  }],
};
