// account.json and number.json: account ids and their text, account numbers and their check digit.
import type { Kinds } from "../kind.js";
import { same } from "../vector.js";
import { accountText, numberText, readAccountText, readNumber } from "../protocol/account.js";
import { accountId } from "../protocol/authority.js";
import { hex } from "../protocol/bytes.js";

export const account: Kinds = {
  file: "account.json",
  kinds: [
    {
      in: ["authority", "salt"],
      check(input) {
        const id = accountId(input.bytes("salt"), input.bytes("authority"));
        return { account: hex(id), text: accountText(id) };
      },
    },
    {
      in: ["text"],
      check(input) {
        const id = readAccountText(input.text("text"));
        same("the text written again", accountText(id), input.text("text").toLowerCase());
        return { account: hex(id), text: accountText(id) };
      },
    },
  ],
};

export const number: Kinds = {
  file: "number.json",
  kinds: [{
    in: ["text"],
    check(input) {
      const value = readNumber(input.text("text"));
      same("the number written again", numberText(value), input.text("text"));
      return { number: String(value), text: numberText(value) };
    },
  }],
};
