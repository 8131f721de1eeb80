// network.json: genesis documents.
import type { Kinds } from "../kind.js";
import { hex } from "../protocol/bytes.js";
import { parseGenesis } from "../protocol/genesis.js";
import { setHash } from "../protocol/validator.js";

export const network: Kinds = {
  file: "network.json",
  kinds: [{
    in: ["genesis"],
    // Writing the document again is part of reading it: it has one form.
    check(input) {
      const { id, set } = parseGenesis(input.text("genesis"));
      return { network: hex(id), validator_set: hex(set), validator_set_hash: hex(setHash(set)) };
    },
  }],
};
