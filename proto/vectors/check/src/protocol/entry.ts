// State entries (SPEC.md 6.4): what their keys and values hold, field by field.
import { ascii, bigEndian, fromBigEndian, fromHex, hex, joined } from "./bytes.js";
import { parseInForm } from "./message.js";

type Bytes = Uint8Array;

const grant = "asset:4 capTransaction:8 capDay:8 feeCeiling:8 expiry:8 day:4 used:8 operations:4";
const wait = "waiting:1 started:8 due:8 heldUntil:8";

// For each letter the fields of key and value: name:length is an integer or, with an x, bytes; the last may have any
// length (*), be a canonical message, or a list of fields that repeats (…).
const layouts: Record<string, [key: string, value: string]> = {
  a: ["account:x16", "number:8 tier:1 pending:1 frozenUntil:8 authority:Authority"],
  "#": ["number:8", "account:x16"],
  b: ["account:x16 asset:4", "posted:8 held:8 leaf:8 day:4 used:8"],
  n: ["counter:*", "count:8"],
  g: ["account:x16 grantee:x32", grant],
  G: ["grantee:x32 asset:4", "sum:16 count:8"],
  l: ["alias:x32", "account:x16 status:1 quarantineUntil:8 voucher:x16 movesAt:8 sealedName:x60"],
  m: ["alias:x32", `${wait} from:x16 to:x16 flags:1 oldGrantee:x32 newGrantee:x32 ${grant} sealedName:x60`],
  M: ["account:x16", "aliases:*"],
  c: ["account:x16", `${wait} authority:Authority`],
  k: ["providerKey:x32", "account:x16 retired:1"],
  p: ["account:x16", "shares:4 version:4 retired:keys entry:RegisterProvider"],
  f: ["account:x16 version:4", "asset:4 from:8 replacedFrom:8 bands:*"],
  e: ["account:x16 asset:4", "version:4"],
  w: ["account:x16 asset:4", "day:4 received:8"],
  o: ["account:x16", "entry:Attestor"],
  O: ["attestorKey:x32", "account:x16"],
  s: [
    "asset:4",
    "supply:8 scale:1 kind:1 issuer:x16 spendUntil:8 arbiter:x16 inflow:8 reserve:8 asOf:8 statedAt:8 evidence:x32 code:*",
  ],
  S: ["code:*", "asset:4"],
  t: ["asset:4 tier:1", "capTransaction:8 capDay:8"],
  y: ["asset:4 payee:x16", "listed:1"],
  i: ["account:x16", "one:1"],
  h: [
    "hold:x16",
    "debit:x16 credit:x16 alias:x32 asset:4 left:8 fee:8 provider:x16 expiry:8 flags:1 hashlock:x32",
  ],
  R: ["request:x16", "credit:x16 debit:x16 asset:4 amount:8 expiry:8"],
  z: ["leaf:8 operation:4", "returned:8"],
  d: ["due:8 kind:1 subject:*", "one:1"],
  q: ["account:x16", "time:8 debt:8"],
  B: ["ballot:x16", "expiry:8 effectiveAt:8 passedAt:8 votes:votes decision:Decision"],
  V: ["name:*", "account:x16 peerAddress:*"],
  P: ["parameter:1", "value:8"],
  r: ["", "version:4 dayOffset:4"],
  v: ["", "set:ValidatorSet"],
  u: ["", "set:ValidatorSet"],
  x: ["expiry:8 id:x32", "leaf:8 code:4 operation:4"],
};

/** Field is the value of one field: an integer, bytes, or a list of bytes. */
export type Field = bigint | Bytes | Bytes[];

/** Entry is one entry taken apart. Asking it for a field that its letter has not is a fault of this program. */
export class Entry {
  readonly fields: Record<string, Field> = {};

  /** Of key and value in hexadecimal; throws unless both have exactly the layout of the letter. */
  constructor(readonly key: string, readonly value: string) {
    const [ofKey, ofValue] = layoutOf(this.letter);
    this.take(ofKey, fromHex(key).subarray(1));
    this.take(ofValue, fromHex(value));
  }

  /** of makes an entry of its fields; what is not named is zero or, if its length is not fixed, empty. */
  static of(letter: string, fields: Record<string, Field>): Entry {
    const [ofKey, ofValue] = layoutOf(letter);
    const known = [...words(ofKey), ...words(ofValue)].map(([name]) => name);
    const other = Object.keys(fields).find((name) => !known.includes(name));
    if (other !== undefined) throw new Error(`entries ${letter} have no ${other}`);
    const written = (layout: string) => words(layout).map(([name, kind]) => write(kind, fields[name], name));
    return new Entry(hex(joined(ascii(letter), ...written(ofKey))), hex(joined(...written(ofValue))));
  }

  get letter(): string {
    return letterOf(this.key);
  }

  integer(name: string): bigint {
    const found = this.fields[name];
    if (typeof found !== "bigint") throw new Error(`entries ${this.letter} have no integer ${name}`);
    return found;
  }

  bytes(name: string): Bytes {
    const found = this.fields[name];
    if (!(found instanceof Uint8Array)) throw new Error(`entries ${this.letter} have no bytes ${name}`);
    return found;
  }

  hex(name: string): string {
    return hex(this.bytes(name));
  }

  /** isSet tells whether bytes that may be absent, and then are zero, are there. */
  isSet(name: string): boolean {
    return this.bytes(name).some((byte) => byte !== 0);
  }

  list(name: string): Bytes[] {
    const found = this.fields[name];
    if (!Array.isArray(found)) throw new Error(`entries ${this.letter} have no list ${name}`);
    return found;
  }

  private take(layout: string, bytes: Bytes): void {
    let at = 0;
    const next = (length: number) => {
      if (at + length > bytes.length) throw new Error(`entry ${this.key} ends early`);
      at += length;
      return bytes.slice(at - length, at);
    };
    for (const [name, kind] of words(layout)) {
      if (kind === "keys") this.fields[name] = Array.from({ length: Number(fromBigEndian(next(1))) }, () => next(32));
      else if (kind === "votes") this.fields[name] = votes(next);
      else if (/^[0-9]+$/.test(kind)) this.fields[name] = fromBigEndian(next(Number(kind)));
      else if (/^x[0-9]+$/.test(kind)) this.fields[name] = next(Number(kind.slice(1)));
      else this.fields[name] = last(kind, next(bytes.length - at));
    }
    if (at !== bytes.length) throw new Error(`entry ${this.key} goes on`);
  }
}

export function letterOf(key: string): string {
  return String.fromCharCode(parseInt(key.slice(0, 2), 16));
}

function layoutOf(letter: string): [key: string, value: string] {
  const layout = layouts[letter];
  if (layout === undefined) throw new Error(`there are no entries ${letter}`);
  return layout;
}

function words(layout: string): [name: string, kind: string][] {
  return layout.split(" ").filter((word) => word !== "").map((word) => word.split(":") as [string, string]);
}

function write(kind: string, value: Field | undefined, name: string): Bytes {
  if (kind === "keys" || kind === "votes") {
    const list = (value ?? []) as Bytes[];
    const vote = (one: Bytes) => joined(one.subarray(0, 1), bigEndian(one.length - 1, 1), one.subarray(1));
    const parts = kind === "keys" ? list : list.map(vote);
    return joined(bigEndian(list.length, kind === "keys" ? 1 : 4), ...parts);
  }
  if (/^[0-9]+$/.test(kind)) {
    const [size, number] = [Number(kind), (value ?? 0n) as bigint];
    if (number < 0n || number >= 1n << BigInt(8 * size)) throw new Error(`${name} is ${number}`);
    return bigEndian(number, size);
  }
  const fixed = /^x([0-9]+)$/.exec(kind);
  const bytes = (value ?? new Uint8Array(0)) as Bytes;
  if (fixed === null) return bytes;
  const length = Number(fixed[1]);
  if (bytes.length !== 0 && bytes.length !== length) throw new Error(`${name} has ${bytes.length} bytes`);
  return bytes.length === 0 ? new Uint8Array(length) : bytes;
}

/** votes gives for each voter his name behind a byte that says yes. */
function votes(next: (length: number) => Bytes): Bytes[] {
  const count = Number(fromBigEndian(next(4)));
  return Array.from({ length: count }, () => {
    const yes = next(1);
    return joined(yes, next(Number(fromBigEndian(next(1)))));
  });
}

function last(kind: string, bytes: Bytes): Bytes {
  // A message in a state entry is in canonical form.
  if (kind !== "*") parseInForm(kind, bytes);
  return bytes;
}

/** KeyPart is bytes, or a number and its length. */
export type KeyPart = Bytes | [value: bigint | number, length: number];

/** entryKey makes a key in hexadecimal. */
export function entryKey(letter: string, ...parts: KeyPart[]): string {
  const bytes = parts.map((part) => (part instanceof Uint8Array ? part : bigEndian(part[0], part[1])));
  return hex(joined(ascii(letter), ...bytes));
}
