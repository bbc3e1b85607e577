import fc from "fast-check";
import { expect, it } from "vitest";
import { type AttributionAnswer, toCsv } from "../../../src/visit/questions/index.ts";

function createAnswer(
  rows: readonly { source: string | null; revenue: Record<string, number> }[],
): AttributionAnswer {
  return {
    question: "attribution",
    model: "first-touch",
    range: { from: "2026-10-01", to: "2026-10-31", timeZone: "UTC" },
    orders: rows.length,
    revenue: {},
    rows: rows.map((row) => ({ channel: "Email", campaign: null, orders: 1, ...row })),
    rest: { orders: 0, revenue: {} },
  };
}

/** Parses CSV as defined by RFC 4180. */
function parseCsv(text: string): string[][] {
  const lines: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    lines.at(-1)?.push(quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'));
    if (end === "\r\n") lines.push([]);
  }
  return lines.slice(0, -1);
}

it("toCsv() writes one line per row and one column per currency", () => {
  const csv = toCsv(
    createAnswer([
      { source: "google", revenue: { CHF: 1290 } },
      { source: null, revenue: { EUR: 500, CHF: 10 } },
    ]),
  );
  expect(csv).toBe(
    "channel,campaign,orders,source,revenue.CHF,revenue.EUR\r\nEmail,,1,google,1290,\r\nEmail,,1,,10,500\r\n",
  );
});

it.each(["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])(
  "toCsv() writes an apostrophe before the formula %j",
  (source) => {
    const [, row] = parseCsv(toCsv(createAnswer([{ source, revenue: {} }])));
    expect(row?.[3]).toBe(`'${source}`);
  },
);

it("toCsv() quotes texts so that a parser returns them unchanged", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("a", '"', ",", "\r", "\n", "=", "é") }), (source) => {
      const [, row] = parseCsv(toCsv(createAnswer([{ source, revenue: {} }])));
      expect(row?.[3]).toBe(/^[=\r]/.test(source) ? `'${source}` : source);
    }),
  );
});
