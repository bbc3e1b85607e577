import type { SessionRecord } from "../../session/record.ts";
import type { RevocationScope } from "../../session/store.ts";
import { compactId } from "../../session/token.ts";
import { makeRecord } from "../records.ts";

/** Start of simulated time, in epoch milliseconds. */
export const SIMULATION_START = Date.UTC(2026, 0, 1);
const YEAR = 365 * 24 * 60 * 60 * 1000;

/** A few sessions are enough: one session is enough to reveal a bug. */
export const RECORDS: readonly SessionRecord[] = [
  makeSimulatedRecord(1, "ada", "acme"),
  makeSimulatedRecord(2, "ada", "acme"),
  makeSimulatedRecord(3, "grace", "acme"),
  makeSimulatedRecord(4, null, null),
];

const compactIds = new Map(RECORDS.map(({ id }) => [id, compactId(id)]));

/** The compact form of a record's id. Precomputed, because half of a run's steps need it. */
export const keyOf = (id: string): string => compactIds.get(id) ?? compactId(id);

/** Mass revocations, from one subject to everyone. */
export const SCOPES: readonly Exclude<RevocationScope, { session: string }>[] = [
  { subject: "ada" },
  { subject: "ada", except: (RECORDS[0] as SessionRecord).id },
  { tenant: "acme" },
  { everyone: true },
];

function makeSimulatedRecord(number: number, subject: string | null, tenant: string | null): SessionRecord {
  const id = `00000000-0000-4000-8000-00000000000${number}`;
  return makeRecord({
    id,
    subject,
    tenant,
    secretHash: "",
    createdAt: SIMULATION_START,
    expiresAt: SIMULATION_START + YEAR,
    idleTimeout: YEAR,
  });
}
