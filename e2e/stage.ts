import type { SessionClient, SessionClientOptions } from "coatcheck/client";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { openBrowser, type Preferences } from "./chromium.ts";
import { type Site, type SiteOptions, startSite } from "./site.ts";

declare global {
  interface Window {
    /** Lent by each page with a script. */
    client: SessionClient;
    /** What React complained of. */
    complaints: string[];
    /** Lets the late boundary's code come. */
    arrive: () => void;
  }
}

/** Expects of what `read` gives, again and again until it holds: a busy machine may take a while. */
export const eventually = <Value>(read: () => Value | Promise<Value>) =>
  expect.poll(read, { timeout: 5_000 });

/** Waits until the page shows what the attributes say: `[data-status="none"]`. */
export const body = (page: Page, attributes: string) =>
  page.waitForSelector(`body${attributes}`, { state: "attached" });

/** Waits until the page shows this status. */
export const status = (page: Page, wanted: string) => body(page, `[data-status="${wanted}"]`);

export const logIn = (page: Page, name = "ada") =>
  page.evaluate((name) => window.client.createSession(name, "secret"), name);

/** What the browser says when the page is shown. */
export const show = (page: Page) =>
  page.evaluate(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));

/** When the page last showed another state, by the machine's clock. */
export const shownAt = async (page: Page) => Number(await page.evaluate(() => document.body.dataset.since));

/** The address of a page whose manager is made so. `flags` are those of `pages/plain.ts`. */
export function address(options: SessionClientOptions, ...flags: readonly string[]): string {
  const query = new URLSearchParams({ options: JSON.stringify(options) });
  for (const flag of flags) query.set(flag, "");
  return `/?${query}`;
}

/** A browser for the tests of one file, and a new site for each test. */
export function setStage(options: SiteOptions = {}, preferences?: Preferences) {
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let site: Site;

  beforeAll(async () => {
    browser = await openBrowser(preferences);
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
    /** Another site in the place of this test's. */
    async rebuild(other: SiteOptions): Promise<void> {
      await site.close();
      site = await startSite(other);
    },
    /** A page of the site, once it shows the status that is wanted. */
    async open(path = "/", wanted?: string): Promise<Page> {
      const page = await browser.context.newPage();
      await page.goto(site.origin + path);
      if (wanted) await status(page, wanted);
      return page;
    },
  };
}
