import { describe, expect, it } from "vitest";
import { sourceOf } from "../../../src/visit/attribution/index.ts";
import { createBeacon, FIREFOX, HOUR, MINUTE, SAFARI, startFixture } from "./fixtures.ts";
import { ADAPTERS } from "./servers.ts";

const ORDER = encodeURIComponent(JSON.stringify({ orderId: "o-1", revenue: 1990, currency: "EUR" }));
const placeInNevada = (address: string | null) => ({
  country: "US",
  city: address === "127.0.0.1" ? "Reno" : `near ${address}`,
});
const place = (client: { readonly address: string | null }) => placeInNevada(client.address);

describe.each(ADAPTERS)("privacy on %s", (_name, start) => {
  it("the mode `full` stores session, subject, user agent and city", async () => {
    await using fixture = await startFixture(start, { visits: { place } });
    const browser = fixture.browser();
    await browser.openPage("/");
    await browser.sendFromScript("/login?subject=ann");
    await browser.openPage("/");
    expect(fixture.queue.eventTypes).toEqual(["page_view", "login", "page_view"]);
    expect(fixture.queue.events[2]).toMatchObject({
      sessionId: expect.any(String),
      subject: "ann",
      client: { userAgent: FIREFOX, country: "US", city: "Reno" },
    });
  });

  it("the mode `exempt` sets a cookie, but stores no link to session, subject or order", async () => {
    await using fixture = await startFixture(start, { visits: { privacy: "exempt", place } });
    const browser = fixture.browser();
    await browser.openPage("/");
    expect(fixture.store.writes).toBe(0);
    const visitorId = browser.cookie("visitor_id");
    expect(visitorId).not.toBeNull();
    await browser.sendFromScript("/login?subject=grace-7");
    await browser.openPage("/");
    await browser.sendFromScript(`/convert?order=${ORDER}`);
    for (const event of fixture.queue.events) {
      expect(event).toMatchObject({ sessionId: null, subject: null });
      expect(JSON.stringify(event)).not.toContain("grace-7");
    }
    expect(fixture.queue.eventsOfType("page_view")).toMatchObject([
      { visitorId, client: { userAgent: null, country: "US", city: null, browser: "Firefox 140" } },
      { visitorId },
    ]);
    expect(fixture.queue.eventsOfType("order_completed")).toMatchObject([
      { visitorId: null, page: null, client: null, origin: "backend", order: { orderId: "o-1" } },
    ]);
    const { json } = await browser.sendFromScript("/visitor");
    const record = await fixture.manager.find(String(json.sessionId));
    expect(record).toMatchObject({
      subject: "grace-7",
      visitorId: null,
      visit: null,
      conversion: { orderId: "o-1" },
    });
  });

  it("the mode `exempt` passes only a truncated IP address to the option `place`", async () => {
    const addresses: (string | null)[] = [];
    const watching = (client: { readonly address: string | null }) => {
      addresses.push(client.address);
      return { country: null, city: null };
    };
    await using fixture = await startFixture(start, { visits: { privacy: "exempt", place: watching } });
    await fixture.browser().openPage("/");
    expect(addresses).toEqual(["127.0.0.0"]);
  });

  it("the mode `cookieless` recognises a browser until local midnight, without a cookie", async () => {
    const visits = { privacy: "cookieless", timeZone: "America/New_York" } as const;
    await using fixture = await startFixture(start, { visits });
    const firefox = fixture.browser();
    const safari = fixture.browser(SAFARI);
    expect((await firefox.openPage("/")).cookies).toEqual([]);
    await firefox.openPage("/");
    await safari.openPage("/");
    // New York has daylight saving time on that day, so it is 8:00 there at 12:00 UTC.
    fixture.advance(16 * HOUR - MINUTE);
    await firefox.openPage("/");
    fixture.advance(MINUTE);
    await firefox.openPage("/");
    const [first, second, other, beforeMidnight, afterMidnight] = fixture.queue.events.map(
      (event) => event.visitorId,
    );
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8/);
    expect([second, beforeMidnight]).toEqual([first, first]);
    expect(other).not.toBe(first);
    expect(afterMidnight).not.toBe(first);
    expect(fixture.store.writes).toBe(0);
    expect(JSON.stringify(fixture.queue.events)).not.toContain("127.0.0.1/");
    expect(fixture.queue.events[0]).toMatchObject({
      sessionId: null,
      subject: null,
      client: { userAgent: null },
    });
  });

  it("the mode `cookieless` recognises the same visitor on two nodes with the same salt", async () => {
    const visits = { privacy: "cookieless", dailySalt: async (day: string) => `salt of ${day}` } as const;
    await using one = await startFixture(start, { visits });
    await using two = await startFixture(start, { visits });
    for (const node of [one, two]) {
      // The first request begins to fetch the salt, but does not wait for the result.
      await node.browser().openPage("/");
      await node.browser().openPage("/");
    }
    expect(two.queue.events.at(-1)?.visitorId).toBe(one.queue.events.at(-1)?.visitorId);
    expect(one.queue.events.at(-1)?.visitorId).not.toBeNull();
  });

  it("the mode `off` collects and counts nothing, but still marks the session as converted", async () => {
    await using fixture = await startFixture(start, { visits: { privacy: "off" } });
    const browser = fixture.browser();
    await browser.openPage("/");
    await fixture.browser("curl/8.5.0").openPage("/");
    expect((await browser.sendFromScript("/track?name=search")).json).toEqual({ collected: false });
    expect((await browser.sendFromScript(`/convert?order=${ORDER}`)).json).toEqual({ collected: false });
    const { json } = await browser.sendFromScript("/visitor");
    expect(json.visitorId).toBeNull();
    expect((await fixture.manager.find(String(json.sessionId)))?.conversion).toMatchObject({
      orderId: "o-1",
    });
    expect([fixture.queue.events, fixture.queue.counts]).toEqual([[], []]);
    expect(browser.cookie("visitor_id")).toBeNull();
  });

  it.each([
    ["Sec-GPC: 1 stops the collection", {}, { "sec-gpc": "1" }, true],
    ["DNT: 1 is ignored by default", {}, { dnt: "1" }, false],
    ["DNT: 1 stops the collection with honourDoNotTrack", { honourDoNotTrack: true }, { dnt: "1" }, true],
  ])("%s", async (_header, visits, headers, isRefused) => {
    await using fixture = await startFixture(start, { visits });
    const browser = fixture.browser();
    const response = await browser.openPage("/", headers);
    await browser.sendFromScript(`/track?name=search`, { headers });
    expect(fixture.queue.counts).toEqual(isRefused ? [["not-collected", null]] : []);
    expect(fixture.queue.eventTypes).toEqual(isRefused ? [] : ["page_view", "search"]);
    expect(response.cookies.length).toBe(isRefused ? 0 : 2);
  });

  it("an opt-out deletes the visitor and stops the collection; a later order marks the session as converted but is not tracked", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/");
    const sessionId = fixture.queue.events[0]?.sessionId ?? "";
    const before = browser.cookie("visitor_id");
    const response = await browser.sendFromScript("/session/visit/opt-out");
    expect([response.status, response.json]).toEqual([200, { success: true, data: { collected: false } }]);
    expect([browser.cookie("visitor_id"), browser.cookie("visitor_optout")]).toEqual([null, "1"]);
    expect(await fixture.manager.find(sessionId)).toMatchObject({ visitorId: null, visit: null });
    await browser.openPage("/");
    await browser.sendFromScript("/login");
    await browser.sendBeacon(createBeacon(crypto.randomUUID(), { type: "page_view" }));
    await browser.sendFromScript(`/convert?order=${ORDER}`);
    expect(fixture.queue.eventTypes).toEqual(["page_view"]);
    expect(fixture.queue.counts).toEqual([["not-collected", null]]);
    expect((await fixture.manager.find(sessionId))?.conversion).toMatchObject({ orderId: "o-1" });
    expect(browser.cookie("visitor_id")).toBeNull();

    await browser.sendFromScript("/session/visit/opt-in");
    await browser.openPage("/");
    const after = browser.cookie("visitor_id");
    expect([after === null, after === before]).toEqual([false, false]);
    expect(fixture.queue.events.at(-1)).toMatchObject({ type: "page_view", visitorId: after });
    expect(await fixture.manager.find(sessionId)).toMatchObject({ visitorId: after });
  });

  it("an opt-out by an HTML form redirects back to the page", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    const form = { "sec-fetch-dest": "document", "sec-fetch-site": "same-origin" };
    const own = await browser.sendFromScript("/session/visit/opt-out", {
      headers: { ...form, referer: `${fixture.url}/privacy?from=footer` },
    });
    expect([own.status, own.headers.location]).toEqual([303, "/privacy?from=footer"]);
    const foreign = await browser.sendFromScript("/session/visit/opt-out", {
      headers: { ...form, referer: "https://evil.example//evil.example/" },
    });
    expect([foreign.status, foreign.headers.location]).toEqual([303, "/"]);
  });

  it("a page view after an opt-out is not attributed to any source", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.sendFromScript("/session/visit/opt-out");
    expect((await browser.openPage("/visit-page?utm_source=news")).json).toEqual({
      collected: false,
      id: null,
      visitorId: null,
      pageId: null,
      startedAt: null,
      source: null,
    });
  });
});

it("a host in the option `ownHosts` is never the source of a visit", async () => {
  const [, start] = ADAPTERS[0] ?? [];
  if (!start) throw new Error("There is no adapter.");
  await using fixture = await startFixture(start, { visits: { ownHosts: ["shop.example"] } });
  await fixture.browser().openPage("/", { referer: "https://www.shop.example/" });
  await fixture.browser().openPage("/", { referer: `${fixture.url}/menu` });
  await fixture.browser().openPage("/", { referer: "https://blog.example/" });
  const channels = fixture.queue.events.map(({ source }) => source?.channel);
  expect(channels).toEqual(["Direct", "Direct", "Referral"]);
  expect(fixture.queue.events[2]?.source).toEqual(
    sourceOf({ url: "/", referrer: "https://blog.example/", ownHosts: [] }),
  );
});
