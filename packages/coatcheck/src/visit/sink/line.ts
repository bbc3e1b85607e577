import { isJsonObject, parseJson } from "../../session/json.ts";
import type { DocumentCount, VisitEvent } from "../event.ts";

/** An event or a document count to store in a sink. */
export type SinkItem =
  | { readonly kind: "event"; readonly event: VisitEvent }
  | { readonly kind: "count"; readonly count: DocumentCount };

/**
 * Returns an event or a count as a line of JSON, including the newline. `kind` is `event` or `count`. The kind of a
 * count is in `countedKind`, so that all lines of a file have the same columns. A lone surrogate, which JSON readers
 * reject, is replaced by U+FFFD.
 */
export function lineOf(item: SinkItem): string {
  const row = item.kind === "event" ? item.event : countRow(item.count);
  // Concatenating texts is faster than copying the event.
  const json = `{"kind":"${item.kind}",${JSON.stringify(row).slice(1)}`;
  return `${json.includes("\\ud") ? json.replaceAll(ESCAPED_SURROGATE_PATTERN, replaceSurrogate) : json}\n`;
}

function countRow({ id, kind, hour, tenant, documents }: DocumentCount) {
  return { id, countedKind: kind, hour, tenant, documents };
}

/** Parses a line of {@link lineOf}; returns null for other texts. */
export function parseLine(line: string): SinkItem | null {
  const row = parseJson(line);
  if (!isJsonObject(row) || typeof row.id !== "string") return null;
  const { kind, countedKind, ...members } = row;
  if (kind === "event") return { kind, event: members as unknown as VisitEvent };
  return kind === "count"
    ? { kind, count: { ...members, kind: countedKind } as unknown as DocumentCount }
    : null;
}

/**
 * `\ud800` in JSON is always a lone surrogate, because `JSON.stringify` escapes no complete pair. The pattern matches
 * an escaped backslash first, so that it does not find a surrogate in `\\ud800`.
 */
const ESCAPED_SURROGATE_PATTERN = /\\(?:\\|ud[89a-f][\da-f]{2})/g;

function replaceSurrogate(text: string): string {
  return text.length === 2 ? text : "\ufffd";
}
