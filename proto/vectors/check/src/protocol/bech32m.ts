// Bech32m (BIP350), of which SPEC.md 3 takes whole bytes behind a prefix.

const alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const constant = 0x2bc830a3;
const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

export function encodeBech32m(prefix: string, bytes: Uint8Array): string {
  const words = toWords(bytes);
  const sum = checksum([...expanded(prefix), ...words, 0, 0, 0, 0, 0, 0]) ^ constant;
  for (let i = 5; i >= 0; i--) words.push((sum >>> (5 * i)) & 31);
  return `${prefix}1${words.map((word) => alphabet[word]).join("")}`;
}

/** decodeBech32m gives the bytes, or nothing for a text that encodeBech32m does not write, in lower or all upper case. */
export function decodeBech32m(prefix: string, text: string): Uint8Array | undefined {
  const lower = text.toLowerCase();
  if (text !== lower && text !== text.toUpperCase()) return undefined;
  if (!lower.startsWith(`${prefix}1`)) return undefined;
  const words = [...lower.slice(prefix.length + 1)].map((letter) => alphabet.indexOf(letter));
  if (words.length < 6 || words.includes(-1)) return undefined;
  if (checksum([...expanded(prefix), ...words]) !== constant) return undefined;
  return fromWords(words.slice(0, -6));
}

function expanded(prefix: string): number[] {
  const codes = [...prefix].map((letter) => letter.charCodeAt(0));
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];
}

function checksum(words: number[]): number {
  let sum = 1;
  for (const word of words) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ word;
    generators.forEach((generator, i) => {
      if ((top >>> i) & 1) sum ^= generator;
    });
  }
  return sum;
}

function toWords(bytes: Uint8Array): number[] {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return (bits.match(/.{1,5}/g) ?? []).map((word) => parseInt(word.padEnd(5, "0"), 2));
}

function fromWords(words: number[]): Uint8Array | undefined {
  const bits = words.map((word) => word.toString(2).padStart(5, "0")).join("");
  const spare = bits.length % 8;
  if (spare > 4 || bits.slice(bits.length - spare).includes("1")) return undefined;
  const bytes = bits.slice(0, bits.length - spare).match(/.{8}/g) ?? [];
  return new Uint8Array(bytes.map((byte) => parseInt(byte, 2)));
}
