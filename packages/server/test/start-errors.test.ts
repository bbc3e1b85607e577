import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectRedis, type RedisTransport } from "coatcheck/store/redis";
import { serveUpstash, type UpstashEndpoint } from "coatcheck/testing/upstash-endpoint";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { describeWithServer } from "../../coatcheck/test/servers/fixtures.ts";
import { temporaryFolder } from "./fixtures.ts";
import { LocalService } from "./local-service.ts";

let folder: string;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Starts a service that cannot start. Resolves to the text that `coatcheck serve` would print. */
async function startErrorOf(variables: Record<string, string>): Promise<string> {
  const error = await LocalService.start(folder, { VISITS_URL: "off", ...variables }).then(
    async (service) => {
      await service.end();
      throw new Error("The service has started.");
    },
    (error: unknown) => error,
  );
  expect(error).toMatchObject({ name: "StartError" });
  return (error as Error).message;
}

test("the service rejects a file that is not a database, and leaves it unchanged", async () => {
  const path = join(folder, "text.db");
  writeFileSync(path, "This is a text, and a long one at that. ".repeat(100));
  const error = await startErrorOf({ DATABASE_URL: `sqlite:${path}` });
  expect(error).toMatch(/^Cannot open the database .*text\.db: .*SQLite database/);
  expect(readFileSync(path, "utf8")).toMatch(/^This is a text/);
});

test("the service reports a database path that contains a file in place of a folder", async () => {
  writeFileSync(join(folder, "file"), "");
  const error = await startErrorOf({ DATABASE_URL: `sqlite:${join(folder, "file", "sessions.db")}` });
  expect(error).toMatch(/^Cannot open the database .*sessions\.db: /);
});

test("the service reports a database in a read-only folder", async () => {
  const locked = join(folder, "locked");
  mkdirSync(locked);
  chmodSync(locked, 0o555);
  // For root, use /proc: root may write to read-only folders, but cannot create files in /proc.
  const path = process.getuid?.() === 0 ? "/proc/sessions.db" : join(locked, "sessions.db");
  expect(await startErrorOf({ DATABASE_URL: `sqlite:${path}` })).toMatch(/^Cannot open the database .+: /);
});

test("the service does not report the password of an unreachable Redis", async () => {
  expect(await startErrorOf({ REDIS_URL: "redis://:password@127.0.0.1:1" })).toBe(
    "Cannot connect to the Redis at REDIS_URL (127.0.0.1:1).",
  );
});

test("the service does not report the password of an unreachable PostgreSQL", async () => {
  const error = await startErrorOf({
    SESSION_SECRETS: "a-secret-that-all-nodes-share",
    DATABASE_URL: "postgres://user:very-secret@127.0.0.1:1/sessions",
  });
  expect(error).toMatch(/^Cannot open the database postgres:\/\/127\.0\.0\.1:1: /);
  expect(error).not.toContain("very-secret");
});

await describeWithServer("with Upstash", "redis", (url) => {
  let redis: RedisTransport;
  let endpoint: UpstashEndpoint;

  beforeEach(async () => {
    redis = await connectRedis(url);
    endpoint = await serveUpstash({ redis, token: "a-token-for-tests" });
  });

  afterEach(async () => {
    await endpoint.close();
    await redis.close();
  });

  test.each([{}, { DATABASE_URL: "upstash" }])(
    "the service does not start with a wrong Upstash token (%j)",
    async (more) => {
      const error = await startErrorOf({
        SESSION_SECRETS: "a-secret-that-all-nodes-share",
        UPSTASH_REDIS_REST_URL: endpoint.url,
        UPSTASH_REDIS_REST_TOKEN: "very-secret",
        ...more,
      });
      expect(error).toMatch(/^Cannot (connect to|open) .*127\.0\.0\.1/);
      expect(error).not.toContain("very-secret");
    },
  );
});

describe("with a GEOIP_DATABASE that the service cannot use", () => {
  test("the service reports that the file is missing", async () => {
    const path = join(folder, "missing.mmdb");
    expect(await startErrorOf({ GEOIP_DATABASE: path })).toMatch(
      /^Cannot read the GEOIP_DATABASE file .*missing\.mmdb: ENOENT/,
    );
  });

  test("the service reports that the file has another format", async () => {
    const path = join(folder, "text.mmdb");
    writeFileSync(path, "This is a text.");
    expect(await startErrorOf({ GEOIP_DATABASE: path })).toMatch(
      /^Cannot read the GEOIP_DATABASE file .*text\.mmdb: ./,
    );
  });
});
