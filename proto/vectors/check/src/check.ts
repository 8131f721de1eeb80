// Going through a directory of vector files.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { hold, type Kind, type Library } from "./kind.js";
import { checked, Difference, readVectors, same, type Vector } from "./vector.js";
import { hex } from "./protocol/bytes.js";
import { foundingEntries, foundingLeaf } from "./protocol/founding.js";
import { parseGenesis } from "./protocol/genesis.js";
import { files } from "./file/index.js";

/** Directory is the cases of a directory by file, as they were read. */
export type Directory = Map<string, unknown[]>;

/** Report is what came of one file: cases, those of them that were rightly accepted and rejected, and what was wrong. */
export interface Report { file: string; cases: number; accepted: number; rejected: number; wrong: string[] }

export function readDirectory(path: string): Directory {
  const names = readdirSync(path).filter((name) => name.endsWith(".json"));
  return new Map(names.sort().map((name) => [name, readVectors(join(path, name))]));
}

/** checkDirectory holds every case of every file, and then what files say about each other. */
export function checkDirectory(directory: Directory): Report[] {
  const names = new Set([...files.map(({ file }) => file), ...directory.keys()]);
  const reports = [...names].map((file) => checkFile(file, directory));
  return [...reports, checkFoundings(directory)];
}

export function checkFile(file: string, directory: Directory): Report {
  const library: Library = { input: (reference, field) => referred(directory, reference, field) };
  const report: Report = { file, cases: 0, accepted: 0, rejected: 0, wrong: [] };
  const cases = directory.get(file);
  const kinds = files.find((known) => known.file === file)?.kinds;
  if (cases === undefined) report.wrong.push("the file is not there");
  else if (kinds === undefined) report.wrong.push("this program does not know this file");
  else for (const [i, value] of cases.entries()) checkCase(report, cases, i, value, kinds, library);
  return report;
}

function checkCase(report: Report, cases: unknown[], i: number, value: unknown, kinds: Kind[], library: Library): void {
  report.cases++;
  const name = nameOf(value) ?? `case ${i}`;
  try {
    const vector = checked(value);
    if (cases.some((other, j) => j < i && nameOf(other) === name)) throw new Difference("another case has this name");
    hold(vector, kinds, library);
    if (vector.result === "accept") report.accepted++;
    else report.rejected++;
  } catch (fault) {
    report.wrong.push(`${name}: ${fault instanceof Error ? fault.message : String(fault)}`);
  }
}

function nameOf(value: unknown): string | undefined {
  return (value as Partial<Vector> | null)?.name;
}

function referred(directory: Directory, reference: string, field: string): string {
  const [file = "", name = ""] = reference.split(" ");
  const found = directory.get(file)?.find((value) => nameOf(value) === name) as Vector | undefined;
  const value = found?.in[field];
  if (value === undefined) throw new Difference(`there is no ${field} in ${reference}`);
  return value;
}

/**
 * checkFoundings makes, from the genesis document of each accepted network, the state that it founds and leaf 0, and
 * wants both among the cases of state.json and leaf.json.
 */
function checkFoundings(directory: Directory): Report {
  const report: Report = { file: "(what networks found)", cases: 0, accepted: 0, rejected: 0, wrong: [] };
  const vectors = (file: string) => (directory.get(file) ?? []) as Vector[];
  const accepted = (file: string) => vectors(file).filter(({ result }) => result === "accept");
  for (const vector of accepted("network.json")) {
    report.cases++;
    try {
      const network = parseGenesis(vector.in["genesis"] ?? "");
      const leaf = hex(foundingLeaf(network));
      if (!accepted("leaf.json").some((other) => other.in["leaf"] === leaf)) {
        throw new Difference(`no case of leaf.json has leaf 0, ${leaf}`);
      }
      const entries = [...foundingEntries(network)].map(([key, value]) => `${key}=${value}`).sort();
      const stated = accepted("state.json").map((other) => JSON.parse(other.in["entries"] ?? "") as string[] | null);
      const nearest = stated.find((list) => list?.length === entries.length) ?? [];
      same("the state founded", entries.join("\n"), [...nearest].sort().join("\n"));
      report.accepted++;
    } catch (fault) {
      report.wrong.push(`${vector.name}: ${fault instanceof Error ? fault.message : String(fault)}`);
    }
  }
  return report;
}
