import assert from "node:assert/strict";
import type { ErrorCode } from "../../session/errors.ts";
import type { JsonObject } from "../../session/json.ts";
import type { SessionRecord } from "../../session/record.ts";
import type { LogItem, LogPosition, PutOptions, SessionFilter, SessionStore } from "../../session/store.ts";
import { nextVersion } from "../records.ts";

/** The stores of one test: an empty store, and a second store on the same data that plays another process. */
export interface StoreFixture {
  readonly store: SessionStore;
  /** The same object as `store` where the data cannot be shared. */
  readonly other: SessionStore;
}

/** Tests by title. The title says what a store does. */
export type Cases = Readonly<Record<string, (fixture: StoreFixture) => Promise<void>>>;

/** Stores a new record. Fails the test unless the store accepts it. */
export async function createSession(
  store: SessionStore,
  record: SessionRecord,
  options: Partial<PutOptions> = {},
): Promise<SessionRecord> {
  assert.equal(await store.put(record, { expectedVersion: 0, change: "data", ...options }), "stored");
  return record;
}

/** Stores the next version of a record. Fails the test unless the store accepts it. */
export async function changeSession(
  store: SessionStore,
  record: SessionRecord,
  changes: Partial<SessionRecord>,
  kind: PutOptions["change"] = "data",
): Promise<SessionRecord> {
  const next = nextVersion(record, changes);
  assert.equal(await store.put(next, { expectedVersion: record.version, change: kind }), "stored");
  return next;
}

/** Reads a stored record. Fails the test if it does not exist. */
export async function readSession(store: SessionStore, id: string): Promise<SessionRecord> {
  const snapshot = await store.get(id);
  assert.ok(snapshot, `session ${id} does not exist`);
  return snapshot.record;
}

/**
 * Reads a record, changes its data and stores it. Retries on conflict, as every writer does, until the write succeeds
 * or the session has been revoked.
 */
export async function changeData(
  store: SessionStore,
  id: string,
  next: (data: JsonObject) => JsonObject,
): Promise<void> {
  for (;;) {
    const record = await readSession(store, id);
    if (record.state === "revoked") return;
    const changed = nextVersion(record, { data: next(record.data) });
    if ((await store.put(changed, { expectedVersion: record.version, change: "data" })) === "stored") return;
  }
}

/** Returns the position of the end of the log. */
export async function readLogEnd(store: SessionStore): Promise<LogPosition> {
  return (await store.changes(null)).cursor;
}

/** Returns the log items from `cursor` on. */
export async function readLogFrom(store: SessionStore, cursor: LogPosition): Promise<readonly LogItem[]> {
  return (await store.changes(cursor)).items;
}

/** Reads the ids of all matching sessions, page by page. */
export async function listAll(store: SessionStore, filter: SessionFilter, limit = 1000): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await store.list(filter, cursor === undefined ? { limit } : { limit, cursor });
    ids.push(...page.records.map(({ id }) => id));
    if (page.next === null) return ids;
    cursor = page.next;
  }
}

/** Fails the test unless `call` rejects with this code. */
export async function assertRejectsWith(code: ErrorCode, call: Promise<unknown>): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.equal((error as { code?: unknown }).code, code);
    return true;
  });
}
