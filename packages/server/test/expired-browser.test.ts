import { SessionManager } from "coatcheck";
import { memoryStore } from "coatcheck/store/memory";
import { afterEach, beforeEach, expect, test } from "vitest";
import { buildObservedApp, type ObservedApp } from "./observed-app.ts";

const DAY = 24 * 60 * 60 * 1000;
let observed: ObservedApp;

beforeEach(async () => {
  observed = await buildObservedApp();
});
afterEach(() => observed.close());

async function codesOf(id: string, headers: Record<string, string>) {
  const requests = [
    { method: "GET", url: `/api/v1/sessions/${id}` },
    { method: "PATCH", url: `/api/v1/sessions/${id}/data`, payload: { note: 1 } },
    { method: "DELETE", url: `/api/v1/sessions/${id}` },
  ] as const;
  const responses = await Promise.all(
    requests.map((request) => observed.app.inject({ ...request, headers })),
  );
  const codes = responses.map((response) => `${response.statusCode} ${response.json().error?.code}`);
  return [...new Set(codes)];
}

const TRANSPORTS = [
  ["cookie", (token: string) => ({ cookie: `sid=${token}`, host: "localhost" })],
  ["bearer token", (token: string) => ({ authorization: `Bearer ${token}` })],
] as const;

test.each(TRANSPORTS)(
  "a request with the %s of an expired anonymous session fails with SESSION_NOT_FOUND, before and after a sweep",
  async (_name, headersOf) => {
    const { record, token } = await observed.manager.create();
    observed.clock.pass(DAY);
    expect(await codesOf(record.id, headersOf(token))).toEqual(["404 SESSION_NOT_FOUND"]);
    observed.clock.pass(DAY);
    expect(await observed.manager.sweep(0)).toBe(1);
    expect(await codesOf(record.id, headersOf(token))).toEqual(["404 SESSION_NOT_FOUND"]);
  },
);

test.each(TRANSPORTS)(
  "a request with the %s of an expired logged-in session fails with SESSION_EXPIRED",
  async (_name, headersOf) => {
    const { record, token } = await observed.manager.create({ subject: "ann" });
    observed.clock.pass(DAY);
    expect(await codesOf(record.id, headersOf(token))).toEqual(["401 SESSION_EXPIRED"]);
  },
);

test.each(TRANSPORTS)(
  "a request with the %s of a revoked anonymous session fails with SESSION_REVOKED",
  async (_name, headersOf) => {
    const { record, token } = await observed.manager.create();
    await observed.manager.revoke({ session: record.id });
    expect(await codesOf(record.id, headersOf(token))).toEqual(["401 SESSION_REVOKED"]);
  },
);

test.each(TRANSPORTS)(
  "a request with the %s of a session that another node has deleted fails with SESSION_NOT_FOUND",
  async (_name, headersOf) => {
    // Creates tokens with a valid signature whose sessions are missing in the service's store and cache.
    const otherManager = new SessionManager({ store: memoryStore(), secrets: ["a secret for these tests"] });
    const { record, token } = await otherManager.create();
    expect(await codesOf(record.id, headersOf(token))).toEqual(["404 SESSION_NOT_FOUND"]);
  },
);

test("a route that requires a login responds SESSION_REQUIRED to an expired anonymous session", async () => {
  const { token } = await observed.manager.create();
  observed.clock.pass(DAY);
  const headers = { cookie: `sid=${token}`, host: "localhost" };
  const listed = await observed.app.inject({ url: "/api/v1/sessions", headers });
  expect([listed.statusCode, listed.json().error.code]).toEqual([401, "SESSION_REQUIRED"]);
  const created = await observed.app.inject({ method: "POST", url: "/api/v1/sessions", headers });
  expect(created.statusCode).toBe(201);
});
