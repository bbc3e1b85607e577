import { expect, test } from "vitest";
import { ADMIN_TOKEN, API_KEYS } from "./fixtures.ts";
import { useService } from "./local-service.ts";
import { TestClient } from "./test-client.ts";

const service = useService();
const shortLivedService = useService({ SESSION_IDLE_TIMEOUT_MS: "1000" });

const newClient = (key: string | null = null) => new TestClient(service().url, key);

async function introspect(token: unknown) {
  const { body } = await newClient(API_KEYS.shop).post("/api/v1/sessions/introspect", { token });
  return body.data;
}

test("an application can log a browser in with its API key and the browser's cookie", async () => {
  const browser = newClient();
  const path = await browser.create({ metadata: { from: "a link" } });
  await browser.patch(`${path}/data`, { cart: { tacos: 2 } });
  const before = browser.cookie;

  const application = newClient(API_KEYS.shop);
  application.cookie = before;
  const login = await application.post(`${path}/authenticate`, { subject: "user-7", tenant: "geneva" });
  expect(login.status).toBe(200);
  expect(login.body.data).toMatchObject({
    session: { subject: "user-7", tenant: "geneva", type: "authenticated" },
  });
  expect(login.body.data).not.toHaveProperty("token");
  expect(application.cookie).not.toBe(before);

  // The older cookie is rejected, and the response sets no cookie, because that would replace the new cookie.
  const late = await browser.get(path);
  expect([late.status, late.body.error?.code]).toEqual([409, "CONFLICT"]);
  expect(late.headers.getSetCookie()).toEqual([]);

  browser.cookie = application.cookie;
  expect((await browser.get(`${path}/data`)).body.data).toEqual({ cart: { tacos: 2 } });
  expect((await browser.get(path)).body.data).toMatchObject({ metadata: { from: "a link" } });
});

test("a login whose response was lost can be repeated with the older cookie, but only for the same subject", async () => {
  const browser = newClient();
  const path = await browser.create();
  await browser.patch(`${path}/data`, { cart: { tacos: 2 } });
  /** Logs in with the cookie that the browser had before the first login. Returns the response and the new cookie. */
  const logIn = async (subject: string) => {
    const application = newClient(API_KEYS.shop);
    application.cookie = browser.cookie;
    const { status, body } = await application.post(`${path}/authenticate`, { subject });
    return { status, session: body.data?.session, cookie: application.cookie };
  };
  const lost = await logIn("user-7");
  const again = await logIn("user-7");
  expect([again.status, again.cookie]).toEqual([200, lost.cookie]);

  const mallory = await logIn("mallory");
  expect(mallory).toMatchObject({ status: 200, session: { subject: "mallory" } });
  expect(mallory.session).not.toMatchObject({ sessionId: path.split("/").at(-1) });

  browser.cookie = again.cookie;
  expect((await browser.get(path)).body.data).toMatchObject({ subject: "user-7" });
  expect((await browser.get(`${path}/data`)).body.data).toEqual({ cart: { tacos: 2 } });
});

test("a browser can log out with its older cookie if the login response was lost", async () => {
  const browser = newClient();
  const path = await browser.create();
  const application = newClient(API_KEYS.shop);
  application.cookie = browser.cookie;
  await application.post(`${path}/authenticate`, { subject: "user-7" });
  const other = await browser.send("DELETE", "/api/v1/sessions/00000000-0000-4000-8000-000000000000");
  expect(other.status).toBe(409);
  const { status, body } = await browser.delete(path);
  expect([status, body.data, browser.cookie]).toEqual([200, { ended: 1 }, null]);
  expect((await newClient(ADMIN_TOKEN).get(path)).body.data).toMatchObject({
    state: "revoked",
    reason: "logout",
  });
});

test("a browser cannot log in or elevate its own session", async () => {
  const browser = newClient();
  const path = await browser.create();
  for (const [change, body] of [
    ["authenticate", { subject: "admin" }],
    ["elevate", { scope: "pay", maxAge: 60_000 }],
  ] as const) {
    const { status, body: response } = await browser.post(`${path}/${change}`, body);
    expect([status, response.error?.code]).toEqual([403, "FORBIDDEN"]);
  }
  expect((await browser.get(path)).body.data).toMatchObject({ subject: null, version: 1 });
  expect((await newClient(API_KEYS.shop).post(`${path}/authenticate`, { subject: "user-7" })).status).toBe(
    404,
  );
});

test("the response for a bearer session contains each new token, and older tokens are rejected", async () => {
  const slack = newClient(API_KEYS.slack);
  const created = await slack.post("/api/v1/sessions", { transport: "bearer" });
  const path = `/api/v1/sessions/${created.body.data?.sessionId}`;
  const tokens = [created.body.data?.token];
  for (const [change, body] of [
    ["authenticate", { subject: "user-8", rememberMe: true }],
    ["elevate", { scope: "pay", maxAge: 60_000 }],
    ["rotate", {}],
  ] as const) {
    const { status, body: response, headers } = await slack.post(`${path}/${change}`, body);
    expect(status).toBe(200);
    expect(headers.getSetCookie()).toEqual([]);
    tokens.push(response.data?.token);
  }
  const last = tokens.pop();
  expect(await introspect(last)).toMatchObject({ active: true, subject: "user-8", rememberMe: true });
  for (const token of tokens)
    expect(await introspect(token)).toEqual({ active: false, reason: "superseded" });
  const { elevations } = (await introspect(last)) as { elevations: Record<string, string> };
  expect(Date.parse(elevations.pay ?? "")).toBeGreaterThan(Date.now());
});

test("the holder of an anonymous session's token can rotate it, and the older token stays valid for a short time", async () => {
  const browser = newClient();
  const path = await browser.create();
  const before = browser.cookie;
  const rotated = await browser.post(`${path}/rotate`);
  expect(rotated.body.data).not.toHaveProperty("token");
  expect(browser.cookie).not.toBe(before);
  expect((await browser.get(path)).status).toBe(200);

  const created = await newClient().post("/api/v1/sessions", { transport: "bearer" });
  expect(created.headers.getSetCookie()).toEqual([]);
  const { sessionId, token } = created.body.data ?? {};
  const renewed = await newClient(token).post(`/api/v1/sessions/${sessionId}/rotate`);
  expect(renewed.body.data?.token).toHaveLength(50);
  expect((await newClient(renewed.body.data?.token).get(`/api/v1/sessions/${sessionId}`)).status).toBe(200);
  expect((await newClient(token).get(`/api/v1/sessions/${sessionId}`)).status).toBe(200);
});

test("POST /rotate never returns a cookie session's token in the body, for any Authorization header", async () => {
  const browser = new TestClient(service().url);
  const path = await browser.create();
  for (const blanks of [" ", "  ", "   ", " \t"]) {
    const headers = { authorization: `Bearer${blanks}${"x".repeat(50)}` };
    const { status, body } = await browser.send("POST", `${path}/rotate`, undefined, headers);
    expect([blanks, status, body.error?.code]).toEqual([blanks, 401, "SESSION_REQUIRED"]);
  }
  expect((await browser.get(path)).status).toBe(200);
});

test("POST /elevate rejects an anonymous session", async () => {
  const slack = newClient(API_KEYS.slack);
  const path = await slack.create();
  const { status, body } = await slack.post(`${path}/elevate`, { scope: "pay", maxAge: 1000 });
  expect([status, body.error?.code]).toEqual([401, "SESSION_REQUIRED"]);
});

test("introspection requires a key and reports an invalid token as inactive", async () => {
  const created = await newClient(API_KEYS.slack).post("/api/v1/sessions", { transport: "bearer" });
  const { token, sessionId } = created.body.data ?? {};
  expect(await introspect(token)).toMatchObject({ active: true, sessionId, owner: "consumer:slack" });
  for (const [text, reason] of [
    ["", "missing"],
    ["short", "malformed"],
    ["A".repeat(50), "forged"],
    [`${token?.slice(0, 30)}${token?.[30] === "A" ? "B" : "A"}${token?.slice(31)}`, "forged"],
  ] as const) {
    expect(await introspect(text)).toEqual({ active: false, reason });
  }
  await newClient(ADMIN_TOKEN).delete(`/api/v1/sessions/${sessionId}`);
  expect(await introspect(token)).toEqual({ active: false, reason: "revoked" });

  const question = { token };
  expect((await newClient().post("/api/v1/sessions/introspect", question)).status).toBe(401);
  const browser = newClient();
  await browser.create();
  expect((await browser.post("/api/v1/sessions/introspect", question)).status).toBe(403);
});

test("introspection does not extend a session, and the list of active sessions omits the session after its end", async () => {
  const shop = new TestClient(shortLivedService().url, API_KEYS.shop);
  const created = await shop.post("/api/v1/sessions", { transport: "bearer" });
  const introspectIt = () => shop.post("/api/v1/sessions/introspect", { token: created.body.data?.token });
  let response = await introspectIt();
  while (response.body.data?.active) response = await introspectIt();
  expect(response.body.data).toEqual({ active: false, reason: "expired" });

  const admin = new TestClient(shortLivedService().url, ADMIN_TOKEN);
  const listed = async (query: string) => (await admin.get(`/api/v1/sessions${query}`)).body.data?.sessions;
  expect(await listed("")).toEqual([]);
  expect(await listed("?state=any")).toMatchObject([{ sessionId: created.body.data?.sessionId }]);
  const counts = (await admin.get("/api/v1/sessions/stats")).body.data;
  expect(counts).toMatchObject({ totalSessions: 1, activeSessions: 0, oldestSession: null });
});

test("POST /api/v1/sessions rejects an invalid bearer token", async () => {
  const created = await newClient(API_KEYS.slack).post("/api/v1/sessions", { transport: "bearer" });
  const { token = "", sessionId } = created.body.data ?? {};
  await newClient(API_KEYS.slack).post(`/api/v1/sessions/${sessionId}/authenticate`, { subject: "user-9" });
  const createWith = async (bearer: string) => {
    const { status, body } = await newClient(bearer).post("/api/v1/sessions", { transport: "bearer" });
    return [status, body.error?.code, body.data?.token];
  };
  expect(await createWith(token)).toEqual([409, "CONFLICT", undefined]);
  expect(await createWith("A".repeat(50))).toEqual([401, "SESSION_REQUIRED", undefined]);
  await newClient(API_KEYS.slack).delete(`/api/v1/sessions/${sessionId}`);
  expect(await createWith(token)).toEqual([401, "SESSION_REVOKED", undefined]);
});

test("a request with the token of a revoked session fails with SESSION_REVOKED", async () => {
  const created = await newClient(API_KEYS.slack).post("/api/v1/sessions", { transport: "bearer" });
  const { token, sessionId } = created.body.data ?? {};
  await newClient(API_KEYS.slack).delete(`/api/v1/sessions/${sessionId}`);
  const { status, body } = await newClient(token).get(`/api/v1/sessions/${sessionId}`);
  expect([status, body.error?.code]).toEqual([401, "SESSION_REVOKED"]);
});
