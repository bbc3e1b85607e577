/** One server in a process of its own. Says where it listens, then its CPU time whenever it is asked. */
import { ENTRIES } from "./contestants.ts";

const entry = ENTRIES[Number(process.argv[2])];
if (!entry || !process.send) throw new Error("Started by run.ts, with the number of an entry.");
process.on("message", () => process.send?.(process.cpuUsage()));
process.on("disconnect", () => process.exit());
process.send(await entry.start());
