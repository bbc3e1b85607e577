/**
 * Runs one benchmark server in its own process. Sends the port to the parent process. Then responds to each message
 * with the server's CPU time.
 */
import { BENCHMARK_ENTRIES } from "./contestants.ts";

const entry = BENCHMARK_ENTRIES[Number(process.argv[2])];
if (!entry || !process.send)
  throw new Error("child.ts must be started by run.ts, with an index into ENTRIES as its argument.");
process.on("message", () => process.send?.(process.cpuUsage()));
process.on("disconnect", () => process.exit());
process.send(await entry.start());
