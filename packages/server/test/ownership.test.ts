import { beforeAll, describe, expect, test } from "vitest";
import { ADMIN, KEYS, serviceOfThisFile } from "./running.ts";
import { Visitor } from "./visitor.ts";

const service = serviceOfThisFile();

const callers: Record<string, Visitor> = {};
const sessions: Record<string, string> = {};

function caller(name: string): Visitor {
  return callers[name] ?? expect.fail(`There is no caller ${name}.`);
}

beforeAll(async () => {
  const { url } = service();
  const browser = new Visitor(url);
  const slack = new Visitor(url, KEYS.slack);
  const own = await browser.create();
  const within = await browser.post("/api/v1/sessions", { name: "lunch", transport: "bearer" });
  const made = await slack.post("/api/v1/sessions", { transport: "bearer" });
  const other = new Visitor(url);
  await other.create();
  Object.assign(sessions, {
    own,
    within: `/api/v1/sessions/${within.body.data?.sessionId}`,
    made: `/api/v1/sessions/${made.body.data?.sessionId}`,
  });
  Object.assign(callers, {
    browser,
    other,
    slack,
    nobody: new Visitor(url),
    shop: new Visitor(url, KEYS.shop),
    admin: new Visitor(url, ADMIN),
    "holder of within": new Visitor(url, within.body.data?.token),
    "holder of made": new Visitor(url, made.body.data?.token),
  });
});

/** Who may with which session. */
const OWNERS = {
  own: ["browser", "admin"],
  within: ["browser", "holder of within", "admin"],
  made: ["slack", "holder of made", "admin"],
};
const CALLERS = [
  "browser",
  "other",
  "nobody",
  "slack",
  "shop",
  "admin",
  "holder of within",
  "holder of made",
];
const REQUESTS = [
  ["GET", ""],
  ["GET", "/data"],
  ["PATCH", "/data"],
] as const;

describe.each(Object.entries(OWNERS))("the session %s", (target, owners) => {
  test.each(CALLERS)("for %s", async (name) => {
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

  test("is left alone by those who do not own it", async () => {
    const { body } = await caller("admin").get(`${sessions[target]}/data`);
    expect(Object.keys(body.data?.seenBy ?? {}).sort()).toEqual([...owners].sort());
  });

  test("is not ended and not given a new token by those who do not own it", async () => {
    for (const name of CALLERS.filter((each) => !owners.includes(each))) {
      expect((await caller(name).post(`${sessions[target]}/rotate`)).status).toBe(404);
      expect((await caller(name).delete(sessions[target] ?? "")).status).toBe(404);
    }
    expect((await caller("admin").get(sessions[target] ?? "")).body.data?.state).toBe("active");
  });
});

test("says who owns what", async () => {
  const admin = caller("admin");
  const own = (await admin.get(sessions.own ?? "")).body.data;
  const within = (await admin.get(sessions.within ?? "")).body.data;
  const made = (await admin.get(sessions.made ?? "")).body.data;
  expect(own).toMatchObject({ owner: `browser:${own?.sessionId}`, parentId: null });
  expect(within).toMatchObject({
    owner: `browser:${own?.sessionId}`,
    parentId: own?.sessionId,
    name: "lunch",
  });
  expect(made).toMatchObject({ owner: "consumer:slack", parentId: null });
});

test("a session inside a browser's own brings no cookie", async () => {
  const before = caller("browser").cookie;
  const { headers } = await caller("browser").post("/api/v1/sessions", {});
  expect(headers.getSetCookie()).toEqual([]);
  expect(caller("browser").cookie).toBe(before);
});

test("lists and counts are not for browsers", async () => {
  for (const path of ["/api/v1/sessions", "/api/v1/sessions/stats"]) {
    const nobody = await caller("nobody").get(path);
    expect([nobody.status, nobody.body.error?.code]).toEqual([401, "SESSION_REQUIRED"]);
    const browser = await caller("browser").get(path);
    expect([browser.status, browser.body.error?.code]).toEqual([403, "FORBIDDEN"]);
  }
  expect((await caller("slack").get("/api/v1/sessions")).status).toBe(403);
  expect((await caller("slack").get("/api/v1/sessions/stats")).status).toBe(200);
});

test("a key that is wrong is no visitor without a key", async () => {
  const wrong = new Visitor(service().url, `${KEYS.slack}x`);
  const { status, body, headers } = await wrong.post("/api/v1/sessions", {});
  expect([status, body.error?.code]).toEqual([401, "SESSION_REQUIRED"]);
  expect(headers.get("www-authenticate")).toBe("Bearer");
  expect(headers.getSetCookie()).toEqual([]);
});

test("ending a browser's own session ends those inside it", async () => {
  const { url } = service();
  const browser = new Visitor(url);
  const own = await browser.create();
  const within = await browser.create({ name: "lunch" });
  const { body, headers } = await browser.delete(own);
  expect(body.data).toEqual({ ended: 2 });
  expect(headers.get("clear-site-data")).toContain("cache");
  expect(browser.cookie).toBeNull();
  for (const path of [own, within]) {
    expect((await caller("admin").get(path)).body.data).toMatchObject({ state: "revoked", reason: "logout" });
  }
});

test("what has ended is gone, but for the admin's looking at it", async () => {
  const slack = new Visitor(service().url, KEYS.slack);
  const path = await slack.create();
  expect((await slack.delete(path)).body.data).toEqual({ ended: 1 });
  const admin = caller("admin");
  expect((await admin.get(path)).body.data).toMatchObject({ state: "revoked", reason: "revoked" });
  for (const visitor of [slack, admin]) {
    const answers = [
      await visitor.patch(`${path}/data`, { late: true }),
      await visitor.post(`${path}/authenticate`, { subject: "late" }),
      await visitor.post(`${path}/rotate`),
      await visitor.delete(path),
    ];
    for (const { status, body } of answers) {
      expect([status, body.error?.code]).toEqual([404, "SESSION_NOT_FOUND"]);
    }
  }
  expect((await slack.get(path)).status).toBe(404);
});

test("an admin lists by filter, page by page, newest first", async () => {
  const { url } = service();
  const shop = new Visitor(url, KEYS.shop);
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
