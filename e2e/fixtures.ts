import type { SessionClient, SessionClientOptions } from "coatcheck/client";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { type BrowserOptions, openBrowser } from "./chromium.ts";
import { type Site, type SiteOptions, startSite } from "./site-fixtures.ts";

declare global {
  interface Window {
    /** The page's session client. Every page with a script sets it. */
    client: SessionClient;
    /** The errors that React reported while hydrating. */
    hydrationErrors: string[];
    /** Resolves the import that the late Suspense boundary waits for. */
    finishLateImport: () => void;
  }
}

/** Options of a test with a time limit that a busy machine may exceed by chance. */
export const TIMED_TEST = { retry: 2 };

/** Repeats an `expect` on the result of `read` until it passes, for up to five seconds, as the machine may be busy. */
export const eventually = <Value>(read: () => Value | Promise<Value>) =>
  expect.poll(read, { timeout: 5_000 });

/** Waits until the page's body has these attributes, for example `[data-status="none"]`. */
export const waitForBody = (page: Page, attributes: string) =>
  page.waitForSelector(`body${attributes}`, { state: "attached" });

/** Waits until the page shows this status. */
export const waitForStatus = (page: Page, status: string) => waitForBody(page, `[data-status="${status}"]`);

export const logIn = (page: Page, name = "ada") =>
  page.evaluate((name) => window.client.createSession(name, "secret"), name);

/** Dispatches the event that a browser dispatches when a hidden page becomes visible. */
export const showPage = (page: Page) =>
  page.evaluate(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));

/** Returns when the displayed state last changed, in epoch milliseconds of this machine. */
export const lastChangeAt = async (page: Page) =>
  Number(await page.evaluate(() => document.body.dataset.since));

/** Returns the path of a page whose client uses these options. `pages/plain.ts` lists the `flags`. */
export function pageUrl(options: SessionClientOptions, ...flags: readonly string[]): string {
  const query = new URLSearchParams({ options: JSON.stringify(options) });
  for (const flag of flags) query.set(flag, "");
  return `/?${query}`;
}

/** Opens one browser for the tests of a file, and starts a new site for each test. */
export function setUpFixture(options: SiteOptions = {}, browserOptions: BrowserOptions = {}) {
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let site: Site;

  beforeAll(async () => {
    browser = await openBrowser(browserOptions);
    browser.context.setDefaultTimeout(8_000);
  });
  afterAll(() => browser?.close());

  beforeEach(async () => {
    site = await startSite(options);
  });
  afterEach(async () => {
    await browser.context.setOffline(false);
    for (const page of browser.context.pages().slice(1)) await page.close();
    await browser.context.clearCookies();
    await site.close();
  });

  return {
    get context(): BrowserContext {
      return browser.context;
    },
    get site(): Site {
      return site;
    },
    /** Replaces the site with a new one that has other options. */
    async rebuild(other: SiteOptions): Promise<void> {
      await site.close();
      site = await startSite(other);
    },
    /** Opens a page of the site and waits until it shows `status`, if given. */
    async open(path = "/", status?: string): Promise<Page> {
      const page = await browser.context.newPage();
      await page.goto(site.origin + path);
      if (status) await waitForStatus(page, status);
      return page;
    },
  };
}
