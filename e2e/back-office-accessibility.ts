import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type axe from "axe-core";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { type BackOffice, DESKTOP_SIZE, eventually, heading, PHONE_SIZE } from "./back-office-fixtures.ts";

const AXE_SOURCE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

declare global {
  interface Window {
    axe: typeof axe;
  }
}

/** Returns the elements that axe-core reports on a page, each with the rule. */
export async function findViolations(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE_SOURCE);
  const { violations } = await page.evaluate(() => window.axe.run(document));
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

const measureHorizontalOverflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** Defines tests with axe-core, with the keyboard, and at the width of a phone. */
export function testAccessibility(office: BackOffice): void {
  it.each(["light", "dark"] as const)(
    "the pages have no axe violations with the %s theme, at 390 px and at 1440 px",
    async (scheme) => {
      const login = await office.visit("ada", "/login");
      await login.emulateMedia({ colorScheme: scheme });
      expect(await findViolations(login)).toEqual([]);
      const page = await office.logIn("ada");
      await page.emulateMedia({ colorScheme: scheme });
      for (const path of ["/", "/users", "/users/2", "/users/new", "/warehouses", "/roles", "/sessions"]) {
        await page.goto(office.url + path);
        if (path === "/sessions") await page.getByText("This device").waitFor();
        for (const size of [DESKTOP_SIZE, PHONE_SIZE]) {
          await page.setViewportSize(size);
          expect(await findViolations(page), path).toEqual([]);
          expect(await measureHorizontalOverflow(page), path).toBe(0);
        }
      }
    },
  );

  it.each(["light", "dark"] as const)(
    "the pages of a super administrator, with and without acting for a user, have no axe violations with the %s theme",
    async (scheme) => {
      const root = await office.logIn("ada", "root@office.example");
      await root.emulateMedia({ colorScheme: scheme });
      const check = async (path: string) => {
        for (const size of [DESKTOP_SIZE, PHONE_SIZE]) {
          await root.setViewportSize(size);
          expect(await findViolations(root), path).toEqual([]);
          expect(await measureHorizontalOverflow(root), path).toBe(0);
        }
      };
      for (const path of ["/companies", "/companies/1", "/companies/new", "/users/2"]) {
        await root.goto(office.url + path);
        await check(path);
      }
      await root.getByLabel("Reason").fill("a reason of one long word: ".padEnd(120, "x"));
      await root.getByRole("button", { name: "Act for Ben Moser" }).click();
      await root.locator(".acting").waitFor();
      await check("/ while acting");
      await root.goto(`${office.url}/sessions`);
      await root.getByRole("button", { name: "Change the password" }).click();
      await root.getByText(/^Not allowed while impersonating/).waitFor();
      await check("/sessions with a refused form");
      await root.getByRole("button", { name: "Stop" }).click();
      await heading(root, "Ben Moser").waitFor();
    },
  );

  it("a keyboard user can open pages, skip the navigation and change a quantity", async () => {
    const page = await office.logIn("ada");
    await openByShortcut(page, "u", "Users");
    await openByShortcut(page, "s", "Zurich North");
    await page.reload();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("content");
    const plus = page.getByRole("button", { name: "Add one: Fire blanket" });
    const before = Number(await page.getByLabel("Quantity: Fire blanket").textContent());
    await plus.focus();
    await page.keyboard.press("Enter");
    await eventually(() => page.getByLabel("Quantity: Fire blanket").textContent()).toBe(String(before + 1));
    expect(await plus.evaluate((element) => element === document.activeElement)).toBe(true);
  });
}

/**
 * Presses G and a letter until the page with the title is visible. Repeats the keys, because the shortcuts work only
 * after hydration.
 */
async function openByShortcut(page: Page, letter: string, title: string): Promise<void> {
  const press = async () => {
    await page.keyboard.press("g");
    await page.keyboard.press(letter);
    // Pressing the keys again during the navigation would start it again.
    const opened = heading(page, title).waitFor({ timeout: 3_000 });
    return await opened.then(
      () => true,
      () => false,
    );
  };
  await expect.poll(press, { timeout: 20_000 }).toBe(true);
}
