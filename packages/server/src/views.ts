import type { Page, SessionRecord, StoreStats } from "coatcheck";
import type { z } from "zod";
import {
  OPEN_NAME,
  type sessionData,
  type sessionPage,
  type sessionStats,
  type sessionView,
} from "./schemas.ts";

/** The body of a successful response. */
export function answer<Data>(data: Data): { success: true; data: Data } {
  return { success: true, data };
}

/** A session as its owner sees it: everything but the hashes and the data. */
export function viewOf(record: SessionRecord): z.output<typeof sessionView> {
  return {
    sessionId: record.id,
    owner: record.owner,
    type: record.type,
    state: record.state,
    reason: record.reason,
    version: record.version,
    subject: record.subject,
    tenant: record.tenant,
    visitorId: record.visitorId,
    parentId: record.parentId,
    name: record.name,
    createdAt: isoOf(record.createdAt),
    lastActivityAt: isoOf(record.lastSeenAt),
    authenticatedAt: record.authenticatedAt === null ? null : isoOf(record.authenticatedAt),
    expiresAt: isoOf(record.expiresAt),
    idleExpiresAt: isoOf(record.lastSeenAt + record.idleTimeout),
    remembered: record.remembered,
    elevations: Object.fromEntries(
      Object.entries(record.elevations).map(([scope, until]) => [scope, isoOf(until)]),
    ),
    metadata: { ...record.metadata },
    client: record.client,
  };
}

/** A session's data as its owner sees it: without the members that are reserved for the application. */
export function dataOf({ data }: SessionRecord): z.output<typeof sessionData> {
  return Object.fromEntries(Object.entries(data).filter(([name]) => OPEN_NAME.test(name)));
}

/** One page of sessions. */
export function pageOf({ records, next }: Page): z.output<typeof sessionPage> {
  return { sessions: records.map(viewOf), next };
}

/** The store's counts, under the names of the API. */
export function statsOf({ total, active, oldest, newest }: StoreStats): z.output<typeof sessionStats> {
  return {
    totalSessions: total,
    activeSessions: active,
    oldestSession: oldest === null ? null : isoOf(oldest),
    newestSession: newest === null ? null : isoOf(newest),
  };
}

/** Converts epoch milliseconds to ISO 8601, the format of all times in JSON. */
export function isoOf(time: number): string {
  return new Date(time).toISOString();
}

/** The strong entity tag of a session's data (RFC 9110 §8.8.3): its version. */
export function etagOf({ version }: SessionRecord): string {
  return `"${version}"`;
}
