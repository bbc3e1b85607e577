import { describeClient } from "coatcheck/device";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { eventually, logIn, setUpFixture } from "./fixtures.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

const readGreetings = (page: Page) => page.locator(".greeting").allTextContents();
const dispatchEventIn = (page: Page, event: string, properties = {}) =>
  page.evaluate(([type, given]) => window.dispatchEvent(Object.assign(new Event(type), given)), [
    event,
    properties,
  ] as const);

describeWithProgram("the React hooks, in Chromium", "chromium", () => {
  const fixture = setUpFixture();

  /** Logs in and opens the React page. Everything is hydrated except the late Suspense boundary. */
  async function open(query = ""): Promise<Page> {
    const page = await fixture.open("/?silent");
    await logIn(page);
    await page.goto(`${fixture.site.origin}/react${query}`);
    await page.waitForFunction(() => window.client?.$session.get().status === "authenticated");
    return page;
  }

  it("ten components start with the server-rendered state, and share one refresh", async () => {
    const page = await open();
    expect(await (await page.request.get(`${fixture.site.origin}/react`)).text()).toContain("Hello ada");
    expect(fixture.site.count("GET /session")).toBe(0);
    expect(new Set(await readGreetings(page))).toEqual(new Set(["Hello ada"]));
    await page.evaluate(() => {
      window.client.clearCache();
      for (const type of ["visibilitychange", "focus", "visibilitychange"])
        document.dispatchEvent(new Event(type, { bubbles: true }));
    });
    await page.waitForFunction(
      () => window.client.getMetrics().fetches > 0 && !window.client.$meta.get().fetching,
    );
    expect(fixture.site.count("GET /session")).toBe(1);
    expect(await page.evaluate(() => window.hydrationErrors)).toEqual([]);
  });

  it("a Suspense boundary that hydrates late uses the server-rendered state, even if the session has ended since", async () => {
    const page = await open();
    expect(await page.locator("#late").textContent()).toBe("Hello ada");
    await page.evaluate(() => window.client.logout());
    await page.waitForSelector("#outside");
    expect(await page.locator("#late").textContent()).toBe("Hello ada");
    await page.evaluate(() => window.finishLateImport());
    await page.waitForFunction(() => document.querySelector("#late")?.textContent === "Hello guest");
    expect(new Set(await readGreetings(page))).toEqual(new Set(["Hello guest"]));
    expect(await page.evaluate(() => window.hydrationErrors)).toEqual([]);
  });

  it("after the back button, a page hides private content until the server responds, and keeps typed text", async () => {
    const page = await open();
    await page.fill("#note", "half a sentence");
    const release = fixture.site.hold("GET /session");
    await dispatchEventIn(page, "pageshow", { persisted: true });
    await page.waitForSelector("#note", { state: "hidden" });
    release();
    await page.waitForSelector("#note", { state: "visible" });
    expect(await page.inputValue("#note")).toBe("half a sentence");
  });

  it("useDevices() lists the devices and revokes another device", async () => {
    const client = describeClient({ address: "192.0.2.7" }, FIREFOX);
    const other = await fixture.site.manager.create({ subject: "ada", client });
    const page = await open();
    const devices = page.locator(".coatcheck-devices");
    await eventually(() => devices.locator("li").count()).toBe(2);
    expect(await devices.getByText("This device").count()).toBe(1);
    await devices.getByRole("button", { name: /^Sign out: Firefox 140, Linux/ }).click();
    await eventually(() => devices.locator("li").count()).toBe(1);
    expect((await fixture.site.manager.find(other.record.id))?.state ?? "revoked").toBe("revoked");
    expect(await page.evaluate(() => window.client.$session.get().status)).toBe("authenticated");
  });

  it("useDevices() returns the error of a failed revocation and keeps the list", async () => {
    await fixture.site.manager.create({ subject: "ada" });
    const page = await open();
    const devices = page.locator(".coatcheck-devices");
    await eventually(() => devices.locator("li").count()).toBe(2);
    fixture.site.failWith("a status 500");
    await devices.getByRole("button", { name: "Sign out everywhere else" }).click();
    await devices.getByRole("alert").waitFor();
    expect(await devices.locator("li").count()).toBe(2);
    fixture.site.failWith(null);
    await devices.getByRole("button", { name: "Sign out everywhere else" }).click();
    await eventually(() => devices.locator("li").count()).toBe(1);
    expect(await devices.getByRole("alert").count()).toBe(0);
  });

  it("a guarded page redirects a user who is not logged in, and the back button skips the page", async () => {
    const page = await open("?redirect=/bare");
    expect(await page.locator("#guarded").textContent()).toBe("ada");
    await page.evaluate(() => void window.client.logout());
    await page.waitForURL(`${fixture.site.origin}/bare`);
    await page.goBack();
    expect(new URL(page.url()).search).toBe("?silent");
  });

  it("a focused dialog warns before the session ends, and extends the session when the user presses Escape", async () => {
    await fixture.rebuild({ policy: { idleTimeout: 4_000 } });
    const page = await open("?warn=3500");
    const dialog = page.getByRole("dialog", { name: "Are you still there?" });
    await dialog.waitFor({ state: "visible" });
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Stay signed in");
    expect(await dialog.getByRole("timer").textContent()).toMatch(/signed out in [1-4] seconds/);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    expect(await page.evaluate(() => window.client.expiresIn() ?? 0)).toBeGreaterThan(3_000);
    await dialog.waitFor({ state: "visible" });
    await dialog.getByRole("button", { name: "Sign out" }).click();
    await page.waitForSelector("#outside");
    expect(fixture.site.count("DELETE /session")).toBe(1);
  });
});
