import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { findViolations } from "./taco-shop-accessibility.ts";
import {
  addTaco,
  basket,
  button,
  clickAccountMenu,
  dialog,
  expectText,
  findAccountButton,
  logIn,
  openOrder,
  placeThroughApi,
  readFocusedName,
  signUp,
  type TacoShop,
} from "./taco-shop-fixtures.ts";

const orders = (page: Page) => dialog(page).locator("details");
const summaries = (page: Page) => dialog(page).locator("summary");

/** Fills in the checkout and places the active order for take-away. */
async function checkOut(page: Page): Promise<void> {
  await button(basket(page), "Check out").click();
  await dialog(page).getByText("Take-away").click();
  await dialog(page).getByLabel("Telephone").fill("+41791234567");
  await button(dialog(page), /^Place the order/).click();
  await button(dialog(page), "Back to the menu").click();
  await dialog(page).waitFor({ state: "detached" });
}

/** Defines tests of the list of an account's past orders. */
export function testPastOrders(shop: TacoShop): void {
  it("past orders are listed with their items, on every device, after their order sessions were closed", async () => {
    const page = await shop.visit("alice");
    await signUp(page, "Dorothy", "dorothy@example.ch");
    await clickAccountMenu(page, "My past orders");
    await dialog(page).getByText("You have not placed an order yet.").waitFor();
    expect(await orders(page).count()).toBe(0);
    await page.keyboard.press("Escape");
    await dialog(page).waitFor({ state: "detached" });
    expect(await readFocusedName(page)).toBe("Dorothy");

    await openOrder(page, "Office");
    await addTaco(page, "Tacos L", "Merguez");
    await checkOut(page);
    await placeThroughApi(page, 1);
    await button(basket(page), "Close this order").click();
    await expect.poll(() => page.getByRole("tab").count()).toBe(0);

    const other = await shop.visit("bruno");
    await logIn(other, "Dorothy", "dorothy@example.ch");
    await clickAccountMenu(other, "My past orders");
    await expectText(summaries(other).nth(0), /^No\. \d+.*CHF 3\.00$/);
    await expectText(summaries(other).nth(1), /^No\. \d+.*CHF 12\.90$/);
    expect(await summaries(other).count()).toBe(2);
    const taco = orders(other).nth(1);
    expect(await taco.getByText("1 × Tacos L").isVisible()).toBe(false);
    await summaries(other).nth(1).click();
    expect(await taco.getByText("1 × Tacos L").isVisible()).toBe(true);
    expect(await taco.getByText("Merguez").isVisible()).toBe(true);
    await expectText(taco.locator("p"), /^Take-away for /);
    expect(await findViolations(other)).toEqual([]);
    expect(await button(dialog(other), "Show older orders").count()).toBe(0);
  });

  it("a failure to load past orders shows an error and a button that tries again", async () => {
    const page = await shop.visit("alice");
    await signUp(page, "Katherine", "katherine@example.ch");
    await placeThroughApi(page, 21);
    await page.route("**/accounts/me/orders*", (route) => route.abort(), { times: 1 });
    await clickAccountMenu(page, "My past orders");
    await expectText(dialog(page).getByRole("alert").last(), "No connection to the shop.");
    expect(await orders(page).count()).toBe(0);
    await button(dialog(page), "Try again").click();
    await expect.poll(() => orders(page).count()).toBe(20);
    expect(await dialog(page).getByText("No connection to the shop.").count()).toBe(0);
  });

  it("a user can load older past orders with only the keyboard, and the focus moves to the first of the loaded orders", async () => {
    const page = await shop.visit("alice");
    await signUp(page, "Mary", "mary@example.ch");
    await placeThroughApi(page, 21);
    await findAccountButton(page).focus();
    for (const key of ["Enter", "Tab", "Enter"]) await page.keyboard.press(key);
    await expect.poll(() => orders(page).count()).toBe(20);
    const numbers = async () =>
      (await summaries(page).allTextContents()).map((text) => Number(/No\. (\d+)/.exec(text)?.[1]));
    const newest = (await numbers())[0] ?? 0;
    for (let step = 0; (await readFocusedName(page)) !== "Show older orders"; step++) {
      expect(step).toBeLessThan(30);
      await page.keyboard.press("Tab");
    }
    await page.keyboard.press("Enter");
    await expect.poll(() => orders(page).count()).toBe(21);
    expect(await numbers()).toEqual(Array.from({ length: 21 }, (_, index) => newest - index));
    await expect.poll(() => readFocusedName(page)).toMatch(new RegExp(`^No\\. ${newest - 20} `));
    expect(await button(dialog(page), "Show older orders").count()).toBe(0);
    await page.keyboard.press("Enter");
    expect(await orders(page).last().getByText("Ayran").isVisible()).toBe(true);
  });
}
