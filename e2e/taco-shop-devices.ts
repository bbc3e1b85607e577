import { expect, it } from "vitest";
import {
  basketTotal,
  button,
  clickAccountMenu,
  dialog,
  expectText,
  findAccountButton,
  logIn,
  openOrder,
  PASSWORD,
  readFocusedName,
  signUp,
  type TacoShop,
} from "./taco-shop-fixtures.ts";

/** Defines tests of the list of devices, of logging out other devices, and of the session's expiry. */
export function testDevices(shop: TacoShop): void {
  it("a device that is logged out from another device shows the logout immediately, and continues without an account", async () => {
    const page = await shop.visit("alice");
    await signUp(page, "Ada", "ada@devices.example");
    await openOrder(page, "Office");
    await page.evaluate(() => {
      document.body.dataset.since = "before";
    });
    const other = await shop.visit("bruno");
    await logIn(other, "Ada", "ada@devices.example");
    await clickAccountMenu(other, "My devices");
    const list = dialog(other).locator("li");
    await expect.poll(() => list.count()).toBe(2);
    expect(await list.getByText("This device").count()).toBe(1);
    await expectText(list.first(), /Chrom\w+ \d+ · Linux.*Logged in since \d/);

    await button(list, /^Log out: Chrom/).click();
    await expect.poll(() => list.count()).toBe(1);
    // Two seconds is the staleness bound: the longest time for which a node may serve a revoked session.
    await page.getByText("You were logged out here from another device.").waitFor({ timeout: 2000 });
    await expectText(findAccountButton(page), "Log in");
    expect(await page.getByRole("tab").count()).toBe(0);
    expect(await page.evaluate(() => document.body.dataset.since)).toBe("before");

    await button(page.getByRole("alert"), "Log in").click();
    await dialog(page).getByLabel("E-mail").fill("ada@devices.example");
    await dialog(page).getByLabel("Password").fill(PASSWORD);
    await page.keyboard.press("Enter");
    await page.getByRole("tab", { name: "Office" }).waitFor();
    expect(await page.getByText("You were logged out here").count()).toBe(0);
    expect(await readFocusedName(page)).toBe("Ada");
  });

  it("logging out other devices requires the password again if the login is old", async () => {
    const other = await shop.visit("bruno");
    await signUp(other, "Barbara", "barbara@example.ch");
    const page = await shop.visit("alice");
    await logIn(page, "Barbara", "barbara@example.ch");
    // The shop's error response if the login was more than ten minutes ago.
    const error = { code: "REAUTHENTICATION_REQUIRED", message: "The user must enter their password again." };
    await page.route(
      "**/devices?others",
      (route) => route.fulfill({ status: 403, json: { success: false, error } }),
      { times: 1 },
    );
    await clickAccountMenu(page, "My devices");
    await button(dialog(page), "Log out all others").click();
    const proof = page.getByRole("dialog", { name: "Confirm that it is you" });
    await proof.getByLabel("Password").fill("not the password");
    await page.keyboard.press("Enter");
    await proof.getByText("Wrong e-mail or password.").waitFor();
    await proof.getByLabel("Password").fill(PASSWORD);
    await page.keyboard.press("Enter");
    await proof.waitFor({ state: "detached" });
    await expect.poll(() => dialog(page).locator("li").count()).toBe(1);
    await expectText(findAccountButton(other), "Log in");
    await page.keyboard.press("Escape");
    expect(await readFocusedName(page)).toBe("Barbara");
  });

  it("all devices are logged out immediately, even if only the order's event stream reports the logout", async () => {
    const page = await shop.visit("alice");
    await signUp(page, "Donald", "donald@example.ch");
    const other = await shop.visit("bruno");
    await other.route("**/session-v2/events", (route) => route.abort());
    await logIn(other, "Donald", "donald@example.ch");
    await openOrder(other, "Office");
    await button(other, "Add: Baklava").click();
    await expectText(basketTotal(other), "CHF 4.00");
    await clickAccountMenu(page, "Log out everywhere");
    await button(dialog(page), "Log out everywhere").click();
    await expectText(findAccountButton(page), "Log in");
    await expectText(findAccountButton(other), "Log in");
    await other.getByText("You were logged out here from another device.").waitFor();
    expect(await other.getByText("This order is closed.").count()).toBe(0);
    expect(await page.getByText("You were logged out here from another device.").count()).toBe(0);
  });

  it("a dialog warns before the session expires, and extends the session on request", async () => {
    // The page shows the warning 60 s before the session expires.
    const url = await shop.startAnother({ SESSION_IDLE_TIMEOUT_MS: "62000" });
    const page = await shop.openUrl("alice", url);
    await signUp(page, "Kay", "kay@example.ch");
    const warning = page.getByRole("dialog", { name: "Are you still there?" });
    await warning.waitFor();
    await expectText(warning.getByRole("timer"), /^In \d\d seconds you will be logged out\.$/);
    expect(await readFocusedName(page)).toBe("Stay logged in");
    await page.keyboard.press("Enter");
    await warning.waitFor({ state: "hidden" });
    await expectText(findAccountButton(page), "Kay");
    await warning.waitFor();
    await button(warning, "Log out").click();
    await expectText(findAccountButton(page), "Log in");
  });

  it("a message explains that the session has expired, and the next login shows the orders again", async () => {
    const url = await shop.startAnother({ SESSION_IDLE_TIMEOUT_MS: "2000" });
    const page = await shop.openUrl("alice", url);
    await signUp(page, "Kay", "kay@example.ch");
    // Create the order with a request, because in the page the warning dialog is open.
    const data = { metadata: { customerName: "Office" } };
    expect((await page.request.post(`${url}/api/v1/sessions`, { data })).status()).toBe(201);
    await page.getByText("You were inactive for a while, so you have been logged out.").waitFor();
    await expectText(findAccountButton(page), "Log in");
    expect(await dialog(page).count()).toBe(0);
    await expect.poll(() => page.getByRole("tab").count()).toBe(0);

    await button(page.getByRole("alert"), "Log in").click();
    await dialog(page).getByLabel("E-mail").fill("kay@example.ch");
    await dialog(page).getByLabel("Password").fill(PASSWORD);
    await page.keyboard.press("Enter");
    await page.getByRole("tab", { name: "Office" }).waitFor();
    await page.getByText("You were inactive for a while, so you have been logged out.").waitFor();
    await button(page.getByRole("alert"), "Dismiss").click();

    await button(page, "Add: Baklava").click();
    await page.getByRole("dialog", { name: "Are you still hungry?" }).waitFor();
  });
}
