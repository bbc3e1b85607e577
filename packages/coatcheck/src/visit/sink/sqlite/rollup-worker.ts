/** The thread in which rollups are recomputed. It has a connection of its own. */
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { LocalTime } from "../../facts/local-time.ts";
import { recomputeDays } from "./recompute.ts";

const { path, timeZone, timeout } = workerData as { path: string; timeZone: string; timeout: number };
const database = new DatabaseSync(path, { timeout });
// Durable without it: a lost rollup leaves its day marked as changed.
database.exec("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768");
const time = new LocalTime(timeZone);

parentPort?.on("message", (limit: number) => {
  try {
    parentPort?.postMessage({ days: recomputeDays(database, time, limit) });
  } catch (error) {
    const { message, errcode } = error as Error & { errcode?: number };
    parentPort?.postMessage({ message, errcode });
  }
});
