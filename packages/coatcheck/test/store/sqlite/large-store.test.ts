/** Tests the cost of a large store: turns of the event loop, query plans, and counts in another thread. */
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, StatementSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SessionFilter, SessionStore } from "../../../src/session/store.ts";
import { type SqliteStore, sqliteStore } from "../../../src/store/sqlite/store.ts";
import { makeRecord } from "../../../src/testing/records.ts";
import { createTemporaryFolder, readWriterIds, startWriter, storeSession } from "./fixtures.ts";

describe("sqliteStore with many sessions", () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = createTemporaryFolder();
    path = join(folder, "sessions.db");
  });

  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });

  describe("lets the event loop run", () => {
    /**
     * Counts the turns of the event loop during a call. A fake `performance.now()` advances by a millisecond at each
     * call.
     */
    async function countTurns(run: () => Promise<unknown>): Promise<number> {
      let time = performance.now();
      vi.spyOn(performance, "now").mockImplementation(() => ++time);
      let isRunning = true;
      let turns = 0;
      const counting = (async () => {
        for (; isRunning; turns++) await nextTurn();
      })();
      await run();
      isRunning = false;
      await counting;
      return turns;
    }

    it("between the commits of many writes", async () => {
      const store = sqliteStore(path);
      const turns = await countTurns(() =>
        Promise.all(Array.from({ length: 240 }, () => storeSession(store))),
      );
      expect(turns).toBeGreaterThan(30);
      expect((await store.stats(Date.now())).total).toBe(240);
      await store.close();
    });

    it("between the writes of a large touch", async () => {
      const store = sqliteStore(path);
      const records = Array.from({ length: 2000 }, () => makeRecord());
      const touches = records.map(({ id, lastSeenAt }) => ({ id, lastSeenAt: lastSeenAt + 1 }));
      expect(await countTurns(() => store.touch(touches))).toBeGreaterThan(5);
      await store.close();
    });

    it("between the writes of a large sweep, even while close() waits for the sweep", async () => {
      let now = 1000;
      const store = sqliteStore({ path, clock: { now: () => now } });
      const inserts = Array.from({ length: 1200 }, (_, index) =>
        store.put(makeRecord(index < 600 ? { createdAt: 0, lastSeenAt: 0, idleTimeout: 1 } : {}), {
          expectedVersion: 0,
          change: "privilege",
        }),
      );
      await Promise.all(inserts);
      await store.revoke({ everyone: true }, "admin");
      now = Date.now();
      let deleted: Promise<number> | undefined;
      const turns = await countTurns(() => {
        deleted = store.sweep(now, 5000);
        return store.close();
      });
      expect(turns).toBeGreaterThan(12);
      expect(await deleted).toBe(1200);
      const database = new DatabaseSync(path);
      for (const table of ["session", "log", "mass_revocation"]) {
        expect(database.prepare(`SELECT count(*) AS count FROM ${table}`).get()).toEqual({ count: 0 });
      }
      database.close();
    });
  });

  describe("list()", () => {
    let store: SqliteStore;

    beforeEach(async () => {
      store = sqliteStore(path);
      await storeSession(store, { tenant: "acme" });
      await store.revoke({ tenant: "acme" }, "admin");
    });
    afterEach(() => store.close());

    /** Returns the plan of the query that list() runs, with one line for each step. */
    async function explainList(filter: SessionFilter): Promise<string> {
      const prepare = vi.spyOn(DatabaseSync.prototype, "prepare");
      await store.list(filter, { limit: 50 });
      const text = prepare.mock.lastCall?.[0] ?? "";
      vi.restoreAllMocks();
      const database = new DatabaseSync(path);
      const steps = database.prepare(`EXPLAIN QUERY PLAN ${text.replaceAll("?", "1")}`).all();
      database.close();
      return steps.map(({ detail }) => `${detail}\n`).join("");
    }

    it("reads all sessions from an index in the order of the list", async () => {
      const all = await explainList({});
      expect(all).toMatch(/^SCAN s USING INDEX session_by_age\n/);
      expect(all).not.toMatch(/TEMP B-TREE/);
    });

    it("reads active sessions from an index that has the columns of the filter", async () => {
      const database = new DatabaseSync(path);
      const columnsOf = (index: string) =>
        database
          .prepare(`PRAGMA index_info(${index})`)
          .all()
          .map(({ name }) => name);
      expect(columnsOf("session_by_tenant")).toEqual(
        expect.arrayContaining(["end_hour", "state", "written_at"]),
      );
      expect(columnsOf("session_by_age")).toEqual(expect.arrayContaining(["end_hour", "state", "type"]));
      database.close();
      const byTenant = await explainList({ tenant: "acme", liveAt: 1 });
      expect(byTenant).toMatch(/^SEARCH s USING INDEX session_by_tenant \(tenant=\?\)\n/);
      const byAge = await explainList({ type: "anonymous", liveAt: 1 });
      expect(byAge).toMatch(/^SCAN s USING INDEX session_by_age\n/);
      for (const plan of [byTenant, byAge]) expect(plan).not.toMatch(/TEMP B-TREE|LEFT-JOIN/);
    });

    it("reads revoked sessions from a separate index", async () => {
      const all = await explainList({ state: "revoked" });
      expect(all).toContain("SCAN s USING COVERING INDEX revoked_session_by_age\n");
      expect(all).toContain("SEARCH s USING COVERING INDEX session_by_tenant (tenant=?)\n");
      const byTenant = await explainList({ state: "revoked", tenant: "acme" });
      expect(byTenant).toContain("SEARCH s USING COVERING INDEX revoked_session_by_tenant (tenant=?)\n");
      for (const plan of [all, byTenant])
        expect(plan).not.toMatch(/SCAN s\n.*LEFT-JOIN|active_session_by_tenant/);
    });
  });

  describe("stats() of a large store", () => {
    /** Adds `count` copies of one session to the database. */
    async function addCopies(store: SessionStore, count: number): Promise<void> {
      await storeSession(store);
      const database = new DatabaseSync(path);
      database.exec(`CREATE TEMP TABLE copy AS SELECT * FROM session LIMIT 1`);
      database.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
        INSERT INTO session SELECT 'copy-' || i, owner, type, state, reason, version, subject, tenant, visitor_id, parent_id,
          created_at, last_seen_at, expires_at, idle_timeout, ends_at, end_hour, written_at, body FROM copy, n`);
      database.close();
    }

    it("counts the sessions in another thread", async () => {
      const store = sqliteStore(path);
      await addCopies(store, 1000);
      const now = Date.now();
      const read = vi.spyOn(StatementSync.prototype, "get");
      const stats = await store.stats(now);
      expect(stats).toMatchObject({ total: 1001, active: 1001, countedAt: now });
      // The main thread runs only the query for the highest row id, which has no parameter.
      expect(read.mock.calls).toEqual([[]]);
      await store.close();
    });

    it("starts a new count at the next call after the thread has failed", async () => {
      const store = sqliteStore(path);
      await addCopies(store, 1000);
      const database = new DatabaseSync(path);
      database.exec("ALTER TABLE mass_revocation RENAME TO hidden");
      await expect(store.stats(1)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      database.exec("ALTER TABLE hidden RENAME TO mass_revocation");
      database.close();
      expect((await store.stats(1)).total).toBe(1001);
      await store.close();
    });

    it("rejects if close() ends the thread", async () => {
      const store = sqliteStore(path);
      await addCopies(store, 1000);
      const reading = store.stats(1);
      const rejected = expect(reading).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      await store.close();
      await rejected;
      await expect(store.stats(1)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    });

    it("equals the number of stored sessions, even after the process was killed during many writes", async () => {
      const filled = sqliteStore(path);
      await addCopies(filled, 1000);
      await filled.close();
      const writer = startWriter(path);
      const ended = once(writer, "exit");
      const ids = await readWriterIds(writer, (count) => count === 300 && writer.kill("SIGKILL"));
      expect((await ended)[1]).toBe("SIGKILL");
      const store = sqliteStore(path);
      const { total, active } = await store.stats(Date.now());
      const database = new DatabaseSync(path);
      expect(database.prepare("SELECT count(*) AS total FROM session").get()).toEqual({ total });
      database.close();
      expect(active).toBe(total);
      expect(total).toBeGreaterThanOrEqual(1001 + ids.length);
      await store.close();
    });
  });
});
