import { rmSync } from "node:fs";
import { connectRedis } from "coatcheck/store/redis";
import { expect, onTestFinished, test } from "vitest";
import { describeWithProgram } from "../../../scripts/test-programs/describe.ts";
import { startOwnRedis } from "../../coatcheck/test/store/redis/fixtures.ts";
import { ADMIN_TOKEN, RunningService, temporaryFolder } from "./fixtures.ts";
import { TestClient } from "./test-client.ts";

const POLICY = "maxmemory-policy";

async function startRedis(policy: string) {
  const server = await startOwnRedis({ maxmemory: "100mb", [POLICY]: policy });
  const admin = await connectRedis(server.url);
  const folder = temporaryFolder();
  const service = new RunningService(folder, {
    DATABASE_URL: server.url,
    SESSION_SECRETS: "a-secret-of-these-tests",
  });
  onTestFinished(async () => {
    await service.end();
    await admin.close();
    await server.stop();
    rmSync(folder, { recursive: true });
  });
  return { admin, service };
}

describeWithProgram("the service with Redis as its only store", "redis", () => {
  test("refuses to start on a Redis that may evict sessions", async () => {
    const { service } = await startRedis("allkeys-lru");
    expect(await service.command.exitCode()).toBe(1);
    expect(service.command.errors).toMatch(
      /^coatcheck: Cannot open the database redis:.*: Redis may evict sessions \(maxmemory-policy is allkeys-lru\)/,
    );
  });

  test("is not ready while the eviction policy is unsafe, and logs the reason", async () => {
    const { admin, service } = await startRedis("noeviction");
    await service.waitUntilStarted();
    const client = new TestClient(service.url, ADMIN_TOKEN);
    expect((await client.get("/ready")).status).toBe(200);
    await admin.exec(["CONFIG", "SET", POLICY, "allkeys-lru"]);
    await expect.poll(async () => (await client.get("/ready")).status, { timeout: 10_000 }).toBe(503);
    await service.command.waitForOutput(/Redis may evict sessions \(maxmemory-policy is allkeys-lru\)/);
    await admin.exec(["CONFIG", "SET", POLICY, "noeviction"]);
    await expect.poll(async () => (await client.get("/ready")).status, { timeout: 10_000 }).toBe(200);
  });

  test("rejects all sessions after the revocation log is lost, until the admin has ended all sessions", async () => {
    const { admin, service } = await startRedis("noeviction");
    await service.waitUntilStarted();
    const client = new TestClient(service.url, ADMIN_TOKEN);
    const created = await client.post("/api/v1/sessions", { transport: "bearer", tenant: "acme" });
    expect(created.status).toBe(201);
    expect((await client.delete("/api/v1/sessions?tenant=acme")).status).toBe(200);
    expect(await admin.exec(["DEL", "{coatcheck}:history"])).toBe(1);
    await expect.poll(async () => (await client.get("/ready")).status, { timeout: 10_000 }).toBe(503);
    await service.command.waitForOutput(/Redis has lost a key of the session store/);
    const holder = new TestClient(service.url, created.body.data?.token);
    expect((await holder.get(`/api/v1/sessions/${created.body.data?.sessionId}`)).status).toBe(503);

    expect((await client.delete("/api/v1/sessions?everyone=true")).status).toBe(200);
    await expect.poll(async () => (await client.get("/ready")).status, { timeout: 10_000 }).toBe(200);
    expect((await holder.get(`/api/v1/sessions/${created.body.data?.sessionId}`)).status).toBe(401);
  });
});
