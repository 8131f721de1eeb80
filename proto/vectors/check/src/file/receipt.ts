// receipt.json: receipts, held against a genesis document.
import type { Kinds } from "../kind.js";
import { hex } from "../protocol/bytes.js";
import { parseGenesis } from "../protocol/genesis.js";
import { receiptCode, resultName } from "../protocol/leaf.js";
import { verify } from "../protocol/receipt.js";

export const receipt: Kinds = {
  file: "receipt.json",
  kinds: [{
    in: ["genesis", "receipt"],
    check(input, library) {
      const { id: network, set } = parseGenesis(library.input(input.text("genesis"), "genesis"));
      const { id, result, leafHash, leafIndex, checkpoint } = verify(network, set, input.bytes("receipt"));
      return {
        code: resultName(result.code), cosigners: checkpoint.cosignatures.map(({ name }) => name).join(" "), id: hex(id),
        leaf_hash: hex(leafHash), leaf_index: String(leafIndex), receipt_code: receiptCode(leafHash),
        root: hex(checkpoint.root), size: String(checkpoint.size),
      };
    },
  }],
};
