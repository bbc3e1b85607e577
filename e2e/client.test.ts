import { describe, expect, it } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import {
  eventually,
  lastChangeAt,
  logIn,
  pageUrl,
  setUpFixture,
  TIMED_TEST,
  waitForBody,
  waitForStatus,
} from "./fixtures.ts";

describeWithProgram("the session client, in Chromium", "chromium", () => {
  const fixture = setUpFixture();

  /** Returns the session cookies that the browser stores, for all paths. */
  const sessionCookies = async () =>
    (await fixture.context.cookies()).filter(({ name }) => name === "sid").map(({ value }) => value);

  describe("two pages", () => {
    it(
      "both show a login or logout in one page within 100 ms and without a request, even with focus: false",
      TIMED_TEST,
      async () => {
        const quiet = pageUrl({ revalidate: { focus: false, reconnect: false } });
        const left = await fixture.open(quiet, "none");
        const right = await fixture.open(quiet, "none");
        await logIn(left);
        await waitForStatus(right, "authenticated");
        const requests = fixture.site.count("GET /session");
        const began = await left.evaluate(() => {
          const now = Date.now();
          window.client.logout();
          return now;
        });
        await waitForStatus(right, "none");
        await waitForStatus(left, "none");
        const took = (await lastChangeAt(right)) - began;
        console.log(`logout shown by the other page after ${took} ms`);
        expect(took).toBeLessThan(100);
        expect(fixture.site.count("GET /session")).toBe(requests);
      },
    );

    it("both stay logged in if another client extends the session, and later show that the session has expired", async () => {
      await fixture.rebuild({ policy: { idleTimeout: 2_000 } });
      const eager = pageUrl({ revalidate: { minGap: 0 } });
      const left = await fixture.open(eager, "none");
      await logIn(left);
      const right = await fixture.open(eager, "authenticated");
      const cookie = (await fixture.context.cookies(fixture.site.origin))
        .map(({ name, value }) => `${name}=${value}`)
        .join("; ");
      const id = await left.evaluate(() => window.client.$session.get().session?.id ?? "");
      const before = fixture.site.count("GET /session");
      // Another client extends the session. The pages are not notified.
      await left.waitForFunction(() => (window.client.expiresIn() ?? 0) < 700);
      await fetch(`${fixture.site.origin}/session?touch`, { headers: { cookie } });
      await right.waitForFunction(() => (window.client.expiresIn() ?? 0) > 1_000);
      await left.waitForFunction(() => (window.client.expiresIn() ?? 0) > 1_000);
      expect(fixture.site.count("GET /session") - before).toBe(2);
      // Without further activity, both pages show that the session has expired.
      await Promise.all([waitForStatus(left, "none"), waitForStatus(right, "none")]);
      expect((await fixture.site.manager.find(id))?.id ?? id).toBe(id);
    });

    it("two concurrent calls of getSession() in two pages send one request", async () => {
      const pages = await Promise.all([fixture.open("/?silent"), fixture.open("/?silent")]);
      const release = fixture.site.hold("GET /session");
      const results = pages.map((page) => page.evaluate(() => window.client.getSession()));
      await eventually(() => fixture.site.count("GET /session")).toBe(1);
      // The second page waits until the first page releases the lock.
      await eventually(() =>
        pages[0]?.evaluate(async () => (await navigator.locks.query()).pending?.length),
      ).toBe(1);
      release();
      expect(await Promise.all(results)).toEqual([null, null]);
      expect(fixture.site.count("GET /session")).toBe(1);
    });
  });

  it("the client repeats a refresh if another page logged in before the refresh reached the server", async () => {
    const unnotified = pageUrl({ revalidate: { crossTab: false } });
    const left = await fixture.open("/", "none");
    await left.evaluate(() => window.client.initSession());
    const right = await fixture.open(unnotified, "anonymous");
    const release = fixture.site.hold("GET /session");
    const before = fixture.site.count("GET /session");
    const session = right.evaluate(() => window.client.getSession({ fresh: true }));
    await eventually(() => fixture.site.count("GET /session")).toBe(before + 1);
    await logIn(left);
    release();
    expect((await session)?.type).toBe("authenticated");
    expect(await right.evaluate(() => window.client.$meta.get().error)).toBeUndefined();
    expect(fixture.site.count("GET /session")).toBe(before + 2);
    await left.reload();
    await waitForStatus(left, "authenticated");
  });

  it("the client stays logged out if a response to an earlier request arrives after the logout", async () => {
    const page = await fixture.open("/", "none");
    await logIn(page);
    const [sent, arrival] = [Promise.withResolvers<string>(), Promise.withResolvers<void>()];
    await page.route("**/session", async (route) => {
      if (route.request().method() !== "GET") return route.continue();
      const response = await route.fetch();
      sent.resolve((await response.json()).data.status);
      await arrival.promise;
      await route.fulfill({ response });
    });
    const shown = page.evaluate(async () => {
      const statuses: string[] = [];
      window.client.$session.listen(({ status }) => statuses.push(status));
      await window.client.getSession({ fresh: true });
      return statuses;
    });
    expect(await sent.promise).toBe("authenticated");
    await page.evaluate(() => window.client.logout());
    arrival.resolve();
    expect(await shown).toEqual(["none"]);
    await page.unrouteAll({ behavior: "wait" });
    await page.evaluate(() => window.client.getSession({ fresh: true }));
    expect(await page.evaluate(() => window.client.$session.get().status)).toBe("none");
    expect(await sessionCookies()).toEqual([]);
  });

  it("the client stays logged out if a handler that started before the logout responds afterwards", async () => {
    const page = await fixture.open("/", "none");
    await logIn(page);
    const release = fixture.site.hold("inside POST /orders");
    const order = page.evaluate(async () => {
      const response = await window.client.fetch("/orders", { method: "POST" });
      return (await response.json()).data.subject;
    });
    await eventually(() => fixture.site.count("POST /orders")).toBe(1);
    await page.evaluate(() => window.client.logout());
    release();
    expect(await order).toBe("ada");
    expect(await fixture.context.cookies()).toEqual([]);
    await page.reload();
    await waitForStatus(page, "none");
  });

  it("the client stays logged in if ten concurrent requests rotate the session's secret", async () => {
    await fixture.rebuild({ policy: { rotateEvery: 60_000 } });
    const page = await fixture.open("/", "none");
    await logIn(page);
    const before = await sessionCookies();
    fixture.site.advance(120_000);
    const release = fixture.site.hold("POST /orders");
    const subjects = page.evaluate(() => {
      const order = async () => (await window.client.fetch("/orders", { method: "POST" })).json();
      return Promise.all(Array.from({ length: 10 }, order));
    });
    // Over HTTP/1.1, a browser sends at most six of the ten requests at once. It sends the other four while the new
    // secret is being delivered.
    await eventually(() => fixture.site.count("POST /orders")).toBe(6);
    release();
    expect((await subjects).map(({ data }) => data.subject)).toEqual(Array(10).fill("ada"));
    const after = await sessionCookies();
    expect(after).toHaveLength(1);
    expect(after).not.toEqual(before);
    await page.reload();
    await waitForStatus(page, "authenticated");
    expect(await sessionCookies()).toEqual(after);
  });

  it("an attacker's cookies with the session cookie's name neither log the user out nor replace the session", async () => {
    const page = await fixture.open("/", "none");
    await logIn(page);
    const [own] = await sessionCookies();
    const paths = ["/session", "/session/devices"];
    await fixture.context.addCookies(
      paths.map((path) => ({ name: "sid", value: "planted", domain: "localhost", path })),
    );
    await page.reload();
    await waitForStatus(page, "authenticated");
    await page.evaluate(() => window.client.devices.list());
    expect(await sessionCookies()).toContainEqual(own);
    const requests = fixture.site.count("GET /session");
    await page.reload();
    await waitForStatus(page, "authenticated");
    expect(fixture.site.count("GET /session")).toBe(requests + 1);
  });

  it("the client reloads the page if the server reports another subject", async () => {
    const unnotified = pageUrl({ revalidate: { crossTab: false } });
    const left = await fixture.open("/", "none");
    await logIn(left, "ada");
    const right = await fixture.open(unnotified, "authenticated");
    await logIn(left, "eve");
    const loaded = right.waitForEvent("load");
    await right.evaluate(() => void window.client.getSession({ fresh: true }));
    await loaded;
    await waitForBody(right, '[data-user="eve"]');
  });

  it("getMetrics() counts hits, misses and the responses from each cache tier", async () => {
    await fixture.rebuild({ http: { serverTiming: true } });
    const page = await fixture.open("/", "none");
    await logIn(page);
    const metrics = await page.evaluate(async () => {
      for (let times = 0; times < 8; times++) await window.client.getSession();
      await window.client.getSession({ fresh: true });
      return window.client.getMetrics();
    });
    expect(metrics).toMatchObject({ hits: 8, misses: 2, cacheHitRate: 80, fetches: 2, errors: 0 });
    expect(metrics.byTier).toEqual({ store: 1 });
    expect(metrics.p95).toBeGreaterThanOrEqual(metrics.p50);
  });
});
