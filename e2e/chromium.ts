import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";
import { findProgram, TEST_PROGRAMS } from "../scripts/test-programs/programs.ts";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Sites of several names, all of them here.
  "--host-resolver-rules=MAP *.test 127.0.0.1",
  "--no-proxy-server",
  // In place of Playwright's list, which lets a site's frames share storage and channels whatever site is around them. In
  // people's browsers they do not. A spare renderer for each page that might be opened next costs a third of the time.
  "--disable-features=DestroyProfileOnBrowserClose,HttpsUpgrades,MediaRouter,OptimizationHints,PaintHolding,SpareRendererForSitePerProcess,Translate",
];

/** What a person sets in the browser's settings, by Chromium's own names. */
export type Preferences = Readonly<Record<string, unknown>>;

/** No cookies at all, and with them no storage. */
export const NO_COOKIES: Preferences = { default_content_setting_values: { cookies: 2 } };

/** Cookies for frames of other sites, too. */
export const THIRD_PARTY_COOKIES: Preferences = { cookie_controls_mode: 0, block_third_party_cookies: false };

/** None for them, but those that are partitioned. */
export const NO_THIRD_PARTY_COOKIES: Preferences = {
  cookie_controls_mode: 1,
  block_third_party_cookies: true,
};

/** One person's browser, with a profile of its own; closing it leaves nothing behind. */
export async function openBrowser(
  preferences: Preferences = {},
): Promise<{ context: BrowserContext; close: () => Promise<void> }> {
  const profile = await mkdtemp(join(tmpdir(), "coatcheck-e2e-"));
  await mkdir(join(profile, "Default"));
  await writeFile(join(profile, "Default", "Preferences"), JSON.stringify({ profile: preferences }));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: findProgram(TEST_PROGRAMS.chromium) ?? "",
    headless: true,
    // The certificates of the tests are made by the tests.
    ignoreHTTPSErrors: true,
    args: FLAGS,
    // Playwright switches it off; half of what is tested here is what comes back out of it.
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
  });
  return {
    context,
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
