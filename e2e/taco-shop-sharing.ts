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

/** Defines tests of one order in several browsers, and of closing an order. */
export function testSharing(shop: TacoShop): void {
  it("a shared order shows changes in both browsers immediately until the owner revokes the link", async () => {
    const owner = await shop.visit("alice");
    await openOrder(owner, "Alice");
    await addTaco(owner, "Tacos XL", "Minced beef");
    await button(basket(owner), "Share").click();
    await dialog(owner).getByLabel("Your name").fill("Ada");
    await button(dialog(owner), "Create a link").click();
    const link = await dialog(owner).getByLabel("Link", { exact: true }).inputValue();
    await owner.keyboard.press("Escape");

    const guest = await shop.visit("bruno", `/${new URL(link).hash}`);
    expect(new URL(guest.url()).hash).toBe("");
    await dialog(guest).getByText("Ada invites you to an order.").waitFor();
    await dialog(guest).getByLabel("Name").fill("Bruno");
    await button(dialog(guest), "Join").click();
    await expectText(basketLines(guest), "Tacos XL");
    await expectText(basket(guest).locator("h2"), "For Alice");
    await expectText(basket(guest).locator(".role"), "Order of Ada · can edit");
    await expectText(basket(owner).locator(".share"), "2 participants");

    await button(guest, "Add: Ayran 25 cl").click();
    await expectText(basketTotal(owner), "CHF 20.90");
    await owner.getByText("Bruno added a drink").waitFor();
    await button(basket(owner), "Remove: Ayran 25 cl").click();
    await expectText(basketTotal(guest), "CHF 17.90");

    // Both participants change the same taco. The second participant gets an error message, and can overwrite the first
    // change.
    await button(basket(guest), "Change: Tacos XL").click();
    await button(basket(owner), "Change: Tacos XL").click();
    await dialog(owner).getByText("Tacos Giga").click();
    await dialog(guest).getByText("Harissa").click();
    await button(dialog(owner), /^Save/).click();
    await expectText(basketTotal(owner), "CHF 28.90");
    await button(dialog(guest), /^Save/).click();
    await expectText(dialogBody(guest).getByRole("alert"), "Another participant has changed this taco.");
    await expectText(basketTotal(owner), "CHF 28.90");
    await button(dialog(guest), /^Save/).click();
    await expectText(basketLines(owner), "Tacos XL");
    await expectText(basket(owner).locator(".line-text"), "Harissa");

    await button(basket(owner), /participants/).click();
    await expectText(dialog(owner).locator(".happenings li").first(), "Bruno changed a taco");
    await button(dialog(owner), "Revoke the link (May edit)").click();
    await guest.getByText("You are no longer a participant of this order.").waitFor();
    expect(await guest.getByRole("tab").count()).toBe(0);

    await guest.goto(link);
    await dialog(guest).getByText("This link is no longer valid.").waitFor();
    expect(await dialog(guest).getByRole("textbox").count()).toBe(0);
  });

  it("an order that is closed in another tab disappears, even if its event stream was not open yet", async () => {
    const page = await shop.visit("alice");
    const held = Promise.withResolvers<void>();
    await page.route("**/events", (route) => held.promise.then(() => route.continue()), { times: 1 });
    await openOrder(page, "Alice");
    const id = (await findOrderTab(page, "Alice").getAttribute("id"))?.slice("tab-".length);
    const ended = await page.request.delete(shop.urlOf(`/api/v1/sessions/${id}`));
    expect(ended.status()).toBe(200);
    held.resolve();
    await page.getByText("This order is closed.").waitFor();
    expect(await page.getByRole("tab").count()).toBe(0);
    await button(page, "Add: Baklava").click();
    await expectText(basketTotal(page), "CHF 4.00");
  });

  it("closing an order that contains items requires confirmation", async () => {
    const page = await shop.visit("alice");
    await openOrder(page, "Alice");
    await button(page, "Add: Baklava").click();
    await expectText(basketTotal(page), "CHF 4.00");
    const end = () => button(basket(page), "Close this order").click();
    await end();
    await button(dialog(page), "Cancel").click();
    await expectText(basketTotal(page), "CHF 4.00");
    await end();
    await button(dialog(page), "Close this order").click();
    await expect.poll(() => page.getByRole("tab").count()).toBe(0);
    await page.reload();
    await page.locator(".card").first().waitFor();
    expect(await page.getByRole("tab").count()).toBe(0);
  });

  it("a guest with a link for viewers cannot change the order", async () => {
    const owner = await shop.visit("alice");
    await button(owner, "Add: Baklava").click();
    await button(basket(owner), "Share").click();
    await dialog(owner).getByText("May only view").click();
    await button(dialog(owner), "Create a link").click();
    const link = new URL(await dialog(owner).getByLabel("Link", { exact: true }).inputValue());
    const guest = await shop.visit("bruno", `/${link.hash}`);
    await button(dialog(guest), "Join").click();
    await expectText(basketLines(guest), "Baklava");
    expect(await button(guest, "Add: Baklava").isDisabled()).toBe(true);
    expect(await button(basket(guest), /^(Remove|Check out)/).count()).toBe(0);
  });
}
