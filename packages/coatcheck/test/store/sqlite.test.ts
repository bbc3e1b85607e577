import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sqliteStore } from "../../src/store/sqlite.ts";
import { makeRecord } from "../../src/testing/records.ts";
import { storeContract } from "../../src/testing/store-suite.ts";

const WRITER = fileURLToPath(new URL("sqlite-writer.ts", import.meta.url));

function ownFolder(): string {
  return mkdtempSync(join(tmpdir(), "coatcheck-sqlite-"));
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
