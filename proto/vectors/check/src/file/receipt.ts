// receipt.json: receipts, held against a genesis document.
import type { Kinds, Library, Out } from "../kind.js";
import type { Input } from "../vector.js";
import { founded } from "./founded.js";
import { hex, joined } from "../protocol/bytes.js";
import { receiptCode, resultName } from "../protocol/leaf.js";
import { verify } from "../protocol/receipt.js";

export const receipt: Kinds = {
  file: "receipt.json",
  kinds: [
    { in: ["genesis", "receipt"], check: (input, library) => verified(input, library, input.bytes("receipt")) },
    {
      in: ["genesis", "padding", "receipt"],
      // So many bytes 01 follow what is written out.
      check(input, library) {
        const padding = new Uint8Array(Number(input.integer("padding"))).fill(1);
        return verified(input, library, joined(input.bytes("receipt"), padding));
      },
    },
  ],
};

function verified(input: Input, library: Library, bytes: Uint8Array): Out {
  const { id: network, set } = founded(input.text("genesis"), library);
  const { id, result, leafHash, leafIndex, checkpoint } = verify(network, set, bytes);
  return {
    code: resultName(result.code), cosigners: checkpoint.cosignatures.map(({ name }) => name).join(" "), id: hex(id),
    leaf_hash: hex(leafHash), leaf_index: String(leafIndex), legs: String(result.legs.length),
    operation: String(result.operation), receipt_code: receiptCode(leafHash), root: hex(checkpoint.root),
    size: String(checkpoint.size),
  };
}
