import { describe, expect, it } from "vitest";
import { HttpSessions } from "../../../src/http/http-sessions.ts";
import { SessionManager } from "../../../src/session/manager.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { createVisits } from "../../../src/visit/visits.ts";
import { DAY, FIREFOX, GOOGLEBOT, HOUR, MINUTE, startFixture, TestQueue } from "./fixtures.ts";
import { ADAPTERS } from "./servers.ts";

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7/;

describe.each(ADAPTERS)("page views on %s", (_name, start) => {
  it("create visitor, session and visit in one write when a browser views its first page", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    const response = await browser.openPage("/menu?utm_source=news&utm_medium=email&secret=1");
    expect(response.status).toBe(200);
    expect(response.headers["cache-control"]).toBe("private, no-store");
    expect(fixture.store.writes).toBe(1);
    const [event] = fixture.queue.events;
    const visitorId = browser.cookie("visitor_id");
    expect(event).toMatchObject({
      type: "page_view",
      id: expect.stringMatching(UUID_V7),
      at: fixture.now(),
      origin: "browser",
      visitorId,
      subject: null,
      page: { id: expect.stringMatching(UUID_V7), host: "127.0.0.1", path: "/menu" },
      source: { channel: "Email", source: "news" },
      client: { browser: "Firefox 140", os: "Linux" },
    });
    const record = await fixture.manager.find(event?.sessionId ?? "");
    expect(record).toMatchObject({
      version: 1,
      visitorId,
      visit: { id: event?.id, startedAt: fixture.now(), landingPage: "/menu", source: { source: "news" } },
    });
    const visitorCookie = response.cookies.find((line) => line.startsWith("visitor_id="));
    expect(visitorCookie).toBe(`visitor_id=${visitorId}; Max-Age=34128000; Path=/; HttpOnly; SameSite=Lax`);
  });

  it("write nothing to the store and set no cookie after the first page", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/");
    fixture.advance(MINUTE);
    const response = await browser.openPage("/menu");
    expect(response.cookies).toEqual([]);
    expect(response.headers["cache-control"]).toBeUndefined();
    expect(fixture.store.writes).toBe(1);
    const [first, second] = fixture.queue.events;
    expect(second).toMatchObject({ visitorId: first?.visitorId, sessionId: first?.sessionId });
    expect(second?.id).not.toBe(first?.id);
  });

  it("begin a new visit in the session's record 30 minutes after the last activity, but not earlier", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/");
    fixture.advance(30 * MINUTE - 1);
    await browser.openPage("/second");
    const [first, second] = fixture.queue.events;
    const visitOf = async () => (await fixture.manager.find(first?.sessionId ?? ""))?.visit;
    expect(await visitOf()).toMatchObject({ id: first?.id, lastActivityAt: second?.at });
    fixture.advance(30 * MINUTE);
    await browser.openPage("/third");
    expect(await visitOf()).toMatchObject({ id: fixture.queue.events[2]?.id, landingPage: "/third" });
  });

  it("are counted only for 2xx HTML responses to document requests", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/data");
    await browser.openPage("/missing");
    await browser.sendFromScript("/");
    await browser.sendFromScript("/", { method: "GET" });
    await browser.openPage("/", { "sec-purpose": "prefetch;prerender" });
    await browser.openPage("/", { "sec-fetch-dest": "iframe" });
    await browser.send("/", { headers: { accept: "*/*" } });
    expect(fixture.queue.events).toEqual([]);
    expect(fixture.store.writes).toBe(0);
    expect([...browser.jar.keys()]).toEqual([]);
    await browser.send("/", { headers: { accept: "text/html" } });
    expect(fixture.queue.eventTypes).toEqual(["page_view"]);
  });

  it("are counted but not tracked if the client is not a person, and create no cookie and no session", async () => {
    await using fixture = await startFixture(start, { visits: { tenant: () => "acme" } });
    const bot = fixture.browser(GOOGLEBOT);
    const tool = fixture.browser("curl/8.5.0");
    const agent = fixture.browser("Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)");
    const suspected = fixture.browser("");
    for (const client of [bot, tool, agent, suspected]) {
      const response = await client.send("/", { headers: { accept: "*/*" } });
      expect(response.cookies).toEqual([]);
    }
    await tool.send("/data", { headers: { accept: "*/*" } });
    expect(fixture.queue.counts).toEqual([
      ["bot", "acme"],
      ["tool", "acme"],
      ["ai-agent", "acme"],
      ["suspected", "acme"],
    ]);
    expect([fixture.store.reads, fixture.store.writes, fixture.queue.events.length]).toEqual([0, 0, 0]);
  });

  it("give the browser a visitor id, which handlers of later requests can read", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    const before = await browser.sendFromScript("/visitor");
    expect(before.json).toEqual({ visitorId: null, sessionId: null });
    await browser.openPage("/");
    const after = await browser.sendFromScript("/visitor");
    const [event] = fixture.queue.events;
    expect(after.json).toEqual({ visitorId: event?.visitorId, sessionId: event?.sessionId });
  });

  it("begin the visit before the page's handler runs, so that the handler can read it", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    const seen = (await browser.openPage("/visit-page", { referer: "https://www.google.com/" })).json;
    const [event] = fixture.queue.events;
    expect(seen).toEqual({
      collected: true,
      id: event?.id,
      visitorId: event?.visitorId,
      pageId: event?.page?.id,
      startedAt: fixture.now(),
      source: event?.source,
    });
    fixture.advance(MINUTE);
    const later = (await browser.sendFromScript("/visit")).json;
    expect(later).toMatchObject({ id: event?.id, source: { channel: "Organic Search" }, pageId: null });
  });

  it("are stored in the same write as a handler's change of the session", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/write?theme=dark");
    expect(fixture.store.writes).toBe(1);
    const [event] = fixture.queue.events;
    expect(await fixture.manager.find(event?.sessionId ?? "")).toMatchObject({
      data: { theme: "dark" },
      visit: { id: event?.id },
    });
  });

  it("are tracked while the store is down", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    fixture.store.isDown = true;
    const response = await browser.openPage("/");
    expect([response.status, response.cookies.length]).toEqual([200, 1]);
    expect(fixture.queue.events).toMatchObject([
      { sessionId: null, visitorId: browser.cookie("visitor_id") },
    ]);
    expect(fixture.failures.length).toBe(1);
    fixture.store.isDown = false;
    await browser.openPage("/");
    expect(fixture.queue.events[1]).toMatchObject({ visitorId: browser.cookie("visitor_id") });
    expect(fixture.queue.events[1]?.sessionId).not.toBeNull();
  });

  it("never renew the visitor cookie, which expires after 13 months", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/");
    const visitorId = browser.cookie("visitor_id");
    for (let month = 1; month <= 13; month++) {
      fixture.advance(30 * DAY);
      const { cookies } = await browser.openPage("/");
      expect(cookies.filter((line) => line.startsWith("visitor_id="))).toEqual([]);
    }
    fixture.advance(5 * DAY - 1);
    expect(browser.cookie("visitor_id")).toBe(visitorId);
    fixture.advance(1);
    await browser.openPage("/");
    expect(browser.cookie("visitor_id")).not.toBe(visitorId);
    expect(fixture.queue.events.at(-1)?.visitorId).toBe(browser.cookie("visitor_id"));
  });

  it("ignore a visitor cookie that is not a UUID", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/", { cookie: "visitor_id=<script>; other=1" });
    expect(browser.cookie("visitor_id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(fixture.queue.events[0]?.visitorId).toBe(browser.cookie("visitor_id"));
  });

  it("begin a new visit 24 hours after the start of the previous visit", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    for (let quarter = 0; quarter <= 4 * 24; quarter++) {
      if (quarter > 0) fixture.advance(HOUR / 4);
      await browser.openPage("/");
    }
    const last = fixture.queue.events.at(-1);
    const record = await fixture.manager.find(last?.sessionId ?? "");
    expect(record?.visit).toMatchObject({ id: last?.id, startedAt: fixture.now() });
  });
});

describe("HttpSessions.commit() of a later page view", () => {
  it("does not delay the response's headers", async () => {
    const queue = new TestQueue();
    const manager = new SessionManager({ store: memoryStore(), secrets: ["a long secret of these tests"] });
    const sessions = new HttpSessions(manager, { visits: createVisits({ queue, privacy: "full" }) });
    const view = async (cookie: string) => {
      const headers = new Headers({ "content-type": "text/html" });
      const sent: Record<string, string> = { cookie, "user-agent": FIREFOX, "sec-fetch-dest": "document" };
      const header = (name: string) => sent[name];
      const request = sessions.open({ method: "GET", url: "/", address: "::1", encrypted: true, header });
      await request.load();
      return { headers, committed: request.commit(headers, 200) };
    };
    const first = await view("");
    await first.committed;
    const cookies = first.headers.getSetCookie().map((cookie) => cookie.split(";")[0]);
    const second = await view(cookies.join("; "));
    expect(second.committed).toBeUndefined();
    expect(queue.eventTypes).toEqual(["page_view", "page_view"]);
  });
});
