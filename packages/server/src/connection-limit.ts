import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import type { FastifyBaseLogger } from "fastify";

/** Number of file descriptors that are reserved for the database, Redis and logs. */
const RESERVED_FILES = 64;
/** Milliseconds between two log lines about rejected connections. */
const LOG_INTERVAL = 60_000;

/**
 * Limits a server's connections to the free file descriptors of the process, and logs rejected connections. Without
 * this limit, the operating system would close the connections for which no descriptor is free, and Node would not
 * report it.
 */
export function limitConnections(server: Server, log: FastifyBaseLogger, limit = openFilesLimit()): void {
  if (limit === null) return;
  server.maxConnections = Math.max(1, limit - RESERVED_FILES);
  let rejected = 0;
  let loggedAt = Number.NEGATIVE_INFINITY;
  server.on("drop", () => {
    rejected++;
    if (performance.now() - loggedAt < LOG_INTERVAL) return;
    loggedAt = performance.now();
    const { maxConnections } = server;
    log.error(
      { rejected, maxConnections },
      "Too many connections: new ones are rejected. Raise the limit of open files (ulimit -n).",
    );
    rejected = 0;
  });
}

/** Returns how many files this process may open. Null if the operating system does not report it. */
function openFilesLimit(): number | null {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return limit === undefined ? null : Number(limit);
  } catch {
    return null;
  }
}
