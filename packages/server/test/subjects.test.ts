import { expect, test } from "vitest";
import { ADMIN, KEYS, serviceOfThisFile } from "./running.ts";
import { Visitor } from "./visitor.ts";

const service = serviceOfThisFile();

/** A bearer session of the consumer, logged in; answers its holder and id. */
async function loggedIn(key: string, subject: string): Promise<{ id: string; holder: Visitor }> {
  const consumer = new Visitor(service().url, key);
  const path = await consumer.create();
  const { body } = await consumer.post(`${path}/authenticate`, { subject });
  return { id: path.split("/").at(-1) ?? "", holder: new Visitor(service().url, body.data?.token ?? "") };
}

function idsIn(data: unknown): string[] {
  return (data as { sessions: { sessionId: string }[] }).sessions.map(({ sessionId }) => sessionId).sort();
}

test("who is logged in sees where, and ends the other places", async () => {
  const here = await loggedIn(KEYS.slack, "ann@example.com");
  const there = await loggedIn(KEYS.shop, "ann@example.com");
  const stranger = await loggedIn(KEYS.shop, "bob");
  const path = "/api/v1/subjects/ann%40example.com/sessions";

  expect(idsIn((await here.holder.get(path)).body.data)).toEqual([here.id, there.id].sort());
  const refused = await stranger.holder.get(path);
  expect([refused.status, refused.body.error?.code]).toEqual([403, "FORBIDDEN"]);
  expect((await stranger.holder.delete(path)).status).toBe(403);
  expect((await new Visitor(service().url).get(path)).status).toBe(401);

  expect((await here.holder.delete(`${path}?except=${here.id}`)).body.data).toEqual({ ended: 1 });
  expect(idsIn((await here.holder.get(path)).body.data)).toEqual([here.id]);
  const ended = await there.holder.get(`/api/v1/sessions/${there.id}`);
  expect([ended.status, ended.body.error?.code]).toEqual([401, "SESSION_REVOKED"]);
  expect((await stranger.holder.get(`/api/v1/sessions/${stranger.id}`)).status).toBe(200);
});

test("what names no session to spare ends none", async () => {
  const { id, holder } = await loggedIn(KEYS.slack, "eve");
  for (const slip of ["", "undefined", id.slice(1), id.toUpperCase(), "%00"]) {
    const { status, body } = await holder.delete(`/api/v1/subjects/eve/sessions?except=${slip}`);
    expect([status, body.error?.faults?.[0]?.path], slip).toEqual([400, "except"]);
  }
  expect((await holder.get(`/api/v1/sessions/${id}`)).status).toBe(200);
});

test("a consumer reaches what it made, an admin everything", async () => {
  const slack = await loggedIn(KEYS.slack, "cid");
  const shop = await loggedIn(KEYS.shop, "cid");
  const path = "/api/v1/subjects/cid/sessions";
  const consumer = new Visitor(service().url, KEYS.slack);
  const admin = new Visitor(service().url, ADMIN);

  expect(idsIn((await consumer.get(path)).body.data)).toEqual([slack.id]);
  expect(idsIn((await admin.get(path)).body.data)).toEqual([slack.id, shop.id].sort());
  expect((await consumer.delete(path)).body.data).toEqual({ ended: 1 });
  expect(idsIn((await admin.get(path)).body.data)).toEqual([shop.id]);
  expect((await admin.delete(path)).body.data).toEqual({ ended: 1 });
  expect((await admin.get(path)).body.data).toEqual({ sessions: [], next: null });
});

test("ending all of one's own sessions clears the cookie, and ends what is inside them", async () => {
  const { url } = service();
  const browser = new Visitor(url);
  const path = await browser.create();
  const application = new Visitor(url, KEYS.shop);
  application.cookie = browser.cookie;
  await application.post(`${path}/authenticate`, { subject: "dan" });
  browser.cookie = application.cookie;
  const within = await browser.post("/api/v1/sessions", { name: "lunch", transport: "bearer" });
  expect((await browser.delete("/api/v1/subjects/dan/sessions")).body.data).toEqual({ ended: 2 });
  expect(browser.cookie).toBeNull();
  const holder = new Visitor(url, within.body.data?.token);
  expect((await holder.get(`/api/v1/sessions/${within.body.data?.sessionId}`)).status).toBe(401);
});
