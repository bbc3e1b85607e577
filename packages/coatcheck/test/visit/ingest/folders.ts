import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { parseLine } from "../../../src/visit/sink/line.ts";
import type { EventBatch } from "../../../src/visit/sink.ts";

/** Creates a folder that is deleted after the test. */
export function createTemporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "coatcheck-visits-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Returns the names of the NDJSON files in a folder, sorted. */
export function listNdjsonFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".ndjson"))
    .sort();
}

/** Returns the lines of all NDJSON files in a folder. */
export function readLines(folder: string): string[] {
  return listNdjsonFiles(folder).flatMap((name) =>
    readFileSync(join(folder, name), "utf8").split("\n").filter(Boolean),
  );
}

/**
 * Returns the items in the NDJSON files of a folder. If several items have the same id, returns only the first of them.
 */
export function readNdjson(folder: string): EventBatch {
  const items = readLines(folder).flatMap((line) => parseLine(line) ?? []);
  const events = items.flatMap((item) => (item.kind === "event" ? [item.event] : []));
  const counts = items.flatMap((item) => (item.kind === "count" ? [item.count] : []));
  return { events: keepFirstById(events), counts: keepFirstById(counts) };
}

function keepFirstById<Item extends { readonly id: string }>(items: readonly Item[]): Item[] {
  return [...new Map(items.toReversed().map((item) => [item.id, item])).values()].reverse();
}
