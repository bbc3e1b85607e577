/** Formats the results as Markdown tables. */
import { cpus, tmpdir, totalmem } from "node:os";
import { rateOf } from "./load.ts";
import type { DatabaseResults } from "./measure.ts";
import type { TrackingCost } from "./tracking.ts";

/** The results that the report contains. */
export interface ReportInput {
  readonly tracking: TrackingCost;
  readonly results: readonly DatabaseResults[];
  /** Number of visits in the generated traffic. */
  readonly visits: number;
  readonly loadBefore: number;
}

/** Returns the whole report in Markdown. */
export function reportOf({ tracking, results, visits, loadBefore }: ReportInput): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  return [
    "# Visits: ingest, rollups and questions",
    "",
    `- Traffic: ${visits.toLocaleString("en")} visits over 90 days, generated from a seed.`,
    `- Machine: Node ${process.versions.node}, ${cpus().length} cores (${cpus()[0]?.model.trim()}), ${memory} GiB. The load average was ${loadBefore.toFixed(1)} at the start. Data in ${tmpdir()}.`,
    "- Events per second leave out the time in which the events are generated.",
    "- Without facts: a table with two indexes of the benchmark's own, which keeps the whole event.",
    "- Questions: the first of five answers, their median and the slowest, milliseconds. Bold: above the limit.",
    "",
    "Written by `npm run bench:visits -- --write`.",
    "",
    "## On the request path",
    "",
    `A page view of a visitor whose session is cached: CPU time of everything between the adapter and the sink, which discards the events. A process for each site, the fast tenth of ${tracking.rounds} interleaved rounds of ${tracking.pages.toLocaleString("en")} pages.`,
    "",
    ...tableOf(
      ["", "without visits", "with visits", "added", "limit"],
      [["page view", ...costsOf(tracking).map((cost) => `${cost.toFixed(1)} µs`), "2 µs"]],
    ),
    "",
    "## Ingest",
    "",
    ...tableOf(
      ["", ...results.map(({ title }) => title)],
      results[0]?.loads.map(({ name }, row) => [
        name,
        ...results.map(({ loads }) => {
          const load = loads[row]?.load;
          return load ? `${rateOf(load).toLocaleString("en")} events/s` : "";
        }),
      ]) ?? [],
    ),
    "",
    "## Rollups and size",
    "",
    ...tableOf(
      ["", ...results.map(({ title }) => title)],
      [
        ["events", ...results.map(({ loads }) => (loads.at(-1)?.load.events ?? 0).toLocaleString("en"))],
        ["on disk", ...results.map(({ bytes }) => `${Math.round(bytes / 2 ** 20).toLocaleString("en")} MiB`)],
        [
          "all days recomputed",
          ...results.map(({ recomputeAllTime }) => `${formatSeconds(recomputeAllTime)} s`),
        ],
        [
          "one day recomputed",
          ...results.map(
            ({ day }) => `${formatSeconds(day.time)} s for ${day.events.toLocaleString("en")} events`,
          ),
        ],
        ["event loop blocked by it", ...results.map(({ day }) => `${Math.round(day.blockingTime)} ms`)],
      ],
    ),
    "",
    "## Questions",
    "",
    ...tableOf(
      ["", "limit", ...results.map(({ title }) => title)],
      results[0]?.answers.map(({ name, limit }, row) => [
        name,
        `${limit} ms`,
        ...results.map(({ answers }) => answerText(answers[row])),
      ]) ?? [],
    ),
    "",
  ].join("\n");
}

function costsOf({ timeWithoutVisits, timeWithVisits: tracked }: TrackingCost): readonly number[] {
  return [timeWithoutVisits, tracked, tracked - timeWithoutVisits];
}

function answerText(answered: DatabaseResults["answers"][number] | undefined): string {
  if (!answered) return "";
  const { firstTime, median, slowestTime, limit, isRefused } = answered;
  if (isRefused) return `refused after ${formatMilliseconds(slowestTime)}`;
  const middle = formatMilliseconds(median);
  return `${formatMilliseconds(firstTime)} / ${median > limit ? `**${middle}**` : middle} / ${formatMilliseconds(slowestTime)}`;
}

function tableOf(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(header), `|${"---|".repeat(header.length)}`, ...rows.map(line)];
}

function formatSeconds(time: number): string {
  return (time / 1000).toFixed(1);
}

function formatMilliseconds(time: number): string {
  return time < 10 ? time.toFixed(1) : Math.round(time).toLocaleString("en");
}
