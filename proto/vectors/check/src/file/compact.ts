// compact.json: transfers in one text message; read, rebuilt and written.
import type { Kinds } from "../kind.js";
import { Difference, same, type Input } from "../vector.js";
import { checkAuthority } from "../protocol/authority.js";
import { decimal, fromHex, hex } from "../protocol/bytes.js";
import { readCompact, rebuild, shorten, writeCompact, type Account } from "../protocol/compact.js";
import { parseInForm, type Authority } from "../protocol/message.js";
import { parseTransaction } from "../protocol/transaction.js";

export const compact: Kinds = {
  file: "compact.json",
  kinds: [
    {
      in: ["text"],
      check(input) {
        const message = readCompact(input.text("text"));
        const text = writeCompact(message);
        same("the text written again", text, input.text("text").replace(/[ \t\r\n]/g, "").toUpperCase());
        return {
          amount: String(message.amount), asset: String(message.asset), expires_at_unix_ms: String(message.expiresAtUnixMs),
          fee: String(message.fee), nonce: hex(message.nonce), payee: String(message.payee), payer: String(message.payer),
          provider: String(message.provider), schedule_version: String(message.scheduleVersion),
          signature: hex(message.signature), template: String(message.template), text,
        };
      },
    },
    {
      in: ["accounts", "network", "text"],
      check(input) {
        const [network, accounts] = [input.bytes("network", 32), readAccounts(input)];
        const envelope = rebuild(network, accounts, readCompact(input.text("text")));
        const { id } = parseTransaction(network, envelope);
        same("the envelope in a message again", shorten(network, accounts, envelope), input.text("text"));
        return { envelope: hex(envelope), id: hex(id) };
      },
    },
    {
      in: ["accounts", "envelope", "network"],
      check(input) {
        const [network, accounts] = [input.bytes("network", 32), readAccounts(input)];
        const text = shorten(network, accounts, input.bytes("envelope"));
        same("the envelope rebuilt", hex(rebuild(network, accounts, readCompact(text))), input.text("envelope"));
        return { text };
      },
    },
  ],
};

/** readAccounts reads a line for each account: its number, its id, and its authority in canonical form. */
function readAccounts(input: Input): Account[] {
  return input.text("accounts").split("\n").map((line) => {
    const [number = "", id = "", authority = "", ...more] = line.split(" ");
    const value = decimal(number);
    if (value === undefined || id.length !== 32 || more.length > 0) throw new Difference(`${line} is no account`);
    const parsed = parseInForm<Authority>("Authority", fromHex(authority));
    checkAuthority(parsed);
    return { number: value, id: fromHex(id), authority: parsed };
  });
}
