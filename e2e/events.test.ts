import type { Page } from "playwright-core";
import { afterEach, describe, expect, it } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { openBrowser } from "./chromium.ts";
import { address, eventually, logIn, setStage, shownAt, status } from "./stage.ts";

const MINUTE = 60_000;
/** The longest until a page shows a revocation on another machine. */
const BOUND = 2_000;
const PROOF = { credentials: { email: "ada", password: "secret" } };

const session = (page: Page) => page.evaluate(() => window.client.$session.get());
const version = async (page: Page) => (await session(page)).session?.version;
/** The code that ending this device was refused with; null when it was not. */
const endDevice = (page: Page, id: string) =>
  page.evaluate(
    (device) =>
      window.client.devices.revoke(device).then(
        () => null,
        ({ code }) => code,
      ),
    id,
  );

/** As when another tab of its window is shown: a headless browser shows them all. */
const hide = (page: Page) =>
  page.evaluate(() => {
    Object.defineProperty(document, "visibilityState", { value: "hidden" });
    document.dispatchEvent(new Event("visibilitychange"));
  });

describeWithProgram("chromium", "what happens elsewhere, in Chromium", () => {
  const stage = setStage();
  let far: Awaited<ReturnType<typeof openBrowser>> | undefined;

  afterEach(async () => {
    await far?.close();
    far = undefined;
  });

  const follows = (page: Page) => page.waitForResponse(`${stage.site.origin}/session/events`);

  /** A page that follows the events of its session. */
  async function follower(): Promise<Page> {
    const page = await stage.open("/?events", "none");
    const followed = follows(page);
    await logIn(page);
    await followed;
    return page;
  }

  /** Somebody's other browser, logged in as well, and the id of the first one as it lists it. */
  async function otherBrowser(): Promise<{ page: Page; other: string }> {
    far = await openBrowser();
    const page = await far.context.newPage();
    await page.goto(stage.site.origin);
    await logIn(page);
    const devices = await page.evaluate(() => window.client.devices.list());
    expect(devices.map(({ current }) => current).sort()).toEqual([false, true]);
    return { page, other: devices.find(({ current }) => !current)?.id ?? "" };
  }

  describe("of two tabs with one session", () => {
    const asked = () => stage.site.count("GET /session/events");
    /** The locks by which the page follows the events, or waits to. */
    const turns = (page: Page) =>
      page.evaluate(async () => {
        const { held, pending } = await navigator.locks.query();
        const follows = ({ name }: LockInfo) => name?.startsWith("coatcheck:/session/events:");
        return [held, pending].map((locks) => locks?.filter(follows).length);
      });

    /** The one that follows the events, and the one that waits for its turn. */
    async function followers(): Promise<readonly [Page, Page]> {
      const first = await follower();
      const second = await stage.open("/?events", "authenticated");
      await eventually(() => turns(second)).toEqual([1, 1]);
      expect(asked()).toBe(1);
      return [first, second];
    }

    it("one follows, and both show what it hears", async () => {
      const pages = await followers();
      await stage.site.manager.revoke({ subject: "ada" });
      for (const page of pages) {
        await status(page, "none");
        expect(await session(page)).toMatchObject({ reason: "revoked" });
      }
      await eventually(() => turns(pages[0])).toEqual([0, 0]);
    });

    it.each([
      ["is closed", (page: Page) => page.close()],
      ["goes to the back/forward cache", (page: Page) => page.goto(`${stage.site.origin}/bare`)],
      ["is hidden", hide],
    ])("the other takes over when the one that follows %s", async (_, leave) => {
      const [first, second] = await followers();
      const followed = follows(second);
      await leave(first);
      await followed;
      expect(await turns(second)).toEqual([1, 0]);
      await stage.site.manager.revoke({ subject: "ada" });
      await status(second, "none");
      expect(await session(second)).toMatchObject({ reason: "revoked" });
    });

    it("neither keeps a connection or waits for its turn while it is hidden", async () => {
      const [first, second] = await followers();
      await hide(second);
      await eventually(() => turns(first)).toEqual([1, 0]);
      const closed = first.waitForEvent("requestfailed", (request) => request.url().endsWith("/events"));
      await hide(first);
      await closed;
      await eventually(() => turns(first)).toEqual([0, 0]);
      expect(asked()).toBe(1);
    });

    it("hears of an end that came between the two turns", async () => {
      const [first, second] = await followers();
      const refused = second.waitForResponse(
        (answer) => answer.url().endsWith("/session/events") && answer.status() === 401,
      );
      const release = stage.site.hold("GET /session/events");
      await first.close();
      await eventually(asked).toBe(2);
      await stage.site.manager.revoke({ subject: "ada" });
      release();
      await refused;
      await status(second, "none");
    });

    it("each follows for itself where it keeps to itself", async () => {
      const alone = address({ revalidate: { crossTab: false } }, "events");
      const first = await stage.open(alone, "none");
      await logIn(first);
      const second = await stage.open(alone, "authenticated");
      await eventually(asked).toBe(2);
      await stage.site.manager.revoke({ subject: "ada" });
      for (const page of [first, second]) await status(page, "none");
    });
  });

  it("shows at once where it follows the events, when its device is ended from another browser", async () => {
    const page = await follower();
    const { page: away, other } = await otherBrowser();
    const began = Date.now();
    expect(await endDevice(away, other)).toBe(null);
    await status(page, "none");
    const took = (await shownAt(page)) - began;
    console.log(`revocation from another browser shown after ${took} ms`);
    expect(took).toBeLessThan(BOUND);
    expect(await session(page)).toMatchObject({ reason: "revoked" });
    await status(away, "authenticated");
  });

  it("ends no device for a login that is long ago, until the page has proved again who it is", async () => {
    const page = await follower();
    const { page: away, other } = await otherBrowser();
    stage.site.pass(11 * MINUTE);
    expect(await endDevice(away, other)).toBe("REAUTHENTICATION_REQUIRED");
    expect((await session(page)).status).toBe("authenticated");
    const wrong = { credentials: { email: "ada", password: "wrong" } };
    const refused = (proof: typeof PROOF) => window.client.elevate(proof).catch(({ code }) => code);
    expect(await away.evaluate(refused, wrong)).toBe("FORBIDDEN");
    expect(await endDevice(away, other)).toBe("REAUTHENTICATION_REQUIRED");
    await away.evaluate((proof) => window.client.elevate(proof), PROOF);
    expect(await endDevice(away, other)).toBe(null);
    await status(page, "none");
    expect(await session(page)).toMatchObject({ reason: "revoked" });
    await away.reload();
    await status(away, "authenticated");
  });

  it("is followed through a new token, and shows what another machine did within two seconds", async () => {
    const page = await follower();
    const followed = follows(page);
    await page.evaluate((proof) => window.client.elevate(proof), PROOF);
    expect((await followed).status()).toBe(200);
    const began = Date.now();
    await stage.site.elsewhere.revoke({ subject: "ada" });
    await status(page, "none");
    const took = (await shownAt(page)) - began;
    console.log(`revocation on another machine shown after ${took} ms`);
    expect(took).toBeLessThan(BOUND);
    expect(await session(page)).toMatchObject({ reason: "revoked" });
  });

  it("reaches the page as a change, made here or by another machine", async () => {
    const page = await follower();
    const { id = "", version: first = 0 } = (await session(page)).session ?? {};
    await stage.site.manager.patch(id, { theme: "dark" });
    await eventually(() => version(page)).toBe(first + 1);
    await stage.site.elsewhere.patch(id, { theme: "light" });
    await eventually(() => version(page)).toBe(first + 2);
    await status(page, "authenticated");
  });

  it("is told before the session ends, and when it has, without keeping it alive", async () => {
    await stage.rebuild({ policy: { idleTimeout: 10 * MINUTE }, events: { checkEvery: 50 } });
    const page = await follower();
    const asked = stage.site.count("GET /session");
    stage.site.pass(9.5 * MINUTE);
    await eventually(() => stage.site.count("GET /session")).toBe(asked + 1);
    await eventually(() => page.evaluate(() => window.client.expiresIn())).toBeLessThan(MINUTE / 2);
    await status(page, "authenticated");
    stage.site.pass(MINUTE);
    await status(page, "none");
    expect(await session(page)).toMatchObject({ reason: "expired" });
    expect(stage.site.count("GET /session")).toBe(asked + 2);
  });

  // The last: the clock is the browser's from here on.
  it("is followed again ten seconds after a stream was refused", async () => {
    const page = await stage.open("/?silent");
    await page.clock.install();
    await page.goto(`${stage.site.origin}/?events`);
    await status(page, "none");
    await page.route("**/session/events", (route) => route.fulfill({ status: 502 }), { times: 1 });
    const refused = follows(page);
    const asked = stage.site.count("GET /session");
    await logIn(page);
    expect((await refused).status()).toBe(502);
    await eventually(() => stage.site.count("GET /session")).toBe(asked + 1);
    const followed = follows(page);
    await page.clock.runFor(10_000);
    expect((await followed).status()).toBe(200);
  });
});
