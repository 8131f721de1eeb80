// alias.json: phone numbers hashed, and names under their seal.
import type { Kinds } from "../kind.js";
import { same } from "../vector.js";
import { alias as hashed, openName, sealName } from "../protocol/alias.js";
import { hex } from "../protocol/bytes.js";

export const alias: Kinds = {
  file: "alias.json",
  kinds: [{
    in: ["alias_key", "number", "sealed_name"],
    check(input) {
      const key = input.bytes("alias_key", 32);
      const phone = input.text("number");
      const sealed = input.bytes("sealed_name");
      const name = openName(key, phone, sealed);
      const nonce = sealed.subarray(0, 12);
      same("the name sealed again", hex(sealName(key, phone, nonce, name)), hex(sealed));
      return { alias: hex(hashed(key, phone)), name, nonce: hex(nonce) };
    },
  }],
};
