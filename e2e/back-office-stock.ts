import { expect, it } from "vitest";
import { type BackOffice, button, eventually, expectText, heading, link } from "./back-office-fixtures.ts";

/** Defines tests of the list of items and of the selection of a warehouse. */
export function testStock(office: BackOffice): void {
  it("a visitor without a login is redirected to the login page, which rejects a wrong password", async () => {
    const page = await office.visit("ada");
    expect(page.url()).toBe(`${office.url}/login`);
    await page.getByLabel("Email address").fill("ada@alpine.example");
    await page.getByLabel("Password").fill("wrong");
    await button(page, "Log in").click();
    await page.getByText("Wrong email address or password.").waitFor();
  });

  it("after the user's first request, a page needs no query for user, role, company and warehouse", async () => {
    const page = await office.logIn("ada");
    await page.reload();
    await expectText(page.locator("#queries")).toBe("0");
    await link(page, "Users").click();
    await heading(page, "Users").waitFor();
    await expectText(page.locator("#queries")).toBe("0");
  });

  it("a changed quantity is shown immediately, and other users see who changed it", async () => {
    const ada = await office.logIn("ada");
    const quantity = ada.getByLabel("Quantity: Gaffer tape 50 mm");
    const before = Number(await quantity.textContent());
    await button(ada, "Add one: Gaffer tape 50 mm").click();
    await expectText(quantity).toBe(String(before + 1));
    const ben = await office.logIn("ben");
    await expectText(ben.getByLabel("Quantity: Gaffer tape 50 mm")).toBe(String(before + 1));
    await expectText(ben.locator(".movements li").first()).toContain("Ada Keller");
  });

  it("a click on a button takes effect after the page's scripts have loaded, even if the click came earlier", async () => {
    const ada = await office.logIn("ada");
    const scripts = Promise.withResolvers<void>();
    await ada.route(/_next\/static\/.*\.js/, async (route) => {
      await scripts.promise;
      await route.continue();
    });
    await ada.reload({ waitUntil: "commit" });
    const quantity = ada.getByLabel("Quantity: Gaffer tape 50 mm");
    const before = Number(await quantity.textContent());
    await button(ada, "Add one: Gaffer tape 50 mm").click();
    scripts.resolve();
    await expectText(quantity).toBe(String(before + 1));
    await ada.reload();
    await expectText(quantity).toBe(String(before + 1));
  });

  it("a warehouse selected in one tab does not affect other tabs until the user saves it for the session", async () => {
    const first = await office.logIn("ada");
    const second = await office.visit("ada");
    const third = await office.visit("ada", "/sessions");
    await heading(first, "Zurich North").waitFor();
    await first.getByRole("combobox", { name: "Warehouse" }).selectOption("Lugano");
    await heading(first, "Lugano").waitFor();
    await second.reload();
    await heading(second, "Zurich North").waitFor();
    await button(first, "Use in this session").click();
    await first.getByText("Your warehouse in this session").waitFor();
    await second.reload();
    await heading(second, "Lugano").waitFor();
    await link(third, "Stock").click();
    await heading(third, "Lugano").waitFor();
  });

  it("a URL with the id of a warehouse that the user may not enter shows the user's own warehouse", async () => {
    const ada = await office.logIn("ada");
    await ada.getByRole("combobox", { name: "Warehouse" }).selectOption("Lugano");
    await heading(ada, "Lugano").waitFor();
    const ben = await office.logIn("ben");
    for (const query of [new URL(ada.url()).search, "?w=nonsense"]) {
      await ben.goto(`${office.url}/${query}`);
      await heading(ben, "Zurich North").waitFor();
      expect(ben.url()).toBe(`${office.url}/`);
    }
  });

  it("the search text and the filter are part of the URL", async () => {
    const page = await office.logIn("ada");
    await page.keyboard.press("/");
    await page.keyboard.type("tape");
    await page.keyboard.press("Enter");
    await page.waitForURL(/q=tape/);
    await eventually(() => page.locator("tbody tr").count()).toBe(1);
    await page.goto(`${office.url}/?low=1`);
    await eventually(() => page.locator("tbody .tag:not(.warn)").count()).toBe(0);
  });
}
