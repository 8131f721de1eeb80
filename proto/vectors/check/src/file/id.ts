// id.json: the ids and hashes that follow from a body, an envelope, and the place of an operation.
import type { Kinds } from "../kind.js";
import { hex } from "../protocol/bytes.js";
import { ballotId, envelopeHash, holdId, requestId, transactionId } from "../protocol/transaction.js";

export const id: Kinds = {
  file: "id.json",
  kinds: [
    {
      in: ["body", "network"],
      check: (input) => ({ id: hex(transactionId(input.bytes("network", 32), input.bytes("body"))) }),
    },
    {
      in: ["envelope", "network"],
      check: (input) => ({ envelope_hash: hex(envelopeHash(input.bytes("network", 32), input.bytes("envelope"))) }),
    },
    {
      in: ["id", "position"],
      check(input) {
        const [transaction, position] = [input.bytes("id", 32), Number(input.integer("position"))];
        const [hold, request, ballot] = [holdId, requestId, ballotId].map((make) => hex(make(transaction, position)));
        return { ballot: ballot ?? "", hold: hold ?? "", request: request ?? "" };
      },
    },
  ],
};
