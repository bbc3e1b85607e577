import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { faults } from "./faults.ts";

const page = new URL("../../../../docs/guarantees.md", import.meta.url);
const text = readFileSync(page, "utf8");
const results = readFileSync(new URL("RESULTS.md", import.meta.url), "utf8");

/** What the page's tables point at: a file, the tests named in it, and what the harness saw. */
const references = [...text.matchAll(/\[[^\]]+\]\(([^)]+\.ts)\)([^|[]*)/g)].map(
  ([, file = "", names = ""]) => ({
    file,
    names: [...names.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => name),
    worst: names.match(/worst ([^;|]+?) *(?:;|$)/)?.[1] ?? null,
  }),
);

describe("what docs/guarantees.md says is checked", () => {
  test("names a test in every row of its tables", () => {
    const rows = text.split("\n").filter((line) => line.startsWith("| ") && !line.includes("checked by |"));
    expect(rows.length).toBeGreaterThan(20);
    for (const row of rows) expect(row).toMatch(/\.ts\) "[^"]+"/);
  });

  test.each(references)("$file has $names", ({ file, names }) => {
    const source = readFileSync(new URL(file, page), "utf8");
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(source).toContain(name);
  });

  test("repeats what the harness saw last", () => {
    const seen = references.filter(({ worst }) => worst !== null);
    expect(seen.length).toBe(faults.length);
    for (const { names, worst } of seen) {
      const [fault] = names;
      const row = results.split("\n").find((line) => line.startsWith(`| ${fault} |`));
      expect(row?.split(" | ")[2], fault).toBe(worst);
    }
  });
});
