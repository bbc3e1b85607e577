/** Runs one server in its own process. Sends its port to the parent, then its CPU time on every message. */
import { ENTRIES } from "./contestants.ts";

const entry = ENTRIES[Number(process.argv[2])];
if (!entry || !process.send)
  throw new Error("child.ts must be started by run.ts, with the index of an entry.");
process.on("message", () => process.send?.(process.cpuUsage()));
process.on("disconnect", () => process.exit());
process.send(await entry.start());
