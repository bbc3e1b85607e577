import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";
import { findProgram, TEST_PROGRAMS } from "../scripts/test-programs/programs.ts";

const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Resolves every host name of the tests to this machine.
  "--host-resolver-rules=MAP *.test 127.0.0.1",
  "--no-proxy-server",
  // Replaces Playwright's list of disabled features, because that list includes storage partitioning, which real
  // browsers enable. Disabling the spare renderer makes the tests take a third less time.
  "--disable-features=DestroyProfileOnBrowserClose,HttpsUpgrades,MediaRouter,OptimizationHints,PaintHolding,SpareRendererForSitePerProcess,Translate",
];

/** Settings of a browser's profile. The keys are Chromium's preference names. */
export type Preferences = Readonly<Record<string, unknown>>;

/** Blocks all cookies, and therefore all storage. */
export const NO_COOKIES: Preferences = { default_content_setting_values: { cookies: 2 } };

/** Allows third-party cookies. */
export const THIRD_PARTY_COOKIES: Preferences = { cookie_controls_mode: 0, block_third_party_cookies: false };

/** Blocks third-party cookies, except partitioned ones. */
export const NO_THIRD_PARTY_COOKIES: Preferences = {
  cookie_controls_mode: 1,
  block_third_party_cookies: true,
};

/** Options of {@link openBrowser}. */
export interface BrowserOptions {
  readonly preferences?: Preferences;
  /** Additional command-line flags. */
  readonly flags?: readonly string[];
  /**
   * `chromium`: with preferences and the back/forward cache. `headless-shell`: without them. It has the same engine
   * and network stack, and needs half the CPU time. Default: `headless-shell`, or `chromium` if there are preferences.
   */
  readonly program?: "chromium" | "headless-shell";
}

function findBrowser({
  preferences,
  program = preferences ? "chromium" : "headless-shell",
}: BrowserOptions): string {
  const chromiumPath = findProgram(TEST_PROGRAMS.chromium) ?? "";
  if (program === "chromium") return chromiumPath;
  return findProgram(TEST_PROGRAMS.headlessShell) ?? chromiumPath;
}

const launch = (profile: string, options: BrowserOptions): Promise<BrowserContext> =>
  chromium.launchPersistentContext(profile, {
    executablePath: findBrowser(options),
    headless: true,
    // The tests use self-signed certificates.
    ignoreHTTPSErrors: true,
    args: [...CHROMIUM_FLAGS, ...(options.flags ?? [])],
    // Playwright disables the back/forward cache, which many tests need.
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
  });

/** The user agent of a normal browser. The user agent of headless Chromium is classified as a bot. */
export const PERSON_USER_AGENT =
  "--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/** Opens a browser with a new profile, which `close()` deletes. */
export async function openBrowser(options: BrowserOptions = {}) {
  const { preferences = {} } = options;
  const profile = await mkdtemp(join(tmpdir(), "coatcheck-e2e-"));
  await mkdir(join(profile, "Default"));
  await writeFile(join(profile, "Default", "Preferences"), JSON.stringify({ profile: preferences }));
  let context = await launch(profile, options);
  return {
    get context(): BrowserContext {
      return context;
    },
    /** Closes the browser and opens it again with the same profile. */
    async restart(): Promise<void> {
      await context.close();
      context = await launch(profile, options);
    },
    async close(): Promise<void> {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
