import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { ERROR_STATUS } from "coatcheck";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ADMIN_TOKEN, API_KEYS } from "./fixtures.ts";
import { startApi } from "./golden/api.ts";

/*
 * Compares what the service sends to clients and operators with the files in `golden/`. A difference is a breaking
 * change or a mistake: read the diff, then update the files with `npx vitest run packages/server/test/golden -u`.
 */

const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;

beforeAll(() => {
  // Do not fake the timers, because sockets and caches need real timers.
  vi.useFakeTimers({ toFake: ["Date"] });
});

afterAll(() => {
  vi.useRealTimers();
});

beforeEach(() => {
  vi.setSystemTime(Date.UTC(2026, 0, 1));
});

function passTime(milliseconds: number): void {
  vi.setSystemTime(Date.now() + milliseconds);
}

describe("REST API", () => {
  let api: Awaited<ReturnType<typeof startApi>>;

  beforeEach(async () => {
    api = await startApi();
  });

  afterEach(() => api.close());

  test("responds as in the golden file for every endpoint", async () => {
    const { record } = api;
    await record("health", "GET /health");
    await record("ready", "GET /ready");
    const browser = await record("a browser creates its session", "POST /api/v1/sessions", {
      body: { metadata: { customerName: "John Doe" } },
    });
    const { cookie } = browser;
    const path = `/api/v1/sessions/${browser.id}`;
    passTime(1000);
    const order = await record("a browser creates an order session", "POST /api/v1/sessions", {
      cookie,
      body: { name: "lunch" },
    });
    passTime(1000);
    const bearer = await record("a consumer creates a bearer session", "POST /api/v1/sessions", {
      bearer: API_KEYS.slack,
      body: { transport: "bearer" },
    });
    passTime(HOUR);
    await record("a browser reads its session", `GET ${path}`, { cookie });
    await record("a browser patches its data", `PATCH ${path}/data`, {
      cookie,
      body: { cart: { tacos: 2 } },
      headers: { "content-type": "application/merge-patch+json", "if-match": '"1"' },
    });
    await record("a browser reads its data", `GET ${path}/data`, { cookie });
    const login = await record("the shop logs a browser in", `POST ${path}/authenticate`, {
      cookie,
      bearer: API_KEYS.shop,
      body: { subject: "user-7", tenant: "geneva" },
    });
    const remembered = await record("the shop logs a browser in, remembered", `POST ${path}/authenticate`, {
      cookie: login.cookie,
      bearer: API_KEYS.shop,
      body: { subject: "user-7", tenant: "geneva", rememberMe: true },
    });
    const elevated = await record("the shop elevates a browser", `POST ${path}/elevate`, {
      cookie: remembered.cookie,
      bearer: API_KEYS.shop,
      body: { scope: "pay", maxAge: 60_000 },
    });
    const rotated = await record("a browser rotates its token", `POST ${path}/rotate`, {
      cookie: elevated.cookie,
    });
    const bearerPath = `/api/v1/sessions/${bearer.id}`;
    const bearerLogin = await record("a consumer logs a bearer in", `POST ${bearerPath}/authenticate`, {
      bearer: API_KEYS.slack,
      body: { subject: "user-8" },
    });
    const { token } = bearerLogin;
    await record("introspection of a live token", "POST /api/v1/sessions/introspect", {
      bearer: API_KEYS.slack,
      body: { token },
    });
    await record("introspection of an older token", "POST /api/v1/sessions/introspect", {
      bearer: API_KEYS.slack,
      body: { token: bearer.token },
    });
    await record("the admin lists sessions", "GET /api/v1/sessions?limit=2", { bearer: ADMIN_TOKEN });
    await record("the admin counts sessions", "GET /api/v1/sessions/stats", { bearer: ADMIN_TOKEN });
    await record("a subject lists its sessions", "GET /api/v1/subjects/user-8/sessions", { bearer: token });
    await record("the admin ends a subject's sessions", "DELETE /api/v1/subjects/user-8/sessions", {
      bearer: ADMIN_TOKEN,
    });
    await record("a browser logs out", `DELETE ${path}`, { cookie: rotated.cookie });
    await record("the admin reads an ended order session", `GET /api/v1/sessions/${order.id}`, {
      bearer: ADMIN_TOKEN,
    });
    await record("metrics", "GET /metrics", { bearer: ADMIN_TOKEN }, seriesOf);
    await expect(String(api.transcript)).toMatchFileSnapshot("golden/rest-api.http");
  });

  test("responds as in the golden file for every error", async () => {
    const { prepare, record } = api;
    const { cookie, id } = await prepare("POST /api/v1/sessions", { body: {} });
    const path = `/api/v1/sessions/${id}`;
    await record("a path without a route", "GET /nowhere");
    await record("a body that is not JSON", "POST /api/v1/sessions", { body: "{" });
    await record("a body of another type", "POST /api/v1/sessions", {
      body: "a=b",
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    await record("a body with an unknown member", "POST /api/v1/sessions", { body: { nmae: "lunch" } });
    await record("a body with a member named __proto__", "POST /api/v1/sessions", {
      body: '{ "metadata": { "__proto__": 1 } }',
    });
    await record("data of the application itself", `PATCH ${path}/data`, { cookie, body: { $upstream: 1 } });
    await record("an If-Match header that is not an ETag", `PATCH ${path}/data`, {
      cookie,
      body: {},
      headers: { "if-match": "three" },
    });
    await record("an If-Match header of another version", `PATCH ${path}/data`, {
      cookie,
      body: {},
      headers: { "if-match": '"7"' },
    });
    await record("a body past the limit", "POST /api/v1/sessions", {
      body: { metadata: { text: "x".repeat(200_000) } },
    });
    await record("data past the limit", `PATCH ${path}/data`, { cookie, body: { text: "x".repeat(70_000) } });
    await record("a cross-site POST", "POST /api/v1/sessions", {
      cookie,
      body: {},
      headers: { "sec-fetch-site": "cross-site", origin: "https://evil.example", host: "shop.example" },
    });
    await record("no credential", "GET /api/v1/sessions");
    await record("a credential that is unknown", `GET ${path}`, { bearer: "unknown-credential" });
    await record("a cookie where a key is needed", "GET /api/v1/sessions/stats", { cookie });
    await record("a key where the admin token is needed", "GET /api/v1/sessions", { bearer: API_KEYS.slack });
    await record("metrics without a credential", "GET /metrics");
    await record("another owner's session", `GET ${path}`, { bearer: API_KEYS.slack });
    await record("a malformed session id", "GET /api/v1/sessions/not-an-id", { bearer: ADMIN_TOKEN });
    await record("another subject's sessions", "GET /api/v1/subjects/user-9/sessions", { cookie });
    await record("an elevation of an anonymous session", `POST ${path}/elevate`, {
      cookie,
      bearer: ADMIN_TOKEN,
      body: { scope: "pay", maxAge: 1000 },
    });
    const rotated = await prepare(`POST ${path}/rotate`, { cookie });
    await record("an older token", `GET ${path}`, { cookie });
    await prepare(`DELETE ${path}`, { cookie: rotated.cookie });
    await record("a session after its logout", `GET ${path}`, { cookie: rotated.cookie });
    const ended = await prepare("POST /api/v1/sessions", { body: { transport: "bearer" } });
    await prepare(`DELETE /api/v1/sessions/${ended.id}`, { bearer: ADMIN_TOKEN });
    await record("a revoked session", `GET /api/v1/sessions/${ended.id}`, { bearer: ended.token });
    const expired = await prepare("POST /api/v1/sessions", { body: {} });
    passTime(400 * DAY);
    await record("an expired session", `GET /api/v1/sessions/${expired.id}`, { cookie: expired.cookie });
    const stored = await prepare("POST /api/v1/sessions", { body: {} });
    api.setDown(true);
    await record("ready, without a store", "GET /ready");
    await record("a session, without a store", `PATCH /api/v1/sessions/${stored.id}/data`, {
      bearer: ADMIN_TOKEN,
      body: {},
    });
    api.setDown(false);
    while ((await prepare("POST /api/v1/sessions", { body: {} })).status === 201);
    await record("too many new sessions from one address", "POST /api/v1/sessions", { body: {} });
    await expect(String(api.transcript)).toMatchFileSnapshot("golden/rest-errors.http");
  });

  test("sends the security headers in the golden file", async () => {
    const { headers } = await api.app.inject("/ready");
    const { date: _date, "x-request-id": id, ...others } = headers;
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    const lines = Object.entries(others).map(([name, value]) => `${name}: ${value}`);
    await expect(`${lines.sort().join("\n")}\n`).toMatchFileSnapshot("golden/security-headers.txt");
  });

  test("responds as in the golden file to a request that is not HTTP", async () => {
    const url = new URL(await api.app.listen({ port: 0, host: "127.0.0.1" }));
    const socket = connect(Number(url.port), url.hostname);
    await once(socket, "connect");
    socket.end("this is not HTTP\r\n\r\n");
    const response = (await text(socket)).replaceAll("\r", "").replace(/(?<=x-request-id: ).*/, "<id>");
    await expect(`${response}\n`).toMatchFileSnapshot("golden/not-http.http");
  });

  test("has the same OpenAPI schemas as the golden file", async () => {
    const { text: document } = await api.prepare("GET /openapi.json");
    const { paths, components } = JSON.parse(document, withoutProse);
    await expect(`${JSON.stringify({ paths, components }, null, 1)}\n`).toMatchFileSnapshot(
      "golden/openapi.txt",
    );
  });
});

test("every error code has the status in the golden file", async () => {
  await expect(`${JSON.stringify(ERROR_STATUS, null, 2)}\n`).toMatchFileSnapshot("golden/error-codes.txt");
});

/** Returns the series of a metrics response, without help texts and values. */
function seriesOf(metrics: string): string {
  return metrics.replace(/^# HELP .*\n/gm, "").replace(/^([^#].*) \S+$/gm, "$1 <number>");
}

/** Omits texts, examples, and the error responses, which are the same for every operation. */
function withoutProse(key: string, value: unknown): unknown {
  if (typeof value === "string" && (key === "description" || key === "summary")) return undefined;
  if (key === "example" || key === "examples") return undefined;
  return key === "5XX" || key === "4XX" ? "<error>" : value;
}
