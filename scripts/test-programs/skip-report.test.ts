import { expect, test } from "vitest";
import { skipTable } from "./skip-report.ts";

test("skipTable() lists each missing program with the number of skipped tests and the command that installs the program", () => {
  const table = skipTable(
    new Map([
      ["redis", 212],
      ["chromium", 9],
      ["marked in the code", 1],
    ]),
  );
  expect(table.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
    ["missing", "skipped tests", "to run them"],
    ["Redis", "212", "apt-get install redis-server"],
    ["Chromium", "9", "apt-get install chromium, or set CHROMIUM_PATH"],
    ["marked in the code", "1", ""],
  ]);
});
