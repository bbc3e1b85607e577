/**
 * The program of the thread that recomputes rollups (precomputed statistics) and reads whole tables. It has its own
 * database connection.
 */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { LocalTime } from "../../facts/local-time.ts";
import { recomputeDays } from "./recompute.ts";
import type { ThreadTask } from "./rollup-thread.ts";

const { path, timeZone, timeout } = workerData as { path: string; timeZone: string; timeout: number };
const database = new DatabaseSync(path, { timeout });
// Full durability is not needed: if a rollup is lost, its day is still marked as changed.
database.exec("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768");
const time = new LocalTime(timeZone);

parentPort?.on("message", (task: ThreadTask) => {
  try {
    parentPort?.postMessage({ result: runTask(task) });
  } catch (error) {
    const { message, errcode } = error as Error & { errcode?: number };
    parentPort?.postMessage({ message, errcode });
  }
});

function runTask(task: ThreadTask): unknown {
  if ("limit" in task) return recomputeDays(database, time, task.limit);
  const rows = database.prepare(task.sql).all(...(task.parameters as SQLInputValue[]));
  return rows.map((row) => ({ ...row }));
}
