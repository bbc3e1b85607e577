import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readConfig } from "coatcheck-server";
import { pino } from "pino";
import type { Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { Passwords } from "../examples/taco-shop/src/accounts/password.ts";
import { type RunningShop, startShop } from "../examples/taco-shop/src/main.ts";
import { openBrowser } from "./chromium.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

type Browser = Awaited<ReturnType<typeof openBrowser>>;

/** Whose browser it is. */
export type Person = "alice" | "bruno";

export const PASSWORD = "correct horse battery";
export const PHONE = { width: 390, height: 844 };

/** The shop, and the two browsers that its tests share. */
export interface TacoShop {
  /** The shop in a new window of somebody's browser, in English unless it has spoken another language before. */
  visit(who: Person, path?: string, size?: { width: number; height: number }): Promise<Page>;
  /** The same, of another shop. */
  visitAt(who: Person, url: string): Promise<Page>;
  /** An address of the shop's. */
  at(path: string): string;
  /** One more shop, configured so. It is ended with the tests. */
  another(environment: Readonly<Record<string, string>>): Promise<string>;
  setOffline(who: Person, isOffline: boolean): Promise<void>;
}

/** Builds the page and opens the shop for the tests of the file; what a page throws fails the test. */
export function setTacoShop(): TacoShop {
  const problems: string[] = [];
  const shops: RunningShop[] = [];
  /** Windows that tests have left: to open a new one takes Chromium longer than to show the shop in it. */
  const left: Record<Person, Page[]> = { alice: [], bruno: [] };
  let folder: string;
  let browsers: Record<Person, Browser>;

  async function start(environment: Readonly<Record<string, string>> = {}): Promise<string> {
    const place = await mkdtemp(join(folder, "shop-"));
    const config = readConfig({
      HOST: "127.0.0.1",
      PORT: "0",
      DATABASE_URL: `sqlite:${join(place, "coatcheck.db")}`,
      LOG_LEVEL: "silent",
      ...environment,
    });
    const shop = await startShop({
      config,
      log: pino({ level: "silent" }),
      port: 0,
      backendPort: 0,
      backendKind: "typescript",
      backendData: join(place, "backend"),
      limits: { logins: 1000, accounts: 1000, inits: 1000 },
      passwords: new Passwords({ N: 1024, r: 8, p: 1 }),
    });
    shops.push(shop);
    return shop.url;
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "coatcheck-tacos-"));
    // As it is served: under the tests' own NODE_ENV it would be built for development.
    const env = { ...process.env, NODE_ENV: "production" };
    execFileSync("npm", ["run", "build", "--workspace", "taco-shop"], { cwd: ROOT, env, stdio: "pipe" });
    const [alice, bruno] = await Promise.all([openBrowser(), openBrowser(), start()]);
    browsers = { alice, bruno };
    for (const { context } of [alice, bruno]) {
      context.setDefaultTimeout(8000);
      context.on("weberror", (error) => problems.push(error.error().message));
    }
  });

  afterAll(async () => {
    await Promise.all([browsers?.alice.close(), browsers?.bruno.close()]);
    for (const shop of shops) await shop.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  beforeEach(() => {
    problems.length = 0;
  });
  afterEach(async () => {
    for (const who of ["alice", "bruno"] as const) {
      const { context } = browsers[who];
      left[who] = context.pages().slice(1);
      for (const page of left[who]) await leave(page);
      await context.clearCookies();
    }
    expect(problems).toEqual([]);
  });

  const at = (path: string) => new URL(path, shops[0]?.url).href;

  /** As if nobody had been here. */
  async function leave(page: Page): Promise<void> {
    await page.unrouteAll();
    // The language, above all.
    if (page.url().startsWith("http")) await page.evaluate(() => localStorage.clear());
    await page.goto(at("/health"));
  }

  async function newWindow(who: Person): Promise<Page> {
    const page = await browsers[who].context.newPage();
    await page.addInitScript(() => {
      if (!localStorage.getItem("taco-shop.language")) localStorage.setItem("taco-shop.language", "en");
    });
    return page;
  }

  async function visitAt(who: Person, url: string, size = { width: 1440, height: 900 }): Promise<Page> {
    const page = left[who].pop() ?? (await newWindow(who));
    await page.bringToFront();
    await page.setViewportSize(size);
    await page.goto(url);
    await page.locator(".card").first().waitFor();
    return page;
  }

  return {
    at,
    visitAt,
    visit: (who, path = "/", size) => visitAt(who, at(path), size),
    another: start,
    setOffline: (who, isOffline) => browsers[who].context.setOffline(isOffline),
  };
}

export const button = (where: Page | Locator, name: string | RegExp) =>
  where.getByRole("button", { name, exact: true });
export const basket = (page: Page) => page.getByRole("complementary");
export const dialog = (page: Page) => page.getByRole("dialog");
export const sheet = (page: Page) => dialog(page).locator(".dialog-sheet");
export const tab = (page: Page, name: string) => page.getByRole("tab", { name });
export const lines = (page: Page) => basket(page).locator(".line h3");
export const total = (page: Page) => basket(page).locator(".total strong");
/** Who is logged in, or the way in. */
export const account = (page: Page) => page.locator(".account-button");

/** What each test waits for: the text, as it comes to be. */
export const becomes = (locator: Locator, text: string | RegExp) =>
  expect.poll(() => locator.textContent(), { timeout: 5000 }).toMatch(text);

/** What the one who has the focus is called. */
export const focused = (page: Page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    return element?.getAttribute("aria-label") ?? element?.textContent ?? "";
  });

// A tab in the background draws once a second, and Playwright clicks on nothing that has not been drawn.

export async function openOrder(page: Page, name: string): Promise<void> {
  await page.bringToFront();
  await button(page, "New order").click();
  await dialog(page).getByLabel("Who is it for?").fill(name);
  await button(page, "Open the order").click();
  await page.getByRole("tab", { name, selected: true }).waitFor();
}

export async function compose(page: Page, size: string, ...meats: string[]): Promise<void> {
  await button(page, `Compose: ${size}`).click();
  for (const meat of meats) await button(dialog(page), `More: ${meat}`).click();
  await button(dialog(page), /^Add to the order/).click();
  await dialog(page).waitFor({ state: "detached" });
}

/** A link into the active order. */
export async function invite(owner: Page, role: "May edit" | "May only look" = "May edit"): Promise<string> {
  await button(basket(owner), "Share").click();
  await dialog(owner).getByText(role).click();
  await button(dialog(owner), "Make a link").click();
  const link = await dialog(owner).getByLabel("Link", { exact: true }).inputValue();
  await owner.keyboard.press("Escape");
  await dialog(owner).waitFor({ state: "detached" });
  return `/${new URL(link).hash}`;
}

export async function signUp(page: Page, name: string, email: string): Promise<void> {
  await page.bringToFront();
  await account(page).click();
  await button(dialog(page), "I am new here").click();
  await dialog(page).getByLabel("Name").fill(name);
  await dialog(page).getByLabel("E-mail").fill(email);
  await dialog(page).getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await becomes(account(page), name);
}

export async function logIn(page: Page, name: string, email: string): Promise<void> {
  await page.bringToFront();
  await account(page).click();
  await dialog(page).getByLabel("E-mail").fill(email);
  await dialog(page).getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await becomes(account(page), name);
}

/** Chooses in the account's menu. */
export async function choose(
  page: Page,
  what: "My devices" | "Log out" | "Log out everywhere",
): Promise<void> {
  await page.bringToFront();
  await account(page).click();
  await button(page.locator(".account-menu"), what).click();
}

export async function logOut(page: Page): Promise<void> {
  await choose(page, "Log out");
  await button(dialog(page), "Log out").click();
  await becomes(account(page), "Log in");
}
