import { describe, expect, it } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { address, body, eventually, logIn, setStage, shownAt, status } from "./stage.ts";

describeWithProgram("chromium", "the browser's session, in Chromium", () => {
  const stage = setStage();

  /** The session cookies that the browser has, wherever they lie. */
  const sids = async () =>
    (await stage.context.cookies()).filter(({ name }) => name === "sid").map(({ value }) => value);

  describe("two pages", () => {
    it("show a log-in, and a log-out within 100 ms with focus switched off, and ask nobody", async () => {
      const quiet = address({ revalidate: { focus: false, reconnect: false } });
      const left = await stage.open(quiet, "none");
      const right = await stage.open(quiet, "none");
      await logIn(left);
      await status(right, "authenticated");
      const asked = stage.site.count("GET /session");
      const began = await left.evaluate(() => {
        const now = Date.now();
        window.client.logout();
        return now;
      });
      await status(right, "none");
      await status(left, "none");
      const took = (await shownAt(right)) - began;
      console.log(`log-out shown by the other page after ${took} ms`);
      expect(took).toBeLessThan(100);
      expect(stage.site.count("GET /session")).toBe(asked);
    });

    it("expire together: one question, and nobody is logged out whom the server still knows", async () => {
      await stage.rebuild({ policy: { idleTimeout: 2_000 } });
      const eager = address({ revalidate: { minGap: 0 } });
      const left = await stage.open(eager, "none");
      await logIn(left);
      const right = await stage.open(eager, "authenticated");
      const cookie = (await stage.context.cookies(stage.site.origin))
        .map(({ name, value }) => `${name}=${value}`)
        .join("; ");
      const id = await left.evaluate(() => window.client.$session.get().session?.id ?? "");
      const before = stage.site.count("GET /session");
      // Something else keeps the session alive, of which neither page hears.
      await left.waitForFunction(() => (window.client.expiresIn() ?? 0) < 700);
      await fetch(`${stage.site.origin}/session?touch`, { headers: { cookie } });
      await right.waitForFunction(() => (window.client.expiresIn() ?? 0) > 1_000);
      await left.waitForFunction(() => (window.client.expiresIn() ?? 0) > 1_000);
      expect(stage.site.count("GET /session") - before).toBe(2);
      // And in the end, with nobody there, both say so.
      await Promise.all([status(left, "none"), status(right, "none")]);
      expect((await stage.site.manager.find(id))?.id ?? id).toBe(id);
    });

    it("that want to know at the same time ask once", async () => {
      const pages = await Promise.all([stage.open("/?silent"), stage.open("/?silent")]);
      const release = stage.site.hold("GET /session");
      const asked = pages.map((page) => page.evaluate(() => window.client.getSession()));
      await eventually(() => stage.site.count("GET /session")).toBe(1);
      // The second waits for the lock by now, or will adopt what the first is told.
      await eventually(() =>
        pages[0]?.evaluate(async () => (await navigator.locks.query()).pending?.length),
      ).toBe(1);
      release();
      expect(await Promise.all(asked)).toEqual([null, null]);
      expect(stage.site.count("GET /session")).toBe(1);
    });
  });

  it("is not logged out by a question that an older secret asked while another page logged in", async () => {
    const alone = address({ revalidate: { crossTab: false } });
    const left = await stage.open("/", "none");
    await left.evaluate(() => window.client.initSession());
    const right = await stage.open(alone, "anonymous");
    const release = stage.site.hold("GET /session");
    const before = stage.site.count("GET /session");
    const asked = right.evaluate(() => window.client.getSession({ fresh: true }));
    await eventually(() => stage.site.count("GET /session")).toBe(before + 1);
    await logIn(left);
    release();
    expect((await asked)?.type).toBe("anonymous");
    expect(await right.evaluate(() => window.client.$meta.get().error?.code)).toBe("CONFLICT");
    expect((await right.evaluate(() => window.client.getSession()))?.type).toBe("authenticated");
    await left.reload();
    await status(left, "authenticated");
  });

  it("is not revived by an answer that the server gave before the log-out", async () => {
    const page = await stage.open("/", "none");
    await logIn(page);
    const [given, late] = [Promise.withResolvers<string>(), Promise.withResolvers<void>()];
    await page.route("**/session", async (route) => {
      if (route.request().method() !== "GET") return route.continue();
      const response = await route.fetch();
      given.resolve((await response.json()).data.status);
      await late.promise;
      await route.fulfill({ response });
    });
    const shown = page.evaluate(async () => {
      const statuses: string[] = [];
      window.client.$session.listen(({ status }) => statuses.push(status));
      await window.client.getSession({ fresh: true });
      return statuses;
    });
    expect(await given.promise).toBe("authenticated");
    await page.evaluate(() => window.client.logout());
    late.resolve();
    expect(await shown).toEqual(["none"]);
    await page.unrouteAll({ behavior: "wait" });
    await page.evaluate(() => window.client.getSession({ fresh: true }));
    expect(await page.evaluate(() => window.client.$session.get().status)).toBe("none");
    expect(await sids()).toEqual([]);
  });

  it("is not revived by a slow handler that had the session before the log-out", async () => {
    const page = await stage.open("/", "none");
    await logIn(page);
    const release = stage.site.hold("inside POST /orders");
    const order = page.evaluate(async () => {
      const response = await window.client.fetch("/orders", { method: "POST" });
      return (await response.json()).data.subject;
    });
    await eventually(() => stage.site.count("POST /orders")).toBe(1);
    await page.evaluate(() => window.client.logout());
    release();
    expect(await order).toBe("ada");
    expect(await stage.context.cookies()).toEqual([]);
    await page.reload();
    await status(page, "none");
  });

  it("survives a new secret that ten requests with the old one ask for", async () => {
    await stage.rebuild({ policy: { rotateEvery: 60_000 } });
    const page = await stage.open("/", "none");
    await logIn(page);
    const before = await sids();
    stage.site.pass(120_000);
    const release = stage.site.hold("POST /orders");
    const subjects = page.evaluate(() => {
      const order = async () => (await window.client.fetch("/orders", { method: "POST" })).json();
      return Promise.all(Array.from({ length: 10 }, order));
    });
    // As many as HTTP/1.1 has under way at once; the others come while their new secret is being handed out.
    await eventually(() => stage.site.count("POST /orders")).toBe(6);
    release();
    expect((await subjects).map(({ data }) => data.subject)).toEqual(Array(10).fill("ada"));
    const after = await sids();
    expect(after).toHaveLength(1);
    expect(after).not.toEqual(before);
    await page.reload();
    await status(page, "authenticated");
    expect(await sids()).toEqual(after);
  });

  it("stays who it is beside planted cookies of its name, of which one answer rids it", async () => {
    const page = await stage.open("/", "none");
    await logIn(page);
    const [own] = await sids();
    const paths = ["/session", "/session/devices"];
    await stage.context.addCookies(
      paths.map((path) => ({ name: "sid", value: "planted", domain: "localhost", path })),
    );
    await page.reload();
    await status(page, "authenticated");
    await page.evaluate(() => window.client.devices.list());
    expect(await sids()).toEqual([own]);
    const asked = stage.site.count("GET /session");
    await page.reload();
    await status(page, "authenticated");
    expect(stage.site.count("GET /session")).toBe(asked + 1);
  });

  it("loads the page anew for another subject, of whose log-in it heard nothing", async () => {
    const deaf = address({ revalidate: { crossTab: false } });
    const left = await stage.open("/", "none");
    await logIn(left, "ada");
    const right = await stage.open(deaf, "authenticated");
    await logIn(left, "eve");
    const loaded = right.waitForEvent("load");
    await right.evaluate(() => void window.client.getSession({ fresh: true }));
    await loaded;
    await body(right, '[data-user="eve"]');
  });

  it("counts what it answered itself, and where the server found the session", async () => {
    await stage.rebuild({ http: { serverTiming: true } });
    const page = await stage.open("/", "none");
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
