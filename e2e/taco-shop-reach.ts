import { expect, it } from "vitest";
import {
  becomes,
  button,
  dialog,
  focused,
  lines,
  PHONE,
  sheet,
  type TacoShop,
  tab,
  total,
} from "./taco-shop-site.ts";

/** By keyboard, in three languages, on a telephone. */
export function reach(shop: TacoShop): void {
  it("can be ordered from with the keyboard alone", async () => {
    const page = await shop.visit("alice");
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    /** Goes on by Tab, as somebody would who cannot see the page: by what each control is called. */
    const tabTo = async (name: string) => {
      for (let step = 0; step < 80; step++) {
        if ((await focused(page)).startsWith(name)) return;
        await press("Tab");
      }
      throw new Error(`Tab does not come to “${name}”.`);
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
    await becomes(total(page), "CHF 13.90");

    await tabTo("Check out");
    await press("Enter");
    await dialog(page).waitFor();
    await press("ArrowRight", "Tab");
    await page.keyboard.type("Alice");
    await press("Tab");
    await page.keyboard.type("+41791234567");
    await press("Enter");
    await becomes(sheet(page).getByRole("status"), "will be ready at");
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

  it("speaks French, German and English, and remembers which", async () => {
    const page = await shop.visit("alice");
    const heading = () => page.locator("#desserts h2, #drinks h2").first();
    await button(page, "Deutsch").click();
    await becomes(heading(), "Getränke");
    expect(await page.getAttribute("html", "lang")).toBe("de");
    await button(page, "Français").click();
    await becomes(heading(), "Boissons");
    await page.reload();
    await becomes(heading(), "Boissons");
    expect(await page.getAttribute("html", "lang")).toBe("fr");
    await button(page, "Ajouter\u00a0: Thé froid pêche 50 cl").click();
    await becomes(total(page), "CHF 4.00");
    await button(page, "Commander").click();
    await button(dialog(page), /^Passer la commande/).click();
    await dialog(page).getByText("Ce n’est pas un numéro de téléphone").waitFor();
    await page.keyboard.press("Escape");
    await button(page, "English").click();
    await becomes(lines(page), "Peach iced tea");
  });

  it("fits a telephone: nothing sticks out, and the basket opens from below", async () => {
    const page = await shop.visit("alice", "/", PHONE);
    for (const language of ["Deutsch", "Français", "English"]) {
      await button(page, language).click();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
      const wide = await page.evaluate(
        () =>
          [...document.querySelectorAll(".card")].filter((card) => card.scrollWidth > card.clientWidth)
            .length,
      );
      expect(wide).toBe(0);
    }
    await button(page, "Add: Baklava").click();
    await button(page, /^Basket · 1/).click();
    await becomes(dialog(page).locator(".line h3"), "Baklava");
    await button(dialog(page), "More: Baklava").click();
    await becomes(dialog(page).locator(".total strong"), "CHF 8.00");

    await page.route("**/quantity", (route) => route.abort(), { times: 1 });
    await button(dialog(page), "More: Baklava").click();
    await dialog(page).getByText("The shop cannot be reached.").waitFor();
    await becomes(dialog(page).locator(".total strong"), "CHF 8.00");
    await button(dialog(page), "Dismiss").click();
    await page.keyboard.press("Escape");
    await button(page, /^Basket · 2/).waitFor();
  });
}
