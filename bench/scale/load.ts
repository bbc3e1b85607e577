/**
 * Fills a store through its public methods, with many concurrent calls, so that rows and indexes are as in production.
 */
import type { SessionRecord, SessionStore } from "coatcheck";
import { Progress } from "../progress.ts";
import { REVOKED_TENANT, type Sessions } from "./sessions.ts";

const IN_FLIGHT = 2000;

/** Stores new records. Rejects if the store refuses a record. */
export async function putAll(store: SessionStore, records: readonly SessionRecord[]): Promise<void> {
  const outcomes = await Promise.all(
    records.map((record) => store.put(record, { expectedVersion: 0, change: "data" })),
  );
  const refused = outcomes.find((outcome) => outcome !== "stored");
  if (refused !== undefined)
    throw new Error(`put() returned "${refused}" for a new session instead of storing it.`);
}

/**
 * Stores every session, then revokes some of them one by one, and a whole tenant at the end.
 *
 * @param setClock sets the store's clock to the time of the single revocations or of the mass revocation.
 */
export async function fill(
  store: SessionStore,
  sessions: Sessions,
  setClock: (to: "revoked-one-by-one" | "now") => void,
): Promise<void> {
  setClock("revoked-one-by-one");
  const progress = new Progress("stored", sessions.size);
  for (let start = 0; start < sessions.size; start += IN_FLIGHT) {
    const indexes = range(start, Math.min(start + IN_FLIGHT, sessions.size));
    await putAll(
      store,
      indexes.map((index) => sessions.record(index)),
    );
    await Promise.all(
      indexes
        .filter((index) => sessions.kind(index) === "revoked")
        .map((index) => store.revoke({ session: sessions.id(index) }, "logout")),
    );
    progress.report(start + indexes.length);
  }
  setClock("now");
  await store.revoke({ tenant: REVOKED_TENANT }, "admin");
}

/** Returns the whole numbers from `start` to `end`, `end` excluded. */
export function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, offset) => start + offset);
}
