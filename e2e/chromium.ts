import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";

const PLACES = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
];

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

function installed(): string | undefined {
  return PLACES.find((path) => {
    try {
      if (path) accessSync(path, constants.X_OK);
      return !!path;
    } catch {
      return false;
    }
  });
}

/** Where Chromium is: given, installed, or installed now where that is allowed. Undefined where there is none. */
function findChromium(): string | undefined {
  const found = installed();
  if (found || process.getuid?.() !== 0) return found;
  try {
    // Two test files may come here at once: the second waits for the first.
    const wait = ["-o", "DPkg::Lock::Timeout=300"];
    execFileSync("apt-get", [...wait, "update"], { stdio: "ignore", timeout: 120_000 });
    execFileSync("apt-get", [...wait, "install", "-y", "chromium"], { stdio: "ignore", timeout: 300_000 });
  } catch {
    return undefined;
  }
  return installed();
}

/** Chromium's path. Without one the browser tests are skipped, and said to be; in continuous integration they fail. */
export const CHROMIUM = findChromium();

if (!CHROMIUM) {
  if (process.env.CI) throw new Error("There is no Chromium, so that the browser tests cannot run.");
  console.warn("The browser tests are skipped: there is no Chromium. Install it, or set CHROMIUM_PATH.");
}

/** One person's browser, with a profile of its own; closing it leaves nothing behind. */
export async function openBrowser(): Promise<{ context: BrowserContext; close: () => Promise<void> }> {
  const profile = await mkdtemp(join(tmpdir(), "coatcheck-e2e-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM ?? "",
    headless: true,
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
