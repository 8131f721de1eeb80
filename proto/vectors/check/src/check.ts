// Going through a directory of vector files.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { hold, type Kinds, type Library } from "./kind.js";
import { checked, Difference, readVectors, type Vector } from "./vector.js";
import { files } from "./file/index.js";

/** Directory is the cases of a directory by file, as they were read. */
export type Directory = Map<string, unknown[]>;

/** Report is what came of one file: cases, those of them that were rightly accepted and rejected, and what was wrong. */
export interface Report { file: string; cases: number; accepted: number; rejected: number; wrong: string[] }

export function readDirectory(path: string): Directory {
  const names = readdirSync(path).filter((name) => name.endsWith(".json"));
  return new Map(names.sort().map((name) => [name, readVectors(join(path, name))]));
}

/** checkDirectory holds every case of every file. */
export function checkDirectory(directory: Directory): Report[] {
  const names = new Set([...files.map(({ file }) => file), ...directory.keys()]);
  return [...names].map((file) => checkFile(file, directory));
}

export function checkFile(file: string, directory: Directory): Report {
  const library: Library = { input: (reference, field) => referred(directory, reference, field) };
  const report: Report = { file, cases: 0, accepted: 0, rejected: 0, wrong: [] };
  const cases = directory.get(file);
  const kinds = files.find((known) => known.file === file);
  if (cases === undefined) report.wrong.push("the file is not there");
  else if (kinds === undefined) report.wrong.push("this program does not know this file");
  else for (const [i, value] of cases.entries()) checkCase(report, cases, i, value, kinds, library);
  return report;
}

function checkCase(report: Report, cases: unknown[], i: number, value: unknown, kinds: Kinds, library: Library): void {
  report.cases++;
  const name = nameOf(value) ?? `case ${i}`;
  try {
    if (cases.some((other, j) => j < i && nameOf(other) === name)) throw new Difference("another case has this name");
    if ("whole" in kinds) kinds.whole(value, library);
    else hold(checked(value), kinds.kinds, library);
    if ((value as Vector).result === "reject") report.rejected++;
    else report.accepted++;
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
