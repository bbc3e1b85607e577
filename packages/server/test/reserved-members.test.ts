import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readConfig } from "../src/config.ts";
import { type OpenSessions, openSessions } from "../src/open-sessions.ts";
import { ADMIN_TOKEN, API_KEYS } from "./fixtures.ts";
import { useService } from "./local-service.ts";
import { TestClient } from "./test-client.ts";

const service = useService();
/** The sessions in the service's database, opened by an application in this process. */
let application: OpenSessions;

beforeAll(async () => {
  const database = join(service().folder, "data", "coatcheck.db");
  application = await openSessions(
    readConfig({ DATABASE_URL: `sqlite:${database}` }),
    pino({ level: "silent" }),
  );
});
afterAll(() => application.close());

const RESERVED_MEMBERS = { $order: { history: ["placed"] }, $jar: "sealed", $: 0 };

/** Creates a session of an API consumer, in which the application stores reserved members. */
async function createSession() {
  const slack = new TestClient(service().url, API_KEYS.slack);
  const { data } = (await slack.post("/api/v1/sessions", { transport: "bearer" })).body;
  const id = data?.sessionId ?? "";
  await application.manager.patch(id, { ...RESERVED_MEMBERS, cart: { $inside: 1 } });
  const path = `/api/v1/sessions/${id}`;
  const stored = async () => (await application.manager.find(id))?.data;
  return { path, slack, holder: new TestClient(service().url, data?.token), stored };
}

test("responses do not contain reserved members", async () => {
  const { path, slack, holder } = await createSession();
  const admin = new TestClient(service().url, ADMIN_TOKEN);
  for (const caller of [slack, holder, admin]) {
    expect((await caller.get(`${path}/data`)).body.data).toEqual({ cart: { $inside: 1 } });
  }
  const login = await slack.post(`${path}/authenticate`, { subject: "ann" });
  const { token = "" } = login.body.data ?? {};
  const responses = await Promise.all([
    admin.get(path),
    admin.get("/api/v1/sessions?limit=1000"),
    admin.get("/api/v1/subjects/ann/sessions"),
    slack.post("/api/v1/sessions/introspect", { token }),
    slack.patch(`${path}/data`, { theme: "dark" }),
  ]);
  for (const { status, body } of [login, ...responses]) {
    expect(status).toBe(200);
    expect(JSON.stringify(body)).not.toMatch(/\$order|\$jar|sealed|placed/);
  }
});

test.each([
  ["adds a reserved member", { $mine: 1 }, "$mine"],
  ["replaces a reserved member", { $order: { history: [] } }, "$order"],
  ["changes a value inside a reserved member", { $order: { history: null } }, "$order"],
  ["removes a reserved member", { $jar: null }, "$jar"],
  ["changes a reserved and another member", { theme: "dark", $jar: "x" }, "$jar"],
  ["contains a reserved name with an escaped $", '{"\\u0024jar":"x"}', "$jar"],
  ["contains the name $", { $: 1 }, "$"],
])("a patch is rejected for every caller if it %s", async (_case, patch, path) => {
  const session = await createSession();
  const before = await session.slack.get(`${session.path}/data`);
  for (const caller of [session.slack, session.holder, new TestClient(service().url, ADMIN_TOKEN)]) {
    for (const type of ["application/json", "application/merge-patch+json"]) {
      const { status, body } = await caller.patch(`${session.path}/data`, patch, { "content-type": type });
      expect([status, body.error?.code]).toEqual([400, "VALIDATION_FAILED"]);
      expect(body.error?.faults).toEqual([
        { path, message: "is reserved for the application, like every name that begins with $" },
      ]);
    }
  }
  expect(await session.stored()).toEqual({ ...RESERVED_MEMBERS, cart: { $inside: 1 } });
  const after = await session.slack.get(`${session.path}/data`);
  expect(after.headers.get("etag")).toBe(before.headers.get("etag"));
});

test("reserved members are unchanged after patches, a login and a rotation", async () => {
  const { path, slack, holder, stored } = await createSession();
  await Promise.all([
    slack.patch(`${path}/data`, { cart: null, theme: "dark" }),
    holder.patch(`${path}/data`, { a$: 1, nested: { $too: 2 } }),
    slack.patch(`${path}/data`, {}),
  ]);
  const open = { a$: 1, nested: { $too: 2 }, theme: "dark" };
  expect(await stored()).toEqual({ ...RESERVED_MEMBERS, ...open });
  await slack.post(`${path}/authenticate`, { subject: "ann" });
  await slack.post(`${path}/rotate`);
  expect(await stored()).toEqual({ ...RESERVED_MEMBERS, ...open });
  expect((await slack.get(`${path}/data`)).body.data).toEqual(open);
});

test("the ETag changes if the application writes reserved members", async () => {
  const { path, slack } = await createSession();
  const etag = (await slack.get(`${path}/data`)).headers.get("etag") ?? "";
  await application.manager.patch(path.slice(-36), { $order: { history: ["cancelled"] } });
  const late = await slack.patch(`${path}/data`, { theme: "dark" }, { "if-match": etag });
  expect([late.status, late.body.error?.code]).toEqual([409, "CONFLICT"]);
  const { headers } = await slack.get(`${path}/data`);
  const next = await slack.patch(`${path}/data`, { a: 1 }, { "if-match": headers.get("etag") ?? "" });
  expect([next.status, next.body.data]).toEqual([200, { a: 1, cart: { $inside: 1 } }]);
});

test("a request that creates a session is rejected if it contains reserved members", async () => {
  const slack = new TestClient(service().url, API_KEYS.slack);
  const count = async () => (await slack.get("/api/v1/sessions/stats")).body.data?.totalSessions;
  const before = await count();
  for (const [body, path] of [
    [{ $order: {} }, "$order"],
    [{ data: { $order: {} } }, "data"],
  ] as const) {
    const { status, body: response } = await slack.post("/api/v1/sessions", body);
    expect([status, response.error?.code, response.error?.faults?.map((fault) => fault.path)]).toEqual([
      400,
      "VALIDATION_FAILED",
      [path],
    ]);
  }
  expect(await count()).toBe(before);
});
