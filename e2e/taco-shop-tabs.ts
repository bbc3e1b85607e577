import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import {
  account,
  basket,
  becomes,
  button,
  dialog,
  lines,
  logIn,
  logOut,
  openOrder,
  signUp,
  type TacoShop,
  tab,
  total,
} from "./taco-shop-site.ts";

/** Notes when the account's button says so, by the machine's clock. */
const note = (page: Page, text: string) =>
  page.evaluate((text) => {
    const place = document.querySelector(".account");
    const observer = new MutationObserver(() => {
      if (!place?.querySelector(".account-button")?.textContent?.includes(text)) return;
      observer.disconnect();
      document.body.dataset.since = String(Date.now());
    });
    if (place) observer.observe(place, { subtree: true, childList: true, characterData: true });
  }, text);
const notedAt = (page: Page) => expect.poll(() => page.evaluate(() => Number(document.body.dataset.since)));
const since = (page: Page) => page.evaluate(() => Number(document.body.dataset.since));

/** Milliseconds in which a tab takes over what another has done. */
const AT_ONCE = 100;

/** Several tabs of one browser. */
export function tabs(shop: TacoShop): void {
  it("are logged in and out together, and read the orders anew", async () => {
    const [first, second] = [await shop.visit("alice"), await shop.visit("alice")];
    await Promise.all([note(first, "Ada"), note(second, "Ada")]);
    await signUp(first, "Ada", "ada@tabs.example");
    await notedAt(second).toBeGreaterThan(0);
    expect((await since(second)) - (await since(first))).toBeLessThan(AT_ONCE);

    await openOrder(first, "Office");
    await tab(second, "Office").waitFor();
    await second.bringToFront();
    await button(second, "Add: Baklava").click();
    await becomes(total(first), "CHF 4.00");

    await Promise.all([note(first, "Log in"), note(second, "Log in")]);
    const before = Date.now();
    await logOut(second);
    await notedAt(first).toBeGreaterThan(before);
    expect((await since(first)) - (await since(second))).toBeLessThan(AT_ONCE);
    await expect.poll(() => first.getByRole("tab").count()).toBe(0);
    expect(await first.getByText("You were logged out here").count()).toBe(0);

    await logIn(second, "Ada", "ada@tabs.example");
    await becomes(lines(first), "Baklava");
  });

  it("open and close the same orders, also without an account", async () => {
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

  it("speak one language, which the account remembers for the next login", async () => {
    const [first, second] = [await shop.visit("alice"), await shop.visit("alice")];
    await first.bringToFront();
    await button(first, "Deutsch").click();
    await becomes(account(second), "Anmelden");
    await second.bringToFront();
    await button(second, "English").click();
    await becomes(account(first), "Log in");

    await signUp(first, "Konrad", "konrad@example.ch");
    await second.bringToFront();
    await button(second, "Français").click();
    await button(second, "Deutsch").click();
    await becomes(basket(first), "Ihre Bestellung");
    const told = () =>
      first.evaluate(async () => {
        const answer = await fetch("/api/auth/session-v2");
        return (await answer.json()).data.user.language;
      });
    await expect.poll(told).toBe("de");

    const other = await shop.visit("bruno");
    await logIn(other, "Konrad", "konrad@example.ch");
    await other.getByText("Guten Tag, Konrad!").waitFor();
    expect(await other.getAttribute("html", "lang")).toBe("de");
    // Also when the browser has forgotten whatever it kept.
    await account(other).click();
    await button(other, "Abmelden").click();
    await button(dialog(other), "Abmelden").click();
    await other.getByText("Sie sind abgemeldet.").waitFor();
    await expect.poll(() => other.evaluate(() => localStorage.getItem("taco-shop.language"))).toBe("de");
    await other.reload();
    await becomes(account(other), "Anmelden");
  });

  it("leave room for requests, though all of them are followed live", async () => {
    const first = await shop.visit("alice");
    await signUp(first, "Radia", "radia@example.ch");
    await openOrder(first, "Office");
    // A browser has six connections for one host.
    const others = [await shop.visit("alice"), await shop.visit("alice"), await shop.visit("alice")];
    for (const page of others) await becomes(basket(page).locator(".share"), "Share");
    await first.bringToFront();
    await button(first, "Add: Baklava").click();
    for (const page of others) await becomes(total(page), "CHF 4.00");
  });
}
