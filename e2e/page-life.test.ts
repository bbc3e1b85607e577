import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { address, body, eventually, logIn, setStage, show, status } from "./stage.ts";

/** A page that was never taken down: what it shows is what it showed when it was left. */
const wasKept = (page: Page) => body(page, '[data-persisted="true"]');
const fetches = (page: Page) => page.evaluate(() => window.client.getMetrics().fetches);

describeWithProgram("chromium", "a page that comes and goes, in Chromium", () => {
  const stage = setStage();

  /** Ends the session behind the browser's back, as an answer that it never saw. */
  async function logOutElsewhere(): Promise<void> {
    const cookies = await stage.context.cookies(stage.site.origin);
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
    const token = cookies.find(({ name }) => name === "csrf_token")?.value ?? "";
    await fetch(`${stage.site.origin}/session`, {
      method: "DELETE",
      headers: { cookie, "x-csrf-token": token },
    });
  }

  describe("back from the back/forward cache", () => {
    it("shows nobody until the server has answered, after a log-out elsewhere", async () => {
      const page = await stage.open("/?silent");
      await logIn(page);
      await status(page, "authenticated");
      await page.goto(`${stage.site.origin}/bare`);
      await logOutElsewhere();
      const release = stage.site.hold("GET /session");
      await page.goBack({ waitUntil: "commit" });
      await wasKept(page);
      await status(page, "pending");
      release();
      await status(page, "none");
    });

    it("shows whoever is logged in by then, of whom it heard nothing", async () => {
      // A message would reach a page that listens, and the browser takes a page that is reached out of the cache.
      const deaf = address({ revalidate: { crossTab: false } });
      const page = await stage.open(deaf, "none");
      const other = await stage.open(deaf, "none");
      await page.goto(`${stage.site.origin}/bare`);
      await logIn(other, "eve");
      await page.goBack({ waitUntil: "commit" });
      await wasKept(page);
      await body(page, '[data-user="eve"]');
    });

    it("follows the events again, which kept it from no cache", async () => {
      const follows = () => page.waitForResponse(`${stage.site.origin}/session/events`);
      const page = await stage.open("/?events", "none");
      let followed = follows();
      await logIn(page);
      await followed;
      await page.goto(`${stage.site.origin}/bare`);
      followed = follows();
      await page.goBack({ waitUntil: "commit" });
      await wasKept(page);
      await followed;
      await stage.site.manager.revoke({ subject: "ada" });
      await status(page, "none");
      expect(await page.evaluate(() => window.client.$session.get())).toMatchObject({ reason: "revoked" });
    });

    it("does not come after a log-out in another tab, of which it would have heard", async () => {
      const page = await stage.open("/", "none");
      await logIn(page);
      const other = await stage.open("/", "authenticated");
      await page.goto(`${stage.site.origin}/bare`);
      await other.evaluate(() => window.client.logout());
      await page.goBack({ waitUntil: "commit" });
      await body(page, '[data-persisted="false"][data-status="none"]');
    });

    it("does not come after a log-out whose answer clears the cache", async () => {
      await stage.rebuild({ http: { clearSiteData: ["cache", "storage"] } });
      const page = await stage.open(address({ revalidate: { crossTab: false } }, "silent"));
      await logIn(page);
      const other = await stage.open("/", "authenticated");
      await page.goto(`${stage.site.origin}/bare`);
      await other.evaluate(() => window.client.logout());
      await page.goBack();
      await body(page, '[data-persisted="false"][data-status="pending"]');
      expect(await page.evaluate(() => window.client.getSession())).toBe(null);
    });
  });

  it("asks once in five seconds however often it is shown, and disturbs nobody with the same answer", async () => {
    const page = await stage.open("/?silent");
    await page.clock.install();
    await page.goto(stage.site.origin + address({ revalidate: { staleTime: 0 } }));
    await status(page, "none");
    await logIn(page);
    const renderings = page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          let rendered = -1;
          const stop = window.client.$session.subscribe(() => void rendered++);
          document.addEventListener("enough", () => {
            stop();
            resolve(rendered);
          });
        }),
    );
    const before = await fetches(page);
    for (let shown = 0; shown < 5; shown++) await show(page);
    await page.clock.runFor(20_000);
    await eventually(() => fetches(page)).toBe(before + 1);
    await page.evaluate(() => document.dispatchEvent(new Event("enough")));
    expect(await renderings).toBe(0);
  });

  it("asks of its own accord for nothing that its one setting forbids", async () => {
    const off = { staleTime: 0, minGap: 0, focus: false, reconnect: false, crossTab: false };
    const page = await stage.open(address({ revalidate: off }), "none");
    const other = await stage.open("/", "none");
    const asked = await fetches(page);
    await show(page);
    await stage.context.setOffline(true);
    await body(page, '[data-offline="true"]');
    await stage.context.setOffline(false);
    await body(page, '[data-offline="false"]');
    await logIn(other);
    await status(other, "authenticated");
    expect(await fetches(page)).toBe(asked);
    await status(page, "none");
  });

  it("serves the last known session offline, and tells the server of a log-out once it can", async () => {
    const page = await stage.open("/", "none");
    await logIn(page);
    await stage.context.setOffline(true);
    await body(page, '[data-offline="true"][data-stale="true"][data-status="authenticated"]');
    const asked = stage.site.seen.length;
    await show(page);
    expect(await page.evaluate(() => window.client.logout().catch(({ code }) => code))).toBe("NETWORK");
    await body(page, '[data-sign-out="failed"][data-status="none"]');
    expect(stage.site.seen.length).toBe(asked);
    await stage.context.setOffline(false);
    await body(page, '[data-sign-out=""][data-status="none"]');
    expect(stage.site.count("DELETE /session")).toBe(1);
    await page.reload();
    await status(page, "none");
  });

  it("sends nothing for whoever has signed out, in any tab, until the server has heard of it", async () => {
    const page = await stage.open("/", "none");
    await logIn(page);
    const other = await stage.open("/", "authenticated");
    const order = (page: Page) =>
      page.evaluate(() =>
        window.client.fetch("/orders", { method: "POST" }).then(
          async (response) => (await response.json()).data,
          ({ name, code }) => ({ name, code }),
        ),
      );
    expect(await order(other)).toEqual({ subject: "ada" });
    stage.site.breakDown("nothing");
    expect(await page.evaluate(() => window.client.logout().catch(({ code }) => code))).toBe("NETWORK");
    await status(other, "none");
    for (const tab of [page, other])
      expect(await order(tab)).toEqual({ name: "SessionError", code: "NETWORK" });
    expect(stage.site.count("POST /orders")).toBe(1);
    stage.site.breakDown(null);
    expect(await order(other)).toEqual({ subject: null });
    expect(await order(page)).toEqual({ subject: null });
  });

  it("is online again as whom the server knows by then", async () => {
    const page = await stage.open(address({ revalidate: { minGap: 0 } }), "none");
    await logIn(page);
    await stage.context.setOffline(true);
    await body(page, '[data-offline="true"][data-stale="true"][data-status="authenticated"]');
    await stage.site.manager.revoke({ subject: "ada" });
    await stage.context.setOffline(false);
    await body(page, '[data-offline="false"][data-stale="false"][data-status="none"]');
  });
});
