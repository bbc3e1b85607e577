import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SessionManager } from "../../src/session/manager.ts";
import { Session } from "../../src/session/session.ts";
import { memoryStore } from "../../src/store/memory.ts";
import type { Browser } from "./routes-browser.ts";
import { type Site, startExpress, startFastify, startHono, startSite } from "./routes-fixtures.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const FRAMEWORKS = Object.entries({ Express: startExpress, Fastify: startFastify, Hono: startHono });

describe.each(FRAMEWORKS)("the event stream on %s", (_name, start) => {
  let site: Site;
  let browser: Browser;
  let id: string;
  /** The manager of another node with the same store. The events of that manager do not reach the tested node. */
  let otherNode: SessionManager;
  const listeners = () =>
    (["changed", "authenticated", "elevated", "rotated", "revoked"] as const).map((event) =>
      site.manager.events.listenerCount(event),
    );

  beforeEach(async () => {
    const store = memoryStore();
    site = await startSite(start, { store });
    otherNode = new SessionManager({ store, secrets: ["the secret of these tests"], clock: site.clock });
    browser = site.browser();
    id = (await browser.logIn()).data.session?.id ?? "";
  });
  afterEach(() => site.close());

  it("has headers that prevent caching, buffering and compression", async () => {
    const { response, disconnect } = await browser.openEventStream();
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "private, no-store, no-transform",
      "x-accel-buffering": "no",
    });
    disconnect();
  });

  it("is refused without an active session", async () => {
    expect((await site.browser().send("GET /session/events")).code).toBe("SESSION_REQUIRED");
    await site.manager.revoke({ session: id });
    expect((await browser.send("GET /session/events")).code).toBe("SESSION_REVOKED");
  });

  it("sends changes and a revocation by this node immediately", async () => {
    const stream = await browser.openEventStream();
    await site.manager.patch(id, { theme: "dark" });
    expect(await stream.nextEvent()).toBe(`changed ${id}`);
    await site.manager.revoke({ session: id });
    expect(await stream.nextEvent()).toBe(`revoked ${id}`);
    expect(await stream.nextEvent()).toBeNull();
    expect(listeners()).toEqual([0, 0, 0, 0, 0]);
    expect(site.timers.size).toBe(0);
  });

  it.each([
    ["the subject's sessions", { subject: "ada" }],
    ["all sessions", { everyone: true }],
    ["the tenant's sessions", { tenant: "acme" }],
  ] as const)("sends a revocation of %s immediately", async (_name, scope) => {
    await site.manager.authenticate(id, "ada", { tenant: "acme" }).then(({ token }) => {
      browser.cookies.set("__Host-sid", token);
    });
    const stream = await browser.openEventStream();
    await site.manager.revoke({ subject: "ada", except: id });
    await site.manager.revoke({ subject: "eve" });
    await site.manager.revoke({ tenant: "other" });
    await site.manager.patch(id, { theme: "dark" });
    expect(await stream.nextEvent()).toBe(`changed ${id}`);
    await site.manager.revoke(scope);
    expect(await stream.nextEvent()).toBe(`revoked ${id}`);
    expect(await stream.nextEvent()).toBeNull();
  });

  it("sends no events of other sessions", async () => {
    const stream = await browser.openEventStream();
    const other = site.browser();
    const { data } = await other.logIn("eve");
    await site.manager.patch(data.session?.id ?? "", { theme: "dark" });
    await other.send("DELETE /session");
    await site.manager.patch(id, { theme: "dark" });
    expect(await stream.nextEvent()).toBe(`changed ${id}`);
    stream.disconnect();
  });

  it("sends one event for several changes in quick succession, and a second event at the next check", async () => {
    const stream = await browser.openEventStream();
    for (const views of [1, 2, 3]) await site.manager.patch(id, { views });
    expect(await stream.nextEvent()).toBe(`changed ${id}`);
    site.pass(1000);
    site.runTimers();
    expect(await stream.nextEvent()).toBe(`changed ${id}`);
    site.pass(1000);
    site.runTimers();
    await site.manager.revoke({ session: id });
    expect(await stream.nextEvent()).toBe(`revoked ${id}`);
  });

  it("sends changes and a revocation by another node at the next check", async () => {
    const stream = await browser.openEventStream();
    await otherNode.patch(id, { theme: "dark" });
    site.runTimers();
    expect(await stream.nextEvent()).toBe(`changed ${id}`);
    await otherNode.revoke({ subject: "ada" });
    site.runTimers();
    expect(await stream.nextEvent()).toBe(`revoked ${id}`);
    expect(await stream.nextEvent()).toBeNull();
  });

  it.each(["this node", "another node"])("lets the tab reconnect after a rotation on %s", async (node) => {
    const stream = await browser.openEventStream();
    const older = browser.copy();
    const manager = node === "this node" ? site.manager : otherNode;
    const { token } = await manager.rotate(id);
    if (node === "another node") site.runTimers();
    expect(await stream.nextEvent()).toBe(`changed ${id}`);
    expect(await stream.nextEvent()).toBeNull();
    // An EventSource with the older token must receive no event. It must not receive an error status either, because it
    // would then not reconnect.
    const tooEarly = await older.openEventStream();
    expect(tooEarly.response.status).toBe(200);
    expect(await tooEarly.nextEvent()).toBeNull();
    browser.cookies.set("__Host-sid", token);
    const again = await browser.openEventStream();
    await site.manager.revoke({ session: id });
    expect(await again.nextEvent()).toBe(`revoked ${id}`);
  });

  it("continues after periodic rotations by another node, without treating its older token as stolen", async () => {
    const stream = await browser.openEventStream();
    const policy = { rotateEvery: HOUR };
    const secrets = ["the secret of these tests"];
    const rotatingNode = new SessionManager({ store: site.store, secrets, clock: site.clock, policy });
    const check = async () => {
      site.runTimers();
      // When the server responds to this request, the stream's check has finished.
      await browser.send("GET /session");
    };
    for (let round = 0; round < 2; round++) {
      site.pass(HOUR);
      const session = await rotatingNode.resume(browser.cookies.get("__Host-sid") ?? "");
      if (!(session instanceof Session)) throw new Error(`The token was refused: ${session.refusal}`);
      const { token } = await session.commit();
      browser.cookies.set("__Host-sid", token ?? "");
      await rotatingNode.resume(token ?? "");
      await check();
      site.pass(MINUTE); // Past the grace of the older token.
      await check();
    }
    expect((await browser.send("GET /session")).data.session?.id).toBe(id);
    await otherNode.revoke({ session: id });
    await check();
    expect([await stream.nextEvent(), await stream.nextEvent(), await stream.nextEvent()]).toEqual([
      `changed ${id}`,
      `changed ${id}`,
      `revoked ${id}`,
    ]);
  });

  it("sends `expiring` once before the expiry and `changed` at the expiry, without extending the session", async () => {
    const stream = await browser.openEventStream();
    const checkAfter = async (milliseconds: number) => {
      site.pass(milliseconds);
      site.runTimers();
      // When the server responds to this request, the stream's check has finished.
      return (await browser.send("GET /session")).data.session?.idleExpiresInMs;
    };
    expect(await checkAfter(24 * HOUR - MINUTE - 1)).toBe(MINUTE + 1);
    await otherNode.patch(id, { theme: "dark" }); // A write counts as activity: 24 hours from now.
    expect(await checkAfter(0)).toBe(24 * HOUR);
    expect(await stream.nextEvent()).toBe(`changed ${id}`);
    expect(await checkAfter(23 * HOUR)).toBe(HOUR);
    expect(await checkAfter(59 * MINUTE)).toBe(MINUTE);
    expect(await checkAfter(MINUTE - 1)).toBe(1);
    expect(await checkAfter(1)).toBeUndefined();
    expect(await stream.nextEvent()).toBe(`expiring ${id}`);
    expect(await stream.nextEvent()).toBe(`changed ${id}`);
    expect(await stream.nextEvent()).toBeNull();
    expect((await browser.send("GET /session")).data).toMatchObject({ status: "none", reason: "expired" });
  });

  it("sends nothing during an outage of the store, and continues afterwards", async () => {
    const stream = await browser.openEventStream();
    site.store.isDown = true;
    const reads = site.store.reads;
    site.runTimers();
    expect(site.store.reads).toBeGreaterThan(reads);
    site.store.isDown = false;
    await otherNode.revoke({ session: id });
    // When the store is read again, the previous check has finished.
    await expect
      .poll(() => {
        site.runTimers();
        return site.timers.size;
      })
      .toBe(0);
    expect(await stream.nextEvent()).toBe(`revoked ${id}`);
  });

  it("sends a heartbeat every 15 seconds", async () => {
    const stream = await browser.openEventStream();
    site.pass(14_999);
    site.runTimers();
    site.pass(1);
    site.runTimers();
    site.pass(15_000);
    site.runTimers();
    await site.manager.revoke({ session: id });
    expect(await stream.nextEvent()).toBe(`revoked ${id}`);
    expect(stream.heartbeats).toBe(2);
  });

  it("removes its listeners and its timer when the last tab has disconnected", async () => {
    const streams = await Promise.all([browser.openEventStream(), browser.openEventStream()]);
    expect(listeners()).toEqual([1, 1, 1, 1, 1]);
    for (const { disconnect } of streams) disconnect();
    await expect.poll(listeners).toEqual([0, 0, 0, 0, 0]);
    expect(site.timers.size).toBe(0);
  });

  it("is refused with RATE_LIMITED if the session has ten streams already", async () => {
    const streams = await Promise.all(Array.from({ length: 10 }, () => browser.openEventStream()));
    const response = await browser.send("GET /session/events");
    expect([response.status, response.code, response.headers.get("retry-after")]).toEqual([
      429,
      "RATE_LIMITED",
      "30",
    ]);
    const other = site.browser();
    await other.logIn();
    expect((await other.openEventStream()).response.status).toBe(200);
    await site.manager.revoke({ subject: "ada" });
    for (const stream of streams) expect(await stream.nextEvent()).toBe(`revoked ${id}`);
  });

  it("ends when the server closes", async () => {
    const stream = await browser.openEventStream();
    await site.close();
    expect(await stream.nextEvent()).toBeNull();
    site = await startSite(start);
  });
});
