import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type axe from "axe-core";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { type BackOffice, DESKTOP, heading, PHONE } from "./back-office-fixtures.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

declare global {
  interface Window {
    axe: typeof axe;
  }
}

async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document));
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** Tests with axe, by keyboard, and on a phone. */
export function accessibility(office: BackOffice): void {
  it.each(["light", "dark"] as const)(
    "axe finds nothing on any page in %s, from 390 to 1440 px",
    async (scheme) => {
      const login = await office.visit("ada", "/login");
      await login.emulateMedia({ colorScheme: scheme });
      expect(await violations(login)).toEqual([]);
      const page = await office.logIn("ada");
      await page.emulateMedia({ colorScheme: scheme });
      for (const path of ["/", "/users", "/users/2", "/roles", "/sessions"]) {
        await page.goto(office.url + path);
        if (path === "/sessions") await page.getByText("This device").waitFor();
        for (const size of [DESKTOP, PHONE]) {
          await page.setViewportSize(size);
          expect(await violations(page), path).toEqual([]);
          expect(await overflow(page), path).toBe(0);
        }
      }
    },
  );

  it("axe finds nothing on the page of the companies", async () => {
    const root = await office.logIn("ada", "root@office.example");
    expect(await violations(root)).toEqual([]);
  });

  it("the keyboard opens pages, skips the navigation and changes a quantity", async () => {
    const page = await office.logIn("ada");
    await openByKey(page, "u", "Users");
    await openByKey(page, "s", "Zurich North");
    await page.reload();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("content");
    const plus = page.getByRole("button", { name: "Add one: Fire blanket" });
    const before = Number(await page.getByLabel("Quantity: Fire blanket").textContent());
    await plus.focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => page.getByLabel("Quantity: Fire blanket").textContent()).toBe(String(before + 1));
    expect(await plus.evaluate((element) => element === document.activeElement)).toBe(true);
  });
}

/** Presses G and a letter until the page with the title is shown: the page takes keys once its script has run. */
async function openByKey(page: Page, letter: string, title: string): Promise<void> {
  await expect
    .poll(async () => {
      await page.keyboard.press("g");
      await page.keyboard.press(letter);
      return await heading(page, title).isVisible();
    })
    .toBe(true);
}
