import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { openBrowser } from "./chromium.ts";
import type { NextSite } from "./next-suite.ts";

/** Defines tests of the session in client components, in Chromium. */
export function testClient(site: NextSite): void {
  let chromium: Awaited<ReturnType<typeof openBrowser>>;
  const complaints: string[] = [];

  beforeAll(async () => {
    chromium = await openBrowser();
  });
  afterAll(() => chromium?.close());
  beforeEach(async () => {
    await chromium.context.clearCookies();
    complaints.length = 0;
  });

  async function open(path: string): Promise<Page> {
    const page = await chromium.context.newPage();
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(site.application.origin + path);
    return page;
  }
  const badge = (page: Page) => expect.poll(() => page.locator("#badge").textContent(), { timeout: 5000 });
  const text = (page: Page, id: string) =>
    expect.poll(() => page.locator(`#${id}`).textContent(), { timeout: 5000 });

  /** Logs in with the page's form. */
  async function logIn(page: Page, name: string): Promise<void> {
    await page.locator("#log-in-here input[name=name]").fill(name);
    await page.locator("#log-in-here button").click();
    await text(page, "here").toBe(`${name}:-`);
  }

  it("a page hydrates with the server-rendered session state without a request or a hydration error", async () => {
    const page = await open("/login");
    await logIn(page, "ann");
    const requests: string[] = [];
    page.on("request", (request) => requests.push(new URL(request.url()).pathname));
    await page.goto(`${site.application.origin}/`);
    expect(await page.content()).toContain("authenticated:ann");
    await expect.poll(() => requests).toContain("/session/events");
    await badge(page).toBe("authenticated:ann");
    expect(requests).not.toContain("/session");
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("the client components of a page show the login or logout of a server action", async () => {
    const page = await open("/login");
    await badge(page).toBe("none:-");
    await logIn(page, "ann");
    await badge(page).toBe("authenticated:ann");
    await page.locator("#log-out button").click();
    await badge(page).toBe("none:-");
    await text(page, "here").toBe("-:-");
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("a logout in one tab makes the server render the page of the other tab again", async () => {
    const [page, other] = [await open("/login"), await open("/login")];
    await logIn(other, "ann");
    await page.goto(`${site.application.origin}/`);
    await text(page, "one").toBe("ann:-");
    await other.locator("#log-out button").click();
    await text(other, "here").toBe("-:-");
    await page.bringToFront();
    await badge(page).toBe("none:-");
    await text(page, "one").toBe("-:-");
    await Promise.all([page.close(), other.close()]);
  });

  it("the back button after a logout shows no content of the logged-in user", async () => {
    const page = await open("/login");
    await logIn(page, "ann");
    await page.goto(`${site.application.origin}/`);
    await text(page, "one").toBe("ann:-");
    await page.goto(`${site.application.origin}/old`);
    await page.evaluate(() => fetch("/session", { method: "DELETE" }));
    await page.goBack();
    await text(page, "one").toBe("-:-");
    await badge(page).toBe("none:-");
    await page.close();
  });
}
