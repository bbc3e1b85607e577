import { expect, test } from "vitest";
import { ADMIN_TOKEN, API_KEYS } from "./fixtures.ts";
import { useService } from "./local-service.ts";
import { TestClient } from "./test-client.ts";

const service = useService();

/** Creates a bearer session of the consumer and logs it in. Returns its id and a client with its token. */
async function createLoggedIn(key: string, subject: string): Promise<{ id: string; holder: TestClient }> {
  const consumer = new TestClient(service().url, key);
  const path = await consumer.create();
  const { body } = await consumer.post(`${path}/authenticate`, { subject });
  return { id: path.split("/").at(-1) ?? "", holder: new TestClient(service().url, body.data?.token ?? "") };
}

function idsIn(data: unknown): string[] {
  return (data as { sessions: { sessionId: string }[] }).sessions.map(({ sessionId }) => sessionId).sort();
}

test("a subject can list its sessions and end the other sessions", async () => {
  const first = await createLoggedIn(API_KEYS.slack, "ann@example.com");
  const second = await createLoggedIn(API_KEYS.shop, "ann@example.com");
  const other = await createLoggedIn(API_KEYS.shop, "bob");
  const path = "/api/v1/subjects/ann%40example.com/sessions";

  expect(idsIn((await first.holder.get(path)).body.data)).toEqual([first.id, second.id].sort());
  const refused = await other.holder.get(path);
  expect([refused.status, refused.body.error?.code]).toEqual([403, "FORBIDDEN"]);
  expect((await other.holder.delete(path)).status).toBe(403);
  expect((await new TestClient(service().url).get(path)).status).toBe(401);

  expect((await first.holder.delete(`${path}?except=${first.id}`)).body.data).toEqual({ ended: 1 });
  expect(idsIn((await first.holder.get(path)).body.data)).toEqual([first.id]);
  const ended = await second.holder.get(`/api/v1/sessions/${second.id}`);
  expect([ended.status, ended.body.error?.code]).toEqual([401, "SESSION_REVOKED"]);
  expect((await other.holder.get(`/api/v1/sessions/${other.id}`)).status).toBe(200);
});

test("a request with an invalid parameter `except` ends no session", async () => {
  const { id, holder } = await createLoggedIn(API_KEYS.slack, "eve");
  for (const except of ["", "undefined", id.slice(1), id.toUpperCase(), "%00"]) {
    const { status, body } = await holder.delete(`/api/v1/subjects/eve/sessions?except=${except}`);
    expect([status, body.error?.faults?.[0]?.path], except).toEqual([400, "except"]);
  }
  expect((await holder.get(`/api/v1/sessions/${id}`)).status).toBe(200);
});

test("a consumer can list and end the sessions that it created, and the admin can list and end all sessions", async () => {
  const slack = await createLoggedIn(API_KEYS.slack, "cid");
  const shop = await createLoggedIn(API_KEYS.shop, "cid");
  const path = "/api/v1/subjects/cid/sessions";
  const consumer = new TestClient(service().url, API_KEYS.slack);
  const admin = new TestClient(service().url, ADMIN_TOKEN);

  expect(idsIn((await consumer.get(path)).body.data)).toEqual([slack.id]);
  expect(idsIn((await admin.get(path)).body.data)).toEqual([slack.id, shop.id].sort());
  expect((await consumer.delete(path)).body.data).toEqual({ ended: 1 });
  expect(idsIn((await admin.get(path)).body.data)).toEqual([shop.id]);
  expect((await admin.delete(path)).body.data).toEqual({ ended: 1 });
  expect((await admin.get(path)).body.data).toEqual({ sessions: [], next: null });
});

test("a subject that ends all its sessions also ends the child sessions, and its cookie is cleared", async () => {
  const { url } = service();
  const browser = new TestClient(url);
  const path = await browser.create();
  const application = new TestClient(url, API_KEYS.shop);
  application.cookie = browser.cookie;
  await application.post(`${path}/authenticate`, { subject: "dan" });
  browser.cookie = application.cookie;
  const child = await browser.post("/api/v1/sessions", { name: "lunch", transport: "bearer" });
  expect((await browser.delete("/api/v1/subjects/dan/sessions")).body.data).toEqual({ ended: 2 });
  expect(browser.cookie).toBeNull();
  const holder = new TestClient(url, child.body.data?.token);
  expect((await holder.get(`/api/v1/sessions/${child.body.data?.sessionId}`)).status).toBe(401);
});
