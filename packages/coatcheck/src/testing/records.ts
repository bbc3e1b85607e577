import { createHash, randomUUID } from "node:crypto";
import type { SessionRecord } from "../session/record.ts";

const HOUR = 3_600_000;

/**
 * Creates an active record at version 1 with a new id and secret hash. It is created now and expires after a day.
 *
 * @param fields override the defaults.
 */
export function makeRecord(fields: Partial<SessionRecord> = {}): SessionRecord {
  const id = fields.id ?? randomUUID();
  const now = fields.createdAt ?? Date.now();
  const subject = fields.subject ?? null;
  return {
    id,
    owner: `browser:${id}`,
    type: subject === null ? "anonymous" : "authenticated",
    state: "active",
    reason: null,
    version: 1,
    subject,
    actor: null,
    tenant: null,
    visitorId: null,
    parentId: null,
    name: null,
    secretHash: hashOf(randomUUID()),
    olderSecrets: [],
    wrappedSecret: null,
    rotatedAt: now,
    tokenUsedAt: null,
    tokenUsedVersion: null,
    createdAt: now,
    lastSeenAt: now,
    authenticatedAt: subject === null ? null : now,
    expiresAt: now + 24 * HOUR,
    idleTimeout: 2 * HOUR,
    rememberMe: null,
    elevations: {},
    data: {},
    dataVersion: 1,
    flash: {},
    metadata: {},
    client: null,
    binding: null,
    visit: null,
    conversion: null,
    ...fields,
  };
}

/** Creates a record with every field set, to test that a store returns all of them. */
export function makeFullRecord(fields: Partial<SessionRecord> = {}): SessionRecord {
  const now = Date.now();
  return makeRecord({
    owner: "consumer:slack-bot",
    subject: "customer-7",
    actor: {
      subject: "clerk-3",
      reason: "ticket 4711",
      sessionId: randomUUID(),
      sessionExpiresAt: now + HOUR,
      returnToken: "dG9rZW4",
    },
    tenant: "taco-shop",
    visitorId: randomUUID(),
    parentId: randomUUID(),
    name: "lunch",
    olderSecrets: [
      { hash: hashOf("before"), replacedAt: now - 5, validUntil: now - 4, revokesOnReuse: true },
    ],
    wrappedSecret: { purpose: "login", olderHash: hashOf("before"), ciphertext: "c2VjcmV0" },
    tokenUsedAt: now - 1,
    tokenUsedVersion: 1,
    authenticatedAt: now - 2,
    rememberMe: true,
    elevations: { payment: now + HOUR },
    data: { cart: { sku9: 2 }, notes: ["no onions", null, 1.5, true], theme: null },
    dataVersion: 3,
    flash: { notice: "Saved." },
    metadata: { channel: "app" },
    client: {
      address: "203.0.113.0",
      userAgent: "Mozilla/5.0",
      browser: "Firefox",
      os: "Linux",
      device: "desktop",
      country: "DE",
      city: "Köln",
    },
    binding: { userAgent: "Firefox on Linux", network: "203.0.113.0", country: "DE", changedAt: now - 1 },
    visit: {
      id: "0190b5a0-0000-7000-8000-000000000001",
      startedAt: now - 3,
      lastActivityAt: now - 2,
      landingPage: "/menu",
      source: {
        channel: "Paid Search",
        source: "google",
        medium: "cpc",
        campaign: "lunch",
        term: null,
        content: null,
        referrer: "google.com",
        clickId: "gclid",
      },
    },
    conversion: { orderId: "order-1", revenue: 1990, currency: "EUR", at: now - 1 },
    ...fields,
  });
}

/** Returns the next version of a record, with `changes` applied. */
export function nextVersion(record: SessionRecord, changes: Partial<SessionRecord> = {}): SessionRecord {
  return { ...record, ...changes, version: record.version + 1 };
}

function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("base64url");
}
