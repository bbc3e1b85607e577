import type { SessionRecord } from "../../session/record.ts";
import type { RevocationScope } from "../../session/store.ts";

const YEAR = 365 * 24 * 60 * 60 * 1000;
const NOW = 1_700_000_000_000;

/** A few sessions are enough: what goes wrong goes wrong with one. */
export const RECORDS: readonly SessionRecord[] = [
  record(1, "ada", "acme"),
  record(2, "ada", "acme"),
  record(3, "grace", "acme"),
  record(4, null, null),
];

/** Mass revocations, from one subject to everyone. */
export const SCOPES: readonly Exclude<RevocationScope, { session: string }>[] = [
  { subject: "ada" },
  { subject: "ada", except: (RECORDS[0] as SessionRecord).id },
  { tenant: "acme" },
  { everyone: true },
];

function record(number: number, subject: string | null, tenant: string | null): SessionRecord {
  return {
    id: `00000000-0000-4000-8000-00000000000${number}`,
    owner: "consumer:simulator",
    type: subject === null ? "anonymous" : "authenticated",
    state: "active",
    reason: null,
    version: 1,
    subject,
    tenant,
    visitorId: null,
    parentId: null,
    name: null,
    secretHash: "",
    previousSecretHash: null,
    rotatedAt: NOW,
    confirmedAt: null,
    createdAt: NOW,
    lastSeenAt: NOW,
    authenticatedAt: null,
    expiresAt: NOW + YEAR,
    idleTimeout: YEAR,
    remembered: false,
    elevations: {},
    data: {},
    dataVersion: 1,
    flash: {},
    metadata: {},
    client: null,
    attribution: null,
    pageViews: 0,
    convertedAt: null,
    orderId: null,
  };
}
