import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { SessionRecord } from "../../../src/session/record.ts";
import type { PutOutcome, SessionStore } from "../../../src/session/store.ts";
import { makeRecord } from "../../../src/testing/records.ts";

const WRITER_PROGRAM = fileURLToPath(new URL("writer-process.ts", import.meta.url));

/** Creates a folder for the files of one test. */
export function createTemporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "coatcheck-sqlite-"));
}

/** Creates and stores a session. */
export function storeSession(store: SessionStore, fields: Partial<SessionRecord> = {}): Promise<PutOutcome> {
  return store.put(makeRecord(fields), { expectedVersion: 0, change: "data" });
}

/** Starts a process that writes sessions to the file and prints the id of each acknowledged session. */
export function startWriter(path: string, rounds?: number): ChildProcess {
  const rest = rounds === undefined ? [] : [String(rounds)];
  return spawn(process.execPath, ["--conditions=coatcheck-source", WRITER_PROGRAM, path, ...rest], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Reads the ids that a writer process prints. Resolves when the process has ended. */
export async function readWriterIds(
  { stdout }: ChildProcess,
  onLine: (count: number) => void = () => {},
): Promise<string[]> {
  const lines: string[] = [];
  if (stdout) for await (const line of createInterface(stdout)) onLine(lines.push(line));
  return lines.filter((line) => line.length === 36);
}
