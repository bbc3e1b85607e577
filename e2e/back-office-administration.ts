import { expect, it } from "vitest";
import { type BackOffice, button, eventually, expectText, heading, link } from "./back-office-fixtures.ts";

/** Defines tests of users, roles, companies, sessions and preferences. */
export function testAdministration(office: BackOffice): void {
  it("a user's next click shows what an administrator has changed in the user's account", async () => {
    const [ada, ben] = [await office.logIn("ada"), await office.logIn("ben")];
    await expectText(ben.locator(".name")).toBe("Ben MoserClerk");
    await ada.goto(`${office.url}/users`);
    await link(ada, "Ben Moser").click();
    await ada.getByLabel("Name", { exact: true }).fill("Benjamin Moser");
    await ada.getByLabel("Role").selectOption("Auditor");
    await button(ada, "Save").click();
    await ada.getByText("Saved.").waitFor();
    await link(ben, "Stock").click();
    await expectText(ben.locator(".name")).toBe("Benjamin MoserAuditor");
    await link(ben, "Users").waitFor();
    expect(await ben.getByRole("button", { name: /^Add one/ }).count()).toBe(0);

    await ada.getByLabel("Name", { exact: true }).fill("Ben Moser");
    await ada.getByLabel("Role").selectOption("Clerk");
    await button(ada, "Save").click();
    await expectText(ada.locator("h1")).toBe("Ben Moser");
  });

  it("users of a role that loses a permission lose the permission at the next click", async () => {
    const [ada, ben] = [await office.logIn("ada"), await office.logIn("ben")];
    await ben
      .getByRole("button", { name: /^Add one/ })
      .first()
      .waitFor();
    await ada.goto(`${office.url}/roles`);
    const clerk = ada.locator("form.panel", { hasText: "Clerk" });
    await clerk.getByLabel("Change quantities").uncheck();
    await clerk.getByRole("button", { name: "Save" }).click();
    await clerk.getByText("Saved.").waitFor();
    // The clerk's page still shows the button. The action checks the permission and rejects the click.
    await ben
      .getByRole("button", { name: /^Add one/ })
      .first()
      .click();
    await ben.getByText("You are not allowed to do that.").first().waitFor();
    await ben.reload();
    expect(await ben.getByRole("button", { name: /^Add one/ }).count()).toBe(0);
    await clerk.getByLabel("Change quantities").check();
    await clerk.getByRole("button", { name: "Save" }).click();
    await eventually(() => clerk.getByLabel("Change quantities").isChecked()).toBe(true);
    await clerk.getByText("Saved.").waitFor();
  });

  it("a disabled user is logged out immediately and cannot log in again", async () => {
    const [ada, cleo] = [await office.logIn("ada"), await office.logIn("ben", "cleo@alpine.example")];
    await ada.goto(`${office.url}/users`);
    await link(ada, "Cleo Rossi").click();
    await ada.getByLabel("Active").uncheck();
    await button(ada, "Save").click();
    await ada.getByText("Saved.").waitFor();
    // The event stream informs the page, so the user need not click.
    await cleo.bringToFront();
    await cleo.waitForURL(`${office.url}/login`);
    await cleo.getByLabel("Email address").fill("cleo@alpine.example");
    await cleo.getByLabel("Password").fill("password123");
    await button(cleo, "Log in").click();
    await cleo.getByText("Wrong email address or password.").waitFor();
    await ada.getByLabel("Active").check();
    await button(ada, "Save").click();
    await eventually(() => ada.getByLabel("Active").isChecked()).toBe(true);
    await ada.getByText("Saved.").waitFor();
  });

  it("an administrator sees no users of other companies, and cannot disable their own account", async () => {
    const hana = await office.logIn("ada", "hana@harbour.example");
    await link(hana, "Users").click();
    await heading(hana, "Users").waitFor();
    expect(await hana.getByText("Ada Keller").count()).toBe(0);
    await link(hana, "Hana Petersen").click();
    await hana.getByLabel("Active").uncheck();
    await button(hana, "Save").click();
    await hana.getByText("You cannot disable your own account.").waitFor();
    expect((await hana.request.get(`${office.url}/users/1`)).status()).toBe(404);
  });

  it("users of a suspended company see the suspension at the next click", async () => {
    const [root, hana] = [
      await office.logIn("ada", "root@office.example"),
      await office.logIn("ben", "hana@harbour.example"),
    ];
    await heading(root, "Companies").waitFor();
    await button(root, "Suspend: Harbour Trading").click();
    await button(root, "Resume: Harbour Trading").waitFor();
    await link(hana, "Users").click();
    await heading(hana, "Your company is suspended").waitFor();
    await button(root, "Resume: Harbour Trading").click();
    await button(root, "Suspend: Harbour Trading").waitFor();
    await hana.goto(`${office.url}/users`);
    await heading(hana, "Users").waitFor();
  });

  it("a user can log out another device", async () => {
    const [here, there] = [await office.logIn("ada"), await office.logIn("ben", "ada@alpine.example")];
    await link(here, "My sessions").click();
    const others = here.getByRole("button", { name: "Log out everywhere else" });
    await others.click();
    await others.waitFor({ state: "detached" });
    await there.bringToFront();
    await there.waitForURL(`${office.url}/login`);
    await link(here, "Stock").click();
    await heading(here, "Zurich North").waitFor();
  });

  it("a user's theme and language also apply in the user's other browser", async () => {
    const ada = await office.logIn("ada");
    await ada.getByLabel("Theme").selectOption("Dark");
    await eventually(() => ada.locator("html").getAttribute("data-theme")).toBe("dark");
    await ada.getByLabel("Language").selectOption("Deutsch");
    await link(ada, "Bestand").waitFor();
    const other = await office.visit("ben", "/login");
    await other.getByLabel("Email address").fill("ada@alpine.example");
    await other.getByLabel("Password").fill("password123");
    await button(other, "Log in").click();
    await link(other, "Bestand").waitFor();
    expect(await other.locator("html").getAttribute("data-theme")).toBe("dark");
    await ada.getByLabel("Sprache").selectOption("English");
    await link(ada, "Stock").waitFor();
    await ada.getByLabel("Theme").selectOption("System");
    await eventually(() => ada.locator("html").getAttribute("data-theme")).toBe("system");
  });
}
