// A vector file: what a case is, and reading it strictly. A field that this program does not know is a difference.
import { readFileSync } from "node:fs";
import { decimal, fromHex } from "./protocol/bytes.js";

export interface Vector {
  name: string;
  comment: string;
  in: Record<string, string>;
  result: "accept" | "reject";
  rule?: string;
  out?: Record<string, string>;
}

/** Difference says that a vector and this program do not agree, or that a vector is not as the README says. */
export class Difference extends Error {}

/** same throws a Difference unless both are one text. */
export function same(what: string, got: string, want: string): void {
  if (got !== want) throw new Difference(`${what} is ${clipped(got)}, want ${clipped(want)}`);
}

function clipped(text: string): string {
  return JSON.stringify(text.length > 400 ? `${text.slice(0, 400)}… (${text.length} characters)` : text);
}

export function readVectors(path: string): unknown[] {
  const cases: unknown = JSON.parse(readFileSync(path, "utf8"));
  if (!Array.isArray(cases) || cases.length === 0) throw new Difference("it is no list of cases");
  return cases;
}

/** checked holds a case to the form that the README gives it. */
export function checked(value: unknown): Vector {
  const fields = record("a case", value);
  const rejects = fields["result"] === "reject";
  const want = ["name", "comment", "in", "result", rejects ? "rule" : "out"];
  same("the list of a case's fields", Object.keys(fields).sort().join(" "), want.sort().join(" "));
  if (!rejects) same("result", String(fields["result"]), "accept");
  for (const field of ["name", "comment", ...(rejects ? ["rule"] : [])]) text(field, fields[field]);
  for (const field of ["in", ...(rejects ? [] : ["out"])]) {
    for (const [name, inner] of Object.entries(record(field, fields[field]))) text(`${field}.${name}`, inner, "empty");
  }
  return fields as unknown as Vector;
}

export function record(what: string, value: unknown): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Difference(`${what} is no object`);
}

function text(what: string, value: unknown, allowed?: "empty"): void {
  if (typeof value !== "string" || (value === "" && allowed === undefined)) throw new Difference(`${what} is no text`);
}

/** texts holds fields to be texts that say something. */
export function texts(what: string, fields: Record<string, unknown>, names: string[]): void {
  for (const name of names) text(`${name} of ${what}`, fields[name]);
}

/** Input gives the fields of `in` in the form that each has. */
export class Input {
  constructor(private readonly fields: Record<string, string>) {}

  names(): string[] {
    return Object.keys(this.fields);
  }

  has(field: string): boolean {
    return this.fields[field] !== undefined;
  }

  text(field: string): string {
    const found = this.fields[field];
    if (found === undefined) throw new Difference(`in.${field} is missing`);
    return found;
  }

  bytes(field: string, length?: number): Uint8Array {
    const bytes = fromHex(this.text(field));
    if (length !== undefined && bytes.length !== length) throw new Difference(`in.${field} has not ${length} bytes`);
    return bytes;
  }

  integer(field: string): bigint {
    const value = decimal(this.text(field));
    if (value === undefined) throw new Difference(`in.${field} is no decimal integer`);
    return value;
  }
}
