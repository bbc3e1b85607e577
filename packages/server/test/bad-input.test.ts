import { connect } from "node:net";
import { expect, test } from "vitest";
import { ADMIN_TOKEN, API_KEYS } from "./fixtures.ts";
import { useService } from "./local-service.ts";
import { TestClient, type TestResponse } from "./test-client.ts";

// Trust one proxy, so that tests can set the client address, which is the key of the rate limit.
const service = useService({
  TRUST_PROXY: "1",
  COOKIE_SECURE: "false",
  SESSION_ABSOLUTE_TIMEOUT_MS: "3600000",
});

const newClient = (key: string | null = null) => new TestClient(service().url, key);

async function totalSessions(): Promise<unknown> {
  return (await newClient(ADMIN_TOKEN).get("/api/v1/sessions/stats")).body.data?.totalSessions;
}

/** Expects an error response with the envelope and a request id, and without cookies, stack traces or file names. */
function expectError(response: TestResponse, status: number, code: string, path?: string): void {
  expect([response.status, response.body.success, response.body.error?.code]).toEqual([status, false, code]);
  expect(response.headers.get("x-request-id")).toMatch(/^[\w-]{8,}$/);
  expect(response.headers.getSetCookie()).toEqual([]);
  expect(JSON.stringify(response.body)).not.toMatch(/node_modules|\.ts:\d|\bat \w+ \(/);
  if (path !== undefined) expect(response.body.error?.faults?.map((fault) => fault.path)).toEqual([path]);
}

test.each([
  ["that is not JSON", "{", ""],
  ["that ends within a string", '{"metadata":{"a":"', ""],
  ["that is an array", [], ""],
  ["that is a string", '"text"', ""],
  ["with an unknown member", { metadata: {}, tranport: "bearer" }, "tranport"],
  ["with metadata that is a string", { metadata: "John" }, "metadata"],
  ["with metadata that is an array", { metadata: [1] }, "metadata"],
  ["with an unknown transport", { transport: "pigeon" }, "transport"],
  ["with an empty name", { name: "" }, "name"],
  ["with __proto__ at the top level", '{"__proto__":{"admin":true}}', "__proto__"],
  ["with a nested __proto__", '{"metadata":{"a":{"__proto__":{"admin":true}}}}', "metadata.a.__proto__"],
  ["with an escaped __proto__", '{"metadata":{"\\u005f_proto__":1}}', "metadata.__proto__"],
])("POST /api/v1/sessions rejects a body %s", async (_what, body, path) => {
  const before = await totalSessions();
  expectError(await newClient().post("/api/v1/sessions", body), 400, "VALIDATION_FAILED", path);
  expect(await totalSessions()).toBe(before);
});

test("an endpoint that needs no request body rejects a body with members, instead of ignoring them, and accepts an empty object", async () => {
  const admin = newClient(ADMIN_TOKEN);
  const send = (body: unknown) => admin.send("DELETE", "/api/v1/subjects/ada/sessions", body);
  expectError(await send({ except: crypto.randomUUID() }), 400, "VALIDATION_FAILED", "except");
  expect((await send({})).status).toBe(200);
});

test("POST /api/v1/sessions rejects a body with deeply nested JSON", async () => {
  const deep = `{"metadata":{"a":${"[".repeat(60_000)}${"]".repeat(60_000)}}}`;
  expectError(await newClient().post("/api/v1/sessions", deep), 400, "VALIDATION_FAILED");
});

test("the response to a body with thousands of faults is smaller than 10 KB", async () => {
  const faulty = Array.from({ length: 3500 }, () => '{"__proto__":1}').join(",");
  const response = await newClient().post("/api/v1/sessions", `{"${"x".repeat(60_000)}":[${faulty}]}`);
  expectError(response, 400, "VALIDATION_FAILED");
  expect(JSON.stringify(response.body).length).toBeLessThan(10_000);
});

test.each(["a\\u0000b", "a\\ud800b"])(
  "the text %s is rejected as a subject, tenant or name",
  async (text) => {
    const slack = newClient(API_KEYS.slack);
    expectError(await slack.post("/api/v1/sessions", `{"name":"${text}"}`), 400, "VALIDATION_FAILED", "name");
    const path = `${await slack.create()}/authenticate`;
    const subject = await slack.post(path, `{"subject":"${text}"}`);
    expectError(subject, 400, "VALIDATION_FAILED", "subject");
    const tenant = await slack.post(path, `{"subject":"alice","tenant":"${text}"}`);
    expectError(tenant, 400, "VALIDATION_FAILED", "tenant");
  },
);

test("POST /api/v1/sessions rejects a body that exceeds the size limit", async () => {
  const before = await totalSessions();
  for (const length of [5_000, 200_000, 10_000_000]) {
    const response = await newClient().post("/api/v1/sessions", { metadata: { text: "x".repeat(length) } });
    expectError(response, 413, "PAYLOAD_TOO_LARGE");
  }
  expect(await totalSessions()).toBe(before);
});

test("a client that sends 10 MB still receives the error response", async () => {
  for (let count = 0; count < 10; count++) {
    const response = await newClient().post("/api/v1/sessions", {
      metadata: { text: "x".repeat(10_000_000) },
    });
    expectError(response, 413, "PAYLOAD_TOO_LARGE");
  }
});

test("POST /api/v1/sessions rejects every content type except application/json", async () => {
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "nonsense"]) {
    const response = await newClient().send("POST", "/api/v1/sessions", "a=b", { "content-type": type });
    expectError(response, 400, "VALIDATION_FAILED", "content-type");
  }
});

test("POST /api/v1/sessions creates a session for a request without a body", async () => {
  expect((await newClient().send("POST", "/api/v1/sessions")).status).toBe(201);
  const empty = await newClient().send("POST", "/api/v1/sessions", "", {
    "content-type": "application/json",
  });
  expect(empty.status).toBe(201);
});

test.each([
  ["not a UUID", "42"],
  ["a UUID of another version", "550e8400-e29b-11d4-a716-446655440000"],
  ["in upper case", "550E8400-E29B-41D4-A716-446655440000"],
  ["a path", "..%2F..%2Fetc%2Fpasswd"],
  ["an SQL fragment", "'%20OR%201=1%20--"],
  ["a null byte", "%00"],
  ["long", "x".repeat(900)],
])("a request with a session id that is %s fails with SESSION_NOT_FOUND", async (_what, id) => {
  for (const key of [ADMIN_TOKEN, API_KEYS.slack, null]) {
    expectError(await newClient(key).get(`/api/v1/sessions/${id}`), 404, "SESSION_NOT_FOUND");
    expectError(await newClient(key).patch(`/api/v1/sessions/${id}/data`, {}), 404, "SESSION_NOT_FOUND");
    expectError(await newClient(key).delete(`/api/v1/sessions/${id}`), 404, "SESSION_NOT_FOUND");
  }
});

test("an error does not echo a malformed id, which may be a token", async () => {
  const created = await newClient(API_KEYS.slack).post("/api/v1/sessions", { transport: "bearer" });
  const token = created.body.data?.token ?? "";
  const response = await newClient(ADMIN_TOKEN).get(`/api/v1/sessions/${token}`);
  expectError(response, 404, "SESSION_NOT_FOUND");
  expect(response.body.error?.message).not.toContain(token.slice(0, 10));
});

test("a request to a URL with invalid percent-encoding fails with VALIDATION_FAILED", async () => {
  expectError(await newClient().get("/api/v1/sessions/%zz"), 400, "VALIDATION_FAILED");
});

test("a request to a URL of 10 MB fails with PAYLOAD_TOO_LARGE", async () => {
  const { hostname, port } = new URL(service().url);
  const socket = connect(Number(port), hostname);
  let response = "";
  socket.setEncoding("utf8").on("data", (chunk) => {
    response += chunk;
  });
  // The service closes the connection long before it has read the whole URL.
  socket.on("error", () => {});
  socket.write(`GET /api/v1/sessions/${"x".repeat(10_000_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  await new Promise((resolve) => socket.on("close", resolve));
  expect(response).toMatch(/^HTTP\/1\.1 413 /);
  expect(response).toContain('"code":"PAYLOAD_TOO_LARGE"');
  expect((await newClient().get("/ready")).status).toBe(200);
});

test("a malformed HTTP request fails with VALIDATION_FAILED", async () => {
  const { hostname, port } = new URL(service().url);
  const socket = connect(Number(port), hostname);
  let response = "";
  socket.setEncoding("utf8").on("data", (chunk) => {
    response += chunk;
  });
  socket.write("hello?\r\n\r\n");
  await new Promise((resolve) => socket.on("close", resolve));
  expect(response).toMatch(/^HTTP\/1\.1 400 /);
  expect(response).toContain('"code":"VALIDATION_FAILED"');
});

test("an unknown path responds 404, and an unknown method responds 405", async () => {
  expectError(await newClient().get("/nowhere"), 404, "VALIDATION_FAILED", "url");
  expectError(await newClient().send("PUT", "/api/v1/sessions"), 405, "VALIDATION_FAILED", "method");
});

test.each([
  ["limit=0", "limit"],
  ["limit=1001", "limit"],
  ["limit=many", "limit"],
  ["state=asleep", "state"],
  ["cursor=nonsense", "cursor"],
  ["colour=red", "colour"],
])("GET /api/v1/sessions rejects the query %s", async (query, path) => {
  expectError(await newClient(ADMIN_TOKEN).get(`/api/v1/sessions?${query}`), 400, "VALIDATION_FAILED", path);
});

test.each([
  ["authenticate", {}, "subject"],
  ["authenticate", { subject: "" }, "subject"],
  ["authenticate", { subject: "x".repeat(257) }, "subject"],
  ["authenticate", { subject: "a", rememberMe: "yes" }, "rememberMe"],
  ["elevate", { scope: "pay" }, "maxAge"],
  ["elevate", { scope: "pay", maxAge: -1 }, "maxAge"],
  ["elevate", { scope: "pay", maxAge: 300 }, "maxAge"],
  ["elevate", { scope: "", maxAge: 1000 }, "scope"],
])("POST /%s rejects the body %j", async (change, body, path) => {
  const slack = newClient(API_KEYS.slack);
  const session = await slack.create();
  expectError(await slack.post(`${session}/${change}`, body), 400, "VALIDATION_FAILED", path);
});

test.each([
  ["__proto__", '{"a":{"__proto__":1}}', "a.__proto__"],
  ["an array", "[1]", ""],
])("PATCH /data rejects a body with %s", async (_what, body, path) => {
  const slack = newClient(API_KEYS.slack);
  const session = await slack.create();
  expectError(await slack.patch(`${session}/data`, body), 400, "VALIDATION_FAILED", path);
  expect((await slack.get(`${session}/data`)).body.data).toEqual({});
});

test("write requests from other sites are rejected with 403", async () => {
  const browser = newClient();
  const session = await browser.create();
  for (const headers of [
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { origin: "https://evil.example" },
  ]) {
    expectError(await browser.patch(`${session}/data`, { a: 1 }, headers), 403, "FORBIDDEN");
    expectError(await browser.send("DELETE", session, undefined, headers), 403, "FORBIDDEN");
    expectError(await browser.send("POST", "/api/v1/sessions", {}, headers), 403, "FORBIDDEN");
  }
  const { status } = await browser.patch(`${session}/data`, { a: 2 }, { "sec-fetch-site": "same-origin" });
  expect(status).toBe(200);
});

test("an invalid cookie is rejected, except by POST /api/v1/sessions, which creates a new session", async () => {
  const { body } = await newClient(API_KEYS.slack).post("/api/v1/sessions", { transport: "bearer" });
  const ended = body.data?.token ?? "";
  await newClient(API_KEYS.slack).delete(`/api/v1/sessions/${body.data?.sessionId}`);
  for (const [cookie, status, code] of [
    ["short", 401, "SESSION_REQUIRED"],
    ["A".repeat(50), 401, "SESSION_REQUIRED"],
    ["A".repeat(7000), 401, "SESSION_REQUIRED"],
    [ended, 401, "SESSION_REVOKED"],
  ] as const) {
    const browser = newClient();
    browser.cookie = cookie;
    const id = body.data?.sessionId;
    expectError(await browser.get(`/api/v1/sessions/${id}`), status, code);
    expectError(await browser.patch(`/api/v1/sessions/${id}/data`, {}), status, code);
    const created = await browser.post("/api/v1/sessions", {});
    expect(created.status).toBe(201);
    expect(browser.cookie).not.toBe(cookie);
  }
});

test("a request with an older cookie fails with CONFLICT and receives no new cookie", async () => {
  const consumer = newClient(API_KEYS.slack);
  const { sessionId, token } =
    (await consumer.post("/api/v1/sessions", { transport: "bearer" })).body.data ?? {};
  const login = await consumer.post(`/api/v1/sessions/${sessionId}/authenticate`, { subject: "user-7" });
  const [late, browser] = [newClient(), newClient()];
  late.cookie = token ?? null;
  browser.cookie = login.body.data?.token ?? null;
  expectError(await late.post("/api/v1/sessions", {}), 409, "CONFLICT");
  expectError(await late.get(`/api/v1/sessions/${sessionId}`), 409, "CONFLICT");
  expect((await browser.get(`/api/v1/sessions/${sessionId}`)).status).toBe(200);
});

test("one IP address may create 120 sessions per minute", async () => {
  const from = (address: string) =>
    newClient().send("POST", "/api/v1/sessions", {}, { "x-forwarded-for": address });
  for (let count = 0; count < 120; count++) expect((await from(`2001:db8::${count}`)).status).toBe(201);
  const response = await from("2001:db8::ffff");
  expectError(response, 429, "RATE_LIMITED");
  expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await from("2001:db8:0:1::1")).status).toBe(201);
  expect((await from("192.0.2.7")).status).toBe(201);
  const keyed = await newClient(API_KEYS.slack).send(
    "POST",
    "/api/v1/sessions",
    {},
    { "x-forwarded-for": "2001:db8::1" },
  );
  expect(keyed.status).toBe(201);
});

test("the log contains no key, cookie or token", async () => {
  const browser = newClient();
  const session = await browser.create();
  await browser.post(`${session}/rotate`);
  const created = await newClient(API_KEYS.slack).post("/api/v1/sessions", { transport: "bearer" });
  const token = created.body.data?.token ?? "";
  await newClient(token).get(`/api/v1/sessions/${token}?cursor=${token}`);
  await newClient().post("/api/v1/sessions/introspect", { token });
  const ready = await newClient(ADMIN_TOKEN).get("/ready");
  const requestId = ready.headers.get("x-request-id") ?? "";
  await expect.poll(() => service().log).toContain(requestId);
  const { log } = service();
  expect(log).toContain(created.body.data?.sessionId);
  for (const secret of [browser.cookie ?? "", token, ADMIN_TOKEN, API_KEYS.slack])
    expect(log).not.toContain(secret);
});
