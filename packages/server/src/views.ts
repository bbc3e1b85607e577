import type { Page, SessionRecord, StoreStats } from "coatcheck";
import type { z } from "zod";
import { type sessionData, UNRESERVED_NAME_PATTERN } from "./schemas.ts";
import type { sessionPage, sessionStats, sessionView } from "./session-schemas.ts";

/** Creates the body of a successful response. */
export function successBody<Data>(data: Data): { success: true; data: Data } {
  return { success: true, data };
}

/** Converts a session to the JSON for its owner, without hashes and data. */
export function viewOf(record: SessionRecord): z.output<typeof sessionView> {
  return {
    sessionId: record.id,
    owner: record.owner,
    type: record.type,
    state: record.state,
    reason: record.reason,
    version: record.version,
    subject: record.subject,
    actor: record.actor && { subject: record.actor.subject, reason: record.actor.reason },
    tenant: record.tenant,
    visitorId: record.visitorId,
    attribution: record.visit && { ...record.visit.source, landingPage: record.visit.landingPage },
    converted: record.conversion !== null,
    orderId: record.conversion?.orderId ?? null,
    parentId: record.parentId,
    name: record.name,
    createdAt: toIso(record.createdAt),
    lastActivityAt: toIso(record.lastSeenAt),
    authenticatedAt: record.authenticatedAt === null ? null : toIso(record.authenticatedAt),
    expiresAt: toIso(record.expiresAt),
    idleExpiresAt: toIso(record.lastSeenAt + record.idleTimeout),
    rememberMe: record.rememberMe,
    elevations: Object.fromEntries(
      Object.entries(record.elevations).map(([scope, until]) => [scope, toIso(until)]),
    ),
    metadata: { ...record.metadata },
    client: record.client,
  };
}

/** Returns a session's data for its owner, without the members that are reserved for the application. */
export function dataOf({ data }: SessionRecord): z.output<typeof sessionData> {
  return Object.fromEntries(Object.entries(data).filter(([name]) => UNRESERVED_NAME_PATTERN.test(name)));
}

/** Converts a page of sessions to JSON. */
export function pageOf({ records, next }: Page): z.output<typeof sessionPage> {
  return { sessions: records.map(viewOf), next };
}

/** Converts the store's counts to the JSON of the API. */
export function statsOf({
  total,
  active,
  oldest,
  newest,
  countedAt,
}: StoreStats): z.output<typeof sessionStats> {
  return {
    totalSessions: total,
    activeSessions: active,
    oldestSession: oldest === null ? null : toIso(oldest),
    newestSession: newest === null ? null : toIso(newest),
    countedAt: toIso(countedAt),
  };
}

/** Converts epoch milliseconds to ISO 8601, the format of all times in JSON. */
export function toIso(time: number): string {
  return new Date(time).toISOString();
}

/** Returns the strong entity tag of a session's data (RFC 9110 §8.8.3): the record's version. */
export function etagOf({ version }: SessionRecord): string {
  return `"${version}"`;
}
