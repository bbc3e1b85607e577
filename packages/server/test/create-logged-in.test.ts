import { afterEach, beforeEach, expect, test } from "vitest";
import { ADMIN_TOKEN, API_KEYS } from "./fixtures.ts";
import { buildObservedApp, type ObservedApp } from "./observed-app.ts";

const DAY = 24 * 60 * 60 * 1000;
let observed: ObservedApp;

beforeEach(async () => {
  observed = await buildObservedApp();
});
afterEach(() => observed.close());

async function post(payload: object, key?: string) {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const response = await observed.app.inject({ method: "POST", url: "/api/v1/sessions", headers, payload });
  return { status: response.statusCode, ...response.json(), headers: response.headers };
}

test.each([API_KEYS.slack, ADMIN_TOKEN])(
  "a request with an API key creates a logged-in session",
  async (key) => {
    const login = {
      subject: "ann",
      tenant: "acme",
      rememberMe: true,
      metadata: { from: "django" },
      name: "web",
    };
    const { status, data, headers } = await post(login, key);
    expect([status, headers["set-cookie"]]).toEqual([201, undefined]);
    expect(data).toMatchObject({ metadata: { from: "django" }, token: expect.stringMatching(/^[\w-]{50}$/) });
    const { json } = await observed.app.inject({
      url: `/api/v1/sessions/${data.sessionId}`,
      headers: { authorization: `Bearer ${data.token}` },
    });
    const now = observed.clock.now();
    expect(json().data).toMatchObject({
      type: "authenticated",
      subject: "ann",
      tenant: "acme",
      name: "web",
      rememberMe: true,
      owner: key === ADMIN_TOKEN ? "consumer:admin" : "consumer:slack",
      authenticatedAt: new Date(now).toISOString(),
      expiresAt: new Date(now + observed.manager.policy.rememberMe.absoluteTimeout).toISOString(),
    });
  },
);

test("the token of a session that a backend created is valid as a browser's cookie too", async () => {
  const { data } = await post({ subject: "ann" }, API_KEYS.slack);
  const headers = { cookie: `sid=${data.token}`, host: "localhost" };
  const { json } = await observed.app.inject({ url: `/api/v1/sessions/${data.sessionId}`, headers });
  expect(json().data).toMatchObject({ subject: "ann", tenant: null, rememberMe: null });
});

test.each([
  { subject: "ann" },
  { tenant: "acme" },
  { rememberMe: true },
  { subject: "ann", transport: "bearer" },
])("a request without a key is rejected if it sends %j", async (payload) => {
  const { status, error, headers } = await post(payload);
  expect([status, error.code, headers["set-cookie"]]).toEqual([401, "SESSION_REQUIRED", undefined]);
  const { token } = await observed.manager.create({ absoluteTimeout: DAY });
  const asSession = await post(payload, token);
  expect([asSession.status, asSession.error.code]).toEqual([403, "FORBIDDEN"]);
  expect((await observed.manager.stats()).total).toBe(1);
});

test.each([
  { subject: "" },
  { subject: 7 },
  { rememberMe: "yes" },
  { tenant: "x".repeat(257) },
  { subjct: "ann" },
])("a request with a key is rejected if it sends the invalid body %j", async (payload) => {
  expect((await post(payload, API_KEYS.slack)).error.code).toBe("VALIDATION_FAILED");
});

test("the response for an anonymous session of a consumer contains no token", async () => {
  expect((await post({ metadata: {} }, API_KEYS.slack)).data).not.toHaveProperty("token");
});
