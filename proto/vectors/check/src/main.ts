// Command main goes through the test vectors, prints a table, and exits 1 if a single case differs.
//
//	npm --prefix proto/vectors/check start [-- directory]
import { fileURLToPath } from "node:url";
import { checkDirectory, readDirectory, type Report } from "./check.js";

const directory = process.argv[2] ?? fileURLToPath(new URL("../..", import.meta.url));
const reports = checkDirectory(readDirectory(directory));

for (const { file, wrong } of reports) for (const line of wrong) console.error(`${file}: ${line}`);
const sum = (of: (report: Report) => number) => reports.reduce((total, report) => total + of(report), 0);
row("file", "cases", "accepted", "rejected", "wrong");
for (const { file, cases, accepted, rejected, wrong } of reports) row(file, cases, accepted, rejected, wrong.length);
const wrong = sum(({ wrong }) => wrong.length);
row("total", sum(({ cases }) => cases), sum(({ accepted }) => accepted), sum(({ rejected }) => rejected), wrong);
process.exitCode = wrong === 0 ? 0 : 1;

function row(file: string, ...columns: (string | number)[]): void {
  console.log(file.padEnd(24) + columns.map((column) => String(column).padStart(10)).join(""));
}
