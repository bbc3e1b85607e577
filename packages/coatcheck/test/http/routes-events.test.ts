import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCache } from "../../src/cache/index.ts";
import { HttpSessions } from "../../src/http/core.ts";
import { EventStream } from "../../src/http/routes/event-stream.ts";
import { send } from "../../src/http/routes/node-answer.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { type Browser, type Site, startExpress, startFastify, startHono, startSite } from "./routes-site.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const frameworks = { Express: startExpress, Fastify: startFastify, Hono: startHono };

describe.each(Object.entries(frameworks))("the stream of events on %s", (_name, start) => {
  let site: Site;
  let browser: Browser;
  let id: string;
  /** Another node over the same store, of which this one hears nothing. */
  let elsewhere: SessionManager;
  const listeners = () =>
    (["changed", "authenticated", "elevated", "rotated", "revoked"] as const).map((event) =>
      site.manager.events.listenerCount(event),
    );

  beforeEach(async () => {
    const store = memoryStore();
    site = await startSite(start, { store });
    elsewhere = new SessionManager({ store, secrets: ["the secret of these tests"], clock: site.clock });
    browser = site.browser();
    id = (await browser.logIn()).data.session?.id ?? "";
  });
  afterEach(() => site.close());

  it("is one that no cache keeps and no proxy holds back", async () => {
    const { response, leave } = await browser.follow();
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "private, no-store, no-transform",
      "x-accel-buffering": "no",
    });
    leave();
  });

  it("is for those who have a session", async () => {
    expect((await site.browser().send("GET /session/events")).code).toBe("SESSION_REQUIRED");
    await site.manager.revoke({ session: id });
    expect((await browser.send("GET /session/events")).code).toBe("SESSION_REVOKED");
  });

  it("says at once what happens here: a change, and the end", async () => {
    const stream = await browser.follow();
    await site.manager.patch(id, { theme: "dark" });
    expect(await stream.next()).toBe(`changed ${id}`);
    await site.manager.revoke({ session: id });
    expect(await stream.next()).toBe(`revoked ${id}`);
    expect(await stream.next()).toBeNull();
    expect(listeners()).toEqual([0, 0, 0, 0, 0]);
    expect(site.timers.size).toBe(0);
  });

  it.each([
    ["the subject", { subject: "ada" }],
    ["everyone", { everyone: true }],
    ["the tenant", { tenant: "acme" }],
  ] as const)("says at once that the sessions of %s were ended", async (_whose, scope) => {
    await site.manager.authenticate(id, "ada", { tenant: "acme" }).then(({ token }) => {
      browser.cookies.set("__Host-sid", token);
    });
    const stream = await browser.follow();
    await site.manager.revoke({ subject: "ada", except: id });
    await site.manager.revoke({ subject: "eve" });
    await site.manager.revoke({ tenant: "other" });
    await site.manager.patch(id, { theme: "dark" });
    expect(await stream.next()).toBe(`changed ${id}`);
    await site.manager.revoke(scope);
    expect(await stream.next()).toBe(`revoked ${id}`);
    expect(await stream.next()).toBeNull();
  });

  it("hears nothing of other sessions", async () => {
    const stream = await browser.follow();
    const other = site.browser();
    const { data } = await other.logIn("eve");
    await site.manager.patch(data.session?.id ?? "", { theme: "dark" });
    await other.send("DELETE /session");
    await site.manager.patch(id, { theme: "dark" });
    expect(await stream.next()).toBe(`changed ${id}`);
    stream.leave();
  });

  it("tells of a burst of changes once, and of the rest when it looks again", async () => {
    const stream = await browser.follow();
    for (const views of [1, 2, 3]) await site.manager.patch(id, { views });
    expect(await stream.next()).toBe(`changed ${id}`);
    site.pass(1000);
    site.fire();
    expect(await stream.next()).toBe(`changed ${id}`);
    site.pass(1000);
    site.fire();
    await site.manager.revoke({ session: id });
    expect(await stream.next()).toBe(`revoked ${id}`);
  });

  it("finds what another node did: a change, and the end", async () => {
    const stream = await browser.follow();
    await elsewhere.patch(id, { theme: "dark" });
    site.fire();
    expect(await stream.next()).toBe(`changed ${id}`);
    await elsewhere.revoke({ subject: "ada" });
    site.fire();
    expect(await stream.next()).toBe(`revoked ${id}`);
    expect(await stream.next()).toBeNull();
  });

  it.each(["here", "elsewhere"])("lets the tab come back with the new token of a login %s", async (where) => {
    const stream = await browser.follow();
    const late = browser.copy();
    const manager = where === "here" ? site.manager : elsewhere;
    const { token } = await manager.authenticate(id, "ada");
    if (where === "elsewhere") site.fire();
    expect(await stream.next()).toBe(`changed ${id}`);
    expect(await stream.next()).toBeNull();
    // With the old token EventSource must neither be told anything nor give up, which it does at any error.
    const early = await late.follow();
    expect(early.response.status).toBe(200);
    expect(await early.next()).toBeNull();
    browser.cookies.set("__Host-sid", token);
    const again = await browser.follow();
    await site.manager.revoke({ session: id });
    expect(await again.next()).toBe(`revoked ${id}`);
  });

  it("warns before the end, once, and says when it has come; and keeps nobody alive", async () => {
    const stream = await browser.follow();
    const lookAfter = async (milliseconds: number) => {
      site.pass(milliseconds);
      site.fire();
      // By the time that another request has been answered, the look is over.
      return (await browser.send("GET /session")).data.session?.idleExpiresInMs;
    };
    expect(await lookAfter(24 * HOUR - MINUTE - 1)).toBe(MINUTE + 1);
    await elsewhere.patch(id, { theme: "dark" }); // keeps it alive by itself: 24 hours from here
    expect(await lookAfter(0)).toBe(24 * HOUR);
    expect(await stream.next()).toBe(`changed ${id}`);
    expect(await lookAfter(23 * HOUR)).toBe(HOUR);
    expect(await lookAfter(59 * MINUTE)).toBe(MINUTE);
    expect(await lookAfter(MINUTE - 1)).toBe(1);
    expect(await lookAfter(1)).toBeUndefined();
    expect(await stream.next()).toBe(`expiring ${id}`);
    expect(await stream.next()).toBe(`changed ${id}`);
    expect(await stream.next()).toBeNull();
    expect((await browser.send("GET /session")).data).toMatchObject({ status: "none", reason: "expired" });
  });

  it("says nothing while the store is away, and goes on afterwards", async () => {
    const stream = await browser.follow();
    site.store.isDown = true;
    const reads = site.store.reads;
    site.fire();
    expect(site.store.reads).toBeGreaterThan(reads);
    site.store.isDown = false;
    await elsewhere.revoke({ session: id });
    // The look of before is over when the store is asked again.
    await expect
      .poll(() => {
        site.fire();
        return site.timers.size;
      })
      .toBe(0);
    expect(await stream.next()).toBe(`revoked ${id}`);
  });

  it("beats while nothing happens", async () => {
    const stream = await browser.follow();
    site.pass(14_999);
    site.fire();
    site.pass(1);
    site.fire();
    site.pass(15_000);
    site.fire();
    await site.manager.revoke({ session: id });
    expect(await stream.next()).toBe(`revoked ${id}`);
    expect(stream.beats).toBe(2);
  });

  it("is forgotten when the tab goes away", async () => {
    const streams = await Promise.all([browser.follow(), browser.follow()]);
    expect(listeners()).toEqual([1, 1, 1, 1, 1]);
    for (const { leave } of streams) leave();
    await expect.poll(listeners).toEqual([0, 0, 0, 0, 0]);
    expect(site.timers.size).toBe(0);
  });

  it("is open ten times for one session, and no oftener", async () => {
    const streams = await Promise.all(Array.from({ length: 10 }, () => browser.follow()));
    const told = await browser.send("GET /session/events");
    expect([told.status, told.code, told.headers.get("retry-after")]).toEqual([429, "RATE_LIMITED", "30"]);
    const other = site.browser();
    await other.logIn();
    expect((await other.follow()).response.status).toBe(200);
    await site.manager.revoke({ subject: "ada" });
    for (const stream of streams) expect(await stream.next()).toBe(`revoked ${id}`);
  });

  it("lets the server stop", async () => {
    const stream = await browser.follow();
    await site.close();
    expect(await stream.next()).toBeNull();
    site = await startSite(start);
  });
});

it("a stream for a client that has gone before it began is given up", async () => {
  const gone = Promise.withResolvers<void>();
  const server = createServer((_request, response) => {
    response.destroy();
    send(new Response(new ReadableStream({ cancel: () => gone.resolve() })), response);
  }).listen(0, "127.0.0.1");
  try {
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow();
    await gone.promise;
  } finally {
    server.close();
  }
});

it("a stream that nobody reads is given up, so that it does not fill the memory", async () => {
  const manager = new SessionManager({ store: memoryStore(), secrets: ["the secret of these tests"] });
  const arrival = { method: "GET", url: "/", address: undefined, encrypted: false, header: () => undefined };
  const request = new HttpSessions(manager).open(arrival);
  let ends = 0;
  const stream = new EventStream(request, "an id", 1, () => ends++);
  for (let beats = 0; beats < 60; beats++) stream.beat();
  expect(ends).toBe(0);
  for (let beats = 0; beats < 60; beats++) stream.beat();
  expect(ends).toBe(1);
  await manager.close();
});

describe("two nodes with caches", () => {
  it("tell a tab of a revocation on the other within two seconds", async () => {
    const store = memoryStore();
    const cache = createCache({ store });
    const site = await startSite(startExpress, {
      manager: { cache, clock: { now: Date.now } },
      routes: {
        clock: { now: Date.now },
        events: {
          schedule: (delay, task) => {
            const timer = setTimeout(task, delay);
            return () => clearTimeout(timer);
          },
        },
      },
      store,
    });
    const elsewhere = new SessionManager({ store, secrets: ["the secret of these tests"] });
    try {
      const browser = site.browser();
      const id = (await browser.logIn()).data.session?.id;
      const stream = await browser.follow();
      const reads = site.store.reads;
      const began = performance.now();
      await elsewhere.revoke({ subject: "ada" });
      expect(await stream.next()).toBe(`revoked ${id}`);
      const took = performance.now() - began;
      console.log(`a revocation on another node was told after ${took.toFixed()} ms`);
      expect(took).toBeLessThan(2000);
      expect(site.store.reads - reads).toBeLessThanOrEqual(1);
    } finally {
      await site.close();
    }
  });
});
