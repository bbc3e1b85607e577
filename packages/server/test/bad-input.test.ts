import { connect } from "node:net";
import { expect, test } from "vitest";
import { ADMIN, KEYS, serviceOfThisFile } from "./running.ts";
import { type Answer, Visitor } from "./visitor.ts";

// Each test comes from an address of its own, since one address may make only so many sessions in a minute.
const service = serviceOfThisFile({
  TRUST_PROXY: "1",
  COOKIE_SECURE: "false",
  SESSION_MAX_AGE_MS: "3600000",
});

const visitor = (key: string | null = null) => new Visitor(service().url, key);

async function totalSessions(): Promise<unknown> {
  return (await visitor(ADMIN).get("/api/v1/sessions/stats")).body.data?.totalSessions;
}

/** What every refusal owes: the envelope, an id to ask after, no cookie, nothing of what is inside. */
function expectRefusal(answer: Answer, status: number, code: string, path?: string): void {
  expect([answer.status, answer.body.success, answer.body.error?.code]).toEqual([status, false, code]);
  expect(answer.headers.get("x-request-id")).toMatch(/^[\w-]{8,}$/);
  expect(answer.headers.getSetCookie()).toEqual([]);
  expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|\.ts:\d|\bat \w+ \(/);
  if (path !== undefined) expect(answer.body.error?.faults?.map((fault) => fault.path)).toEqual([path]);
}

test.each([
  ["no JSON", "{", ""],
  ["half a string", '{"metadata":{"a":"', ""],
  ["an array", [], ""],
  ["a string", '"text"', ""],
  ["a member that is unknown", { metadata: {}, tranport: "bearer" }, "tranport"],
  ["metadata that is no object", { metadata: "John" }, "metadata"],
  ["metadata that is an array", { metadata: [1] }, "metadata"],
  ["a transport that is unknown", { transport: "pigeon" }, "transport"],
  ["a name that is empty", { name: "" }, "name"],
  ["__proto__ at the top", '{"__proto__":{"admin":true}}', "__proto__"],
  ["__proto__ inside", '{"metadata":{"a":{"__proto__":{"admin":true}}}}', "metadata.a.__proto__"],
  ["an escaped __proto__", '{"metadata":{"\\u005f_proto__":1}}', "metadata.__proto__"],
])("creating from %s", async (_what, body, path) => {
  const before = await totalSessions();
  expectRefusal(await visitor().post("/api/v1/sessions", body), 400, "VALIDATION_FAILED", path);
  expect(await totalSessions()).toBe(before);
});

test("creating from nesting without end", async () => {
  const deep = `{"metadata":{"a":${"[".repeat(60_000)}${"]".repeat(60_000)}}}`;
  expectRefusal(await visitor().post("/api/v1/sessions", deep), 400, "VALIDATION_FAILED");
});

test("an answer to thousands of faults is no larger than what it answers", async () => {
  const faulty = Array.from({ length: 3500 }, () => '{"__proto__":1}').join(",");
  const answer = await visitor().post("/api/v1/sessions", `{"${"x".repeat(60_000)}":[${faulty}]}`);
  expectRefusal(answer, 400, "VALIDATION_FAILED");
  expect(JSON.stringify(answer.body).length).toBeLessThan(10_000);
});

test.each(["a\\u0000b", "a\\ud800b"])("a subject, a tenant or a name that is no text: %s", async (text) => {
  const slack = visitor(KEYS.slack);
  expectRefusal(await slack.post("/api/v1/sessions", `{"name":"${text}"}`), 400, "VALIDATION_FAILED", "name");
  const path = `${await slack.create()}/authenticate`;
  const subject = await slack.post(path, `{"subject":"${text}"}`);
  expectRefusal(subject, 400, "VALIDATION_FAILED", "subject");
  const tenant = await slack.post(path, `{"subject":"alice","tenant":"${text}"}`);
  expectRefusal(tenant, 400, "VALIDATION_FAILED", "tenant");
});

test("creating from too much", async () => {
  const before = await totalSessions();
  for (const length of [5_000, 200_000, 10_000_000]) {
    const answer = await visitor().post("/api/v1/sessions", { metadata: { text: "x".repeat(length) } });
    expectRefusal(answer, 413, "PAYLOAD_TOO_LARGE");
  }
  expect(await totalSessions()).toBe(before);
});

test("who sends far too much hears of it all the same", async () => {
  for (let count = 0; count < 10; count++) {
    const answer = await visitor().post("/api/v1/sessions", { metadata: { text: "x".repeat(10_000_000) } });
    expectRefusal(answer, 413, "PAYLOAD_TOO_LARGE");
  }
});

test("creating from what is not JSON by name", async () => {
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "nonsense"]) {
    const answer = await visitor().send("POST", "/api/v1/sessions", "a=b", { "content-type": type });
    expectRefusal(answer, 400, "VALIDATION_FAILED", "content-type");
  }
});

test("a body may be missing", async () => {
  expect((await visitor().send("POST", "/api/v1/sessions")).status).toBe(201);
  const empty = await visitor().send("POST", "/api/v1/sessions", "", { "content-type": "application/json" });
  expect(empty.status).toBe(201);
});

test.each([
  ["no UUID", "42"],
  ["a UUID of another version", "550e8400-e29b-11d4-a716-446655440000"],
  ["upper case", "550E8400-E29B-41D4-A716-446655440000"],
  ["path-like", "..%2F..%2Fetc%2Fpasswd"],
  ["SQL", "'%20OR%201=1%20--"],
  ["a null byte", "%00"],
  ["long", "x".repeat(900)],
])("an id that is %s", async (_what, id) => {
  for (const key of [ADMIN, KEYS.slack, null]) {
    expectRefusal(await visitor(key).get(`/api/v1/sessions/${id}`), 404, "SESSION_NOT_FOUND");
    expectRefusal(await visitor(key).patch(`/api/v1/sessions/${id}/data`, {}), 404, "SESSION_NOT_FOUND");
    expectRefusal(await visitor(key).delete(`/api/v1/sessions/${id}`), 404, "SESSION_NOT_FOUND");
  }
});

test("what is no id is not repeated, for it may be a token", async () => {
  const created = await visitor(KEYS.slack).post("/api/v1/sessions", { transport: "bearer" });
  const token = created.body.data?.token ?? "";
  const answer = await visitor(ADMIN).get(`/api/v1/sessions/${token}`);
  expectRefusal(answer, 404, "SESSION_NOT_FOUND");
  expect(answer.body.error?.message).not.toContain(token.slice(0, 10));
});

test("a URL that cannot be decoded", async () => {
  expectRefusal(await visitor().get("/api/v1/sessions/%zz"), 400, "VALIDATION_FAILED");
});

test("a URL of 10 MB", async () => {
  const { hostname, port } = new URL(service().url);
  const socket = connect(Number(port), hostname);
  let answer = "";
  socket.setEncoding("utf8").on("data", (chunk) => {
    answer += chunk;
  });
  // The service hangs up long before it has read all.
  socket.on("error", () => {});
  socket.write(`GET /api/v1/sessions/${"x".repeat(10_000_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  await new Promise((resolve) => socket.on("close", resolve));
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  expect(answer).toContain('"code":"PAYLOAD_TOO_LARGE"');
  expect((await visitor().get("/ready")).status).toBe(200);
});

test("what is no HTTP", async () => {
  const { hostname, port } = new URL(service().url);
  const socket = connect(Number(port), hostname);
  let answer = "";
  socket.setEncoding("utf8").on("data", (chunk) => {
    answer += chunk;
  });
  socket.write("hello?\r\n\r\n");
  await new Promise((resolve) => socket.on("close", resolve));
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).toContain('"code":"VALIDATION_FAILED"');
});

test("a path and a method that nothing answers to", async () => {
  expectRefusal(await visitor().get("/nowhere"), 404, "VALIDATION_FAILED", "url");
  expectRefusal(await visitor().send("PUT", "/api/v1/sessions"), 404, "VALIDATION_FAILED", "url");
});

test.each([
  ["limit=0", "limit"],
  ["limit=1001", "limit"],
  ["limit=many", "limit"],
  ["state=asleep", "state"],
  ["cursor=nonsense", "cursor"],
  ["colour=red", "colour"],
])("listing by %s", async (query, path) => {
  expectRefusal(await visitor(ADMIN).get(`/api/v1/sessions?${query}`), 400, "VALIDATION_FAILED", path);
});

test.each([
  ["authenticate", {}, "subject"],
  ["authenticate", { subject: "" }, "subject"],
  ["authenticate", { subject: "x".repeat(257) }, "subject"],
  ["authenticate", { subject: "a", remember: "yes" }, "remember"],
  ["elevate", { scope: "pay" }, "maxAge"],
  ["elevate", { scope: "pay", maxAge: -1 }, "maxAge"],
  ["elevate", { scope: "", maxAge: 1 }, "scope"],
])("to %s by %j", async (change, body, path) => {
  const slack = visitor(KEYS.slack);
  const session = await slack.create();
  expectRefusal(await slack.post(`${session}/${change}`, body), 400, "VALIDATION_FAILED", path);
});

test.each([
  ["__proto__", '{"a":{"__proto__":1}}', "a.__proto__"],
  ["no object", "[1]", ""],
])("patching with %s", async (_what, body, path) => {
  const slack = visitor(KEYS.slack);
  const session = await slack.create();
  expectRefusal(await slack.patch(`${session}/data`, body), 400, "VALIDATION_FAILED", path);
  expect((await slack.get(`${session}/data`)).body.data).toEqual({});
});

test("another site's page cannot act for a browser", async () => {
  const browser = visitor();
  const session = await browser.create();
  for (const headers of [
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { origin: "https://evil.example" },
  ]) {
    expectRefusal(await browser.patch(`${session}/data`, { a: 1 }, headers), 403, "FORBIDDEN");
    expectRefusal(await browser.send("DELETE", session, undefined, headers), 403, "FORBIDDEN");
    expectRefusal(await browser.send("POST", "/api/v1/sessions", {}, headers), 403, "FORBIDDEN");
  }
  const { status } = await browser.patch(`${session}/data`, { a: 2 }, { "sec-fetch-site": "same-origin" });
  expect(status).toBe(200);
});

test("a cookie that opens nothing: a new session for who asks for one, no other harm", async () => {
  const { body } = await visitor(KEYS.slack).post("/api/v1/sessions", { transport: "bearer" });
  const ended = body.data?.token ?? "";
  await visitor(KEYS.slack).delete(`/api/v1/sessions/${body.data?.sessionId}`);
  for (const [cookie, status, code] of [
    ["short", 401, "SESSION_REQUIRED"],
    ["A".repeat(50), 401, "SESSION_REQUIRED"],
    ["A".repeat(7000), 401, "SESSION_REQUIRED"],
    [ended, 401, "SESSION_REVOKED"],
  ] as const) {
    const browser = visitor();
    browser.cookie = cookie;
    const id = body.data?.sessionId;
    expectRefusal(await browser.get(`/api/v1/sessions/${id}`), status, code);
    expectRefusal(await browser.patch(`/api/v1/sessions/${id}/data`, {}), status, code);
    const created = await browser.post("/api/v1/sessions", {});
    expect(created.status).toBe(201);
    expect(browser.cookie).not.toBe(cookie);
  }
});

test("a superseded cookie gets no other in exchange", async () => {
  const browser = visitor();
  const session = await browser.create();
  const old = browser.cookie;
  await browser.post(`${session}/rotate`);
  const late = visitor();
  late.cookie = old;
  expectRefusal(await late.post("/api/v1/sessions", {}), 409, "CONFLICT");
  expectRefusal(await late.get(session), 409, "CONFLICT");
  expect((await browser.get(session)).status).toBe(200);
});

test("one address makes only so many sessions in a minute", async () => {
  const from = (address: string) =>
    visitor().send("POST", "/api/v1/sessions", {}, { "x-forwarded-for": address });
  for (let count = 0; count < 120; count++) expect((await from(`2001:db8::${count}`)).status).toBe(201);
  const answer = await from("2001:db8::ffff");
  expectRefusal(answer, 429, "RATE_LIMITED");
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await from("2001:db8:0:1::1")).status).toBe(201);
  expect((await from("192.0.2.7")).status).toBe(201);
  const keyed = await visitor(KEYS.slack).send(
    "POST",
    "/api/v1/sessions",
    {},
    { "x-forwarded-for": "2001:db8::1" },
  );
  expect(keyed.status).toBe(201);
});

test("no key, cookie or token is in the log", async () => {
  const browser = visitor();
  const session = await browser.create();
  await browser.post(`${session}/rotate`);
  const created = await visitor(KEYS.slack).post("/api/v1/sessions", { transport: "bearer" });
  const token = created.body.data?.token ?? "";
  await visitor(token).get(`/api/v1/sessions/${token}?cursor=${token}`);
  await visitor().post("/api/v1/sessions/introspect", { token });
  const asked = await visitor(ADMIN).get("/ready");
  const requestId = asked.headers.get("x-request-id") ?? "";
  await service().command.said(new RegExp(requestId));
  const { output } = service().command;
  expect(output).toContain(created.body.data?.sessionId);
  for (const secret of [browser.cookie ?? "", token, ADMIN, KEYS.slack]) expect(output).not.toContain(secret);
});
