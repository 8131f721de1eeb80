// transaction.json: envelopes, signatures with zero auxiliary randomness, and digests of requests.
import type { Kinds } from "../kind.js";
import { Difference } from "../vector.js";
import { hex } from "../protocol/bytes.js";
import { bip340 } from "../protocol/hash.js";
import { parseTransaction, requestDigest } from "../protocol/transaction.js";

export const transaction: Kinds = {
  file: "transaction.json",
  kinds: [
    {
      in: ["envelope", "network"],
      check(input) {
        const parsed = parseTransaction(input.bytes("network", 32), input.bytes("envelope"));
        return {
          body: hex(parsed.body), envelope_hash: hex(parsed.envelopeHash), id: hex(parsed.id),
          operations: String(parsed.operations.length),
        };
      },
    },
    {
      in: ["digest", "secret"],
      check(input) {
        const digest = input.bytes("digest", 32);
        const secret = input.bytes("secret", 32);
        const key = bip340.public(secret);
        const signature = bip340.sign(digest, secret);
        if (!bip340.verify(signature, digest, key)) throw new Difference("the signature does not verify");
        return { public: hex(key), signature: hex(signature) };
      },
    },
    {
      in: ["account", "network", "time_unix_ms"],
      check(input) {
        const account = input.bytes("account", 16);
        const digest = requestDigest(input.bytes("network", 32), account, input.integer("time_unix_ms"));
        return { digest: hex(digest) };
      },
    },
  ],
};
