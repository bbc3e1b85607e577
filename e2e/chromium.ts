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
  // Every host name of the tests leads to this machine.
  "--host-resolver-rules=MAP *.test 127.0.0.1",
  "--no-proxy-server",
  // Replaces Playwright's list, which switches storage partitioning off; it is on in people's browsers. Without spare
  // renderers the tests take a third less time.
  "--disable-features=DestroyProfileOnBrowserClose,HttpsUpgrades,MediaRouter,OptimizationHints,PaintHolding,SpareRendererForSitePerProcess,Translate",
];

/** Browser settings, by Chromium's preference names. */
export type Preferences = Readonly<Record<string, unknown>>;

/** Blocks all cookies, and with them all storage. */
export const NO_COOKIES: Preferences = { default_content_setting_values: { cookies: 2 } };

/** Allows third-party cookies. */
export const THIRD_PARTY_COOKIES: Preferences = { cookie_controls_mode: 0, block_third_party_cookies: false };

/** Blocks third-party cookies, except partitioned ones. */
export const NO_THIRD_PARTY_COOKIES: Preferences = {
  cookie_controls_mode: 1,
  block_third_party_cookies: true,
};

const launch = (profile: string, flags: readonly string[]): Promise<BrowserContext> =>
  chromium.launchPersistentContext(profile, {
    executablePath: findProgram(TEST_PROGRAMS.chromium) ?? "",
    headless: true,
    // The tests make their own certificates.
    ignoreHTTPSErrors: true,
    args: [...FLAGS, ...flags],
    // Playwright switches the back/forward cache off; many tests are about it.
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
  });

/** The user agent of a person's browser. Chromium without a window names itself in its own, and is counted as a bot. */
export const PERSON_USER_AGENT =
  "--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/** Opens a browser with a new profile, which `close` deletes. `flags` are further ones of the command line. */
export async function openBrowser(preferences: Preferences = {}, flags: readonly string[] = []) {
  const profile = await mkdtemp(join(tmpdir(), "coatcheck-e2e-"));
  await mkdir(join(profile, "Default"));
  await writeFile(join(profile, "Default", "Preferences"), JSON.stringify({ profile: preferences }));
  let context = await launch(profile, flags);
  return {
    get context(): BrowserContext {
      return context;
    },
    /** Closes the browser and opens it again with the same profile. */
    async restart(): Promise<void> {
      await context.close();
      context = await launch(profile, flags);
    },
    async close(): Promise<void> {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
