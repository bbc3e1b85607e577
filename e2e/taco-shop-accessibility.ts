import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type axe from "axe-core";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import {
  button,
  dialog,
  expectText,
  focused,
  lines,
  PHONE,
  sheet,
  type TacoShop,
  tab,
  total,
} from "./taco-shop-fixtures.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

declare global {
  interface Window {
    axe: typeof axe;
  }
}

/** Runs axe on the page and returns its findings, with the rule about names that differ from the visible text. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return await page.evaluate(async () => {
    const rules = { "label-content-name-mismatch": { enabled: true } };
    const { violations } = await window.axe.run(document, { rules });
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
  });
}

/** Tests by keyboard, in three languages, and on a phone. */
export function accessibility(shop: TacoShop): void {
  it("an order can be placed with the keyboard alone", async () => {
    const page = await shop.visit("alice");
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    /** Presses Tab until the control with this accessible name has the focus. */
    const tabTo = async (name: string) => {
      for (let step = 0; step < 80; step++) {
        if ((await focused(page)).startsWith(name)) return;
        await press("Tab");
      }
      throw new Error(`Tab does not reach “${name}”.`);
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
    expect(await focused(page)).toBe("Compose: Tacos L mixed");
    await expectText(total(page), "CHF 13.90");

    await tabTo("Check out");
    await press("Enter");
    await dialog(page).waitFor();
    await press("ArrowRight", "Tab");
    await page.keyboard.type("Alice");
    await press("Tab");
    await page.keyboard.type("+41791234567");
    await press("Enter");
    await expectText(sheet(page).getByRole("status"), "will be ready at");
    expect(await focused(page)).toBe("Back to the menu");
    await press("Escape");
    await dialog(page).waitFor({ state: "detached" });

    await tabTo("New order");
    await press("Enter");
    await page.keyboard.type("Office");
    await press("Enter");
    await page.getByRole("tab", { name: "Office", selected: true }).waitFor();
    await tabTo("Office");
    await press("ArrowLeft");
    expect(await tab(page, "Order 1").getAttribute("aria-selected")).toBe("true");
  });

  it("the page is in French, German and English, and keeps the choice", async () => {
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
    await expectText(total(page), "CHF 4.00");
    await button(page, "Commander").click();
    await button(dialog(page), /^Passer la commande/).click();
    await dialog(page).getByText("Indiquez un numéro de téléphone").waitFor();
    await page.keyboard.press("Escape");
    await button(page, "EN English").click();
    await expectText(lines(page), "Peach iced tea");
  });

  it("the page fits a phone without horizontal scrolling, and the basket opens from below", async () => {
    const page = await shop.visit("alice", "/", PHONE);
    const widthAt = (textSize: string) =>
      page.evaluate((size) => {
        document.documentElement.style.fontSize = size;
        return document.documentElement.scrollWidth;
      }, textSize);
    for (const language of ["DE Deutsch", "FR Français", "EN English"]) {
      await button(page, language).click();
      for (const width of [320, PHONE.width]) {
        await page.setViewportSize({ ...PHONE, width });
        expect([language, await widthAt("200%"), await widthAt("")]).toEqual([language, width, width]);
      }
      const wide = await page.evaluate(
        () =>
          [...document.querySelectorAll(".card")].filter((card) => card.scrollWidth > card.clientWidth)
            .length,
      );
      expect(wide).toBe(0);
      expect(await findings(page)).toEqual([]);
    }
    await button(page, "Add: Baklava").click();
    await page.getByText("Baklava: added.").waitFor();
    // The notice covers nothing: the last product can be scrolled free of the bar that contains it.
    const free = await page.evaluate(() => {
      scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });
      const bottom = [...document.querySelectorAll(".card")].at(-1)?.getBoundingClientRect().bottom ?? 0;
      return (document.querySelector(".dock")?.getBoundingClientRect().top ?? 0) - bottom;
    });
    expect(free).toBeGreaterThan(0);
    await button(page, /^Basket · 1/).click();
    await expectText(dialog(page).locator(".line h3"), "Baklava");
    expect(await findings(page)).toEqual([]);
    await button(dialog(page), "More: Baklava").click();
    await expectText(dialog(page).locator(".total strong"), "CHF 8.00");

    await page.route("**/quantity", (route) => route.abort(), { times: 1 });
    await button(dialog(page), "More: Baklava").click();
    await dialog(page).getByText("No connection to the shop.").waitFor();
    await expectText(dialog(page).locator(".total strong"), "CHF 8.00");
    // The page tries to connect again, so the warning ends by itself.
    await dialog(page).getByText("No connection to the shop.").waitFor({ state: "detached" });
    await page.keyboard.press("Escape");
    await button(page, /^Basket · 2/).waitFor();
  });
}
