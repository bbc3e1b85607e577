import type { Answer } from "./questions.ts";

type CsvCell = string | number | boolean | null | undefined;
type CsvRow = Readonly<Record<string, CsvCell>>;

/**
 * Converts an answer to CSV (RFC 4180): a header line, then one line for each row, with CRLF.
 *
 * A text that begins with `=`, `+`, `-`, `@`, a tab or a carriage return is prefixed with an apostrophe. A
 * spreadsheet would run it as a formula otherwise, and anyone can choose the paths and campaigns that are reported.
 * Null is an empty cell. Revenue has a column for each currency, in minor units.
 *
 * @example
 * response.type("text/csv").send(toCsv(await questions.breakdown({ dimension: "channel", from, to })));
 */
export function toCsv(answer: Answer): string {
  const rows = toCsvRows(answer).map(flattenObject);
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [names.map(formatCell), ...rows.map((row) => names.map((name) => formatCell(row[name])))];
  return lines.map((cells) => `${cells.join(",")}\r\n`).join("");
}

function toCsvRows(answer: Answer): readonly object[] {
  switch (answer.question) {
    case "overview":
      return answer.series;
    case "live":
      return answer.minutes;
    case "breakdown":
    case "attribution":
      return answer.rows;
    case "funnel":
      return answer.steps.map(({ step, ...figures }) => ({
        type: step.type,
        page: step.page ? `${step.page.operator} ${step.page.value}` : null,
        ...figures,
      }));
    case "retention":
      return answer.cohorts.map(({ week, visitors, active }) => ({
        week,
        visitors,
        ...Object.fromEntries(active.map((count, later) => [`week ${later}`, count])),
      }));
    case "visitTimeline":
    case "sessionTimeline":
      return answer.events.map(({ properties, ...event }) => ({
        ...event,
        properties: JSON.stringify(properties),
      }));
    case "customerJourney":
    case "visitorJourney":
      return answer.visits;
  }
}

/** Flattens nested objects to names such as `revenue.CHF`. */
function flattenObject(value: object): CsvRow {
  const row: Record<string, CsvCell> = {};
  for (const [name, member] of Object.entries(value)) {
    if (typeof member !== "object" || member === null) row[name] = member;
    else for (const [inner, each] of Object.entries(flattenObject(member))) row[`${name}.${inner}`] = each;
  }
  return row;
}

function formatCell(value: CsvCell): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
