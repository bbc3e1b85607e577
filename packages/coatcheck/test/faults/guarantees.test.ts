import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { faults } from "./faults.ts";

const page = new URL("../../../../docs/guarantees.md", import.meta.url);
const text = readFileSync(page, "utf8");
const results = readFileSync(new URL("RESULTS.md", import.meta.url), "utf8");

/**
 * The references in the page's tables. Each names a file and tests in that file. Some quote the worst staleness
 * that the harness measured.
 */
const references = [...text.matchAll(/\[[^\]]+\]\(([^)]+\.ts)\)([^|[]*)/g)].map(
  ([, file = "", names = ""]) => ({
    file,
    names: [...names.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => name),
    worst: names.match(/worst ([^;|]+?) *(?:;|$)/)?.[1] ?? null,
  }),
);

describe("docs/guarantees.md", () => {
  test("names a test in every table row", () => {
    const rows = text.split("\n").filter((line) => line.startsWith("| ") && !line.includes("checked by |"));
    expect(rows.length).toBeGreaterThan(20);
    for (const row of rows) expect(row).toMatch(/\.ts\) "[^"]+"/);
  });

  test.each(references)("names existing tests of $file: $names", ({ file, names }) => {
    const source = readFileSync(new URL(file, page), "utf8");
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(source).toContain(name);
  });

  test("quotes the worst staleness from RESULTS.md for every fault", () => {
    const measured = references.filter(({ worst }) => worst !== null);
    expect(measured.length).toBe(faults.length);
    for (const { names, worst } of measured) {
      const [fault] = names;
      const row = results.split("\n").find((line) => line.startsWith(`| ${fault} |`));
      expect(row?.split(" | ")[2], fault).toBe(worst);
    }
  });
});
