import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { type RunningOffice, startOffice } from "./back-office-process.ts";
import { openBrowser } from "./chromium.ts";

type Browser = Awaited<ReturnType<typeof openBrowser>>;

/** The owner of a browser. The email address of the owner's account begins with this name. */
export type Person = "ada" | "ben";

/** Milliseconds to wait for expected content. The time is long, because the machine may be busy. */
const CONTENT_TIMEOUT = 20_000;
/** Timeout of one test, in milliseconds. Each step of a test may take most of {@link CONTENT_TIMEOUT}. */
export const TEST_TIMEOUT = 120_000;

export const PHONE_SIZE = { width: 390, height: 844 };
export const DESKTOP_SIZE = { width: 1440, height: 900 };

/** A running back office and two browsers, which the tests of a file share. */
export interface BackOffice {
  /** Opens a page in a new tab of a person's browser. */
  visit(who: Person, path?: string): Promise<Page>;
  /** Logs in with a demo account in a new tab of a person's browser. */
  logIn(who: Person, email?: string): Promise<Page>;
  /** Turns the scripts of a page off, as in a browser without JavaScript, and loads the page again. */
  disableScripts(page: Page): Promise<void>;
  readonly url: string;
  /** Returns the office's log. */
  output(): string;
  /** The folder of the databases. */
  readonly folder: string;
  /**
   * Returns how many sessions are stored, and the sum of their versions. Each write of a session increments its
   * version.
   */
  readStoredSessions(): { readonly sessions: unknown; readonly versions: unknown };
}

/** Returns how many sessions the database in a folder has, and the sum of their versions. */
export function readStoredSessionsIn(folder: string) {
  const database = new DatabaseSync(join(folder, "coatcheck.db"), { readOnly: true });
  const sql = "SELECT count(*) AS sessions, sum(version) AS versions FROM session";
  const row = database.prepare(sql).get();
  database.close();
  return { sessions: row?.sessions, versions: row?.versions };
}

/** Starts the back office before the tests of a file. A test fails if a page logs an error to its console. */
export function setUpBackOffice(): BackOffice {
  const problems: string[] = [];
  let folder: string;
  let office: RunningOffice;
  let browsers: Record<Person, Browser>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "coatcheck-back-office-"));
    const [started, ada, ben] = await Promise.all([
      startOffice(folder),
      openBrowser({ program: "chromium" }),
      openBrowser({ program: "chromium" }),
    ]);
    office = started;
    browsers = { ada, ben };
    for (const { context } of [ada, ben]) context.setDefaultTimeout(CONTENT_TIMEOUT);
  }, 300_000);
  afterAll(async () => {
    await Promise.all([browsers?.ada.close(), browsers?.ben.close(), office?.stop()]);
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    for (const { context } of Object.values(browsers)) {
      for (const page of context.pages().slice(1)) await page.close();
      await context.clearCookies();
    }
    expect(problems.splice(0)).toEqual([]);
  });

  async function visit(who: Person, path = "/"): Promise<Page> {
    const page = await browsers[who].context.newPage();
    await page.setViewportSize(DESKTOP_SIZE);
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => {
      // A page that requests its session while another request replaces the token gets 409, and repeats the request.
      const isTokenReplaced = message.text().includes("status of 409");
      if (message.type() === "error" && !isTokenReplaced) problems.push(message.text());
    });
    await page.goto(office.url + path);
    return page;
  }
  return {
    get url() {
      return office.url;
    },
    get folder() {
      return folder;
    },
    readStoredSessions: () => readStoredSessionsIn(folder),
    output: () => office.output(),
    visit,
    async disableScripts(page) {
      const devtools = await page.context().newCDPSession(page);
      await devtools.send("Emulation.setScriptExecutionDisabled", { value: true });
      await page.reload();
    },
    async logIn(who, email = `${who}@alpine.example`) {
      const page = await visit(who, "/login");
      await page.getByLabel("Email address").fill(email);
      await page.getByLabel("Password").fill("password123");
      await page.getByRole("button", { name: "Log in", exact: true }).click();
      await page.getByRole("button", { name: "Log out", exact: true }).waitFor();
      return page;
    },
  };
}

/** Repeats an `expect` on the result of `read` until the `expect` passes. */
export const eventually = <Result>(read: () => Promise<Result>) =>
  expect.poll(read, { timeout: CONTENT_TIMEOUT });

/** Repeats an `expect` on the text of an element until the `expect` passes. */
export const expectText = (locator: Locator) => eventually(() => locator.textContent());

export const link = (page: Page, name: string) => page.getByRole("link", { name, exact: true });
export const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
export const heading = (page: Page, name: string) => page.getByRole("heading", { name, level: 1 });
