// state.json: entries summed up into the state root.
import type { Kinds } from "../kind.js";
import { Difference, same } from "../vector.js";
import { hex } from "../protocol/bytes.js";
import { StateSum } from "../protocol/state.js";

export const state: Kinds = {
  file: "state.json",
  kinds: [{
    in: ["entries", "network"],
    check(input) {
      const list = entries(input.text("entries"));
      const sum = new StateSum(input.bytes("network", 32));
      for (const [key, value] of list) sum.add(key, value);
      const root = hex(sum.root());
      // The order must not matter, and an entry that was taken away must leave nothing.
      for (const [key, value] of list) sum.remove(key, value);
      for (const [key, value] of list.reverse()) sum.add(key, value);
      same("the root of the entries in another order", hex(sum.root()), root);
      return { state_root: root };
    },
  }],
};

function entries(text: string): [key: string, value: string][] {
  const list: unknown = JSON.parse(text);
  // An empty list is written as null.
  if (list === null) return [];
  if (!Array.isArray(list)) throw new Difference("entries is no list");
  const keys = new Set<string>();
  return list.map((entry) => {
    const [, key, value] = /^([0-9a-f]+)=([0-9a-f]*)$/.exec(String(entry)) ?? [];
    if (key === undefined || value === undefined) throw new Difference(`${entry} is no entry`);
    if (keys.has(key)) throw new Difference(`the key ${key} stands twice`);
    keys.add(key);
    return [key, value];
  });
}
