// network.json: genesis documents.
import type { Kinds } from "../kind.js";
import { Difference } from "../vector.js";
import { hex } from "../protocol/bytes.js";
import { foundingLeaf } from "../protocol/founding.js";
import { parseGenesis } from "../protocol/genesis.js";
import { setHash } from "../protocol/validator.js";

export const network: Kinds = {
  file: "network.json",
  kinds: [
    {
      in: ["genesis"],
      // Writing the document again is part of reading it: it has one form.
      check(input) {
        const network = parseGenesis(input.text("genesis"));
        const { id, set } = network;
        return {
          leaf_0: hex(foundingLeaf(network)), network: hex(id), validator_set: hex(set), validator_set_hash: hex(setHash(set)),
        };
      },
    },
    {
      in: ["base", "replace", "with"],
      // The document of another case with its first piece of some text replaced.
      check(input, library) {
        const base = library.input(input.text("base"), "genesis");
        const [before, ...after] = base.split(input.text("replace"));
        if (before === undefined || after.length === 0) throw new Difference("there is nothing to replace");
        parseGenesis(before + input.text("with") + after.join(input.text("replace")));
        throw new Difference("an accepted document is written out");
      },
    },
  ],
};
