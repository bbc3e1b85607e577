import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sqliteStore } from "../../../src/store/sqlite/store.ts";
import { makeFullRecord, makeRecord, nextVersion } from "../../../src/testing/records.ts";
import { storeContract } from "../../../src/testing/store-suite.ts";
import { createTemporaryFolder, readWriterIds, startWriter, storeSession } from "./fixtures.ts";

const OPENER_PROGRAM = fileURLToPath(new URL("opener-process.ts", import.meta.url));

/** Opens the file in a process without root's rights, and returns what that process prints. */
async function openAsOtherUser(path: string): Promise<string> {
  const opener = spawn(process.execPath, ["--conditions=coatcheck-source", OPENER_PROGRAM, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return await text(opener.stdout);
}

storeContract(
  { describe, it },
  {
    name: "SQLite, two handles on one file",
    open: () => {
      const folder = createTemporaryFolder();
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
    folder = createTemporaryFolder();
    path = join(folder, "sessions.db");
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  function expectOpening(file: string, busyTimeout?: number) {
    return expect(() => sqliteStore(busyTimeout === undefined ? file : { path: file, busyTimeout }));
  }

  it("creates files that only their owner can read", async () => {
    const store = sqliteStore(path);
    await store.put(makeRecord(), { expectedVersion: 0, change: "data" });
    for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(file).mode & 0o777).toBe(0o600);
    await store.close();
  });

  it("throws an error that says why a file cannot be opened", () => {
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
    expectOpening(path).toThrow(/schema version 1000.*Update Coatcheck/);
  });

  it("rejects with STORE_UNAVAILABLE while another process holds the lock, and accepts writes afterwards", async () => {
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

  it("waits for another process's lock without blocking the event loop, even in close()", async () => {
    const store = sqliteStore(path);
    const record = makeRecord();
    const blocker = new DatabaseSync(path);
    blocker.exec("BEGIN IMMEDIATE");
    const writing = store.put(record, { expectedVersion: 0, change: "data" });
    const closing = store.close();
    // The store is waiting for the lock now. These turns show that the event loop still runs.
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
    for (const name of names) await storeSession(store, { subject: name, tenant: name });
    for (const name of names) {
      const [record] = (await store.list({ subject: name, tenant: name }, { limit: 9 })).records;
      expect(record).toMatchObject({ subject: name, tenant: name });
    }
    const loneSurrogate = "\ud83c";
    await expect(storeSession(store, { subject: loneSurrogate })).rejects.toMatchObject({
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

  it("rejects an invalid write of a batch and stores the other writes", async () => {
    const store = sqliteStore(path);
    const records = [makeRecord(), makeRecord({ createdAt: 0.5 }), makeRecord()];
    const outcomes = await Promise.allSettled(
      records.map((record) => store.put(record, { expectedVersion: 0, change: "data" })),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect((await store.stats(Date.now())).total).toBe(2);
    await store.close();
  });

  it("rolls back a write that fails halfway, but not the other writes of the batch", async () => {
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

  it("writes only the page of the row for a touch or a change of data, but no page of an index", async () => {
    const store = sqliteStore(path);
    const records = Array.from({ length: 500 }, () => makeFullRecord());
    await Promise.all(records.map((record) => store.put(record, { expectedVersion: 0, change: "data" })));
    const checkpointer = new DatabaseSync(path);
    const pagesWritten = async (write: () => Promise<unknown>) => {
      checkpointer.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      await write();
      // A WAL file has a header of 32 bytes. Then come frames, each with 24 bytes and a page of 4096 bytes
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

  it("dataVersion() changes after another store commits to the file, but not after the store itself commits", async () => {
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

  it("opens the file in every process if several processes create it at the same time", async () => {
    const openers = Array.from({ length: 3 }, () =>
      spawn(process.execPath, ["--conditions=coatcheck-source", OPENER_PROGRAM, path, "rounds"], {
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

  it("creates the schema only once if several processes start at the same time", async () => {
    const writers = Array.from({ length: 4 }, () => startWriter(path, 1));
    const ids = await Promise.all(writers.map((writer) => readWriterIds(writer)));
    const store = sqliteStore(path);
    expect(ids.flat()).toHaveLength(32);
    for (const id of ids.flat()) expect(await store.get(id)).not.toBeNull();
    await store.close();
  });

  it("keeps every acknowledged write after the process was killed", async () => {
    const writer = startWriter(path);
    const ended = once(writer, "exit");
    const ids = await readWriterIds(writer, (count) => count === 500 && writer.kill("SIGKILL"));
    expect((await ended)[1]).toBe("SIGKILL");
    expect(ids.length).toBeGreaterThanOrEqual(500);
    const store = sqliteStore(path);
    for (const id of ids) expect(await store.get(id)).not.toBeNull();
    await store.close();
  });
});
