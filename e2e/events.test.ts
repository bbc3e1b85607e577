import type { Page } from "playwright-core";
import { afterEach, describe, expect, it } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { openBrowser } from "./chromium.ts";
import { eventually, lastChangeAt, logIn, pageUrl, setUpFixture, waitForStatus } from "./fixtures.ts";

const MINUTE = 60_000;
/** Milliseconds within which a page must show that another browser or node has revoked its session. */
const STALENESS_BOUND = 2_000;
const CREDENTIALS = { credentials: { email: "ada", password: "secret" } };

const readSession = (page: Page) => page.evaluate(() => window.client.$session.get());
const readVersion = async (page: Page) => (await readSession(page)).session?.version;
/** Revokes a device. Returns null, or the code of the error. */
const revokeDevice = (page: Page, id: string) =>
  page.evaluate(
    (device) =>
      window.client.devices.revoke(device).then(
        () => null,
        ({ code }) => code,
      ),
    id,
  );

/** Makes the page hidden, as if the user had switched tabs. In a headless browser, all tabs are visible. */
const hidePage = (page: Page) =>
  page.evaluate(() => {
    Object.defineProperty(document, "visibilityState", { value: "hidden" });
    document.dispatchEvent(new Event("visibilitychange"));
  });

describeWithProgram("the event stream, in Chromium", "chromium", () => {
  const fixture = setUpFixture();
  let secondBrowser: Awaited<ReturnType<typeof openBrowser>> | undefined;

  afterEach(async () => {
    await secondBrowser?.close();
    secondBrowser = undefined;
  });

  const streamResponse = (page: Page) => page.waitForResponse(`${fixture.site.origin}/session/events`);

  /** Opens a logged-in page that receives the event stream of its session. */
  async function openFollower(): Promise<Page> {
    const page = await fixture.open("/?events", "none");
    const followed = streamResponse(page);
    await logIn(page);
    await followed;
    return page;
  }

  /** Logs the same user in with another browser. Returns its page and the device id of the first browser. */
  async function openOtherBrowser(): Promise<{ page: Page; other: string }> {
    secondBrowser = await openBrowser();
    const page = await secondBrowser.context.newPage();
    await page.goto(fixture.site.origin);
    await logIn(page);
    const devices = await page.evaluate(() => window.client.devices.list());
    expect(devices.map(({ current }) => current).sort()).toEqual([false, true]);
    return { page, other: devices.find(({ current }) => !current)?.id ?? "" };
  }

  describe("in two tabs with the same session", () => {
    const streams = () => fixture.site.count("GET /session/events");
    /** Returns how many locks on the event stream are held and how many are pending. */
    const streamLocks = (page: Page) =>
      page.evaluate(async () => {
        const { held, pending } = await navigator.locks.query();
        const isStreamLock = ({ name }: LockInfo) => name?.startsWith("coatcheck:/session/events:");
        return [held, pending].map((locks) => locks?.filter(isStreamLock).length);
      });

    /** Opens two tabs. The first holds the event stream, the second waits for the lock on the event stream. */
    async function openTwoTabs(): Promise<readonly [Page, Page]> {
      const first = await openFollower();
      const second = await fixture.open("/?events", "authenticated");
      await eventually(() => streamLocks(second)).toEqual([1, 1]);
      expect(streams()).toBe(1);
      return [first, second];
    }

    it("one tab opens the event stream, and both tabs show a revocation", async () => {
      const pages = await openTwoTabs();
      await fixture.site.manager.revoke({ subject: "ada" });
      for (const page of pages) {
        await waitForStatus(page, "none");
        expect(await readSession(page)).toMatchObject({ reason: "revoked" });
      }
      await eventually(() => streamLocks(pages[0])).toEqual([0, 0]);
    });

    it.each([
      ["is closed", (page: Page) => page.close()],
      ["enters the back/forward cache", (page: Page) => page.goto(`${fixture.site.origin}/bare`)],
      ["is hidden", hidePage],
    ])("the other tab opens the event stream when the first tab %s", async (_, leave) => {
      const [first, second] = await openTwoTabs();
      const followed = streamResponse(second);
      await leave(first);
      await followed;
      expect(await streamLocks(second)).toEqual([1, 0]);
      await fixture.site.manager.revoke({ subject: "ada" });
      await waitForStatus(second, "none");
      expect(await readSession(second)).toMatchObject({ reason: "revoked" });
    });

    it("a hidden tab neither opens the event stream nor waits for the lock", async () => {
      const [first, second] = await openTwoTabs();
      await hidePage(second);
      await eventually(() => streamLocks(first)).toEqual([1, 0]);
      const closed = first.waitForEvent("requestfailed", (request) => request.url().endsWith("/events"));
      await hidePage(first);
      await closed;
      await eventually(() => streamLocks(first)).toEqual([0, 0]);
      expect(streams()).toBe(1);
    });

    it("the other tab shows a revocation that happened while it opened the event stream", async () => {
      const [first, second] = await openTwoTabs();
      const refused = second.waitForResponse(
        (response) => response.url().endsWith("/session/events") && response.status() === 401,
      );
      const release = fixture.site.hold("GET /session/events");
      await first.close();
      await eventually(streams).toBe(2);
      await fixture.site.manager.revoke({ subject: "ada" });
      release();
      await refused;
      await waitForStatus(second, "none");
    });

    it("each tab opens its own event stream if `crossTab` is false", async () => {
      const alone = pageUrl({ revalidate: { crossTab: false } }, "events");
      const first = await fixture.open(alone, "none");
      await logIn(first);
      const second = await fixture.open(alone, "authenticated");
      await eventually(streams).toBe(2);
      await fixture.site.manager.revoke({ subject: "ada" });
      for (const page of [first, second]) await waitForStatus(page, "none");
    });
  });

  it("a page shows within the staleness bound that another browser has revoked the page's session", async () => {
    const page = await openFollower();
    const { page: second, other } = await openOtherBrowser();
    const began = Date.now();
    expect(await revokeDevice(second, other)).toBe(null);
    await waitForStatus(page, "none");
    const took = (await lastChangeAt(page)) - began;
    console.log(`revocation from another browser shown after ${took} ms`);
    expect(took).toBeLessThan(STALENESS_BOUND);
    expect(await readSession(page)).toMatchObject({ reason: "revoked" });
    await waitForStatus(second, "authenticated");
  });

  it("a browser whose login is old must call elevate() before it can revoke the session of another browser", async () => {
    const page = await openFollower();
    const { page: second, other } = await openOtherBrowser();
    fixture.site.advance(11 * MINUTE);
    expect(await revokeDevice(second, other)).toBe("REAUTHENTICATION_REQUIRED");
    expect((await readSession(page)).status).toBe("authenticated");
    const wrong = { credentials: { email: "ada", password: "wrong" } };
    const refused = (proof: typeof CREDENTIALS) => window.client.elevate(proof).catch(({ code }) => code);
    expect(await second.evaluate(refused, wrong)).toBe("FORBIDDEN");
    expect(await revokeDevice(second, other)).toBe("REAUTHENTICATION_REQUIRED");
    await second.evaluate((proof) => window.client.elevate(proof), CREDENTIALS);
    expect(await revokeDevice(second, other)).toBe(null);
    await waitForStatus(page, "none");
    expect(await readSession(page)).toMatchObject({ reason: "revoked" });
    await second.reload();
    await waitForStatus(second, "authenticated");
  });

  it("the event stream survives a token rotation, and reports another node's revocation within two seconds", async () => {
    const page = await openFollower();
    await page.evaluate((proof) => window.client.elevate(proof), CREDENTIALS);
    const began = Date.now();
    await fixture.site.otherNode.revoke({ subject: "ada" });
    await waitForStatus(page, "none");
    const took = (await lastChangeAt(page)) - began;
    console.log(`revocation on another node shown after ${took} ms`);
    expect(took).toBeLessThan(STALENESS_BOUND);
    expect(await readSession(page)).toMatchObject({ reason: "revoked" });
  });

  it("the event stream reports changes of the session's data by this node and by another node", async () => {
    const page = await openFollower();
    const { id = "", version: initial = 0 } = (await readSession(page)).session ?? {};
    await fixture.site.manager.patch(id, { theme: "dark" });
    await eventually(() => readVersion(page)).toBe(initial + 1);
    await fixture.site.otherNode.patch(id, { theme: "light" });
    await eventually(() => readVersion(page)).toBe(initial + 2);
    await waitForStatus(page, "authenticated");
  });

  it("a page shows changes that happened while its event stream was disconnected", async () => {
    const page = await openFollower();
    const { id = "", version: initial = 0 } = (await readSession(page)).session ?? {};
    const release = fixture.site.hold("GET /session/events");
    fixture.site.closeConnections();
    await eventually(() => fixture.site.count("GET /session/events")).toBe(2);
    await fixture.site.otherNode.patch(id, { theme: "dark" });
    release();
    await eventually(() => readVersion(page)).toBe(initial + 1);
  });

  it("the event stream reports that the session will end soon and that it has ended, but does not extend the session", async () => {
    await fixture.rebuild({ policy: { idleTimeout: 10 * MINUTE }, events: { checkInterval: 50 } });
    const page = await openFollower();
    const requests = fixture.site.count("GET /session");
    fixture.site.advance(9.5 * MINUTE);
    await eventually(() => fixture.site.count("GET /session")).toBe(requests + 1);
    await eventually(() => page.evaluate(() => window.client.expiresIn())).toBeLessThan(MINUTE / 2);
    await waitForStatus(page, "authenticated");
    fixture.site.advance(MINUTE);
    await waitForStatus(page, "none");
    expect(await readSession(page)).toMatchObject({ reason: "expired" });
    expect(fixture.site.count("GET /session")).toBe(requests + 2);
  });

  // Keep this test last, because it replaces the clock of the browser context.
  it("the client requests the event stream again ten seconds after the server rejected it", async () => {
    const page = await fixture.open("/?silent");
    await page.clock.install();
    await page.goto(`${fixture.site.origin}/?events`);
    await waitForStatus(page, "none");
    await page.route("**/session/events", (route) => route.fulfill({ status: 502 }), { times: 1 });
    const refused = streamResponse(page);
    const requests = fixture.site.count("GET /session");
    await logIn(page);
    expect((await refused).status()).toBe(502);
    await eventually(() => fixture.site.count("GET /session")).toBe(requests + 1);
    const followed = streamResponse(page);
    await page.clock.runFor(10_000);
    expect((await followed).status()).toBe(200);
  });
});
