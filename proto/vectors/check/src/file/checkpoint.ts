// checkpoint.json: notes that a validator set cosigned, and making a cosignature.
import type { Kinds } from "../kind.js";
import { ascii, hex } from "../protocol/bytes.js";
import { cosignatureLine, cosignedMessage, open, verifierKey } from "../protocol/checkpoint.js";
import { ed25519 } from "../protocol/hash.js";
import { parseSet } from "../protocol/validator.js";

export const checkpoint: Kinds = {
  file: "checkpoint.json",
  kinds: [
    {
      in: ["network", "note", "validator_set"],
      // Opening also writes the note again, and finds the same text or fails.
      check(input) {
        const set = parseSet(input.bytes("validator_set"));
        const { size, root, cosignatures } = open(input.bytes("network", 32), set, input.text("note"));
        return {
          cosigners: cosignatures.map(({ name }) => name).join(" "), root: hex(root), size: String(size),
          times_unix_s: cosignatures.map(({ timeUnixS }) => timeUnixS).join(" "),
        };
      },
    },
    {
      in: ["name", "seed", "text", "time_unix_s"],
      check(input) {
        const name = input.text("name");
        const seed = input.bytes("seed", 32);
        const timeUnixS = input.integer("time_unix_s");
        const message = cosignedMessage(input.text("text"), timeUnixS);
        const key = ed25519.public(seed);
        const signature = ed25519.sign(ascii(message), seed);
        return {
          line: cosignatureLine({ name, timeUnixS, signature }, key).slice(0, -1), message, signature: hex(signature),
          verifier_key: verifierKey(name, key),
        };
      },
    },
  ],
};
