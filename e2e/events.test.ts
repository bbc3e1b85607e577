import type { Page } from "playwright-core";
import { afterEach, describe, expect, it } from "vitest";
import { CHROMIUM, openBrowser } from "./chromium.ts";
import { eventually, logIn, setStage, shownAt, status } from "./stage.ts";

const MINUTE = 60_000;
/** The longest until a page shows a revocation on another machine. */
const BOUND = 2_000;
const PROOF = { credentials: { email: "ada", password: "secret" } };

const session = (page: Page) => page.evaluate(() => window.manager.$session.get());
const version = async (page: Page) => (await session(page)).session?.version;
/** The code that ending this device was refused with; null when it was not. */
const endDevice = (page: Page, id: string) =>
  page.evaluate(
    (device) =>
      window.manager.devices.revoke(device).then(
        () => null,
        ({ code }) => code,
      ),
    id,
  );

describe.skipIf(!CHROMIUM)("what happens elsewhere, in Chromium", () => {
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
    const devices = await page.evaluate(() => window.manager.devices.list());
    expect(devices.map(({ current }) => current).sort()).toEqual([false, true]);
    return { page, other: devices.find(({ current }) => !current)?.id ?? "" };
  }

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
    const refused = (proof: typeof PROOF) => window.manager.elevate(proof).catch(({ code }) => code);
    expect(await away.evaluate(refused, wrong)).toBe("FORBIDDEN");
    expect(await endDevice(away, other)).toBe("REAUTHENTICATION_REQUIRED");
    await away.evaluate((proof) => window.manager.elevate(proof), PROOF);
    expect(await endDevice(away, other)).toBe(null);
    await status(page, "none");
    expect(await session(page)).toMatchObject({ reason: "revoked" });
    await away.reload();
    await status(away, "authenticated");
  });

  it("is followed through a new token, and shows what another machine did within two seconds", async () => {
    const page = await follower();
    const followed = follows(page);
    await page.evaluate((proof) => window.manager.elevate(proof), PROOF);
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
    await eventually(() => page.evaluate(() => window.manager.expiresIn())).toBeLessThan(MINUTE / 2);
    await status(page, "authenticated");
    stage.site.pass(MINUTE);
    await status(page, "none");
    expect(await session(page)).toMatchObject({ reason: "expired" });
    expect(stage.site.count("GET /session")).toBe(asked + 2);
  });
});
