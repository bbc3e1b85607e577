import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readConfig } from "coatcheck-server";
import { pino } from "pino";
import type { Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { PasswordHasher } from "../examples/taco-shop/src/accounts/password.ts";
import { type RunningShop, startShop } from "../examples/taco-shop/src/main.ts";
import { type BrowserOptions, openBrowser } from "./chromium.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

type Browser = Awaited<ReturnType<typeof openBrowser>>;

/** The owner of a browser. */
export type Person = "alice" | "bruno";

export const PASSWORD = "correct horse battery";
export const PHONE_SIZE = { width: 390, height: 844 };

/** A running shop and two browsers, which the tests of a file share. */
export interface TacoShop {
  /** Opens the shop in a new tab of a person's browser. Default language: English. */
  visit(who: Person, path?: string, size?: { width: number; height: number }): Promise<Page>;
  /** Opens the shop with this URL in a new tab of a person's browser. */
  openUrl(who: Person, url: string): Promise<Page>;
  /** Returns the URL of a path of the shop. */
  urlOf(path: string): string;
  /** Starts another shop with these environment variables, and stops it after the tests. Returns its URL. */
  startAnother(environment: Readonly<Record<string, string>>): Promise<string>;
  setOffline(who: Person, isOffline: boolean): Promise<void>;
}

/** Starts a shop in this process, with its databases in `directory`. */
function startTestShop(
  directory: string,
  environment: Readonly<Record<string, string>>,
): Promise<RunningShop> {
  return startShop({
    config: readConfig({
      HOST: "127.0.0.1",
      PORT: "0",
      DATABASE_URL: `sqlite:${join(directory, "coatcheck.db")}`,
      LOG_LEVEL: "silent",
      ...environment,
    }),
    log: pino({ level: "silent" }),
    port: 0,
    backendPort: 0,
    backendKind: "typescript",
    backendData: join(directory, "backend"),
    limits: { logins: 1000, accounts: 1000, inits: 1000 },
    passwordHasher: new PasswordHasher({ N: 1024, r: 8, p: 1 }),
  });
}

/** Opens a tab in which the shop is in English. A language that the browser has stored takes precedence. */
async function openTab({ context }: Browser): Promise<Page> {
  const page = await context.newPage();
  await page.addInitScript(() => {
    if (!localStorage.getItem("taco-shop.language")) localStorage.setItem("taco-shop.language", "en");
  });
  return page;
}

/** Builds the page and starts the shop before the tests of a file. A test fails if a page throws an uncaught error. */
export function setUpTacoShop(browserOptions: BrowserOptions = {}): TacoShop {
  const problems: string[] = [];
  const shops: RunningShop[] = [];
  /**
   * Tabs of earlier tests, for reuse. Opening a new tab in Chromium is slower than loading the shop in an existing tab.
   */
  const reusable: Record<Person, Page[]> = { alice: [], bruno: [] };
  let folder: string;
  let browsers: Record<Person, Browser>;

  async function start(environment: Readonly<Record<string, string>> = {}): Promise<string> {
    const shop = await startTestShop(await mkdtemp(join(folder, "shop-")), environment);
    shops.push(shop);
    return shop.url;
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "coatcheck-taco-shop-"));
    // With the NODE_ENV of the tests, the build would be a development build.
    const env = { ...process.env, NODE_ENV: "production" };
    execFileSync("npm", ["run", "build", "--workspace", "taco-shop"], { cwd: ROOT, env, stdio: "pipe" });
    const [alice, bruno] = await Promise.all([
      openBrowser(browserOptions),
      openBrowser(browserOptions),
      start(),
    ]);
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
      reusable[who] = context.pages().slice(1);
      for (const page of reusable[who]) await resetTab(page);
      await context.clearCookies();
    }
    expect(problems).toEqual([]);
  });

  const urlOf = (path: string) => new URL(path, shops[0]?.url).href;

  /** Resets a tab after a test: removes routes and stored values. */
  async function resetTab(page: Page): Promise<void> {
    await page.unrouteAll();
    // Clear the local storage, because it contains the selected language.
    if (page.url().startsWith("http")) await page.evaluate(() => localStorage.clear());
    await page.goto(urlOf("/health"));
  }

  async function openUrl(who: Person, url: string, size = { width: 1440, height: 900 }): Promise<Page> {
    const page = reusable[who].pop() ?? (await openTab(browsers[who]));
    await page.bringToFront();
    await page.setViewportSize(size);
    await page.goto(url);
    await page.locator(".card").first().waitFor();
    return page;
  }

  return {
    urlOf,
    openUrl,
    visit: (who, path = "/", size) => openUrl(who, urlOf(path), size),
    startAnother: start,
    setOffline: (who, isOffline) => browsers[who].context.setOffline(isOffline),
  };
}

export const button = (where: Page | Locator, name: string | RegExp) =>
  where.getByRole("button", { name, exact: true });
export const basket = (page: Page) => page.getByRole("complementary");
export const dialog = (page: Page) => page.getByRole("dialog");
export const dialogBody = (page: Page) => dialog(page).locator(".dialog-body");
export const findOrderTab = (page: Page, name: string) => page.getByRole("tab", { name });
export const basketLines = (page: Page) => basket(page).locator(".line h3");
export const basketTotal = (page: Page) => basket(page).locator(".total strong");
/** Finds the button that shows the user's name or "Log in". */
export const findAccountButton = (page: Page) => page.locator(".account-button");

/** Waits until the element has this text. A space in `text` also matches a space that does not wrap. */
export const expectText = (locator: Locator, text: string | RegExp) =>
  expect
    .poll(async () => (await locator.textContent())?.replaceAll("\u00a0", " "), { timeout: 5000 })
    .toMatch(text);

/** Returns the accessible name of the focused element. */
export const readFocusedName = (page: Page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    return element?.getAttribute("aria-label") ?? element?.textContent ?? "";
  });

// Bring a tab to the front before a click. Playwright waits until the tab renders, and a background tab renders only
// once a second.

export async function openOrder(page: Page, name: string): Promise<void> {
  await page.bringToFront();
  await button(page, "New order").click();
  await dialog(page).getByLabel("Who is it for?").fill(name);
  await button(page, "Open the order").click();
  await page.getByRole("tab", { name, selected: true }).waitFor();
}

export async function addTaco(page: Page, size: string, ...meats: string[]): Promise<void> {
  await button(page, `Compose: ${size}`).click();
  for (const meat of meats) await button(dialog(page), `More: ${meat}`).click();
  await button(dialog(page), /^Add to the order/).click();
  await dialog(page).waitFor({ state: "detached" });
}

/** Creates an invitation to the active order. Returns the link's path and fragment. */
export async function invite(owner: Page, role: "May edit" | "May only view" = "May edit"): Promise<string> {
  await button(basket(owner), "Share").click();
  await dialog(owner).getByText(role).click();
  await button(dialog(owner), "Create a link").click();
  const link = await dialog(owner).getByLabel("Link", { exact: true }).inputValue();
  await owner.keyboard.press("Escape");
  await dialog(owner).waitFor({ state: "detached" });
  return `/${new URL(link).hash}`;
}

export async function signUp(page: Page, name: string, email: string): Promise<void> {
  await page.bringToFront();
  await findAccountButton(page).click();
  await button(dialog(page), "I am new here").click();
  await dialog(page).getByLabel("Name").fill(name);
  await dialog(page).getByLabel("E-mail").fill(email);
  await dialog(page).getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await expectText(findAccountButton(page), name);
}

export async function logIn(page: Page, name: string, email: string): Promise<void> {
  await page.bringToFront();
  await findAccountButton(page).click();
  await dialog(page).getByLabel("E-mail").fill(email);
  await dialog(page).getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await expectText(findAccountButton(page), name);
}

/** Opens the account's menu and clicks an item. */
export async function clickAccountMenu(
  page: Page,
  item: "My past orders" | "My devices" | "Log out" | "Log out everywhere",
): Promise<void> {
  await page.bringToFront();
  await findAccountButton(page).click();
  await button(page.locator(".account-menu"), item).click();
}

export async function logOut(page: Page): Promise<void> {
  await clickAccountMenu(page, "Log out");
  await button(dialog(page), "Log out").click();
  await expectText(findAccountButton(page), "Log in");
}

/** Places `count` orders through the API, each with one drink, in a new order session of the page's browser. */
export async function placeThroughApi(page: Page, count: number): Promise<void> {
  await page.evaluate(async (count) => {
    const post = async (path: string, body: unknown) => {
      const response = await fetch(`/api/v1/sessions${path}`, { method: "POST", body: JSON.stringify(body) });
      if (response.status !== 201) throw new Error(`POST ${path}: ${await response.text()}`);
      return await response.json();
    };
    const { sessionId } = await post("", {});
    const customer = { name: "Katherine", phone: "+41791234567" };
    const requestedFor = new Date(Date.now() + 60 * 60_000).toISOString();
    for (let placed = 0; placed < count; placed++) {
      await post(`/${sessionId}/cart/drinks`, { product: "ayran" });
      await post(`/${sessionId}/orders`, { customer, delivery: { type: "emporter", requestedFor } });
    }
  }, count);
}
