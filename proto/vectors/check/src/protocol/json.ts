// JSON whose integers are read exactly: JavaScript's own numbers hold 53 bits, and amounts need 63.

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

/** quoted writes a string as genesis files do (SPEC.md 13.1). */
export function quoted(text: string): string {
  const escape = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, escape);
}
