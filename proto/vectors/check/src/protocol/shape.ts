// The one form of a genesis file (SPEC.md 13.1, 13.2): objects with their fields in order, read into values and written again.
import { accountText, readAccountText } from "./account.js";
import { fromHex, hex, widest64 } from "./bytes.js";
import { quoted, readJson } from "./json.js";
import { Refusal, refuseUnless } from "./refusal.js";

/** Field is what one field holds. A shape is an object of its own; a list holds objects of one shape. */
export type Field = "text" | "texts" | "integer" | "signed" | "boolean" | "bytes" | "account" | Shape | [Shape];

/** Shape has the fields in the order in which they are written. One whose name ends in ? is left out when it says nothing. */
export interface Shape { [name: string]: Field }

/** readShaped gives the values of a document: bigint, boolean, text, bytes. What is left out is zero or empty. */
export function readShaped(shape: Shape, document: string): unknown {
  const value = json(document);
  checkNames(shape, value, "");
  const read = readObject(shape, value, "");
  refuseUnless(`${written(shape, read, "")}\n` === document, "one-form", "it is written in another way");
  return read;
}

function json(document: string): unknown {
  try {
    return readJson(document);
  } catch (fault) {
    throw new Refusal("one-form", `it is no JSON: ${fault}`);
  }
}

/** checkNames tells a field that nobody knows from one that is known and written in another letter case. */
function checkNames(shape: Shape, value: unknown, path: string): void {
  if (!isObject(value)) return;
  const names = new Map(Object.entries(shape).map(([name, field]) => [bare(name).toLowerCase(), field]));
  for (const [name, inner] of Object.entries(value)) {
    const field = names.get(name.toLowerCase());
    refuseUnless(field !== undefined, "known", `there is no field ${path}${name}`);
    if (typeof field === "string") continue;
    for (const element of Array.isArray(field) && Array.isArray(inner) ? inner : [inner]) {
      checkNames(Array.isArray(field) ? field[0] : field, element, `${path}${name}.`);
    }
  }
}

function readObject(shape: Shape, value: unknown, path: string): Record<string, unknown> {
  if (!isObject(value)) throw new Refusal("one-form", `${path || "the document"} is no object`);
  const out: Record<string, unknown> = {};
  for (const [marked, field] of Object.entries(shape)) {
    const name = bare(marked);
    const inner = value[name];
    refuseUnless(inner !== undefined || marked !== name, "one-form", `there is no ${path}${name}`);
    out[name] = inner === undefined ? nothing(field) : readField(field, inner, `${path}${name}`);
  }
  return out;
}

function readField(field: Field, value: unknown, path: string): unknown {
  const fault = new Refusal("one-form", `${path} is ${String(value)}`);
  if (Array.isArray(field)) {
    if (!Array.isArray(value)) throw fault;
    return value.map((element) => readObject(field[0], element, `${path}.`));
  }
  if (typeof field !== "string") return readObject(field, value, `${path}.`);
  if (field === "boolean" && typeof value === "boolean") return value;
  if (field === "signed" && typeof value === "bigint") return value;
  if (field === "integer" && typeof value === "bigint" && value >= 0n && value <= widest64) return value;
  if (field === "texts" && Array.isArray(value) && value.every((text) => typeof text === "string")) return value;
  if (typeof value !== "string") throw fault;
  if (field === "text") return value;
  if (field === "bytes" && /^([0-9a-f]{2})*$/.test(value)) return fromHex(value);
  if (field === "account") return readAccountText(value, "one-form");
  throw fault;
}

function nothing(field: Field): unknown {
  if (Array.isArray(field) || field === "texts") return [];
  if (field === "text") return "";
  if (field === "integer" || field === "signed") return 0n;
  if (field === "bytes" || field === "account") return new Uint8Array();
  throw new Error(`a field ${JSON.stringify(field)} is never left out`);
}

function written(shape: Shape, value: object, indent: string): string {
  const fields = value as Record<string, unknown>;
  const deeper = `${indent}  `;
  const lines = Object.entries(shape).flatMap(([marked, field]) => {
    const name = bare(marked);
    const inner = fields[name];
    if (marked !== name && isNothing(inner)) return [];
    return [`${deeper}"${name}": ${writtenField(field, inner, deeper)}`];
  });
  return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n${indent}}`;
}

function writtenField(field: Field, value: unknown, indent: string): string {
  if (Array.isArray(field)) return writtenList(value as object[], indent, (one, deeper) => written(field[0], one, deeper));
  if (field === "texts") return writtenList(value as string[], indent, quoted);
  if (typeof field !== "string") return written(field, value as object, indent);
  if (field === "text") return quoted(value as string);
  if (field === "bytes") return `"${hex(value as Uint8Array)}"`;
  if (field === "account") return `"${accountText(value as Uint8Array)}"`;
  return String(value);
}

function writtenList<T>(list: T[], indent: string, write: (element: T, indent: string) => string): string {
  const deeper = `${indent}  `;
  if (list.length === 0) return "[]";
  return `[\n${list.map((element) => deeper + write(element, deeper)).join(",\n")}\n${indent}]`;
}

function isNothing(value: unknown): boolean {
  if (value instanceof Uint8Array || typeof value === "string" || Array.isArray(value)) return value.length === 0;
  return value === 0n;
}

function bare(name: string): string {
  return name.replace(/\?$/, "");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
