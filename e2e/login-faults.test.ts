import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { openBrowser } from "./chromium.ts";
import { eventually } from "./fixtures.ts";
import {
  COOKIE_NAME,
  clickAndWait,
  clickWithoutWaiting,
  type FormSite,
  readSummary,
  startFormSite,
} from "./form-site-fixtures.ts";

/**
 * Milliseconds. Longer than the overlap, during which the server still recognises a token that a login has replaced.
 */
const LONGER_THAN_OVERLAP = 31_000;

/** Returns the coordinates of a button, so that a test can click while the browser loads the next page. */
async function positionOf(page: Page, button: string): Promise<readonly [number, number]> {
  const box = await page.locator(`text="${button}"`).boundingBox();
  if (!box) throw new Error(`The page has no button "${button}".`);
  return [box.x + box.width / 2, box.y + box.height / 2];
}

describeWithProgram("plain HTML forms, in Chromium", "chromium", () => {
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let context: BrowserContext;
  let site: FormSite;
  /** The token of the browser's anonymous session. The attacker knows it. */
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

  /** Starts a site. An attacker visits the site, and plants the token of the attacker's session in the browser. */
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
      { name: COOKIE_NAME, value, url: site.origin, httpOnly: true, secure: true, sameSite: "Lax" },
    ]);
  const cookie = async () => (await context.cookies(site.origin)).find(({ name }) => name === COOKIE_NAME);

  async function open(address = site.origin): Promise<Page> {
    const page = await context.newPage();
    await page.goto(address);
    return page;
  }

  async function openLoggedIn(): Promise<Page> {
    const page = await open();
    await clickAndWait(page, "Log in");
    expect(await readSummary(page)).toBe("ada: tacos");
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

  /**
   * Checks that the user is logged in with their cart and can write, and that the attacker can neither read nor write.
   */
  async function expectLoggedIn(page: Page): Promise<void> {
    await page.goto(site.origin);
    expect(await readSummary(page)).toBe("ada: tacos");
    await clickAndWait(page, "Add salsa");
    expect(await readSummary(page)).toBe("ada: salsa,tacos");
    await attack();
    site.advance(LONGER_THAN_OVERLAP);
    await attack();
    await page.reload();
    expect(await readSummary(page)).toBe("ada: salsa,tacos");
  }

  describe("a double click on the log-in button", () => {
    // Callers wait for "load", because "waitForNavigation" may resolve when the second click aborts the first
    // navigation.
    async function doubleClick() {
      const logins = site.hold("POST /login");
      const page = await open();
      const position = await positionOf(page, "Log in");
      await page.mouse.click(...position);
      const first = await logins.next();
      await page.mouse.click(...position);
      return { page, exchanges: [first, await logins.next()] as const };
    }

    // After the second click, the browser ignores the response to the first request.
    it.each([
      ["in order", [0, 1]],
      ["in reverse order", [1, 0]],
    ] as const)("logs in once when the server handles the requests %s", async (_name, order) => {
      const { page, exchanges } = await doubleClick();
      const shown = page.waitForEvent("load");
      for (const index of order) {
        await exchanges[index].forward();
        exchanges[index].respond();
      }
      await shown;
      expect(await readSummary(page)).toBe("ada: tacos");
      expect((await site.manager.stats()).total).toBe(1);
      await expectLoggedIn(page);
    });

    it("logs in even if the server handles the first request after it has responded to the second request", async () => {
      const { page, exchanges } = await doubleClick();
      const shown = page.waitForEvent("load");
      await exchanges[1].forward();
      exchanges[1].respond();
      await shown;
      site.advance(LONGER_THAN_OVERLAP);
      await exchanges[0].forward();
      await expectLoggedIn(page);
    });
  });

  describe("a login whose response is lost", () => {
    /** Logs in, and presses the browser's stop button before the response arrives. */
    async function loseLogin(): Promise<Page> {
      const logins = site.hold("POST /login");
      const page = await open();
      await clickWithoutWaiting(page, "Log in");
      const login = await logins.next();
      await login.forward();
      const devTools = await context.newCDPSession(page);
      await devTools.send("Page.stopLoading");
      login.drop();
      site.release("POST /login");
      return page;
    }

    it("succeeds if the user repeats the login after a reload", async () => {
      const page = await loseLogin();
      await page.reload();
      expect(await readSummary(page)).toBe("anonymous: ");
      expect(await clickAndWait(page, "Add salsa")).toBe(409);
      expect((await cookie())?.value).toBe(knownToken);
      await page.goto(site.origin);
      await clickAndWait(page, "Log in");
      expect((await site.manager.stats()).total).toBe(1);
      await expectLoggedIn(page);
    });

    it("succeeds when repeated, even after the server has stopped recognising the replaced token", async () => {
      const page = await loseLogin();
      site.advance(LONGER_THAN_OVERLAP);
      await clickAndWait(page, "Log in");
      expect((await site.manager.stats()).total).toBe(1);
      await expectLoggedIn(page);
    });
  });

  it.each([
    ["in order", [0, 1]],
    ["in reverse order", [1, 0]],
  ] as const)(
    "two tabs that log in concurrently are both logged in if the responses arrive %s",
    async (_name, order) => {
      const logins = site.hold("POST /login");
      const tabs = [await open(), await open()] as const;
      await clickWithoutWaiting(tabs[0], "Log in");
      const first = await logins.next();
      await clickWithoutWaiting(tabs[1], "Log in");
      const exchanges = [first, await logins.next()] as const;
      for (const exchange of exchanges) await exchange.forward();
      const tokens = new Set<string | undefined>();
      for (const index of order) {
        const shown = tabs[index].waitForNavigation();
        exchanges[index].respond();
        await shown;
        expect(await readSummary(tabs[index])).toBe("ada: tacos");
        tokens.add((await cookie())?.value);
      }
      expect(tokens.size).toBe(1);
      await expectLoggedIn(tabs[0]);
      await clickAndWait(tabs[1], "Add salsa");
      expect(await readSummary(tabs[1])).toBe("ada: salsa,tacos");
    },
  );

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
      await clickAndWait(page, "Log out");
      expect(await readSummary(page)).toBe("anonymous: ");
      for (const content of ["anonymous: ", "anonymous: Log in first."]) {
        await page.goBack({ waitUntil: "commit" });
        await eventually(() => page.textContent("body")).toContain(content);
      }
      await page.goForward({ waitUntil: "commit" });
      await clickAndWait(page, "Add salsa");
      expect(await readSummary(page)).toBe("anonymous: salsa");
      expect((await site.send("GET /orders", token)).summary).toBe("anonymous: ");
      await attack();
    });

    it("leaves no private content in another tab if a logout follows", async () => {
      await rebuild({ ...http });
      const page = await openLoggedIn();
      await page.goto(`${site.origin}/orders`);
      await page.goto(site.otherOrigin);
      const other = await open();
      await clickAndWait(other, "Log out");
      expect(await readSummary(other)).toBe("anonymous: ");
      await page.goBack({ waitUntil: "commit" });
      await eventually(() => page.textContent("body")).toContain("anonymous: Log in first.");
    });
  });

  describe("a form that a trusted site posts without the session cookie", () => {
    it("is rejected with 409 if the server would change data, and the user's login and cart stay unchanged", async () => {
      const page = await openLoggedIn();
      const before = await cookie();
      await page.goto(site.otherOrigin);
      expect(await clickAndWait(page, "Write")).toBe(409);
      expect(await cookie()).toEqual(before);
      await expectLoggedIn(page);
    });

    it("is rejected with 409 if the server would change data, and an anonymous visitor's cart stays unchanged", async () => {
      const page = await open(site.otherOrigin);
      expect(await clickAndWait(page, "Write")).toBe(409);
      await page.goto(site.origin);
      expect(await readSummary(page)).toBe("anonymous: tacos");
    });

    it("logs in the user named in the form, with the cart of the user's other session", async () => {
      const page = await openLoggedIn();
      await page.goto(site.otherOrigin);
      await clickAndWait(page, "Log in");
      expect(await readSummary(page)).toBe("ada: tacos");
      await expectLoggedIn(page);
    });

    it("logs in a visitor without losing the visitor's cart, if a page of the shop posts the form again", async () => {
      const page = await open(site.otherOrigin);
      await clickAndWait(page, "Log in, with the recipe");
      expect(await readSummary(page)).toBe("ada: tacos");
      expect((await site.manager.stats()).total).toBe(1);
      await expectLoggedIn(page);
    });
  });

  it("with SameSite=Strict, another site's link that would change data is rejected with 409, and the login and the cart stay unchanged", async () => {
    await rebuild({ cookie: { sameSite: "strict" } });
    const page = await openLoggedIn();
    const before = await cookie();
    expect(before?.sameSite).toBe("Strict");
    await page.goto(site.otherOrigin);
    expect(await clickAndWait(page, "A link that writes")).toBe(409);
    expect(await cookie()).toEqual(before);
    await expectLoggedIn(page);
  });
});
