import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { parseLine } from "../../../src/visit/sink/line.ts";
import type { EventBatch } from "../../../src/visit/sink.ts";

/** A new folder, deleted after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "coatcheck-visits-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The files of JSON lines in a folder, sorted. */
export function ndjsonFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".ndjson"))
    .sort();
}

/** The lines of all files of a folder. */
export function linesOf(folder: string): string[] {
  return ndjsonFiles(folder).flatMap((name) =>
    readFileSync(join(folder, name), "utf8").split("\n").filter(Boolean),
  );
}

/** The items in the files of a folder, each id once: the first line with an id counts. */
export function readNdjson(folder: string): EventBatch {
  const items = linesOf(folder).flatMap((line) => parseLine(line) ?? []);
  const events = items.flatMap((item) => (item.kind === "event" ? [item.event] : []));
  const counts = items.flatMap((item) => (item.kind === "count" ? [item.count] : []));
  return { events: firstById(events), counts: firstById(counts) };
}

function firstById<Item extends { readonly id: string }>(items: readonly Item[]): Item[] {
  return [...new Map(items.toReversed().map((item) => [item.id, item])).values()].reverse();
}
