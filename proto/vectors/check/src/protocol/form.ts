// The canonical form (SPEC.md 2), checked on the wire bytes, before and without any parser.
import { ScalarType, type DescField, type DescMessage } from "@bufbuild/protobuf";
import { utf8, widest64 } from "./bytes.js";
import { Refusal, refuseUnless } from "./refusal.js";

const varint = 0;
const delimited = 2;
const highestNumber = (1n << 29n) - 1n;

/** checkForm refuses bytes that are not the canonical form of the message, naming the rule of SPEC.md 2. */
export function checkForm(message: DescMessage, bytes: Uint8Array): void {
  new Walk(message, bytes).message();
}

/** Walk goes over one message. Nested messages get a walk of their own over their own bytes, so none reads past its end. */
class Walk {
  private at = 0;
  private last: DescField | undefined;
  private readonly oneofs = new Map<string, string>();

  constructor(private readonly descriptor: DescMessage, private readonly bytes: Uint8Array) {}

  message(): void {
    while (this.at < this.bytes.length) {
      const tag = this.varint("minimal-tag");
      const number = tag >> 3n;
      refuseUnless(number <= highestNumber, "number", `field number ${number} of ${this.descriptor.typeName}`);
      const field = this.descriptor.fields.find((f) => BigInt(f.number) === number);
      refuseUnless(field !== undefined, "known", `${this.descriptor.typeName} has no field ${number}`);
      this.place(field);
      this.value(field, Number(tag & 7n));
    }
  }

  /** place holds the field against the one before it. */
  private place(field: DescField): void {
    const repeats = field.fieldKind === "list" && field.listKind !== "enum" && !isNumeric(field);
    const ascends = this.last === undefined || field.number > this.last.number;
    refuseUnless(ascends || (repeats && field === this.last), "order", `${field} after ${this.last}`);
    this.last = field;
    if (field.oneof === undefined) return;
    const other = this.oneofs.get(field.oneof.name);
    refuseUnless(other === undefined, "oneof", `${field} beside ${other}`);
    this.oneofs.set(field.oneof.name, field.name);
  }

  private value(field: DescField, wireType: number): void {
    const single = field.fieldKind === "enum" || (field.fieldKind === "scalar" && isNumeric(field));
    refuseUnless(wireType === (single ? varint : delimited), "wire-type", `${field} in wire type ${wireType}`);
    if (single) {
      const value = this.varint("minimal-value");
      refuseUnless(value !== 0n, "zero", `${field} is present and zero`);
      checkRange(field, value);
      return;
    }
    const content = this.content(field);
    switch (field.fieldKind) {
      case "message":
        return checkForm(field.message, content);
      case "scalar":
        refuseUnless(content.length > 0, "empty", `${field} is present and empty`);
        return checkText(field, content);
      case "list":
        return this.element(field, content);
      default:
        throw new Error(`${field}: SPEC.md 2 says that there are no fields of the kind ${field.fieldKind}`);
    }
  }

  private element(field: DescField & { fieldKind: "list" }, content: Uint8Array): void {
    if (field.listKind === "message") return checkForm(field.message, content);
    if (field.listKind === "scalar" && !isNumeric(field)) return checkText(field, content);
    refuseUnless(content.length > 0, "empty-list", `${field} is a packed run of nothing`);
    const run = new Walk(this.descriptor, content);
    while (run.at < content.length) checkRange(field, run.varint("minimal-value"));
  }

  private content(field: DescField): Uint8Array {
    const length = this.varint("minimal-length");
    const left = this.bytes.length - this.at;
    refuseUnless(length <= BigInt(left), "length", `${field} says ${length} bytes, ${left} are left`);
    this.at += Number(length);
    return this.bytes.subarray(this.at - Number(length), this.at);
  }

  private varint(rule: string): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.bytes[this.at];
      // A varint that goes on past its message is not as long as it need be, and ends nowhere.
      refuseUnless(byte !== undefined, [rule, "length"], `a varint without end in ${this.descriptor.typeName}`);
      this.at++;
      value |= BigInt(byte & 0x7f) << shift;
      refuseUnless(value <= widest64 && shift < 70n, rule, `a varint beyond 64 bits in ${this.descriptor.typeName}`);
      if (byte & 0x80) continue;
      refuseUnless(byte !== 0 || shift === 0n, rule, `a varint longer than it need be in ${this.descriptor.typeName}`);
      return value;
    }
  }
}

/** scalarOf is the type of a scalar field or of a list's elements; nothing for messages and enums. */
function scalarOf(field: DescField): ScalarType | undefined {
  if (field.fieldKind === "scalar") return field.scalar;
  return field.fieldKind === "list" && field.listKind === "scalar" ? field.scalar : undefined;
}

/** isNumeric tells the scalars that are varints from strings and bytes. */
function isNumeric(field: DescField): boolean {
  const scalar = scalarOf(field);
  switch (scalar) {
    case undefined:
      return false;
    case ScalarType.UINT64:
    case ScalarType.UINT32:
    case ScalarType.BOOL:
      return true;
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return false;
    default:
      throw new Error(`${field}: SPEC.md 2 says that there are no fields of the type ${ScalarType[scalar]}`);
  }
}

function checkRange(field: DescField, value: bigint): void {
  if (field.fieldKind === "enum" || (field.fieldKind === "list" && field.listKind === "enum")) {
    const known = field.enum.values.some((v) => BigInt(v.number) === value);
    refuseUnless(known, "enum", `${field} is ${value}`);
    return;
  }
  const widest = scalarOf(field) === ScalarType.UINT32 ? 0xffffffffn : scalarOf(field) === ScalarType.BOOL ? 1n : widest64;
  refuseUnless(value <= widest, "range", `${field} is ${value}`);
}

function checkText(field: DescField, content: Uint8Array): void {
  const isText = scalarOf(field) === ScalarType.STRING;
  if (isText && utf8(content) === undefined) throw new Refusal("utf8", `${field} is not UTF-8`);
}
