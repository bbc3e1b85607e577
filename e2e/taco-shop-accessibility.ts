import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type axe from "axe-core";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import {
  basketLines,
  basketTotal,
  button,
  dialog,
  dialogBody,
  expectText,
  findOrderTab,
  PHONE_SIZE,
  readFocusedName,
  type TacoShop,
} from "./taco-shop-fixtures.ts";

const AXE_SOURCE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

declare global {
  interface Window {
    axe: typeof axe;
  }
}

/**
 * Returns the violations that axe-core finds on the page. Also enables the rule that an accessible name contains the
 * visible text.
 */
export async function findViolations(page: Page): Promise<string[]> {
  await page.evaluate(AXE_SOURCE);
  return await page.evaluate(async () => {
    const rules = { "label-content-name-mismatch": { enabled: true } };
    const { violations } = await window.axe.run(document, { rules });
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
  });
}

/** Defines tests with the keyboard, in three languages, and at the width of a phone. */
export function testAccessibility(shop: TacoShop): void {
  it("a customer can place an order with only the keyboard", async () => {
    const page = await shop.visit("alice");
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    /** Presses Tab until the control with this accessible name has the focus. */
    const tabTo = async (name: string) => {
      for (let step = 0; step < 80; step++) {
        if ((await readFocusedName(page)).startsWith(name)) return;
        await press("Tab");
      }
      throw new Error(`Pressing Tab does not reach the control “${name}”.`);
    };

    await tabTo("Compose: Tacos L mixed");
    const outline = await page.evaluate(
      () => document.activeElement && getComputedStyle(document.activeElement).outlineStyle,
    );
    expect(outline).toBe("solid");
    await press("Enter");
    await tabTo("More: Curry chicken");
    await press("Space", "Space");
    await tabTo("Add to the order");
    await press("Enter");
    await dialog(page).waitFor({ state: "detached" });
    expect(await readFocusedName(page)).toBe("Compose: Tacos L mixed");
    await expectText(basketTotal(page), "CHF 13.90");

    await tabTo("Check out");
    await press("Enter");
    await dialog(page).waitFor();
    await press("ArrowRight", "Tab");
    await page.keyboard.type("Alice");
    await press("Tab");
    await page.keyboard.type("+41791234567");
    await press("Enter");
    await expectText(dialogBody(page).getByRole("status"), "will be ready at");
    expect(await readFocusedName(page)).toBe("Back to the menu");
    await press("Escape");
    await dialog(page).waitFor({ state: "detached" });

    await tabTo("New order");
    await press("Enter");
    await page.keyboard.type("Office");
    await press("Enter");
    await page.getByRole("tab", { name: "Office", selected: true }).waitFor();
    await tabTo("Office");
    await press("ArrowLeft");
    expect(await findOrderTab(page, "Order 1").getAttribute("aria-selected")).toBe("true");
  });

  it("the page is available in French, German and English, and remembers the selected language", async () => {
    const page = await shop.visit("alice");
    const heading = () => page.locator("#desserts h2, #drinks h2").first();
    await button(page, "DE Deutsch").click();
    await expectText(heading(), "Getränke");
    expect(await page.getAttribute("html", "lang")).toBe("de");
    await button(page, "FR Français").click();
    await expectText(heading(), "Boissons");
    await page.reload();
    await expectText(heading(), "Boissons");
    expect(await page.getAttribute("html", "lang")).toBe("fr");
    await button(page, "Ajouter\u00a0: Thé froid pêche 50 cl").click();
    await expectText(basketTotal(page), "CHF 4.00");
    await button(page, "Commander").click();
    await button(dialog(page), /^Passer la commande/).click();
    await dialog(page).getByText("Indiquez un numéro de téléphone").waitFor();
    await page.keyboard.press("Escape");
    await button(page, "EN English").click();
    await expectText(basketLines(page), "Peach iced tea");
  });

  it("the page fits a phone without horizontal scrolling, and a button at the bottom opens the basket", async () => {
    const page = await shop.visit("alice", "/", PHONE_SIZE);
    const widthAt = (textSize: string) =>
      page.evaluate((size) => {
        document.documentElement.style.fontSize = size;
        return document.documentElement.scrollWidth;
      }, textSize);
    for (const language of ["DE Deutsch", "FR Français", "EN English"]) {
      await button(page, language).click();
      for (const width of [320, PHONE_SIZE.width]) {
        await page.setViewportSize({ ...PHONE_SIZE, width });
        expect([language, await widthAt("200%"), await widthAt("")]).toEqual([language, width, width]);
      }
      const wide = await page.evaluate(
        () =>
          [...document.querySelectorAll(".card")].filter((card) => card.scrollWidth > card.clientWidth)
            .length,
      );
      expect(wide).toBe(0);
      expect(await findViolations(page)).toEqual([]);
    }
    await button(page, "Add: Baklava").click();
    await page.getByText("Baklava: added.").waitFor();
    // The bar with the notice does not cover the last product after scrolling to the bottom.
    const distance = await page.evaluate(() => {
      scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });
      const bottom = [...document.querySelectorAll(".card")].at(-1)?.getBoundingClientRect().bottom ?? 0;
      return (document.querySelector(".dock")?.getBoundingClientRect().top ?? 0) - bottom;
    });
    expect(distance).toBeGreaterThan(0);
    await button(page, /^Basket · 1/).click();
    await expectText(dialog(page).locator(".line h3"), "Baklava");
    expect(await findViolations(page)).toEqual([]);
    await button(dialog(page), "More: Baklava").click();
    await expectText(dialog(page).locator(".total strong"), "CHF 8.00");

    await page.route("**/quantity", (route) => route.abort(), { times: 1 });
    await button(dialog(page), "More: Baklava").click();
    await dialog(page).getByText("No connection to the shop.").waitFor();
    await expectText(dialog(page).locator(".total strong"), "CHF 8.00");
    // The page reconnects automatically, so the warning disappears by itself.
    await dialog(page).getByText("No connection to the shop.").waitFor({ state: "detached" });
    await page.keyboard.press("Escape");
    await button(page, /^Basket · 2/).waitFor();
  });
}
