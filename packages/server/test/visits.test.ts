import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { ADMIN_TOKEN, API_KEYS } from "./fixtures.ts";
import { TestClient } from "./test-client.ts";
import { FIREFOX, pageViewBody, useVisits } from "./visits-fixtures.ts";

const SAFARI =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
const BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

const { service, shop, admin, newSession, timelineOf } = useVisits();

function today(): string {
  return new Date().toISOString().slice(0, 10);
}

test("a page view starts a visit, and the session contains the source of the visit", async () => {
  const path = await newSession();
  const url = "https://shop.example/coats?utm_source=Newsletter&utm_medium=email&utm_campaign=spring";
  const tracked = await shop().post(`${path}/events`, pageViewBody(url));
  expect(tracked.status).toBe(202);
  const { visitorId } = tracked.body.data ?? {};
  expect(tracked.body.data).toEqual({ accepted: 1, visitorId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  expect((await shop().get(path)).body.data).toMatchObject({
    visitorId,
    attribution: { channel: "Email", source: "newsletter", campaign: "spring", landingPage: "/coats" },
    converted: false,
    orderId: null,
  });
  const { body } = await shop().post(`${path}/events`, pageViewBody("https://shop.example/coats/7"));
  expect(body.data).toEqual({ accepted: 1, visitorId });
  await timelineOf(`${path.split("/").at(-1)}`, 2);
  expect((await shop().get(path)).body.data).toMatchObject({ pageViews: 2 });
});

test("a request that creates a session can also report the first page view", async () => {
  const created = await shop().post("/api/v1/sessions", {
    page: {
      url: "https://shop.example/hats?utm_source=billboard&utm_medium=cpc",
      referrer: "https://www.google.com/",
    },
    client: { address: "192.0.2.77", userAgent: FIREFOX },
  });
  expect(created.status).toBe(201);
  const session = await shop().get(`/api/v1/sessions/${created.body.data?.sessionId}`);
  expect(session.body.data).toMatchObject({
    visitorId: created.body.data?.visitorId,
    attribution: { channel: "Paid Other", landingPage: "/hats", referrer: "google.com" },
    client: { address: "192.0.2.0", browser: "Firefox 140" },
  });
  const browser = new TestClient(service().url);
  const refused = await browser.post("/api/v1/sessions", { page: { url: "https://shop.example/" } });
  expect(refused.status).toBe(401);
});

test("events that are sent twice are counted once", async () => {
  const path = await newSession();
  const body = pageViewBody("https://shop.example/coats/7");
  const product = { id: randomUUID(), type: "product_view", properties: { product: 7 } };
  const both = { ...body, events: [{ id: randomUUID(), type: "page_view" }, product] };
  await shop().post(`${path}/events`, both);
  await shop().post(`${path}/events`, both);
  const id = path.split("/").at(-1);
  const timeline = await timelineOf(`${id}`, 2);
  expect(timeline.events.map(({ type }: { type: string }) => type)).toEqual(["page_view", "product_view"]);
  expect(timeline.visits).toMatchObject([{ pageViews: 1, entryPage: "/coats/7" }]);
});

test("an order that is sent twice converts the session once", async () => {
  const path = await newSession();
  await shop().post(`${path}/events`, pageViewBody("https://shop.example/"));
  const order = { orderId: randomUUID(), revenue: 12_900, currency: "EUR" };
  for (let attempt = 0; attempt < 2; attempt++) {
    const converted = await shop().post(`${path}/convert`, order);
    expect(converted.status).toBe(200);
    expect(converted.body.data).toMatchObject({ converted: true, orderId: order.orderId });
  }
  const other = await shop().post(`${path}/convert`, { ...order, revenue: 1 });
  expect([other.status, other.body.error?.code]).toEqual([409, "CONFLICT"]);
  const elsewhere = await shop().post(`${await newSession()}/convert`, order);
  expect(elsewhere.status).toBe(409);
});

test("a page view of a bot is counted but not tracked", async () => {
  const path = await newSession();
  const tracked = await shop().post(`${path}/events`, pageViewBody("https://shop.example/", BOT));
  expect(tracked.body.data).toEqual({ accepted: 0, visitorId: null });
});

test("events without a page are added to the session's last visit", async () => {
  const path = await newSession();
  await shop().post(`${path}/events`, pageViewBody("https://shop.example/quiz"));
  const reported = await shop().post(`${path}/events`, { events: [{ type: "quiz_finished" }] });
  expect(reported.body.data).toMatchObject({ accepted: 1 });
  const timeline = await timelineOf(`${path.split("/").at(-1)}`, 2);
  expect(timeline.events.at(-1)).toMatchObject({ type: "quiz_finished", origin: "backend", isKey: true });
});

test.each([
  [{ events: [{ type: "search" }, { type: "unheard_of" }] }, "events.1.type"],
  [{ events: [{ type: "order_completed" }] }, "events.0.type"],
  [{ events: [] }, "events"],
  [{ page: { url: "not a url" }, events: [{ type: "page_view" }] }, "page.url"],
  [{ events: [{ type: "search", ago: -1 }] }, "events.0.ago"],
  [{ page: { url: "https://shop.example/" }, events: [{ type: "page_view" }] }, "client.userAgent"],
])("the events %j are rejected", async (body, path) => {
  const refused = await shop().post(`${await newSession()}/events`, body);
  expect([refused.status, refused.body.error?.code]).toEqual([400, "VALIDATION_FAILED"]);
  expect(refused.body.error?.faults?.[0]?.path).toBe(path);
});

test("only the session's owner can track events, and only a backend can convert the session", async () => {
  const path = await newSession();
  const stranger = new TestClient(service().url, API_KEYS.slack);
  expect((await stranger.post(`${path}/events`, pageViewBody("https://shop.example/"))).status).toBe(404);
  const order = { orderId: "x", revenue: 1, currency: "EUR" };
  expect((await stranger.post(`${path}/convert`, order)).status).toBe(404);
  expect((await new TestClient(service().url).post(`${path}/convert`, order)).status).toBe(401);
});

test("events and orders of an unknown or a revoked session are rejected and not tracked", async () => {
  const path = await newSession();
  await shop().post(`${path}/events`, pageViewBody("https://shop.example/"));
  expect((await shop().delete(path)).status).toBe(200);
  const order = { orderId: `order-${randomUUID()}`, revenue: 100, currency: "EUR" };
  for (const gone of [path, `/api/v1/sessions/${randomUUID()}`]) {
    const event = await shop().post(`${gone}/events`, pageViewBody("https://shop.example/coats"));
    const conversion = await shop().post(`${gone}/convert`, order);
    for (const { status, body } of [event, conversion]) {
      expect([status, body.error?.code]).toEqual([404, "SESSION_NOT_FOUND"]);
    }
  }
  const { events } = await timelineOf(`${path.split("/").at(-1)}`, 1);
  expect(events.map(({ type }) => type)).toEqual(["page_view"]);
});

test("the analytics figures match the tracked events", async () => {
  const before = await overview();
  const path = await newSession();
  await shop().post(`${path}/events`, pageViewBody("https://shop.example/coats"));
  await shop().post(`${path}/convert`, { orderId: randomUUID(), revenue: 500, currency: "CHF" });
  await timelineOf(`${path.split("/").at(-1)}`, 2);
  const after = await overview();
  expect(after.visits - before.visits).toBe(1);
  expect(after.orders - before.orders).toBe(1);
  expect((after.revenue.CHF ?? 0) - (before.revenue.CHF ?? 0)).toBe(500);
});

test("the overview contains revenue above 2^53", async () => {
  const revenue = Number.MAX_SAFE_INTEGER;
  const subject = `ada-${randomUUID()}`;
  const path = await newSession();
  await shop().post(`${path}/authenticate`, { subject });
  await shop().post(`${path}/events`, pageViewBody("https://shop.example/"));
  for (let order = 0; order < 3; order++) {
    await shop().post(`${path}/convert`, { orderId: randomUUID(), revenue, currency: "KRW" });
  }
  await timelineOf(`${path.split("/").at(-1)}`, 4);
  expect((await overview()).revenue).toMatchObject({ KRW: 3 * revenue });
  const exported = await admin().get(`/api/v1/customers/${subject}`);
  expect(exported.body.data).toMatchObject({ totals: { revenue: { KRW: 3 * revenue } } });
});

test("a cursor that contains the longest allowed path is accepted", async () => {
  const paths = ["a", "b"].map((end) => `/${"x".repeat(1022)}${end}`);
  const sessionPath = await newSession();
  for (const path of paths)
    await shop().post(`${sessionPath}/events`, pageViewBody(`https://shop.example${path}`));
  await timelineOf(`${sessionPath.split("/").at(-1)}`, 2);
  const question = `/api/v1/analytics/breakdown?dimension=page&from=${today()}&to=${today()}&filters=page:contains:xxx`;
  const first = await admin().get(`${question}&limit=1`);
  const { next } = first.body.data as unknown as { next: string };
  expect(next.length).toBeGreaterThan(1024);
  const second = await admin().get(`${question}&limit=1&cursor=${next}`);
  expect(second.body.data).toMatchObject({ rows: [{ pageViews: 1 }] });
});

test("an analytics response for a query with format=csv is CSV", async () => {
  const query = `dimension=channel&from=${today()}&to=${today()}&format=csv`;
  const response = await fetch(`${service().url}/api/v1/analytics/breakdown?${query}`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8");
  expect(await response.text()).toMatch(/^value,visitors,visits,.*\r\n(.*,.*\r\n)*$/);
});

test.each([
  ["overview?from=2026-03-02&to=2026-03-01", "from"],
  ["breakdown?dimension=colour&from=2026-03-01&to=2026-03-02", "dimension"],
  ["overview?from=2026-03-01&to=2026-03-02&filters=country", "filters"],
])("the analytics query %s is rejected", async (question, path) => {
  const refused = await admin().get(`/api/v1/analytics/${question}`);
  expect([refused.status, refused.body.error?.code]).toEqual([400, "VALIDATION_FAILED"]);
  expect(refused.body.error?.faults?.[0]?.path).toContain(path);
});

test("no event of a request is tracked if one event is invalid", async () => {
  const path = await newSession();
  await shop().post(`${path}/events`, pageViewBody("https://shop.example/"));
  const refused = await shop().post(`${path}/events`, {
    events: [{ type: "search" }, { type: "unheard_of" }],
  });
  expect(refused.status).toBe(400);
  await shop().post(`${path}/events`, { events: [{ type: "quiz_finished" }] });
  const { events } = await timelineOf(`${path.split("/").at(-1)}`, 2);
  expect(events.map(({ type }) => type)).toEqual(["page_view", "quiz_finished"]);
});

test("the metrics count many sessions from one IP address, and a changed user agent, as suspicious", async () => {
  const client = { address: "203.0.113.9", userAgent: FIREFOX };
  for (let session = 0; session < 29; session++) await shop().post("/api/v1/sessions", { client });
  expect(await countSuspiciousPatterns("many-sessions")).toBe(0);
  const path = await newSession(client);
  expect(await countSuspiciousPatterns("many-sessions")).toBe(1);
  await shop().post(`${path}/events`, pageViewBody("https://shop.example/", SAFARI));
  expect(await countSuspiciousPatterns("changed-user-agent")).toBe(1);
});

test("the metrics contain the live visitors and the event queue", async () => {
  await shop().post(`${await newSession()}/events`, pageViewBody("https://shop.example/"));
  const response = await fetch(`${service().url}/metrics`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  const text = await response.text();
  expect(text).toMatch(/^coatcheck_visitors_live \d+$/m);
  expect(text).toMatch(/^coatcheck_visit_events_waiting \d+$/m);
  expect(text).toMatch(/^coatcheck_visits_suspicious_total\{kind="many-sessions"\} \d+$/m);
});

test("the analytics routes require an API key", async () => {
  const path = `/api/v1/analytics/overview?from=${today()}&to=${today()}`;
  expect((await new TestClient(service().url).get(path)).status).toBe(401);
});

/** Reads the number of suspicious patterns of this kind from the metrics. */
async function countSuspiciousPatterns(kind: string): Promise<number> {
  const response = await fetch(`${service().url}/metrics`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  const line = new RegExp(`^coatcheck_visits_suspicious_total\\{kind="${kind}"\\} (\\d+)$`, "m");
  return Number(line.exec(await response.text())?.[1]);
}

async function overview() {
  const day = today();
  const { body } = await admin().get(`/api/v1/analytics/overview?from=${day}&to=${day}`);
  return (
    body.data as unknown as { figures: { visits: number; orders: number; revenue: Record<string, number> } }
  ).figures;
}
