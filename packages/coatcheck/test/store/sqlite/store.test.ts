import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync, StatementSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SessionRecord } from "../../../src/session/record.ts";
import type { PutOutcome, SessionFilter, SessionStore } from "../../../src/session/store.ts";
import { type SqliteStore, sqliteStore } from "../../../src/store/sqlite/store.ts";
import { makeFullRecord, makeRecord, nextVersion } from "../../../src/testing/records.ts";
import { storeContract } from "../../../src/testing/store-suite.ts";

const OPENER = fileURLToPath(new URL("opener-process.ts", import.meta.url));
const WRITER = fileURLToPath(new URL("writer-process.ts", import.meta.url));

function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "coatcheck-sqlite-"));
}

/** Opens the file in a process without root's rights and returns that process's output. */
async function openAsOtherUser(path: string): Promise<string> {
  const opener = spawn(process.execPath, ["--conditions=coatcheck-source", OPENER, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return await text(opener.stdout);
}

function create(store: SessionStore, fields: Partial<SessionRecord> = {}): Promise<PutOutcome> {
  return store.put(makeRecord(fields), { expectedVersion: 0, change: "data" });
}

function startWriter(path: string, rounds?: number): ChildProcess {
  const rest = rounds === undefined ? [] : [String(rounds)];
  return spawn(process.execPath, ["--conditions=coatcheck-source", WRITER, path, ...rest], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function linesOf(
  { stdout }: ChildProcess,
  onLine: (count: number) => void = () => {},
): Promise<string[]> {
  const lines: string[] = [];
  if (stdout) for await (const line of createInterface(stdout)) onLine(lines.push(line));
  return lines.filter((line) => line.length === 36);
}

storeContract(
  { describe, it },
  {
    name: "SQLite, two handles on one file",
    open: () => {
      const folder = temporaryFolder();
      const path = join(folder, "sessions.db");
      return {
        store: sqliteStore(path),
        other: sqliteStore(path),
        cleanUp: () => rmSync(folder, { recursive: true }),
      };
    },
  },
);

storeContract(
  { describe, it },
  { name: "SQLite in memory", open: () => ({ store: sqliteStore(":memory:") }) },
);

describe("sqliteStore", () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder, "sessions.db");
  });

  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });

  function expectOpening(file: string, busyTimeout?: number) {
    return expect(() => sqliteStore(busyTimeout === undefined ? file : { path: file, busyTimeout }));
  }

  it("creates files that only their owner can read", async () => {
    const store = sqliteStore(path);
    await store.put(makeRecord(), { expectedVersion: 0, change: "data" });
    for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(file).mode & 0o777).toBe(0o600);
    await store.close();
  });

  it("explains why a file cannot be opened", () => {
    const unavailable = (text: string) =>
      expect.objectContaining({ code: "STORE_UNAVAILABLE", message: expect.stringContaining(text) });
    expectOpening(join(folder, "nowhere", "sessions.db")).toThrow(unavailable("folder does not exist"));
    expectOpening(folder).toThrow(unavailable("path is a folder"));
    writeFileSync(path, "This is not a database. ".repeat(500));
    expectOpening(path).toThrow(unavailable("damaged"));
  });

  it("rejects the database of a newer Coatcheck", async () => {
    await sqliteStore(path).close();
    const database = new DatabaseSync(path);
    database.exec("PRAGMA user_version = 1000");
    database.close();
    expectOpening(path).toThrow(/schema 1000.*Update Coatcheck/);
  });

  it("rejects with STORE_UNAVAILABLE while another process holds the lock, and works afterwards", async () => {
    const store = sqliteStore({ path, busyTimeout: 1 });
    const record = makeRecord();
    const blocker = new DatabaseSync(path);
    blocker.exec("BEGIN IMMEDIATE");
    await expect(store.put(record, { expectedVersion: 0, change: "data" })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
    });
    expectOpening(path, 1).toThrow(/another process holds its lock/);
    expect(await store.get(record.id)).toBeNull();
    blocker.exec("COMMIT");
    blocker.close();
    expect(await store.put(record, { expectedVersion: 0, change: "data" })).toBe("stored");
    await store.close();
  });

  it("waits for another process's lock without blocking the event loop, also in close()", async () => {
    const store = sqliteStore(path);
    const record = makeRecord();
    const blocker = new DatabaseSync(path);
    blocker.exec("BEGIN IMMEDIATE");
    const writing = store.put(record, { expectedVersion: 0, change: "data" });
    const closing = store.close();
    // The store is waiting for the lock by now, and the event loop still runs.
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    blocker.exec("COMMIT");
    blocker.close();
    expect(await writing).toBe("stored");
    await closing;
    const next = sqliteStore(path);
    expect(await next.get(record.id)).not.toBeNull();
    await next.close();
  });

  it("names the missing file permission when it cannot open a file", async () => {
    await sqliteStore(path).close();
    chmodSync(folder, 0o755);
    chmodSync(path, 0o444);
    expect(await openAsOtherUser(path)).toBe(
      "STORE_UNAVAILABLE: Cannot open the session database: this process has no permission to write the file.",
    );
    chmodSync(path, 0o666);
    chmodSync(folder, 0o555);
    expect(await openAsOtherUser(path)).toBe(
      "STORE_UNAVAILABLE: Cannot open the session database: this process has no permission to write the file or its folder.",
    );
    chmodSync(folder, 0o777);
    expect(await openAsOtherUser(path)).toBe("opened");
  });

  it("distinguishes strings with NUL, and rejects strings with a lone surrogate", async () => {
    const store = sqliteStore(path);
    const names = ["a", "a\0b", "a\0", "\ufffd"];
    for (const name of names) await create(store, { subject: name, tenant: name });
    for (const name of names) {
      const [record] = (await store.list({ subject: name, tenant: name }, { limit: 9 })).records;
      expect(record).toMatchObject({ subject: name, tenant: name });
    }
    const loneSurrogate = "\ud83c";
    await expect(create(store, { subject: loneSurrogate })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
    });
    expect((await store.list({ subject: loneSurrogate }, { limit: 9 })).records).toEqual([]);
    expect(await store.revoke({ subject: loneSurrogate }, "admin")).toBe(0);
    expect(await store.revoke({ tenant: loneSurrogate }, "admin")).toBe(0);
    expect(await store.revoke({ tenant: "a\0b" }, "admin")).toBe(1);
    expect(await store.sweep(Date.now() + 3_600_000, 9)).toBe(1);
    expect((await store.list({}, { limit: 9 })).records.map(({ subject }) => subject).sort()).toEqual(
      names.filter((name) => name !== "a\0b").sort(),
    );
    await store.close();
  });

  it("rejects one write of a batch without rejecting the others", async () => {
    const store = sqliteStore(path);
    const records = [makeRecord(), makeRecord({ createdAt: 0.5 }), makeRecord()];
    const outcomes = await Promise.allSettled(
      records.map((record) => store.put(record, { expectedVersion: 0, change: "data" })),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect((await store.stats(Date.now())).total).toBe(2);
    await store.close();
  });

  it("rolls back a write that fails halfway, and no other write of its batch", async () => {
    const store = sqliteStore(path);
    const records = [makeRecord(), makeRecord(), makeRecord()];
    const database = new DatabaseSync(path);
    database.exec(`CREATE TRIGGER fault BEFORE INSERT ON log WHEN new.session = '${records[1]?.id}'
      BEGIN SELECT RAISE(ABORT, 'fault'); END`);
    database.close();
    const outcomes = await Promise.allSettled(
      records.map((record) => store.put(record, { expectedVersion: 0, change: "privilege" })),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    const found = await Promise.all(records.map(({ id }) => store.get(id)));
    expect(found.map((snapshot) => snapshot?.record)).toEqual([records[0], undefined, records[2]]);
    expect((await store.changes(0)).items).toHaveLength(2);
    await store.close();
  });

  it("writes only the row's page, and no index, for a touch or a change of data", async () => {
    const store = sqliteStore(path);
    const records = Array.from({ length: 500 }, () => makeFullRecord());
    await Promise.all(records.map((record) => store.put(record, { expectedVersion: 0, change: "data" })));
    const checkpointer = new DatabaseSync(path);
    const pagesWritten = async (write: () => Promise<unknown>) => {
      checkpointer.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      await write();
      // A WAL file has a header of 32 bytes, then frames of 24 bytes and a page of 4096 bytes each
      // (https://sqlite.org/fileformat2.html#walformat).
      return (statSync(`${path}-wal`).size - 32) / (4096 + 24);
    };
    const record = records[250] ?? makeRecord();
    const lastSeenAt = record.lastSeenAt + 1;
    const changed = nextVersion(record, { data: { views: Number(record.data.views ?? 0) + 1 } });
    expect(await pagesWritten(() => store.touch([{ id: record.id, lastSeenAt }]))).toBe(1);
    expect(await pagesWritten(() => store.put(changed, { expectedVersion: 1, change: "data" }))).toBe(1);
    expect(await pagesWritten(() => store.revoke({ session: record.id }, "logout"))).toBeGreaterThan(2);
    checkpointer.close();
    await store.close();
  });

  describe("turns the event loop between slices", () => {
    /** Counts the turns of the event loop during a call. Each look at the clock takes a millisecond. */
    async function turnsDuring(run: () => Promise<unknown>): Promise<number> {
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

    it("of many writes at once", async () => {
      const store = sqliteStore(path);
      const turns = await turnsDuring(() => Promise.all(Array.from({ length: 240 }, () => create(store))));
      expect(turns).toBeGreaterThan(30);
      expect((await store.stats(Date.now())).total).toBe(240);
      await store.close();
    });

    it("of a large touch", async () => {
      const store = sqliteStore(path);
      const records = Array.from({ length: 2000 }, () => makeRecord());
      const touches = records.map(({ id, lastSeenAt }) => ({ id, lastSeenAt: lastSeenAt + 1 }));
      expect(await turnsDuring(() => store.touch(touches))).toBeGreaterThan(5);
      await store.close();
    });

    it("of a large sweep, of mass revocations and of the log, also in close()", async () => {
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
      const turns = await turnsDuring(() => {
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

  describe("list() by state", () => {
    let store: SqliteStore;

    beforeEach(async () => {
      store = sqliteStore(path);
      await create(store, { tenant: "acme" });
      await store.revoke({ tenant: "acme" }, "admin");
    });
    afterEach(() => store.close());

    /** The plan of the query for the sessions, one line for each step. */
    async function planOf(filter: SessionFilter): Promise<string> {
      const prepare = vi.spyOn(DatabaseSync.prototype, "prepare");
      await store.list(filter, { limit: 50 });
      const text = prepare.mock.lastCall?.[0] ?? "";
      vi.restoreAllMocks();
      const database = new DatabaseSync(path);
      const steps = database.prepare(`EXPLAIN QUERY PLAN ${text.replaceAll("?", "1")}`).all();
      database.close();
      return steps.map(({ detail }) => `${detail}\n`).join("");
    }

    it("reads active sessions from an index that holds what the filter compares", async () => {
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
      const byTenant = await planOf({ tenant: "acme", liveAt: 1 });
      expect(byTenant).toMatch(/^SEARCH s USING INDEX session_by_tenant \(tenant=\?\)\n/);
      const byAge = await planOf({ type: "anonymous", liveAt: 1 });
      expect(byAge).toMatch(/^SCAN s USING INDEX session_by_age\n/);
      for (const plan of [byTenant, byAge]) expect(plan).not.toMatch(/TEMP B-TREE|LEFT-JOIN/);
    });

    it("reads revoked sessions from an index of their own", async () => {
      const all = await planOf({ state: "revoked" });
      expect(all).toContain("SCAN s USING COVERING INDEX revoked_session_by_age\n");
      expect(all).toContain("SEARCH s USING COVERING INDEX session_by_tenant (tenant=?)\n");
      const byTenant = await planOf({ state: "revoked", tenant: "acme" });
      expect(byTenant).toContain("SEARCH s USING COVERING INDEX revoked_session_by_tenant (tenant=?)\n");
      for (const plan of [all, byTenant])
        expect(plan).not.toMatch(/SCAN s\n.*LEFT-JOIN|active_session_by_tenant/);
    });
  });

  describe("stats() of a large store", () => {
    /** Inserts copies of one session, so that the database has `count` sessions more. */
    async function fill(store: SessionStore, count: number): Promise<void> {
      await create(store);
      const database = new DatabaseSync(path);
      database.exec(`CREATE TEMP TABLE copy AS SELECT * FROM session LIMIT 1`);
      database.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
        INSERT INTO session SELECT 'copy-' || i, owner, type, state, reason, version, subject, tenant, visitor_id, parent_id,
          created_at, last_seen_at, expires_at, idle_timeout, ends_at, end_hour, written_at, body FROM copy, n`);
      database.close();
    }

    it("is counted in another thread", async () => {
      const store = sqliteStore(path);
      await fill(store, 1000);
      const now = Date.now();
      const read = vi.spyOn(StatementSync.prototype, "get");
      const stats = await store.stats(now);
      expect(stats).toMatchObject({ total: 1001, active: 1001, countedAt: now });
      // Only the statement without a parameter runs here: it reads the highest row id.
      expect(read.mock.calls).toEqual([[]]);
      await store.close();
    });

    it("is counted again at the next call after a failure of the thread", async () => {
      const store = sqliteStore(path);
      await fill(store, 1000);
      const database = new DatabaseSync(path);
      database.exec("ALTER TABLE mass_revocation RENAME TO hidden");
      await expect(store.stats(1)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      database.exec("ALTER TABLE hidden RENAME TO mass_revocation");
      database.close();
      expect((await store.stats(1)).total).toBe(1001);
      await store.close();
    });

    it("is rejected by close(), which ends the thread", async () => {
      const store = sqliteStore(path);
      await fill(store, 1000);
      const reading = store.stats(1);
      const rejected = expect(reading).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      await store.close();
      await rejected;
      await expect(store.stats(1)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    });

    it("is right after the process was killed in the middle of a burst", async () => {
      const filled = sqliteStore(path);
      await fill(filled, 1000);
      await filled.close();
      const writer = startWriter(path);
      const ended = once(writer, "exit");
      const ids = await linesOf(writer, (count) => count === 300 && writer.kill("SIGKILL"));
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

  it("dataVersion() changes after another handle's commit, and not after its own", async () => {
    const store = sqliteStore(path);
    const other = sqliteStore(path);
    const before = store.dataVersion();
    await store.put(makeRecord(), { expectedVersion: 0, change: "data" });
    expect(store.dataVersion()).toBe(before);
    await other.put(makeRecord(), { expectedVersion: 0, change: "data" });
    expect(store.dataVersion()).not.toBe(before);
    await store.close();
    await other.close();
  });

  it("opens in every process when several create the file at the same moment", async () => {
    const openers = Array.from({ length: 3 }, () =>
      spawn(process.execPath, ["--conditions=coatcheck-source", OPENER, path, "rounds"], {
        stdio: ["pipe", "pipe", "inherit"],
      }),
    );
    const outputs = openers.map(({ stdout }) => createInterface(stdout)[Symbol.asyncIterator]());
    const nextLines = () => Promise.all(outputs.map(async (output) => (await output.next()).value));
    expect(await nextLines()).toEqual(Array(3).fill("ready"));
    for (let round = 0; round < 30; round++) {
      for (const { stdin } of openers) stdin.write(`${round}\n`);
      expect(await nextLines()).toEqual(Array(3).fill("opened"));
    }
    for (const { stdin } of openers) stdin.end();
    await Promise.all(openers.map((opener) => once(opener, "exit")));
  });

  it("creates the schema once when several processes start at once", async () => {
    const writers = Array.from({ length: 4 }, () => startWriter(path, 1));
    const ids = await Promise.all(writers.map((writer) => linesOf(writer)));
    const store = sqliteStore(path);
    expect(ids.flat()).toHaveLength(32);
    for (const id of ids.flat()) expect(await store.get(id)).not.toBeNull();
    await store.close();
  });

  it("keeps every acknowledged write after the process was killed", async () => {
    const writer = startWriter(path);
    const ended = once(writer, "exit");
    const ids = await linesOf(writer, (count) => count === 500 && writer.kill("SIGKILL"));
    expect((await ended)[1]).toBe("SIGKILL");
    expect(ids.length).toBeGreaterThanOrEqual(500);
    const store = sqliteStore(path);
    for (const id of ids) expect(await store.get(id)).not.toBeNull();
    await store.close();
  });
});
