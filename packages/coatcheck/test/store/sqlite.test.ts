import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SessionRecord } from "../../src/session/record.ts";
import type { PutOutcome, SessionStore } from "../../src/session/store.ts";
import { sqliteStore } from "../../src/store/sqlite.ts";
import { makeFullRecord, makeRecord, nextVersion } from "../../src/testing/records.ts";
import { storeContract } from "../../src/testing/store-suite.ts";

const OPENER = fileURLToPath(new URL("sqlite-opener.ts", import.meta.url));
const WRITER = fileURLToPath(new URL("sqlite-writer.ts", import.meta.url));

function ownFolder(): string {
  return mkdtempSync(join(tmpdir(), "coatcheck-sqlite-"));
}

/** What a process without our rights is told by the store. */
async function openedByAnother(path: string): Promise<string> {
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const opener = spawn(process.execPath, ["--conditions=coatcheck-source", OPENER, path], {
    stdio: ["ignore", "pipe", "inherit"],
    ...nobody,
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
    name: "sqlite, two handles on one file",
    open: () => {
      const folder = ownFolder();
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
  { name: "sqlite in memory", open: () => ({ store: sqliteStore(":memory:") }) },
);

describe("sqlite store", () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = ownFolder();
    path = join(folder, "sessions.db");
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  function openingError(file: string, busyTimeout?: number) {
    return expect(() => sqliteStore(busyTimeout === undefined ? file : { path: file, busyTimeout }));
  }

  it("keeps its files from everybody else", async () => {
    const store = sqliteStore(path);
    await store.put(makeRecord(), { expectedVersion: 0, change: "data" });
    for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(file).mode & 0o777).toBe(0o600);
    await store.close();
  });

  it("says why it cannot open", () => {
    const unavailable = (text: string) =>
      expect.objectContaining({ code: "STORE_UNAVAILABLE", message: expect.stringContaining(text) });
    openingError(join(folder, "nowhere", "sessions.db")).toThrow(unavailable("folder does not exist"));
    openingError(folder).toThrow(unavailable("is a folder's"));
    writeFileSync(path, "This is no database. ".repeat(500));
    openingError(path).toThrow(unavailable("damaged"));
  });

  it("refuses the database of a newer program", async () => {
    await sqliteStore(path).close();
    const database = new DatabaseSync(path);
    database.exec("PRAGMA user_version = 1000");
    database.close();
    openingError(path).toThrow(/schema 1000.*newer program/);
  });

  it("answers STORE_UNAVAILABLE while another process keeps the file locked, and works after it", async () => {
    const store = sqliteStore({ path, busyTimeout: 1 });
    const record = makeRecord();
    const blocker = new DatabaseSync(path);
    blocker.exec("BEGIN IMMEDIATE");
    await expect(store.put(record, { expectedVersion: 0, change: "data" })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
    });
    openingError(path, 1).toThrow(/locked/);
    expect(await store.get(record.id)).toBeNull();
    blocker.exec("COMMIT");
    blocker.close();
    expect(await store.put(record, { expectedVersion: 0, change: "data" })).toBe("stored");
    await store.close();
  });

  it("waits for another process's write without holding up this one, closing too", async () => {
    const store = sqliteStore(path);
    const record = makeRecord();
    const blocker = new DatabaseSync(path);
    blocker.exec("BEGIN IMMEDIATE");
    const writing = store.put(record, { expectedVersion: 0, change: "data" });
    const closing = store.close();
    // The store has met the lock by now, and this line is reached all the same.
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    blocker.exec("COMMIT");
    blocker.close();
    expect(await writing).toBe("stored");
    await closing;
    const next = sqliteStore(path);
    expect(await next.get(record.id)).not.toBeNull();
    await next.close();
  });

  it("says what it may not write to", async () => {
    await sqliteStore(path).close();
    chmodSync(folder, 0o755);
    chmodSync(path, 0o444);
    expect(await openedByAnother(path)).toBe(
      "STORE_UNAVAILABLE: The session database could not be opened: this process may not write to it.",
    );
    chmodSync(path, 0o666);
    chmodSync(folder, 0o555);
    expect(await openedByAnother(path)).toBe(
      "STORE_UNAVAILABLE: The session database could not be opened: this process may not write to it, or to its folder.",
    );
    chmodSync(folder, 0o777);
    expect(await openedByAnother(path)).toBe("opened");
  });

  it("keeps texts apart that only look the same, and refuses those that it could not", async () => {
    const store = sqliteStore(path);
    const names = ["a", "a\0b", "a\0", "\ufffd"];
    for (const name of names) await create(store, { subject: name, tenant: name });
    for (const name of names) {
      const [record] = (await store.list({ subject: name, tenant: name }, { limit: 9 })).records;
      expect(record).toMatchObject({ subject: name, tenant: name });
    }
    const half = "\ud83c";
    await expect(create(store, { subject: half })).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect((await store.list({ subject: half }, { limit: 9 })).records).toEqual([]);
    expect(await store.revoke({ subject: half }, "admin")).toBe(0);
    expect(await store.revoke({ tenant: half }, "admin")).toBe(0);
    expect(await store.revoke({ tenant: "a\0b" }, "admin")).toBe(1);
    expect(await store.sweep(Date.now() + 3_600_000, 9)).toBe(1);
    expect((await store.list({}, { limit: 9 })).records.map(({ subject }) => subject).sort()).toEqual(
      names.filter((name) => name !== "a\0b").sort(),
    );
    await store.close();
  });

  it("fails one write of a batch without failing the others", async () => {
    const store = sqliteStore(path);
    const records = [makeRecord(), makeRecord({ createdAt: 0.5 }), makeRecord()];
    const outcomes = await Promise.allSettled(
      records.map((record) => store.put(record, { expectedVersion: 0, change: "data" })),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect((await store.stats(Date.now())).total).toBe(2);
    await store.close();
  });

  it("takes back the whole of a write that fails halfway, and nothing else of its batch", async () => {
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

  it("writes the row's own page for a touch or a change of data, and no index", async () => {
    const store = sqliteStore(path);
    const records = Array.from({ length: 500 }, () => makeFullRecord());
    await Promise.all(records.map((record) => store.put(record, { expectedVersion: 0, change: "data" })));
    const checkpointer = new DatabaseSync(path);
    const pagesWritten = async (write: () => Promise<unknown>) => {
      checkpointer.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      await write();
      // A header, then frames: a page of 4096 bytes and 24 of its own (https://sqlite.org/fileformat2.html#walformat).
      return (statSync(`${path}-wal`).size - 32) / (4096 + 24);
    };
    const record = records[250] ?? makeRecord();
    const lastSeenAt = record.lastSeenAt + 1;
    const changed = nextVersion(record, { pageViews: record.pageViews + 1 });
    expect(await pagesWritten(() => store.touch([{ id: record.id, lastSeenAt }]))).toBe(1);
    expect(await pagesWritten(() => store.put(changed, { expectedVersion: 1, change: "data" }))).toBe(1);
    expect(await pagesWritten(() => store.revoke({ session: record.id }, "logout"))).toBeGreaterThan(2);
    checkpointer.close();
    await store.close();
  });

  it("notices another handle's commit by the data version, and not its own", async () => {
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

  it("is opened by all that make it at the same moment", async () => {
    const openers = Array.from({ length: 3 }, () =>
      spawn(process.execPath, ["--conditions=coatcheck-source", OPENER, path, "rounds"], {
        stdio: ["pipe", "pipe", "inherit"],
      }),
    );
    const answers = openers.map(({ stdout }) => createInterface(stdout)[Symbol.asyncIterator]());
    const all = () => Promise.all(answers.map(async (answer) => (await answer.next()).value));
    expect(await all()).toEqual(Array(3).fill("ready"));
    for (let round = 0; round < 30; round++) {
      for (const { stdin } of openers) stdin.write(`${round}\n`);
      expect(await all()).toEqual(Array(3).fill("opened"));
    }
    for (const { stdin } of openers) stdin.end();
    await Promise.all(openers.map((opener) => once(opener, "exit")));
  });

  it("is made once by processes that start at once", async () => {
    const writers = Array.from({ length: 4 }, () => startWriter(path, 1));
    const ids = await Promise.all(writers.map((writer) => linesOf(writer)));
    const store = sqliteStore(path);
    expect(ids.flat()).toHaveLength(32);
    for (const id of ids.flat()) expect(await store.get(id)).not.toBeNull();
    await store.close();
  });

  it("has every acknowledged write after the process was killed", async () => {
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
