import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { TIMED_TEST } from "./fixtures.ts";
import {
  account,
  basket,
  button,
  dialog,
  expectText,
  lines,
  logIn,
  logOut,
  openOrder,
  signUp,
  type TacoShop,
  tab,
  total,
} from "./taco-shop-fixtures.ts";

/** Records, in epoch milliseconds, when the account's button shows `text`. */
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
const expectLastChangeAt = (page: Page) =>
  expect.poll(() => page.evaluate(() => Number(document.body.dataset.since)));
const lastChangeAt = (page: Page) => page.evaluate(() => Number(document.body.dataset.since));

/** Milliseconds within which a tab shows a change of another tab. */
const MAX_DELAY = 100;

/** Tests of several tabs of one browser. */
export function tabs(shop: TacoShop): void {
  it("log in and out together within 100 ms, and reload the orders", TIMED_TEST, async () => {
    const [first, second] = [await shop.visit("alice"), await shop.visit("alice")];
    await Promise.all([recordChange(first, "Ada"), recordChange(second, "Ada")]);
    await signUp(first, "Ada", "ada@tabs.example");
    await expectLastChangeAt(second).toBeGreaterThan(0);
    expect((await lastChangeAt(second)) - (await lastChangeAt(first))).toBeLessThan(MAX_DELAY);

    await openOrder(first, "Office");
    await tab(second, "Office").waitFor();
    await second.bringToFront();
    await button(second, "Add: Baklava").click();
    await expectText(total(first), "CHF 4.00");

    await Promise.all([recordChange(first, "Log in"), recordChange(second, "Log in")]);
    const before = Date.now();
    await logOut(second);
    await expectLastChangeAt(first).toBeGreaterThan(before);
    expect((await lastChangeAt(first)) - (await lastChangeAt(second))).toBeLessThan(MAX_DELAY);
    await expect.poll(() => first.getByRole("tab").count()).toBe(0);
    expect(await first.getByText("You were logged out here").count()).toBe(0);

    await logIn(second, "Ada", "ada@tabs.example");
    await expectText(lines(first), "Baklava");
  });

  it("show the same orders, also without an account", async () => {
    const [first, second] = [await shop.visit("alice"), await shop.visit("alice")];
    await openOrder(first, "Home");
    await openOrder(first, "Office");
    await tab(second, "Home").waitFor();
    await tab(second, "Office").waitFor();
    await second.bringToFront();
    await tab(second, "Office").click();
    await first.bringToFront();
    await tab(first, "Home").click();
    await button(basket(first), "Close this order").click();
    await expect.poll(() => second.getByRole("tab").allTextContents()).toEqual(["Office"]);
  });

  it("share one language, which the account keeps for the next login", async () => {
    const [first, second] = [await shop.visit("alice"), await shop.visit("alice")];
    await first.bringToFront();
    await button(first, "DE Deutsch").click();
    await expectText(account(second), "Anmelden");
    await second.bringToFront();
    await button(second, "EN English").click();
    await expectText(account(first), "Log in");

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
    await account(other).click();
    await button(other, "Abmelden").click();
    await button(dialog(other), "Abmelden").click();
    await other.getByText("Sie sind abgemeldet.").waitFor();
    await expect.poll(() => other.evaluate(() => localStorage.getItem("taco-shop.language"))).toBe("de");
    await other.reload();
    await expectText(account(other), "Anmelden");
  });

  it("leave connections for requests although each tab follows an order live", async () => {
    const first = await shop.visit("alice");
    await signUp(first, "Radia", "radia@example.ch");
    await openOrder(first, "Office");
    // A browser opens at most six connections to a host.
    const others = [await shop.visit("alice"), await shop.visit("alice"), await shop.visit("alice")];
    for (const page of others) await expectText(basket(page).locator(".share"), "Share");
    await first.bringToFront();
    await button(first, "Add: Baklava").click();
    for (const page of others) await expectText(total(page), "CHF 4.00");
  });
}
