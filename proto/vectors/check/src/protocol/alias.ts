// Aliases and sealed names (SPEC.md 4).
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from "node:crypto";
import { ascii, joined, utf8 } from "./bytes.js";
import { isShown } from "./field.js";
import { Refusal, refuseUnless } from "./refusal.js";

/** alias is the keyed hash under which a phone number stands on the ledger. */
export function alias(key: Uint8Array, number: string): Uint8Array {
  const message = joined(ascii("umoja/alias/v1"), new Uint8Array(1), ascii(number));
  return new Uint8Array(createHmac("sha256", key).update(message).digest());
}

function nameKey(key: Uint8Array, number: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", key, ascii(number), ascii("umoja/name/v1"), 32));
}

export function sealName(key: Uint8Array, number: string, nonce: Uint8Array, name: string): Uint8Array {
  const padded = new Uint8Array(32);
  padded.set(ascii(name));
  const cipher = createCipheriv("aes-256-gcm", nameKey(key, number), nonce);
  return joined(nonce, cipher.update(padded), cipher.final(), cipher.getAuthTag());
}

/** openName gives the name inside of a seal, and refuses what is no plain text. */
export function openName(key: Uint8Array, number: string, sealed: Uint8Array): string {
  refuseUnless(sealed.length === 60, "seal", `a sealed name has 60 bytes, not ${sealed.length}`);
  const opened = decrypt(nameKey(key, number), sealed);
  const end = opened.findLastIndex((byte) => byte !== 0) + 1;
  const name = utf8(opened.subarray(0, end));
  refuseUnless(name !== undefined && name !== "", "plain-text", "a name is 1 to 32 bytes of UTF-8");
  refuseUnless(isShown(name), "plain-text", "a name with a character that is not seen or changes what is");
  return name;
}

function decrypt(key: Uint8Array, sealed: Uint8Array): Uint8Array {
  const cipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, 12));
  cipher.setAuthTag(sealed.subarray(44));
  try {
    return joined(cipher.update(sealed.subarray(12, 44)), cipher.final());
  } catch {
    throw new Refusal("seal", "the seal does not open under this key and number");
  }
}
