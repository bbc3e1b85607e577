/** Formats the results as one Markdown table. */
import type { Measurement } from "./measure.ts";
import type { Operation } from "./operations.ts";

/** The results of one store: size → name of the operation → measurement. */
export interface StoreResults {
  readonly title: string;
  readonly bySize: ReadonlyMap<number, ReadonlyMap<string, Measurement>>;
}

/** The longest acceptable time for which a call blocks the event loop, in milliseconds. */
const MAX_BLOCKING_TIME = 20;

/** Returns a table with one row per store and operation, and one column per size. */
export function tableOf(
  results: readonly StoreResults[],
  operations: readonly Operation[],
  sizes: readonly number[],
): string[] {
  const header = [
    "store",
    "operation",
    "limit",
    ...sizes.map((size) => `${size.toLocaleString("en")} sessions`),
  ];
  return [
    `| ${header.join(" | ")} |`,
    `|${"---|".repeat(header.length)}`,
    ...results.flatMap((result) => operations.map((operation) => rowOf(result, operation, sizes))),
  ];
}

function rowOf({ title, bySize }: StoreResults, operation: Operation, sizes: readonly number[]): string {
  const measured = sizes.map((size) => bySize.get(size)?.get(operation.name));
  const smallest = measured.find((measurement) => measurement !== undefined);
  const limit = smallest ? limitOf(operation, smallest) : Number.POSITIVE_INFINITY;
  const cells = measured.map((measurement) => (measurement ? cellOf(operation, measurement, limit) : ""));
  return `| ${[title, operation.name, limitText(operation), ...cells].join(" | ")} |`;
}

function limitOf({ limit }: Operation, smallest: Measurement): number {
  if (!limit) return Number.POSITIVE_INFINITY;
  return "milliseconds" in limit ? limit.milliseconds : limit.multiple * smallest.median;
}

function limitText({ limit }: Operation): string {
  if (!limit) return "";
  return "milliseconds" in limit ? `${limit.milliseconds} ms` : `${limit.multiple} × the first size`;
}

function cellOf(
  { sessionsPerCall }: Operation,
  { median, p99, blockingTime }: Measurement,
  limit: number,
): string {
  const loop = formatBold(formatMilliseconds(blockingTime), blockingTime > MAX_BLOCKING_TIME);
  if (sessionsPerCall === undefined) {
    return `${formatBold(formatMilliseconds(median), median > limit)} / ${formatMilliseconds(p99)} / ${loop}`;
  }
  const rate = (time: number) => Math.round((sessionsPerCall / time) * 1000).toLocaleString("en");
  return `${rate(median)}/s / ${rate(p99)}/s / ${loop}`;
}

function formatBold(text: string, isOver: boolean): string {
  return isOver ? `**${text}**` : text;
}

function formatMilliseconds(value: number): string {
  return value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
}
