import type { VisitEvent } from "../event.ts";
import { eventRowOf, type NewEventRow } from "../facts/event-row.ts";

/** The events of one visitor. `visitorId` is null for backend events without a visitor. */
export interface VisitorEvents {
  readonly tenant: string;
  readonly visitorId: string | null;
  readonly rows: NewEventRow[];
}

/**
 * Groups events by visitor, in order of arrival. If several events have the same id or the same order, keeps only the
 * first event. Sinks cannot do this later: they may store groups in another sequence, and repeated events may have
 * different times.
 */
export function groupByVisitor(events: readonly VisitEvent[]): VisitorEvents[] {
  const groups = new Map<string, VisitorEvents>();
  const orders = new Set<string>();
  const ids = new Set<string>();
  for (const event of events) {
    if (ids.has(event.id)) continue;
    ids.add(event.id);
    const row = eventRowOf(event);
    if (row.order_id !== null) {
      const key = JSON.stringify([row.tenant, row.order_id]);
      if (orders.has(key)) continue;
      orders.add(key);
    }
    const { visitorId } = event;
    const key = `${visitorId === null ? "" : "visitor:"}${visitorId}\n${row.tenant}`;
    const group = groups.get(key);
    if (group) group.rows.push(row);
    else groups.set(key, { tenant: row.tenant, visitorId, rows: [row] });
  }
  return [...groups.values()];
}

/** Splits groups into slices of about `size` events. A visitor with more events is split across several slices. */
export function sliceGroups(groups: readonly VisitorEvents[], size: number): VisitorEvents[][] {
  const slices: VisitorEvents[][] = [];
  let slice: VisitorEvents[] = [];
  let length = 0;
  const finish = () => {
    if (slice.length > 0) slices.push(slice);
    slice = [];
    length = 0;
  };
  for (const { rows, ...group } of groups) {
    for (let start = 0; start < rows.length; start += size) {
      const part = rows.slice(start, start + size);
      if (length + part.length > size) finish();
      slice.push({ ...group, rows: part });
      length += part.length;
    }
  }
  finish();
  return slices;
}
