import { SessionManager } from "coatcheck";
import { createCache } from "coatcheck/cache";
import { describeClient } from "coatcheck/device";
import { memoryStore } from "coatcheck/store/memory";
import { pino } from "pino";
import { expect, test } from "vitest";
import { buildApp } from "../src/app.ts";
import { Credentials } from "../src/credentials.ts";
import { ADMIN_TOKEN } from "./fixtures.ts";

test("POST /api/v1/sessions rejects a parent session that another process has ended, even if the cache has a copy", async () => {
  const store = memoryStore();
  const secrets = ["a secret for these tests"];
  const elsewhere = new SessionManager({ store, secrets });
  const cache = createCache({ store, singleProcess: true });
  const manager = new SessionManager({ store, secrets, cache });
  const app = await buildApp({
    manager,
    cache,
    credentials: new Credentials(ADMIN_TOKEN, []),
    log: pino({ level: "silent" }),
    clock: { now: Date.now },
    trustProxy: false,
    secureCookie: false,
    describeClient,
    servesMetrics: true,
  });
  const { record, token } = await elsewhere.create();
  const create = () =>
    app.inject({
      method: "POST",
      url: "/api/v1/sessions",
      headers: { cookie: `sid=${token}` },
      payload: { transport: "bearer" },
    });
  const before = await create();
  expect([before.statusCode, (await store.stats(Date.now())).active]).toEqual([201, 2]);

  await elsewhere.revoke({ session: record.id });
  const after = await create();
  expect([after.statusCode, after.json().error.code]).toEqual([401, "SESSION_REVOKED"]);
  expect(after.body).not.toContain('token"');
  expect((await store.stats(Date.now())).active).toBe(1);
  await app.close();
  await manager.close();
});
