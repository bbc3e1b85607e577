import { rmSync } from "node:fs";
import { connectRedis } from "coatcheck/store/redis";
import { expect, onTestFinished, test } from "vitest";
import { describeWithProgram } from "../../../scripts/test-programs/describe.ts";
import { startOwnRedis } from "../../coatcheck/test/store/redis/fixtures.ts";
import { ADMIN_TOKEN, temporaryFolder } from "./fixtures.ts";
import { LocalService } from "./local-service.ts";
import { TestClient } from "./test-client.ts";

const POLICY_SETTING = "maxmemory-policy";

/** Starts a Redis with this eviction policy. `startService` starts a service that uses the Redis. */
async function startRedis(policy: string) {
  const server = await startOwnRedis({ maxmemory: "100mb", [POLICY_SETTING]: policy });
  const admin = await connectRedis(server.url);
  const folder = temporaryFolder();
  onTestFinished(async () => {
    await admin.close();
    await server.stop();
    rmSync(folder, { recursive: true });
  });
  const startService = async () => {
    const service = await LocalService.start(folder, {
      DATABASE_URL: server.url,
      SESSION_SECRETS: "a-secret-of-these-tests",
      VISITS_URL: "off",
    });
    onTestFinished(() => service.end());
    return service;
  };
  return { admin, startService };
}

describeWithProgram("the service with Redis as its only store", "redis", () => {
  test("refuses to start on a Redis that may evict sessions", async () => {
    const { startService } = await startRedis("allkeys-lru");
    await expect(startService()).rejects.toThrow(
      /^Cannot open the database redis:.*: Redis may evict sessions \(maxmemory-policy is allkeys-lru\)/,
    );
  });

  test("is not ready while the eviction policy is unsafe, and logs the reason", async () => {
    const { admin, startService } = await startRedis("noeviction");
    const service = await startService();
    const client = new TestClient(service.url, ADMIN_TOKEN);
    expect((await client.get("/ready")).status).toBe(200);
    await admin.exec(["CONFIG", "SET", POLICY_SETTING, "allkeys-lru"]);
    await expect.poll(async () => (await client.get("/ready")).status, { timeout: 10_000 }).toBe(503);
    await expect
      .poll(() => service.log)
      .toMatch(/Redis may evict sessions \(maxmemory-policy is allkeys-lru\)/);
    await admin.exec(["CONFIG", "SET", POLICY_SETTING, "noeviction"]);
    await expect.poll(async () => (await client.get("/ready")).status, { timeout: 10_000 }).toBe(200);
  });

  test("rejects all sessions after the revocation log is lost, until the admin has ended all sessions", async () => {
    const { admin, startService } = await startRedis("noeviction");
    const service = await startService();
    const client = new TestClient(service.url, ADMIN_TOKEN);
    const created = await client.post("/api/v1/sessions", { transport: "bearer", tenant: "acme" });
    expect(created.status).toBe(201);
    expect((await client.delete("/api/v1/sessions?tenant=acme")).status).toBe(200);
    expect(await admin.exec(["DEL", "{coatcheck}:history"])).toBe(1);
    await expect.poll(async () => (await client.get("/ready")).status, { timeout: 10_000 }).toBe(503);
    await expect.poll(() => service.log).toMatch(/Redis has lost a key of the session store/);
    const holder = new TestClient(service.url, created.body.data?.token);
    expect((await holder.get(`/api/v1/sessions/${created.body.data?.sessionId}`)).status).toBe(503);

    expect((await client.delete("/api/v1/sessions?everyone=true")).status).toBe(200);
    await expect.poll(async () => (await client.get("/ready")).status, { timeout: 10_000 }).toBe(200);
    expect((await holder.get(`/api/v1/sessions/${created.body.data?.sessionId}`)).status).toBe(401);
  });
});
