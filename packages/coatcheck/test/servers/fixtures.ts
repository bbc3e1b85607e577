import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { json } from "node:stream/consumers";
import { describe, inject } from "vitest";
import { describeWithout } from "../../../../scripts/test-programs/describe.ts";
import type { TestProgramName } from "../../../../scripts/test-programs/programs.ts";
import type {} from "./global-setup.ts";
import { query } from "./postgres.ts";
import type { ServerKind, ServerLocation } from "./server-pool.ts";

/** Kind of server → the program that must be installed to start it. */
const PROGRAMS: Readonly<Record<ServerKind, TestProgramName>> = {
  redis: "redis",
  postgres: "postgres",
  "private-postgres": "postgres",
  "local-postgres": "postgresStandby",
};

/** PostgreSQL's error code `object_in_use`. */
const DATABASE_IN_USE = "55006";

/**
 * Describes tests that need a real server, and passes the server's URL to them. If there is no server, the tests are
 * skipped and the reason is printed. With `CI=true`, skipped tests fail the run.
 *
 * @example
 * await describeWithServer("the Redis store", "redis", (url) => { test("…", …); });
 */
export async function describeWithServer(
  title: string,
  kind: ServerKind,
  body: (url: string) => void,
): Promise<void> {
  const response = await requestServer(kind);
  if ("url" in response) {
    describe(title, () => body(response.url));
  } else {
    console.warn(`SKIPPED: ${title}. ${response.missing}`);
    describeWithout(title, PROGRAMS[kind], () => body("unavailable:"));
  }
}

/** Creates a database for one test on the PostgreSQL at `url`. */
export async function createTemporaryDatabase(
  url: string,
): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const name = `${inject("servers").run}_${randomBytes(4).toString("hex")}`;
  await query(url, `create database ${name}`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  return {
    url: own.href,
    async drop() {
      // A closed pool may still be ending its connections. PostgreSQL waits five seconds for that. If a connection is
      // still open then, the database is dropped at the end of the run.
      await query(url, `drop database if exists ${name}`).catch((error: { code?: string }) => {
        if (error.code !== DATABASE_IN_USE) throw error;
      });
    },
  };
}

/** Returns a key prefix for one test on Redis. The keys with the prefix are deleted at the end of the run. */
export function createTemporaryPrefix(): string {
  return `${inject("servers").run}:${randomBytes(4).toString("hex")}:`;
}

async function requestServer(kind: ServerKind): Promise<ServerLocation> {
  const servers = inject("servers");
  if (!servers) return { missing: "The test run has no global setup for servers (vitest.config.ts)." };
  const response = await new Promise<ServerLocation>((resolve, reject) => {
    request({ socketPath: servers.socket, path: `/${kind}` }, (message) => {
      json(message).then((body) => resolve(body as ServerLocation), reject);
    })
      .on("error", reject)
      .end();
  });
  return response;
}
