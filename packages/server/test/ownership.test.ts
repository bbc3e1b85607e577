import { beforeAll, describe, expect, test } from "vitest";
import { ADMIN_TOKEN, API_KEYS } from "./fixtures.ts";
import { useService } from "./local-service.ts";
import { TestClient } from "./test-client.ts";

const service = useService();

const callers: Record<string, TestClient> = {};
const sessions: Record<string, string> = {};

function caller(name: string): TestClient {
  return callers[name] ?? expect.fail(`There is no caller ${name}.`);
}

beforeAll(async () => {
  const { url } = service();
  const browser = new TestClient(url);
  const slack = new TestClient(url, API_KEYS.slack);
  const own = await browser.create();
  const child = await browser.post("/api/v1/sessions", { name: "lunch", transport: "bearer" });
  const created = await slack.post("/api/v1/sessions", { transport: "bearer" });
  const other = new TestClient(url);
  await other.create();
  Object.assign(sessions, {
    own,
    child: `/api/v1/sessions/${child.body.data?.sessionId}`,
    created: `/api/v1/sessions/${created.body.data?.sessionId}`,
  });
  Object.assign(callers, {
    browser,
    other,
    slack,
    unknown: new TestClient(url),
    shop: new TestClient(url, API_KEYS.shop),
    admin: new TestClient(url, ADMIN_TOKEN),
    "holder of child": new TestClient(url, child.body.data?.token),
    "holder of created": new TestClient(url, created.body.data?.token),
  });
});

/** The callers that may access each session. */
const OWNERS = {
  own: ["browser", "admin"],
  child: ["browser", "holder of child", "admin"],
  created: ["slack", "holder of created", "admin"],
};
const CALLERS = [
  "browser",
  "other",
  "unknown",
  "slack",
  "shop",
  "admin",
  "holder of child",
  "holder of created",
];
const REQUESTS = [
  ["GET", ""],
  ["GET", "/data"],
  ["PATCH", "/data"],
] as const;

describe.each(Object.entries(OWNERS))("the %s session", (target, owners) => {
  test.each(CALLERS)("the session can be read and written only by its owners (caller: %s)", async (name) => {
    for (const [method, suffix] of REQUESTS) {
      const path = `${sessions[target]}${suffix}`;
      const { status, body } = await caller(name).send(
        method,
        path,
        method === "PATCH" ? { seenBy: { [name]: true } } : undefined,
      );
      expect([method, suffix, status]).toEqual([method, suffix, owners.includes(name) ? 200 : 404]);
      if (status === 404) expect(body.error?.code).toBe("SESSION_NOT_FOUND");
    }
  });

  test("the session is unchanged after the requests of callers that do not own it", async () => {
    const { body } = await caller("admin").get(`${sessions[target]}/data`);
    expect(Object.keys(body.data?.seenBy ?? {}).sort()).toEqual([...owners].sort());
  });

  test("the session cannot be ended or rotated by callers that do not own it", async () => {
    for (const name of CALLERS.filter((each) => !owners.includes(each))) {
      expect((await caller(name).post(`${sessions[target]}/rotate`)).status).toBe(404);
      expect((await caller(name).delete(sessions[target] ?? "")).status).toBe(404);
    }
    expect((await caller("admin").get(sessions[target] ?? "")).body.data?.state).toBe("active");
  });
});

test("the JSON of a session contains its owner and parent", async () => {
  const admin = caller("admin");
  const own = (await admin.get(sessions.own ?? "")).body.data;
  const child = (await admin.get(sessions.child ?? "")).body.data;
  const created = (await admin.get(sessions.created ?? "")).body.data;
  expect(own).toMatchObject({ owner: `browser:${own?.sessionId}`, parentId: null });
  expect(child).toMatchObject({
    owner: `browser:${own?.sessionId}`,
    parentId: own?.sessionId,
    name: "lunch",
  });
  expect(created).toMatchObject({ owner: "consumer:slack", parentId: null });
});

test("the response to a browser that creates a child session sets no cookie", async () => {
  const before = caller("browser").cookie;
  const { headers } = await caller("browser").post("/api/v1/sessions", {});
  expect(headers.getSetCookie()).toEqual([]);
  expect(caller("browser").cookie).toBe(before);
});

test("browsers cannot list or count sessions", async () => {
  for (const path of ["/api/v1/sessions", "/api/v1/sessions/stats"]) {
    const unknown = await caller("unknown").get(path);
    expect([unknown.status, unknown.body.error?.code]).toEqual([401, "SESSION_REQUIRED"]);
    const browser = await caller("browser").get(path);
    expect([browser.status, browser.body.error?.code]).toEqual([403, "FORBIDDEN"]);
  }
  expect((await caller("slack").get("/api/v1/sessions")).status).toBe(403);
  expect((await caller("slack").get("/api/v1/sessions/stats")).status).toBe(200);
});

test("a request with an unknown key fails with 401 and creates no anonymous session", async () => {
  const wrong = new TestClient(service().url, `${API_KEYS.slack}x`);
  const { status, body, headers } = await wrong.post("/api/v1/sessions", {});
  expect([status, body.error?.code]).toEqual([401, "SESSION_REQUIRED"]);
  expect(headers.get("www-authenticate")).toBe("Bearer");
  expect(headers.getSetCookie()).toEqual([]);
});

test("ending a browser's own session also ends its child sessions", async () => {
  const { url } = service();
  const browser = new TestClient(url);
  const own = await browser.create();
  const child = await browser.create({ name: "lunch" });
  const { body, headers } = await browser.delete(own);
  expect(body.data).toEqual({ ended: 2 });
  expect(headers.get("clear-site-data")).toContain("cache");
  expect(browser.cookie).toBeNull();
  for (const path of [own, child]) {
    expect((await caller("admin").get(path)).body.data).toMatchObject({ state: "revoked", reason: "logout" });
  }
});

test("only the admin can read an ended session, and no caller can change it", async () => {
  const slack = new TestClient(service().url, API_KEYS.slack);
  const path = await slack.create();
  expect((await slack.delete(path)).body.data).toEqual({ ended: 1 });
  const admin = caller("admin");
  expect((await admin.get(path)).body.data).toMatchObject({ state: "revoked", reason: "revoked" });
  for (const visitor of [slack, admin]) {
    const responses = [
      await visitor.patch(`${path}/data`, { late: true }),
      await visitor.post(`${path}/authenticate`, { subject: "late" }),
      await visitor.post(`${path}/rotate`),
      await visitor.delete(path),
    ];
    for (const { status, body } of responses) {
      expect([status, body.error?.code]).toEqual([404, "SESSION_NOT_FOUND"]);
    }
  }
  expect((await slack.get(path)).status).toBe(404);
});

test("the admin can filter and page through the list of sessions", async () => {
  const { url } = service();
  const shop = new TestClient(url, API_KEYS.shop);
  const made = [];
  for (let index = 0; index < 5; index++) made.push((await shop.create()).split("/").at(-1));
  const seen = [];
  let cursor = "";
  do {
    const { body } = await caller("admin").get(`/api/v1/sessions?owner=consumer:shop&limit=2${cursor}`);
    const { sessions: page, next } = body.data as { sessions: { sessionId: string }[]; next: string | null };
    seen.push(...page.map(({ sessionId }) => sessionId));
    cursor = next === null ? "" : `&cursor=${encodeURIComponent(next)}`;
  } while (cursor !== "");
  expect(seen.sort()).toEqual(made.sort());
});
