import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ADMIN_TOKEN } from "./fixtures.ts";
import { ObservedService } from "./observed-service.ts";
import { TestClient } from "./test-client.ts";

let service: ObservedService;

beforeAll(async () => {
  service = await new ObservedService().waitUntilStarted();
});

afterAll(() => service.end());

const randomToken = () => randomBytes(38).toString("base64url").slice(0, 50);

test("2,000 requests with random tokens cause no store read and create no session", async () => {
  const { url } = service;
  const admin = new TestClient(url, ADMIN_TOKEN);
  const id = "550e8400-e29b-41d4-a716-446655440000";
  const requests = [
    async () => (await new TestClient(url, randomToken()).get(`/api/v1/sessions/${id}`)).body.error?.code,
    async () => (await new TestClient(url, randomToken()).delete(`/api/v1/sessions/${id}`)).body.error?.code,
    async () => {
      const browser = new TestClient(url);
      browser.cookie = randomToken();
      return (await browser.patch(`/api/v1/sessions/${id}/data`, {})).body.error?.code;
    },
    async () => {
      const { body } = await admin.post("/api/v1/sessions/introspect", { token: randomToken() });
      return body.data?.reason;
    },
  ];
  const counts = new Map<unknown, number>();
  for (let round = 0; round < 50; round++) {
    const codes = await Promise.all(
      Array.from({ length: 10 }, () => requests.map((request) => request())).flat(),
    );
    for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  // Of 2^32 random tokens, only about one has a valid signature.
  expect(Object.fromEntries(counts)).toEqual({ SESSION_REQUIRED: 1500, forged: 500 });
  expect(await service.countReads()).toBe(0);
  expect((await admin.get("/api/v1/sessions/stats")).body.data?.totalSessions).toBe(0);
});

test.each(["/health", "/ready", "/", "/openapi.json"])(
  "GET and HEAD %s create no session and set no cookie",
  async (path) => {
    const admin = new TestClient(service.url, ADMIN_TOKEN);
    const total = async () => (await admin.get("/api/v1/sessions/stats")).body.data?.totalSessions;
    const before = await total();
    for (const method of ["GET", "HEAD"]) {
      const { status, headers } = await fetch(service.url + path, { method });
      expect([method, status, headers.getSetCookie()]).toEqual([method, 200, []]);
    }
    expect(await total()).toBe(before);
  },
);

test("a request with a valid token causes a store read", async () => {
  const created = await new TestClient(service.url).post("/api/v1/sessions", { transport: "bearer" });
  const { token, sessionId } = created.body.data ?? {};
  const before = await service.countReads();
  expect((await new TestClient(service.url, token).get(`/api/v1/sessions/${sessionId}`)).status).toBe(200);
  expect(await service.countReads()).toBeGreaterThan(before);
});

test("a request fails with 503 and keeps its cookie if the store is unavailable", async () => {
  const browser = new TestClient(service.url);
  const path = await browser.create();
  expect((await browser.get("/ready")).body).toEqual({ success: true, data: { status: "ready" } });

  await service.stopStore();
  for (const url of ["/ready", path, `${path}/data`]) {
    const { status, headers, body } = await browser.get(url);
    expect([url, status, body.error?.code]).toEqual([url, 503, "STORE_UNAVAILABLE"]);
    expect(headers.getSetCookie()).toEqual([]);
  }
  const { status, body } = await browser.get("/health");
  expect([status, body.data?.status, body.data?.sessions]).toEqual([200, "degraded", null]);

  await service.restoreStore();
  expect((await browser.get(path)).status).toBe(200);
});
