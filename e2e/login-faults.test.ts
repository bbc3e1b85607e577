import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { openBrowser } from "./chromium.ts";
import { eventually } from "./fixtures.ts";
import { COOKIE, type FormSite, follow, press, startFormSite, summary } from "./form-site-fixtures.ts";

/** Longer than the overlap, in which the server recognises a token that a login has replaced. */
const LONGER_THAN_OVERLAP = 31_000;

/** Where a button is, for clicks that a user makes while the page is being left. */
async function positionOf(page: Page, button: string): Promise<readonly [number, number]> {
  const box = await page.locator(`text="${button}"`).boundingBox();
  if (!box) throw new Error(`The page has no button "${button}".`);
  return [box.x + box.width / 2, box.y + box.height / 2];
}

describeWithProgram("chromium", "plain HTML forms, in Chromium", () => {
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let context: BrowserContext;
  let site: FormSite;
  /** The token that the attacker knows: of an anonymous session that the browser has when the test begins. */
  let knownToken: string;

  beforeAll(async () => {
    browser = await openBrowser();
    context = browser.context;
    context.setDefaultTimeout(8_000);
  });
  afterAll(() => browser?.close());

  beforeEach(() => openSite());
  afterEach(async () => {
    for (const page of context.pages().slice(1)) await page.close();
    await context.clearCookies();
    await site.close();
  });

  /** Starts a site. An attacker visits it, and plants the session's token in the browser. */
  async function openSite(http?: Parameters<typeof startFormSite>[0]): Promise<void> {
    site = await startFormSite(http);
    const { token = "" } = await site.send("POST /cart", undefined, { item: "tacos" });
    knownToken = token;
    await setToken(token);
  }

  async function rebuild(http: Parameters<typeof startFormSite>[0]): Promise<void> {
    await site.close();
    await openSite(http);
  }

  const setToken = (value: string) =>
    context.addCookies([
      { name: COOKIE, value, url: site.origin, httpOnly: true, secure: true, sameSite: "Lax" },
    ]);
  const cookie = async () => (await context.cookies(site.origin)).find(({ name }) => name === COOKIE);

  async function open(address = site.origin): Promise<Page> {
    const page = await context.newPage();
    await page.goto(address);
    return page;
  }

  async function openLoggedIn(): Promise<Page> {
    const page = await open();
    await follow(page, "Log in");
    expect(await summary(page)).toBe("ada: tacos");
    return page;
  }

  /** Reads, writes and logs in with the attacker's token, and checks that no response shows the user's session. */
  async function attack(): Promise<void> {
    expect((await site.send("GET /", knownToken)).summary).toBe("anonymous: ");
    const written = await site.send("POST /cart", knownToken, { item: "worms" });
    const loggedIn = await site.send("POST /login", knownToken, { user: "mallory" });
    for (const { token } of [written, loggedIn].filter(({ token }) => token)) {
      expect((await site.send("GET /", token)).summary).toMatch(/^(anonymous: worms|mallory: )$/);
    }
  }

  /** Checks that the user is logged in, kept the cart and can write at once, and that the attacker can do neither. */
  async function expectLoggedIn(page: Page): Promise<void> {
    await page.goto(site.origin);
    expect(await summary(page)).toBe("ada: tacos");
    await follow(page, "Add salsa");
    expect(await summary(page)).toBe("ada: salsa,tacos");
    await attack();
    site.advance(LONGER_THAN_OVERLAP);
    await attack();
    await page.reload();
    expect(await summary(page)).toBe("ada: salsa,tacos");
  }

  describe("a double click on the log-in button", () => {
    // Wait for "load" afterwards: "waitForNavigation" may still see that the second click aborts the first navigation.
    async function doubleClick() {
      const logins = site.hold("POST /login");
      const page = await open();
      const place = await positionOf(page, "Log in");
      await page.mouse.click(...place);
      const first = await logins.next();
      await page.mouse.click(...place);
      return { page, exchanges: [first, await logins.next()] as const };
    }

    // The second click makes the browser drop the response to the first request, whenever it arrives.
    it.each([
      ["in order", [0, 1]],
      ["in reverse order", [1, 0]],
    ] as const)("logs in once when the server handles the requests %s", async (_name, order) => {
      const { page, exchanges } = await doubleClick();
      const shown = page.waitForEvent("load");
      for (const index of order) {
        await exchanges[index].handle();
        exchanges[index].respond();
      }
      await shown;
      expect(await summary(page)).toBe("ada: tacos");
      expect((await site.manager.stats()).total).toBe(1);
      await expectLoggedIn(page);
    });

    it("logs in when the first request is handled after the second one's page is shown", async () => {
      const { page, exchanges } = await doubleClick();
      const shown = page.waitForEvent("load");
      await exchanges[1].handle();
      exchanges[1].respond();
      await shown;
      site.advance(LONGER_THAN_OVERLAP);
      await exchanges[0].handle();
      await expectLoggedIn(page);
    });
  });

  describe("a login whose response is lost", () => {
    /** Logs in, and presses the browser's stop button before the response arrives. */
    async function loseLogin(): Promise<Page> {
      const logins = site.hold("POST /login");
      const page = await open();
      await press(page, "Log in");
      const login = await logins.next();
      await login.handle();
      const devTools = await context.newCDPSession(page);
      await devTools.send("Page.stopLoading");
      login.drop();
      site.release("POST /login");
      return page;
    }

    it("succeeds when it is repeated after a reload", async () => {
      const page = await loseLogin();
      await page.reload();
      expect(await summary(page)).toBe("anonymous: ");
      expect(await follow(page, "Add salsa")).toBe(409);
      expect((await cookie())?.value).toBe(knownToken);
      await page.goto(site.origin);
      await follow(page, "Log in");
      expect((await site.manager.stats()).total).toBe(1);
      await expectLoggedIn(page);
    });

    it("succeeds when it is repeated after the overlap", async () => {
      const page = await loseLogin();
      site.advance(LONGER_THAN_OVERLAP);
      await follow(page, "Log in");
      expect((await site.manager.stats()).total).toBe(1);
      await expectLoggedIn(page);
    });
  });

  it.each([
    ["in order", [0, 1]],
    ["in reverse order", [1, 0]],
  ] as const)("two tabs that log in at once are both logged in, with responses %s", async (_name, order) => {
    const logins = site.hold("POST /login");
    const tabs = [await open(), await open()] as const;
    await press(tabs[0], "Log in");
    const first = await logins.next();
    await press(tabs[1], "Log in");
    const exchanges = [first, await logins.next()] as const;
    for (const exchange of exchanges) await exchange.handle();
    const tokens = new Set<string | undefined>();
    for (const index of order) {
      const shown = tabs[index].waitForNavigation();
      exchanges[index].respond();
      await shown;
      expect(await summary(tabs[index])).toBe("ada: tacos");
      tokens.add((await cookie())?.value);
    }
    expect(tokens.size).toBe(1);
    await expectLoggedIn(tabs[0]);
    await follow(tabs[1], "Add salsa");
    expect(await summary(tabs[1])).toBe("ada: salsa,tacos");
  });

  describe.each([
    ["with Clear-Site-Data", undefined],
    ["without Clear-Site-Data", { clearSiteData: [] }],
  ] as const)("the back button after a logout %s", (_name, http) => {
    it("shows no private content, and no request succeeds as the user", async () => {
      await rebuild({ ...http });
      const page = await openLoggedIn();
      await page.goto(`${site.origin}/orders`);
      expect(await page.textContent("body")).toContain("Order 1234");
      await page.goto(site.origin);
      const token = (await cookie())?.value ?? "";
      await follow(page, "Log out");
      expect(await summary(page)).toBe("anonymous: ");
      for (const content of ["anonymous: ", "anonymous: Log in first."]) {
        await page.goBack({ waitUntil: "commit" });
        await eventually(() => page.textContent("body")).toContain(content);
      }
      await page.goForward({ waitUntil: "commit" });
      await follow(page, "Add salsa");
      expect(await summary(page)).toBe("anonymous: salsa");
      expect((await site.send("GET /orders", token)).summary).toBe("anonymous: ");
      await attack();
    });

    it("shows no private content in a tab that did not log out", async () => {
      await rebuild({ ...http });
      const page = await openLoggedIn();
      await page.goto(`${site.origin}/orders`);
      await page.goto(site.otherOrigin);
      const other = await open();
      await follow(other, "Log out");
      expect(await summary(other)).toBe("anonymous: ");
      await page.goBack({ waitUntil: "commit" });
      await eventually(() => page.textContent("body")).toContain("anonymous: Log in first.");
    });
  });

  describe("a form that a trusted site posts, without the cookie", () => {
    it("keeps the login and the cart when the handler writes, and refuses the write", async () => {
      const page = await openLoggedIn();
      const before = await cookie();
      await page.goto(site.otherOrigin);
      expect(await follow(page, "Write")).toBe(409);
      expect(await cookie()).toEqual(before);
      await expectLoggedIn(page);
    });

    it("keeps the cart of an anonymous visitor when the handler writes", async () => {
      const page = await open(site.otherOrigin);
      expect(await follow(page, "Write")).toBe(409);
      await page.goto(site.origin);
      expect(await summary(page)).toBe("anonymous: tacos");
    });

    it("logs in the user that it names, with the cart of that user's other session", async () => {
      const page = await openLoggedIn();
      await page.goto(site.otherOrigin);
      await follow(page, "Log in");
      expect(await summary(page)).toBe("ada: tacos");
      await expectLoggedIn(page);
    });

    it("keeps the cart of an anonymous visitor when a page of the shop posts the form again", async () => {
      const page = await open(site.otherOrigin);
      await follow(page, "Log in, with the recipe");
      expect(await summary(page)).toBe("ada: tacos");
      expect((await site.manager.stats()).total).toBe(1);
      await expectLoggedIn(page);
    });
  });

  it("a link on another site to a page that writes keeps login and cart, with SameSite=Strict", async () => {
    await rebuild({ cookie: { sameSite: "strict" } });
    const page = await openLoggedIn();
    const before = await cookie();
    expect(before?.sameSite).toBe("Strict");
    await page.goto(site.otherOrigin);
    expect(await follow(page, "A link that writes")).toBe(409);
    expect(await cookie()).toEqual(before);
    await expectLoggedIn(page);
  });
});
