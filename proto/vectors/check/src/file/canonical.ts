// canonical.json: bytes that are or are not a message in canonical form.
import type { Kinds } from "../kind.js";
import { parse } from "../protocol/message.js";

export const canonical: Kinds = {
  file: "canonical.json",
  kinds: [{
    in: ["bytes", "message"],
    // Parsing also writes the message again by @bufbuild/protobuf, and finds the same bytes or fails.
    check(input) {
      parse(input.text("message"), input.bytes("bytes"));
      return { canonical: "yes" };
    },
  }],
};
