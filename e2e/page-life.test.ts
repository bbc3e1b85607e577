import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import {
  eventually,
  logIn,
  pageUrl,
  setUpFixture,
  showPage,
  waitForBody,
  waitForStatus,
} from "./fixtures.ts";

/** Waits until the browser has restored the page from the back/forward cache, with its old content. */
const waitForRestore = (page: Page) => waitForBody(page, '[data-persisted="true"]');
const countFetches = (page: Page) => page.evaluate(() => window.client.getMetrics().fetches);

describeWithProgram("pages over time, in Chromium", "chromium", () => {
  const fixture = setUpFixture({}, { program: "chromium" });

  /** Logs out at the server, as if the browser had not received the response. */
  async function logOutUnnoticed(): Promise<void> {
    const cookies = await fixture.context.cookies(fixture.site.origin);
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
    const token = cookies.find(({ name }) => name === "csrf_token")?.value ?? "";
    await fetch(`${fixture.site.origin}/session`, {
      method: "DELETE",
      headers: { cookie, "x-csrf-token": token },
    });
  }

  describe("a page to which the back button returns", () => {
    it("is restored with the status `pending` until the server responds, if the page missed a logout in another tab", async () => {
      const page = await fixture.open("/?silent");
      await logIn(page);
      await waitForStatus(page, "authenticated");
      await page.goto(`${fixture.site.origin}/bare`);
      await logOutUnnoticed();
      const release = fixture.site.hold("GET /session");
      await page.goBack({ waitUntil: "commit" });
      await waitForRestore(page);
      await waitForStatus(page, "pending");
      release();
      await waitForStatus(page, "none");
    });

    it("is restored and then shows the new user, if the page missed a login in another tab", async () => {
      // The page does not listen to other tabs. A browser removes a page from the back/forward cache when the page
      // receives a message.
      const withoutCrossTab = pageUrl({ revalidate: { crossTab: false } });
      const page = await fixture.open(withoutCrossTab, "none");
      const other = await fixture.open(withoutCrossTab, "none");
      await page.goto(`${fixture.site.origin}/bare`);
      await logIn(other, "eve");
      await page.goBack({ waitUntil: "commit" });
      await waitForRestore(page);
      await waitForBody(page, '[data-user="eve"]');
    });

    it("is restored from the back/forward cache despite its event stream, and opens the stream again", async () => {
      const streamResponse = () => page.waitForResponse(`${fixture.site.origin}/session/events`);
      const page = await fixture.open("/?events", "none");
      let followed = streamResponse();
      await logIn(page);
      await followed;
      await page.goto(`${fixture.site.origin}/bare`);
      followed = streamResponse();
      await page.goBack({ waitUntil: "commit" });
      await waitForRestore(page);
      await followed;
      await fixture.site.manager.revoke({ subject: "ada" });
      await waitForStatus(page, "none");
      expect(await page.evaluate(() => window.client.$session.get())).toMatchObject({ reason: "revoked" });
    });

    it("is reloaded, not restored from the cache, if another tab has notified it of a logout", async () => {
      const page = await fixture.open("/", "none");
      await logIn(page);
      const other = await fixture.open("/", "authenticated");
      await page.goto(`${fixture.site.origin}/bare`);
      await other.evaluate(() => window.client.logout());
      await page.goBack({ waitUntil: "commit" });
      await waitForBody(page, '[data-persisted="false"][data-status="none"]');
    });

    it("is reloaded, not restored from the cache, if the response to a logout has cleared the cache", async () => {
      await fixture.rebuild({ http: { clearSiteData: ["cache", "storage"] } });
      const page = await fixture.open(pageUrl({ revalidate: { crossTab: false } }, "silent"));
      await logIn(page);
      const other = await fixture.open("/", "authenticated");
      await page.goto(`${fixture.site.origin}/bare`);
      await other.evaluate(() => window.client.logout());
      await page.goBack();
      await waitForBody(page, '[data-persisted="false"][data-status="pending"]');
      expect(await page.evaluate(() => window.client.getSession())).toBe(null);
    });
  });

  it("a page that often becomes visible refreshes at most once in five seconds, and renders again only after a change", async () => {
    const page = await fixture.open("/?silent");
    await page.clock.install();
    await page.goto(fixture.site.origin + pageUrl({ revalidate: { staleTime: 0 } }));
    await waitForStatus(page, "none");
    await logIn(page);
    const renderCount = page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          let rendered = -1;
          const stop = window.client.$session.subscribe(() => void rendered++);
          document.addEventListener("stop-counting", () => {
            stop();
            resolve(rendered);
          });
        }),
    );
    const before = await countFetches(page);
    for (let shown = 0; shown < 5; shown++) await showPage(page);
    await page.clock.runFor(20_000);
    await eventually(() => countFetches(page)).toBe(before + 1);
    await page.evaluate(() => document.dispatchEvent(new Event("stop-counting")));
    expect(await renderCount).toBe(0);
  });

  it("a page sends no automatic request if the option `revalidate` disables every trigger", async () => {
    const off = { staleTime: 0, minGap: 0, focus: false, reconnect: false, crossTab: false };
    const page = await fixture.open(pageUrl({ revalidate: off }), "none");
    const other = await fixture.open("/", "none");
    const requests = await countFetches(page);
    await showPage(page);
    await fixture.context.setOffline(true);
    await waitForBody(page, '[data-offline="true"]');
    await fixture.context.setOffline(false);
    await waitForBody(page, '[data-offline="false"]');
    await logIn(other);
    await waitForStatus(other, "authenticated");
    expect(await countFetches(page)).toBe(requests);
    await waitForStatus(page, "none");
  });

  it("a page shows the last known session while offline, and sends a pending logout when online", async () => {
    const page = await fixture.open("/", "none");
    await logIn(page);
    await fixture.context.setOffline(true);
    await waitForBody(page, '[data-offline="true"][data-stale="true"][data-status="authenticated"]');
    const requests = fixture.site.received.length;
    await showPage(page);
    expect(await page.evaluate(() => window.client.logout().catch(({ code }) => code))).toBe("NETWORK");
    await waitForBody(page, '[data-sign-out="failed"][data-status="none"]');
    expect(fixture.site.received.length).toBe(requests);
    await fixture.context.setOffline(false);
    await waitForBody(page, '[data-sign-out=""][data-status="none"]');
    expect(fixture.site.count("DELETE /session")).toBe(1);
    await page.reload();
    await waitForStatus(page, "none");
  });

  it("after a logout that does not reach the server, every tab repeats the logout before it sends another request", async () => {
    const page = await fixture.open("/", "none");
    await logIn(page);
    const other = await fixture.open("/", "authenticated");
    const order = (page: Page) =>
      page.evaluate(() =>
        window.client.fetch("/orders", { method: "POST" }).then(
          async (response) => (await response.json()).data,
          ({ name, code }) => ({ name, code }),
        ),
      );
    expect(await order(other)).toEqual({ subject: "ada" });
    fixture.site.failWith("no response");
    expect(await page.evaluate(() => window.client.logout().catch(({ code }) => code))).toBe("NETWORK");
    await waitForStatus(other, "none");
    for (const tab of [page, other])
      expect(await order(tab)).toEqual({ name: "SessionError", code: "NETWORK" });
    expect(fixture.site.count("POST /orders")).toBe(1);
    fixture.site.failWith(null);
    expect(await order(other)).toEqual({ subject: null });
    expect(await order(page)).toEqual({ subject: null });
  });

  it("a page that was offline during a revocation shows the revocation when online", async () => {
    const page = await fixture.open(pageUrl({ revalidate: { minGap: 0 } }), "none");
    await logIn(page);
    await fixture.context.setOffline(true);
    await waitForBody(page, '[data-offline="true"][data-stale="true"][data-status="authenticated"]');
    await fixture.site.manager.revoke({ subject: "ada" });
    await fixture.context.setOffline(false);
    await waitForBody(page, '[data-offline="false"][data-stale="false"][data-status="none"]');
  });
});
