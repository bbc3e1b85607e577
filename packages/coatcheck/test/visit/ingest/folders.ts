import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { parseLine } from "../../../src/visit/sink/line.ts";
import type { EventBatch } from "../../../src/visit/sink.ts";

/** Creates a folder that is deleted after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "coatcheck-visits-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Returns the names of the NDJSON files in a folder, sorted. */
export function ndjsonFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".ndjson"))
    .sort();
}

/** Returns the lines of all files in a folder. */
export function linesOf(folder: string): string[] {
  return ndjsonFiles(folder).flatMap((name) =>
    readFileSync(join(folder, name), "utf8").split("\n").filter(Boolean),
  );
}

/** Returns the items in the files of a folder. Of several lines with the same id, it returns the first one. */
export function readNdjson(folder: string): EventBatch {
  const items = linesOf(folder).flatMap((line) => parseLine(line) ?? []);
  const events = items.flatMap((item) => (item.kind === "event" ? [item.event] : []));
  const counts = items.flatMap((item) => (item.kind === "count" ? [item.count] : []));
  return { events: firstById(events), counts: firstById(counts) };
}

function firstById<Item extends { readonly id: string }>(items: readonly Item[]): Item[] {
  return [...new Map(items.toReversed().map((item) => [item.id, item])).values()].reverse();
}
