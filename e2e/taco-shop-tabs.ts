import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import {
  basket,
  basketLines,
  basketTotal,
  button,
  dialog,
  expectText,
  findAccountButton,
  findOrderTab,
  logIn,
  logOut,
  openOrder,
  signUp,
  type TacoShop,
} from "./taco-shop-fixtures.ts";

/** Records when the account button next shows `text`, in epoch milliseconds. */
const recordChange = (page: Page, text: string) =>
  page.evaluate((text) => {
    const element = document.querySelector(".account");
    const observer = new MutationObserver(() => {
      if (!element?.querySelector(".account-button")?.textContent?.includes(text)) return;
      observer.disconnect();
      document.body.dataset.since = String(Date.now());
    });
    if (element) observer.observe(element, { subtree: true, childList: true, characterData: true });
  }, text);
const pollLastChangeAt = (page: Page) =>
  expect.poll(() => page.evaluate(() => Number(document.body.dataset.since)));
const lastChangeAt = (page: Page) => page.evaluate(() => Number(document.body.dataset.since));

/** The longest time until a tab shows a change made in another tab, in milliseconds. */
const MAX_TAB_DELAY = 100;
/**
 * The largest number of attempts. One delay below `MAX_TAB_DELAY` suffices, because other work on the machine can only
 * add to the delay.
 */
const MAX_ATTEMPTS = 5;

/** Defines tests of several tabs of one browser. */
export function testTabs(shop: TacoShop): void {
  it("a login or logout in one tab takes effect in the other tab within 100 ms, and reloads the orders", async () => {
    const [first, second] = [await shop.visit("alice"), await shop.visit("alice")];
    /**
     * Runs `action` in the second tab. Returns how many milliseconds later the first tab shows `text` than the second
     * tab.
     */
    const delayOf = async (text: string, action: () => Promise<void>) => {
      await Promise.all([recordChange(first, text), recordChange(second, text)]);
      const before = Date.now();
      await action();
      await pollLastChangeAt(first).toBeGreaterThan(before);
      return (await lastChangeAt(first)) - (await lastChangeAt(second));
    };

    await signUp(first, "Ada", "ada@tabs.example");
    await expectText(findAccountButton(second), "Ada");
    await openOrder(first, "Office");
    await findOrderTab(second, "Office").waitFor();
    await second.bringToFront();
    await button(second, "Add: Baklava").click();
    await expectText(basketTotal(first), "CHF 4.00");

    const shortest = { logOut: Number.POSITIVE_INFINITY, logIn: Number.POSITIVE_INFINITY };
    for (let round = 0; round < MAX_ATTEMPTS; round++) {
      shortest.logOut = Math.min(shortest.logOut, await delayOf("Log in", () => logOut(second)));
      await expect.poll(() => first.getByRole("tab").count()).toBe(0);
      expect(await first.getByText("You were logged out here").count()).toBe(0);

      const login = () => logIn(second, "Ada", "ada@tabs.example");
      shortest.logIn = Math.min(shortest.logIn, await delayOf("Ada", login));
      await expectText(basketLines(first), "Baklava");
      if (Math.max(shortest.logOut, shortest.logIn) < MAX_TAB_DELAY) break;
    }
    expect(shortest.logOut).toBeLessThan(MAX_TAB_DELAY);
    expect(shortest.logIn).toBeLessThan(MAX_TAB_DELAY);
  });

  it("two tabs show the same orders, even without an account", async () => {
    const [first, second] = [await shop.visit("alice"), await shop.visit("alice")];
    await openOrder(first, "Home");
    await openOrder(first, "Office");
    await findOrderTab(second, "Home").waitFor();
    await findOrderTab(second, "Office").waitFor();
    await second.bringToFront();
    await findOrderTab(second, "Office").click();
    await first.bringToFront();
    await findOrderTab(first, "Home").click();
    await button(basket(first), "Close this order").click();
    await expect.poll(() => second.getByRole("tab").allTextContents()).toEqual(["Office"]);
  });

  it("a language selected in one tab applies to the other tab, and the account stores it", async () => {
    const [first, second] = [await shop.visit("alice"), await shop.visit("alice")];
    await first.bringToFront();
    await button(first, "DE Deutsch").click();
    await expectText(findAccountButton(second), "Anmelden");
    await second.bringToFront();
    await button(second, "EN English").click();
    await expectText(findAccountButton(first), "Log in");

    await signUp(first, "Konrad", "konrad@example.ch");
    await second.bringToFront();
    await button(second, "FR Français").click();
    await button(second, "DE Deutsch").click();
    await expectText(basket(first), "Ihre Bestellung");
    const savedLanguage = () =>
      first.evaluate(async () => {
        const response = await fetch("/api/auth/session-v2");
        return (await response.json()).data.user.language;
      });
    await expect.poll(savedLanguage).toBe("de");

    const other = await shop.visit("bruno");
    await logIn(other, "Konrad", "konrad@example.ch");
    await other.getByText("Guten Tag, Konrad!").waitFor();
    expect(await other.getAttribute("html", "lang")).toBe("de");
    // The language survives a logout, which clears the browser's storage.
    await findAccountButton(other).click();
    await button(other, "Abmelden").click();
    await button(dialog(other), "Abmelden").click();
    await other.getByText("Sie sind abgemeldet.").waitFor();
    await expect.poll(() => other.evaluate(() => localStorage.getItem("taco-shop.language"))).toBe("de");
    await other.reload();
    await expectText(findAccountButton(other), "Anmelden");
  });

  it("four tabs with live orders leave connections free for requests", async () => {
    const first = await shop.visit("alice");
    await signUp(first, "Radia", "radia@example.ch");
    await openOrder(first, "Office");
    // A browser opens no more than six connections to a host.
    const others = [await shop.visit("alice"), await shop.visit("alice"), await shop.visit("alice")];
    for (const page of others) await expectText(basket(page).locator(".share"), "Share");
    await first.bringToFront();
    await button(first, "Add: Baklava").click();
    for (const page of others) await expectText(basketTotal(page), "CHF 4.00");
  });
}
