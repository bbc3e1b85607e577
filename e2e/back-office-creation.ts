import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { type BackOffice, button, eventually, expectText, heading, link } from "./back-office-fixtures.ts";

/** Returns the text below the field with this label; null if there is no text. */
async function noteOf(page: Page, label: string): Promise<string | null> {
  const id = await page.getByLabel(label).first().getAttribute("aria-describedby");
  return id === null ? null : await page.locator(`[id="${id}"]`).textContent();
}

/** Fills in fields, which are found by their labels. */
async function fill(page: Page, fields: Readonly<Record<string, string>>): Promise<void> {
  for (const [label, value] of Object.entries(fields)) {
    await page.getByLabel(label, { exact: true }).fill(value);
  }
}

const box = (page: Page, name: string) => page.getByRole("checkbox", { name, exact: true });
const rows = (page: Page, name: string) => page.locator("tbody tr", { hasText: name });

/** Defines tests of forms that create an entry, with and without scripts. */
export function testCreation(office: BackOffice): void {
  it("the form for a new user shows a message beside each wrong field, and then adds a user who can log in", async () => {
    const ada = await office.logIn("ada");
    await link(ada, "Users").click();
    await heading(ada, "Users").waitFor();
    await ada.keyboard.press("n");
    await heading(ada, "Add a user").waitFor();
    await fill(ada, { Name: "Dora Frei", "Email address": "dora", "First password": "short" });
    await box(ada, "Zurich North").uncheck();
    await box(ada, "Bern Wankdorf").uncheck();
    await button(ada, "Add").click();
    await ada.getByText("Check the marked fields.").waitFor();
    expect(await noteOf(ada, "Email address")).toBe("Enter an email address.");
    expect(await noteOf(ada, "First password")).toBe("Enter at least 8 characters.");
    await ada.getByText("Choose at least one warehouse.").waitFor();
    expect(await ada.getByLabel("Name", { exact: true }).inputValue()).toBe("Dora Frei");
    expect(await ada.evaluate(() => document.activeElement?.getAttribute("name"))).toBe("email");

    await fill(ada, { "Email address": "ben@alpine.example", "First password": "dora's password" });
    await ada.getByLabel("Own warehouse").selectOption("Lugano");
    await box(ada, "Bern Wankdorf").check();
    await button(ada, "Add").click();
    await eventually(() => noteOf(ada, "Own warehouse")).toBe(
      "The own warehouse must be one that the user may enter.",
    );
    expect(await ada.getByLabel("Own warehouse").locator("option:checked").textContent()).toBe("Lugano");
    await box(ada, "Lugano").check();
    await fill(ada, { "First password": "dora's password" });
    await button(ada, "Add").click();
    await eventually(() => noteOf(ada, "Email address")).toBe("Another user has this email address.");
    await fill(ada, { "Email address": " Dora@Alpine.example ", "First password": "dora's password" });
    await button(ada, "Add").click();
    await ada.getByText("Dora Frei has been added.").waitFor();
    await expectText(rows(ada, "Dora Frei")).toContain("dora@alpine.example");

    const dora = await office.visit("ben", "/login");
    await fill(dora, { "Email address": "dora@alpine.example", Password: "dora's password" });
    await button(dora, "Log in").click();
    await heading(dora, "Lugano").waitFor();
  });

  it("without JavaScript, the forms for users, roles and warehouses reject wrong values and add valid entries", async () => {
    const ada = await office.logIn("ada");
    await ada.goto(`${office.url}/users/new`);
    await office.disableScripts(ada);
    await fill(ada, { Name: "Emil Graf", "Email address": "emil@alpine.example", "First password": "short" });
    await button(ada, "Add").click();
    await ada.getByText("Enter at least 8 characters.").waitFor();
    expect(await ada.getByLabel("Email address").inputValue()).toBe("emil@alpine.example");
    await fill(ada, { "First password": "emil's password" });
    await button(ada, "Add").click();
    await ada.getByText("Emil Graf has been added.").waitFor();

    await ada.goto(`${office.url}/roles`);
    const role = ada.locator("form.panel", { hasText: "Add a role" });
    await role.getByRole("button", { name: "Add" }).click();
    await ada.getByText("Choose at least one permission.").waitFor();
    await role.getByLabel("Name").fill("Store keeper");
    await role.getByLabel("Add warehouses").check();
    await role.getByRole("button", { name: "Add" }).click();
    await ada.getByText("Store keeper has been added.").waitFor();

    await ada.goto(`${office.url}/warehouses`);
    await fill(ada, { Name: "lugano" });
    await button(ada, "Add").click();
    await ada.getByText("This name is taken.").waitFor();
    await fill(ada, { Name: "Chur" });
    await ada.getByLabel("With the items of").selectOption("Lugano");
    await button(ada, "Add").click();
    await ada.getByText("Chur has been added.").waitFor();
    await expectText(rows(ada, "Chur")).toBe("Chur1200");
  });

  it("a form creates one entry even if it is sent twice and again after the back button", async () => {
    const ada = await office.logIn("ada");
    await ada.goto(`${office.url}/warehouses`);
    await fill(ada, { Name: "Thun" });
    await button(ada, "Add").dblclick();
    await ada.getByText("Thun has been added.").waitFor();
    expect(await rows(ada, "Thun").count()).toBe(1);

    await ada.goto(`${office.url}/warehouses`);
    await office.disableScripts(ada);
    await fill(ada, { Name: "Visp" });
    await button(ada, "Add").dblclick();
    await ada.getByText("Visp has been added.").waitFor();
    await ada.goBack({ waitUntil: "commit" });
    await fill(ada, { Name: "Visp" });
    await button(ada, "Add").click();
    // The same form was sent again, so the page shows the entry that this form has created, and does not report that
    // the name is taken.
    await ada.getByText("Visp has been added.").waitFor();
    expect(await rows(ada, "Visp").count()).toBe(1);
  });

  it("a new warehouse can be opened by its creator at once, and by other users after they get access", async () => {
    const [ada, ben] = [await office.logIn("ada"), await office.logIn("ben")];
    await link(ada, "Warehouses").click();
    await heading(ada, "Warehouses").waitFor();
    await fill(ada, { Name: "Sion" });
    await button(ada, "Add").click();
    await ada.getByText("Sion has been added.").waitFor();
    await link(ada, "Stock").click();
    await ada.getByRole("combobox", { name: "Warehouse" }).selectOption("Sion");
    await heading(ada, "Sion").waitFor();
    const address = new URL(ada.url());
    await ben.goto(address.href);
    await heading(ben, "Zurich North").waitFor();
    await ada.goto(`${office.url}/users/2`);
    await box(ada, "Sion").check();
    await button(ada, "Save").click();
    await ada.getByText("Saved.").waitFor();
    await ben.goto(address.href);
    await heading(ben, "Sion").waitFor();
    await box(ada, "Sion").uncheck();
    await button(ada, "Save").click();
    await eventually(() => box(ada, "Sion").isChecked()).toBe(false);
    await ada.getByText("Saved.").waitFor();
  });

  it("the administrator of a new company sees this company and no data of other companies", async () => {
    const root = await office.logIn("ada", "root@office.example");
    await heading(root, "Companies").waitFor();
    await link(root, "Add a company").click();
    await heading(root, "Add a company").waitFor();
    await fill(root, {
      Company: "harbour trading",
      "First warehouse": "Basel",
      "First administrator": "Fiona Graf",
      "Email address": "fiona@rhein.example",
      "First password": "fiona's password",
    });
    await button(root, "Add").click();
    await eventually(() => noteOf(root, "Company")).toBe("This name is taken.");
    await fill(root, { Company: "Rhein Logistics", "First password": "fiona's password" });
    await button(root, "Add").click();
    await root.getByText("Rhein Logistics has been added.").waitFor();
    const fiona = await office.visit("ben", "/login");
    await fill(fiona, { "Email address": "fiona@rhein.example", Password: "fiona's password" });
    await button(fiona, "Log in").click();
    await heading(fiona, "Basel").waitFor();
    await link(fiona, "Users").click();
    await heading(fiona, "Users").waitFor();
    expect(await fiona.locator("tbody tr").count()).toBe(1);
    await link(fiona, "Roles").click();
    await eventually(() => fiona.locator("form.panel").count()).toBe(4);
  });

  it("a change of the password logs out the user's other browsers and makes the old password invalid", async () => {
    const [here, there] = [
      await office.logIn("ada", "ole@harbour.example"),
      await office.logIn("ben", "ole@harbour.example"),
    ];
    await link(here, "My sessions").click();
    await fill(here, { "Present password": "wrong password", "New password": "ole's password" });
    await button(here, "Change the password").click();
    await eventually(() => noteOf(here, "Present password")).toBe("This is not your present password.");
    await fill(here, { "Present password": "password123", "New password": "ole's password" });
    await button(here, "Change the password").click();
    await here.getByText("Saved.").waitFor();
    await there.bringToFront();
    await there.waitForURL(`${office.url}/login`);
    await fill(there, { "Email address": "ole@harbour.example", Password: "password123" });
    await button(there, "Log in").click();
    await there.getByText("Wrong email address or password.").waitFor();
    await here.reload();
    await fill(here, { "Present password": "ole's password", "New password": "password123" });
    await button(here, "Change the password").click();
    await here.getByText("Saved.").waitFor();
  });
}
