// JSON whose integers are read and written exactly: JavaScript's own numbers hold 53 bits, and amounts need 63.

// Stands in front of an integer while it is a string. No text of the protocol has this character.
const mark = "\\u0001";

export function readJson(document: string): unknown {
  const tokens = /("(?:[^"\\]|\\.)*")|(-?[0-9]+)/g;
  const marked = document.replace(tokens, (_, text?: string, integer?: string) => text ?? `"${mark}${integer}"`);
  return JSON.parse(marked, (_, value) => {
    const isInteger = typeof value === "string" && /^\u0001-?[0-9]+$/.test(value);
    return isInteger ? BigInt(value.slice(1)) : value;
  });
}

/** writeJson indents by two spaces and ends with a line feed. */
export function writeJson(value: unknown): string {
  const marked = JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? `\u0001${inner}` : inner), 2);
  return `${marked.replace(/"\\u0001(-?[0-9]+)"/g, "$1")}\n`;
}
