// Bytes as SPEC.md writes them: joined, compared, in hexadecimal, and as big-endian integers.

export const widest64 = (1n << 64n) - 1n;

/** joined is SPEC.md's ‖. */
export function joined(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export function ascii(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "utf8"));
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** fromHex reads lower-case hexadecimal only: the vectors have one way to write bytes. */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) {
    throw new Error(`not lower-case hexadecimal: ${JSON.stringify(text.slice(0, 40))}`);
  }
  return new Uint8Array(Buffer.from(text, "hex"));
}

/** fromBase64 reads the one padded form: what would be written back differently is refused. */
export function fromBase64(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(Buffer.from(text, "base64"));
  return base64(bytes) === text ? bytes : undefined;
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** compare orders bytes as unsigned numbers of equal weight, a prefix before what it begins. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return compare(a, b) === 0;
}

/** bigEndian writes an integer in a fixed number of bytes; negative ones in two's complement. */
export function bigEndian(value: bigint | number, size: number): Uint8Array {
  let rest = BigInt.asUintN(8 * size, BigInt(value));
  const out = new Uint8Array(size);
  for (let i = size - 1; i >= 0; i--) {
    out[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return out;
}

export function fromBigEndian(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** decimal reads an unsigned integer that has one text: no sign, no zero before it, at most 64 bits. */
export function decimal(text: string): bigint | undefined {
  if (!/^(0|[1-9][0-9]{0,19})$/.test(text)) return undefined;
  const value = BigInt(text);
  return value <= widest64 ? value : undefined;
}

/** utf8 reads text strictly, and keeps a byte order mark, which is a character like others. */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
