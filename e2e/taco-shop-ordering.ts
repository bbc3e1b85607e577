import type { Route } from "playwright-core";
import { expect, it } from "vitest";
import {
  addTaco,
  basket,
  basketLines,
  basketTotal,
  button,
  dialog,
  dialogBody,
  expectText,
  findOrderTab,
  openOrder,
  type TacoShop,
} from "./taco-shop-fixtures.ts";

/** Defines tests of filling and placing orders. */
export function testOrdering(shop: TacoShop): void {
  it("a visitor who only reads the menu gets no order and no cookie", async () => {
    const page = await shop.visit("alice");
    await page.getByRole("heading", { name: "Three steps to your tacos" }).waitFor();
    await button(page, "Behind the counter: 0 sessions").click();
    await dialog(page).getByText("none yet: you have only looked").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "Desserts" }).click();
    expect(await page.context().cookies()).toEqual([]);
    expect(await page.getByRole("tab").count()).toBe(0);
  });

  it("three orders in one browser have separate baskets, which survive a reload", async () => {
    const page = await shop.visit("alice");
    for (const [name, size, drink] of [
      ["Alice", "Tacos XL", "Ayran 25 cl"],
      ["Office", "Tacos L", "Coca-Cola 50 cl"],
      ["Home", "Bowl", "Still water 50 cl"],
    ] as const) {
      await openOrder(page, name);
      await addTaco(page, size, "Minced beef");
      await button(page, `Add: ${drink}`).click();
      await expect.poll(() => basketLines(page).allTextContents()).toEqual([size, drink]);
    }
    // This button and the notices share one line, so the button must be clickable while a notice is visible.
    await button(page, "Behind the counter: 4 sessions").click();
    const sessionsDialog = dialog(page);
    for (const name of ["This browser", "Alice", "Office", "Home"]) {
      await expectText(sessionsDialog.locator("li", { hasText: name }).locator("code"), /^[0-9a-f]{8}$/);
    }
    await expectText(sessionsDialog.locator(".happenings"), "opened as an order session");
    await page.reload();
    await expectText(findOrderTab(page, "Alice").locator(".count"), /^2$/);
    for (const [name, size, sum] of [
      ["Alice", "Tacos XL", "CHF 20.90"],
      ["Office", "Tacos L", "CHF 16.90"],
      ["Home", "Bowl", "CHF 18.90"],
    ] as const) {
      await findOrderTab(page, name).click();
      await expectText(basketLines(page).first(), size);
      await expectText(basketTotal(page), sum);
    }
  });

  it("an order shows the new total after a taco is changed, after its quantity is changed, and after it is removed", async () => {
    const page = await shop.visit("alice");
    await addTaco(page, "Tacos L", "Kebab");
    await expectText(basketTotal(page), "CHF 13.90");

    await button(basket(page), "Change: Tacos L").click();
    await dialog(page).getByText("Tacos XXL").click();
    await button(dialog(page), "More: Falafel")
      .or(button(dialog(page), "More: Vegetarian falafel"))
      .click();
    await dialog(page).getByText("Raclette cheese").click();
    await button(dialog(page), /^Save/).click();
    await expectText(basketLines(page), "Tacos XXL");
    await expectText(basket(page).locator(".line-text"), /Kebab, Vegetarian falafel.*Raclette cheese/);
    await expectText(basketTotal(page), "CHF 25.40");

    // The clicks are faster than the responses. Each click takes effect immediately, and the requests keep their order.
    const held = Promise.withResolvers<void>();
    const hold = (route: Route) => held.promise.then(() => route.continue());
    await page.route("**/quantity", hold, { times: 1 });
    for (let step = 0; step < 3; step++) await button(basket(page), "More: Tacos XXL").click();
    await expectText(basketTotal(page), "CHF 101.60");
    const last = page.waitForResponse(
      async (response) =>
        response.url().endsWith("/quantity") && (await response.json()).data.item.quantity === 4,
    );
    held.resolve();
    await last;
    await page.reload();
    await expectText(basketTotal(page), "CHF 101.60");

    await button(page, "Add: Baklava").click();
    await button(page, "Add: Baklava").click();
    await expectText(basketTotal(page), "CHF 109.60");

    await button(basket(page), "Remove: Tacos XXL").click();
    await expectText(basketTotal(page), "CHF 8.00");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("basket-title");
    await page.reload();
    await expectText(basketTotal(page), "CHF 8.00");
  });

  it("a taco accepts no more meats than its size allows, and a smaller size removes the excess", async () => {
    const page = await shop.visit("alice");
    await button(page, "Compose: Tacos L mixed").click();
    await button(dialog(page), /^Add to the order/).click();
    await expectText(dialogBody(page).getByRole("alert"), "Choose at least one meat.");
    // The third click exceeds the limit and has no effect.
    for (let step = 0; step < 3; step++) await button(dialog(page), "More: Merguez").click({ force: true });
    await expectText(dialog(page).getByRole("group", { name: "Meats" }).locator("legend"), "2 of 2 chosen");
    await dialog(page)
      .getByRole("radio", { name: /^Tacos L CHF 12/ })
      .check({ force: true });
    await expectText(dialog(page).getByRole("group", { name: "Meats" }).locator("legend"), "1 of 1 chosen");
  });

  it("the checkout shows an error at each invalid field, and a placed order appears in the history", async () => {
    const page = await shop.visit("alice");
    await openOrder(page, "Alice");
    await button(page, "Add: French fries").click();
    await button(basket(page), "Check out").click();
    const form = dialog(page);
    // The page does not use the tab's label as the customer's name.
    expect(await form.getByLabel("Name").inputValue()).toBe("");
    await form.getByLabel("Name").fill("Alice");
    await form.getByLabel("Telephone").fill("12");
    await button(form, /^Place the order/).click();
    const phone = form.getByLabel("Telephone");
    await expect.poll(() => phone.getAttribute("aria-invalid")).toBe("true");
    expect(await form.getByLabel("Name").getAttribute("aria-invalid")).toBe("false");
    await form.getByText("Please enter a telephone number of 9 to 15 digits.").waitFor();
    await form.getByText("Please enter the delivery address.").waitFor();
    await expect.poll(() => phone.evaluate((input) => input === document.activeElement)).toBe(true);

    await phone.fill("+41 79 123 45 67");
    await form.getByLabel("Address").fill("Rue de Lausanne 1");
    await button(form, /^Place the order/).click();
    await expectText(
      dialogBody(page).getByRole("status"),
      /^Order no. \d+ will be with you at (\w{3} )?\d\d:\d\d\.$/,
    );
    await button(dialog(page), "Back to the menu").click();
    await basket(page).getByText("Nothing in it yet.").waitFor();
    await basket(page).locator("summary").click();
    await expectText(basket(page).locator("details li"), "1 × French fries");
  });

  it("the checkout names a product that sold out after the customer added it", async () => {
    const page = await shop.visit("alice");
    await button(page, "Add: Daim cake").click();
    await expectText(basketTotal(page), "CHF 5.00");
    const left = await page.evaluate(async () => {
      const request = async (path: string, body?: object, headers = {}) => {
        const how = body ? { method: "POST", body: JSON.stringify(body), headers } : {};
        return (await (await fetch(`/api/v1${path}`, how)).json()).data;
      };
      const stock = async () => (await request("/resources/stock")).desserts.tarte_daim;
      const { sessionId } = await request("/sessions", {});
      for (let left = await stock(); left > 0; left = await stock()) {
        const cake = { product: "tarte_daim", quantity: Math.min(left, 20) };
        await request(`/sessions/${sessionId}/cart/desserts`, cake);
        const customer = { name: "Hungry", phone: "+41791234567" };
        const delivery = { type: "emporter", requestedFor: "15:00" };
        const key = { "idempotency-key": `cake-${left}` };
        await request(`/sessions/${sessionId}/orders`, { customer, delivery }, key);
      }
      return stock();
    });
    expect(left).toBe(0);
    await button(basket(page), "Check out").click();
    await dialog(page).getByText("Take-away").click();
    await dialog(page).getByLabel("Name").fill("Alice");
    await dialog(page).getByLabel("Telephone").fill("079 123 45 67");
    await button(dialog(page), /^Place the order/).click();
    await expectText(dialogBody(page).getByRole("alert"), "Not enough left: Daim cake.");
    await page.keyboard.press("Escape");
    const add = button(page, "Sold out: Daim cake");
    await add.waitFor();
    expect(await add.isDisabled()).toBe(true);
  });

  it("two attempts place one order if the response to the first attempt is lost", async () => {
    const page = await shop.visit("alice");
    await button(page, "Add: Tiramisu").click();
    await button(basket(page), "Check out").click();
    const form = dialog(page);
    await form.getByText("Take-away").click();
    await form.getByLabel("Name").fill("Alice");
    await form.getByLabel("Telephone").fill("079 123 45 67");
    await page.route(
      "**/orders",
      async (route) => {
        await route.fetch();
        await route.abort();
      },
      { times: 1 },
    );
    await button(form, /^Place the order/).click();
    await form.getByText("No connection to the shop.").waitFor();
    await button(form, /^Place the order/).click();
    await expectText(dialogBody(page).getByRole("status"), "will be ready at");
    await button(dialog(page), "Back to the menu").click();
    expect(await basket(page).locator("summary").count()).toBe(1);
  });
}
