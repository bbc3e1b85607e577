import { rmSync } from "node:fs";
import { connectRedis, type RedisTransport } from "coatcheck/store/redis";
import { serveUpstash, type UpstashEndpoint } from "coatcheck/testing/upstash-endpoint";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTemporaryDatabase, describeWithServer } from "../../coatcheck/test/servers/fixtures.ts";
import { query } from "../../coatcheck/test/servers/postgres.ts";
import { ADMIN_TOKEN, API_KEYS, RunningService, temporaryFolder } from "./fixtures.ts";
import { LocalService } from "./local-service.ts";
import { TestClient } from "./test-client.ts";

const BOTH_NODES = { SESSION_SECRETS: "a-secret-that-all-nodes-share", SESSION_MAX_STALENESS_MS: "1000" };

let folder: string;
let started: (RunningService | LocalService)[];

beforeEach(() => {
  folder = temporaryFolder();
  started = [];
});

afterEach(async () => {
  await Promise.all(started.map((service) => service.end()));
  rmSync(folder, { recursive: true });
});

/** Starts two nodes in their own processes and checks that they share sessions. */
async function expectProcessesShareSessions(variables: Record<string, string>): Promise<void> {
  const nodes = [0, 1].map(() => new RunningService(folder, { ...BOTH_NODES, ...variables }));
  started = nodes;
  await Promise.all(nodes.map((node) => node.waitUntilStarted()));
  await expectSharedSessions();
}

/** Starts two nodes in this process, without visits, and checks that they share sessions. */
async function expectNodesShareSessions(variables: Record<string, string>): Promise<void> {
  for (let node = 0; node < 2; node++) {
    started.push(await LocalService.start(folder, { ...BOTH_NODES, VISITS_URL: "off", ...variables }));
  }
  await expectSharedSessions();
}

/** Checks that changes on one started node become visible on the other within the allowed delay. */
async function expectSharedSessions(): Promise<void> {
  const [first, second] = started;
  if (!first || !second) throw new Error("Two nodes must be running.");

  const created = await new TestClient(first.url, API_KEYS.slack).post("/api/v1/sessions", {
    transport: "bearer",
  });
  const path = `/api/v1/sessions/${created.body.data?.sessionId}`;
  const holder = new TestClient(second.url, created.body.data?.token);
  expect((await holder.patch(`${path}/data`, { cart: { taco: 1 } })).status).toBe(200);
  expect((await new TestClient(first.url, API_KEYS.slack).get(`${path}/data`)).body.data).toEqual({
    cart: { taco: 1 },
  });

  const login = await new TestClient(first.url, API_KEYS.slack).post(`${path}/authenticate`, {
    subject: "ann",
  });
  const renewed = new TestClient(second.url, login.body.data?.token);
  expect((await renewed.get("/api/v1/subjects/ann/sessions")).body.data).toMatchObject({ next: null });

  expect((await new TestClient(first.url, ADMIN_TOKEN).delete(path)).status).toBe(200);
  const endedAt = performance.now();
  let response = await renewed.get(path);
  while (response.body.error?.code !== "SESSION_REVOKED" && performance.now() - endedAt < 10_000) {
    response = await renewed.get(path);
  }
  expect(response.body.error?.code).toBe("SESSION_REVOKED");
}

test("two nodes on one SQLite file share sessions and the generated secrets", async () => {
  await expectProcessesShareSessions({ SESSION_SECRETS: "" });
});

await describeWithServer("on PostgreSQL", "postgres", (url) => {
  test("two nodes share sessions, and notify each other of changes through the database", async () => {
    const database = await createTemporaryDatabase(url);
    try {
      await expectProcessesShareSessions({ DATABASE_URL: database.url });
      const listening = `select pid from pg_stat_activity
        where application_name = 'coatcheck hints' and datname = current_database()`;
      expect(await query(database.url, listening)).toHaveLength(2);
    } finally {
      await Promise.all(started.map((service) => service.end()));
      started = [];
      await database.drop();
    }
  });
});

await describeWithServer("on Redis", "redis", (url) => {
  test("two nodes share sessions", async () => {
    await expectNodesShareSessions({ DATABASE_URL: url });
  });

  test("two nodes on one SQLite file share sessions if their shared cache is in Redis", async () => {
    await expectNodesShareSessions({ REDIS_URL: url });
  });
});

await describeWithServer("on Upstash", "redis", (url) => {
  let redis: RedisTransport;
  let endpoint: UpstashEndpoint;

  beforeEach(async () => {
    redis = await connectRedis(url);
    endpoint = await serveUpstash({ redis, token: "a-token-for-tests" });
  });

  afterEach(async () => {
    await Promise.all(started.map((service) => service.end()));
    started = [];
    await endpoint.close();
    await redis.close();
  });

  const variables = () => ({
    UPSTASH_REDIS_REST_URL: endpoint.url,
    UPSTASH_REDIS_REST_TOKEN: "a-token-for-tests",
  });

  test("two nodes share sessions", async () => {
    await expectNodesShareSessions({ ...variables(), DATABASE_URL: "upstash" });
  });

  test("two nodes on one SQLite file share sessions if their shared cache is in Upstash", async () => {
    const before = (await redis.exec(["KEYS", "coatcheck:cached:*"])) as string[];
    await expectNodesShareSessions(variables());
    const after = (await redis.exec(["KEYS", "coatcheck:cached:*"])) as string[];
    expect(after.length).toBeGreaterThan(before.length);
  });
});
