/**
 * Fills a store through its public methods, with many concurrent calls, so that rows and indexes are as in production.
 */
import type { SessionRecord, SessionStore } from "coatcheck";
import { Progress } from "../progress.ts";
import { REVOKED_TENANT, type Sessions } from "./sessions.ts";

const MAX_CONCURRENT_CALLS = 2000;

/** Stores new records. Rejects if the store refuses a record. */
export async function putRecords(store: SessionStore, records: readonly SessionRecord[]): Promise<void> {
  const outcomes = await Promise.all(
    records.map((record) => store.put(record, { expectedVersion: 0, change: "data" })),
  );
  const refused = outcomes.find((outcome) => outcome !== "stored");
  if (refused !== undefined)
    throw new Error(`put() returned "${refused}" for a new session instead of storing it.`);
}

/**
 * Stores all sessions, and revokes some of them one by one. At the end, revokes all sessions of one tenant at once.
 *
 * @param setClock sets the store's clock. Called with `revoked-one-by-one` at the beginning, and with `now` before the
 *   tenant's sessions are revoked.
 */
export async function fillStore(
  store: SessionStore,
  sessions: Sessions,
  setClock: (to: "revoked-one-by-one" | "now") => void,
): Promise<void> {
  setClock("revoked-one-by-one");
  const progress = new Progress("stored", sessions.size);
  for (let start = 0; start < sessions.size; start += MAX_CONCURRENT_CALLS) {
    const indexes = range(start, Math.min(start + MAX_CONCURRENT_CALLS, sessions.size));
    await putRecords(
      store,
      indexes.map((index) => sessions.recordOf(index)),
    );
    await Promise.all(
      indexes
        .filter((index) => sessions.kindOf(index) === "revoked")
        .map((index) => store.revoke({ session: sessions.idOf(index) }, "logout")),
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
