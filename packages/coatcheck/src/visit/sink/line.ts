import { isJsonObject, parseJson } from "../../session/json.ts";
import type { DocumentCount, VisitEvent } from "../event.ts";

/** An event or a count on its way to a sink. */
export type Item =
  | { readonly kind: "event"; readonly event: VisitEvent }
  | { readonly kind: "count"; readonly count: DocumentCount };

/**
 * The JSON line of an event or a count, with the newline. `kind` is `event` or `count`. The kind of a count is in
 * `countedKind`, so that all lines of a file have one set of columns. Half of a surrogate pair, which JSON readers
 * reject, is replaced by U+FFFD.
 */
export function lineOf(item: Item): string {
  const row = item.kind === "event" ? item.event : countRow(item.count);
  // Joining text costs less than copying the event.
  const json = `{"kind":"${item.kind}",${JSON.stringify(row).slice(1)}`;
  return `${json.includes("\\ud") ? json.replaceAll(ESCAPED_SURROGATE, replaceSurrogate) : json}\n`;
}

function countRow({ id, kind, hour, tenant, documents }: DocumentCount) {
  return { id, countedKind: kind, hour, tenant, documents };
}

/** Reads a line of {@link lineOf}; null for any other text. */
export function parseLine(line: string): Item | null {
  const row = parseJson(line);
  if (!isJsonObject(row) || typeof row.id !== "string") return null;
  const { kind, countedKind, ...members } = row;
  if (kind === "event") return { kind, event: members as unknown as VisitEvent };
  return kind === "count"
    ? { kind, count: { ...members, kind: countedKind } as unknown as DocumentCount }
    : null;
}

/** `\ud800` is half of a pair, because `JSON.stringify` escapes no whole pair. An escaped backslash is matched first. */
const ESCAPED_SURROGATE = /\\(?:\\|ud[89a-f][\da-f]{2})/g;

function replaceSurrogate(text: string): string {
  return text.length === 2 ? text : "\ufffd";
}
