import { expect, it } from "vitest";
import {
  basket,
  basketLines,
  basketTotal,
  button,
  clickAccountMenu,
  dialog,
  dialogBody,
  expectText,
  findAccountButton,
  findOrderTab,
  invite,
  logIn,
  logOut,
  openOrder,
  PASSWORD,
  PHONE_SIZE,
  readFocusedName,
  signUp,
  type TacoShop,
} from "./taco-shop-fixtures.ts";

/** Defines tests of creating an account, logging in and logging out. */
export function testAccounts(shop: TacoShop): void {
  it("the form for a new account shows an error at each invalid field, and the account keeps the basket", async () => {
    const page = await shop.visit("alice");
    await button(page, "Add: Baklava").click();
    await expectText(basketTotal(page), "CHF 4.00");
    await findAccountButton(page).click();
    const form = dialog(page);
    const email = form.getByLabel("E-mail");
    const password = form.getByLabel("Password");
    expect(await readFocusedName(page)).toBe("");
    expect(await email.getAttribute("autocomplete")).toBe("username");
    expect(await password.getAttribute("autocomplete")).toBe("current-password");

    await button(form, "I am new here").click();
    expect(await password.getAttribute("autocomplete")).toBe("new-password");
    await email.fill("alice");
    await password.fill("short");
    await page.keyboard.press("Enter");
    await form.getByText("Please enter an e-mail address").waitFor();
    await form.getByText("Please enter a name").waitFor();
    await form.getByText("Please enter 8 to 128 characters.").waitFor();
    const name = form.getByLabel("Name");
    await expect.poll(() => name.evaluate((input) => input === document.activeElement)).toBe(true);

    await name.fill("Alice");
    await email.fill("alice@example.ch");
    await password.fill(PASSWORD);
    await page.keyboard.press("Enter");
    await expectText(findAccountButton(page), "Alice");
    await page.getByText("Hello Alice!").waitFor();
    expect(await form.count()).toBe(0);
    expect(await readFocusedName(page)).toBe("Alice");
    await expectText(basketTotal(page), "CHF 4.00");
    const sent = page.waitForRequest((request) => request.url().endsWith("/quantity"));
    await button(page, "Add: Baklava").click();
    expect((await sent).headers()["x-csrf-token"]).toBeTruthy();

    const other = await shop.visit("bruno");
    await findAccountButton(other).click();
    await button(dialog(other), "I am new here").click();
    await dialog(other).getByLabel("Name").fill("Bruno");
    await dialog(other).getByLabel("E-mail").fill("Alice@example.ch");
    await dialog(other).getByLabel("Password").fill(PASSWORD);
    await other.keyboard.press("Enter");
    await dialog(other).getByText("This address already has an account.").waitFor();
  });

  it("a login on another device rejects a wrong password, and shows the account's orders", async () => {
    const page = await shop.visit("alice");
    await openOrder(page, "Office");
    await button(page, "Add: Tiramisu").click();
    await expectText(basketLines(page), "Tiramisu");
    await signUp(page, "Ada", "ada@example.ch");

    const other = await shop.visit("bruno");
    await button(other, "Add: Baklava").click();
    await expectText(basketLines(other), "Baklava");
    await findAccountButton(other).click();
    await dialog(other).getByLabel("E-mail").fill("ada@example.ch");
    await dialog(other).getByLabel("Password").fill("not the password");
    await other.keyboard.press("Enter");
    await dialog(other).getByText("Wrong e-mail or password.").waitFor();
    await dialog(other).getByLabel("Password").fill(PASSWORD);
    await other.keyboard.press("Enter");
    await expectText(findAccountButton(other), "Ada");
    await findOrderTab(other, "Office").click();
    await expectText(basketLines(other), "Tiramisu");
    // The basket that was filled before the login is kept too.
    expect(await other.getByRole("tab").count()).toBe(2);

    await button(other, "Add: Ayran 25 cl").click();
    await expectText(basketLines(page).first(), "Ayran");
  });

  it("a logout explains what happens to the orders, and hides them", async () => {
    const page = await shop.visit("alice");
    await signUp(page, "Linus", "linus@example.ch");
    await button(page, "Add: Baklava").click();
    await expectText(basketTotal(page), "CHF 4.00");
    await clickAccountMenu(page, "Log out");
    await dialog(page).getByText("Your open orders stay in your account").waitFor();
    await page.keyboard.press("Escape");
    await dialog(page).waitFor({ state: "detached" });
    expect(await readFocusedName(page)).toBe("Linus");

    await logOut(page);
    await page.getByText("You are logged out.").waitFor();
    expect(await page.getByRole("tab").count()).toBe(0);
    await button(page, "Add: Tiramisu").click();
    await expectText(basketLines(page), "Tiramisu");
    await logIn(page, "Linus", "linus@example.ch");
    await expect.poll(() => page.getByRole("tab").count()).toBe(2);
  });

  it("the back button after a logout shows no orders", async () => {
    const page = await shop.visit("alice");
    await signUp(page, "Grace", "grace@example.ch");
    await openOrder(page, "Secret");
    await page.goto(shop.urlOf("/icon.svg"));
    const second = await shop.visit("alice");
    await expectText(findAccountButton(second), "Grace");
    await logOut(second);
    await second.close();
    await page.goBack({ waitUntil: "commit" });
    await expectText(findAccountButton(page), "Log in");
    expect(await findOrderTab(page, "Secret").count()).toBe(0);

    // A logout clears this browser's caches. A logout on another device does not, so the page is restored.
    await logIn(page, "Grace", "grace@example.ch");
    await findOrderTab(page, "Secret").waitFor();
    await page.evaluate(() => {
      document.body.dataset.since = "before";
      addEventListener("pageshow", () => {
        document.body.dataset.shown = document.querySelector(".orders")?.checkVisibility()
          ? "orders"
          : "none";
      });
    });
    await page.goto(shop.urlOf("/icon.svg"));
    const other = await shop.visit("bruno");
    await logIn(other, "Grace", "grace@example.ch");
    await clickAccountMenu(other, "Log out everywhere");
    await button(dialog(other), "Log out everywhere").click();
    await expectText(findAccountButton(other), "Log in");
    await page.goBack({ waitUntil: "commit" });
    await expectText(findAccountButton(page), "Log in");
    expect(await findOrderTab(page, "Secret").count()).toBe(0);
    const { since, shown } = await page.evaluate(() => ({ ...document.body.dataset }));
    expect({ since, shown }).toEqual({ since: "before", shown: "none" });
  });

  it("a logout while offline takes effect in the page immediately, and on the server later", async () => {
    const page = await shop.visit("alice");
    await signUp(page, "Edsger", "edsger@example.ch");
    await openOrder(page, "Secret");
    await shop.setOffline("alice", true);
    await clickAccountMenu(page, "Log out");
    await button(dialog(page), "Log out").click();
    await expectText(findAccountButton(page), "Log in");
    await page.getByText("There is no connection to the shop").waitFor();
    expect(await page.getByRole("tab").count()).toBe(0);

    // Only the request to log out fails. Other requests would still be authenticated as the logged-out user.
    await page.route("**/session-v2", (route) =>
      route.request().method() === "DELETE" ? route.abort() : route.continue(),
    );
    const failed = page.waitForEvent("requestfailed");
    await shop.setOffline("alice", false);
    await failed;
    await button(page, "Add: Baklava").click();
    await page.getByText("No connection to the shop.").waitFor();
    expect(await page.getByRole("tab").count()).toBe(0);

    const logouts: number[] = [];
    page.on("response", (response) => {
      if (response.request().method() === "DELETE") logouts.push(response.status());
    });
    await page.unroute("**/session-v2");
    // The page does not send a logout while another one is pending, and the request that the route aborted may still be
    // pending. So repeat the event until a logout is sent.
    await expect
      .poll(
        async () => {
          await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
          return logouts;
        },
        { timeout: 5000 },
      )
      .toEqual([200]);
    await page.getByText("There is no connection to the shop").waitFor({ state: "detached" });
    await button(page, "Add: Baklava").click();
    await expectText(basketLines(page), "Baklava");
    expect(await findOrderTab(page, "Secret").count()).toBe(0);
  });

  it("a guest without an account can leave a shared order", async () => {
    const owner = await shop.visit("alice");
    await openOrder(owner, "Alice");
    await button(owner, "Add: Baklava").click();
    await expectText(basketTotal(owner), "CHF 4.00");
    const guest = await shop.visit("bruno", await invite(owner));
    await dialog(guest).getByLabel("Name").fill("Bruno");
    await button(dialog(guest), "Join").click();
    await expectText(basket(owner).locator(".share"), "2 participants");
    await expectText(basketLines(guest), "Baklava");

    await button(basket(guest), "Leave this order").click();
    await button(dialog(guest), "Cancel").click();
    await expectText(basketLines(guest), "Baklava");
    await button(basket(guest), "Leave this order").click();
    await button(dialog(guest), "Leave this order").click();
    await expect.poll(() => guest.getByRole("tab").count()).toBe(0);
    await expectText(basket(owner).locator(".share"), "Share");
    await guest.reload();
    await guest.locator(".card").first().waitFor();
    expect(await guest.getByRole("tab").count()).toBe(0);
    await expectText(basketLines(owner), "Baklava");
  });

  it("the account dialogs need only the keyboard, and fit a phone in each language", async () => {
    const page = await shop.visit("alice", "/", PHONE_SIZE);
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await findAccountButton(page).focus();
    await press("Enter");
    await dialog(page).waitFor();
    await press("Shift+Tab", "Enter", "Tab");
    await page.keyboard.type("Alan");
    await press("Tab");
    await page.keyboard.type("alan@example.ch");
    await press("Tab");
    await page.keyboard.type(PASSWORD);
    await press("Enter");
    await expectText(findAccountButton(page), "Alan");
    expect(await readFocusedName(page)).toBe("Alan");

    for (const language of ["DE Deutsch", "FR Français", "EN English"]) {
      await button(page, language).click();
      await findAccountButton(page).focus();
      await press("Enter", "Tab", "Tab", "Enter");
      await dialogBody(page).locator("li").waitFor();
      const widths = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        document.querySelector("dialog[open]")?.scrollWidth,
      ]);
      expect(widths).toEqual([390, 390]);
      await press("Escape");
      await dialog(page).waitFor({ state: "detached" });
      expect(await readFocusedName(page)).toBe("Alan");
    }
  });
}
