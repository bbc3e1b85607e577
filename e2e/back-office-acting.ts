import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { type BackOffice, button, eventually, expectText, heading, link } from "./back-office-fixtures.ts";

const REASON = "Ticket 4711: cannot see Bern";
const banner = (page: Page) => page.locator(".acting");

/** Logs in as the super administrator in the first browser, and opens a user's page. */
async function openUser(office: BackOffice, company: string, user: string): Promise<Page> {
  const root = await office.logIn("ada", "root@office.example");
  await link(root, company).click();
  await link(root, user).click();
  await heading(root, user).waitFor();
  return root;
}

/** Begins to act for a user whose page is open. */
async function actFor(root: Page, user: string): Promise<void> {
  await root.getByLabel("Reason").fill(REASON);
  await button(root, `Act for ${user}`).click();
  await banner(root).waitFor();
}

const readSessionCookie = async (page: Page) =>
  (await page.context().cookies()).find(({ name }) => name === "back-office")?.value;

/** Returns the number of devices in the user's list. */
async function countDevices(page: Page): Promise<number> {
  await link(page, "My sessions").click();
  await page.getByText("This device").waitFor();
  return await page.locator(".devices li").count();
}

/** Defines tests of a super administrator who acts for a user. */
export function testActing(office: BackOffice): void {
  it("a super administrator acts for a user, is named on every page, and returns to the same session", async () => {
    const ben = await office.logIn("ben");
    const devices = await countDevices(ben);
    const root = await openUser(office, "Alpine Supplies", "Ben Moser");
    const own = await readSessionCookie(root);
    await button(root, "Act for Ben Moser").click();
    await root.getByText("Enter a reason, such as a ticket number.").waitFor();
    await actFor(root, "Ben Moser");
    await heading(root, "Zurich North").waitFor();
    expect(await readSessionCookie(root)).not.toBe(own);
    const second = await office.visit("ada", "/sessions");
    const third = await office.visit("ada", "/suspended");
    for (const page of [root, second, third]) {
      await expectText(banner(page)).toContain("Robin Root acts for Ben Moser until");
      await expectText(banner(page)).toContain(REASON);
    }
    const missing = await root.request.get(`${office.url}/no-such-page`);
    expect(await missing.text()).toContain("Robin Root");

    await button(root, "Add one: Packing foam 2 m").click();
    expect(await countDevices(ben)).toBe(devices);
    await link(ben, "Stock").click();
    await expectText(ben.locator(".movements li").first()).toContain("Ben Moser (Robin Root)");
    expect(await banner(ben).count()).toBe(0);

    await button(second, "Stop").click();
    await heading(second, "Ben Moser").waitFor();
    expect(await readSessionCookie(second)).toBe(own);
    await third.goto(office.url);
    await heading(third, "Companies").waitFor();
    expect(await banner(third).count()).toBe(0);
  });

  it("an administrator who acts for a user cannot change a password, a user or a role, and sees the reason", async () => {
    const root = await openUser(office, "Alpine Supplies", "Ada Keller");
    await actFor(root, "Ada Keller");
    const attempts: readonly (readonly [path: string, submit: string, refused: string])[] = [
      ["/sessions", "Change the password", "change the password"],
      ["/users/2", "Save", "change a user"],
      ["/users/new", "Add", "add a user"],
      ["/roles", "Add", "add a role"],
    ];
    for (const [path, submit, refused] of attempts) {
      await root.goto(office.url + path);
      await button(root, submit).click();
      await root.getByText(`Not allowed while impersonating: ${refused}.`).waitFor();
    }
    await root.goto(`${office.url}/roles`);
    await button(root, "Save").first().click();
    await root.getByText("Not allowed while impersonating: change a role.").waitFor();
    await button(root, "Stop").click();
    await heading(root, "Ada Keller").waitFor();
  });

  it("only a super administrator can act for a user, even if another user submits the administrator's form", async () => {
    const ada = await office.logIn("ben", "ada@alpine.example");
    await ada.goto(`${office.url}/users/2`);
    await heading(ada, "Ben Moser").waitFor();
    expect(await ada.getByLabel("Reason").count()).toBe(0);
    const form = await openUser(office, "Alpine Supplies", "Ben Moser");
    await office.disableScripts(form);
    // Ada logs in with the same browser, in which the administrator's form is still open.
    await form.context().clearCookies();
    await office.logIn("ada");
    await form.getByLabel("Reason").fill(REASON);
    await button(form, "Act for Ben Moser").click();
    await expectText(form.locator("body")).toContain("Alpine Supplies");
    await expectText(form.locator(".name")).toContain("Ada Keller");
    expect(await banner(form).count()).toBe(0);
  });

  it("the login page leads an administrator back to the administrator's account if the impersonated user is disabled", async () => {
    const root = await openUser(office, "Harbour Trading", "Ole Jansen");
    await actFor(root, "Ole Jansen");
    const hana = await office.logIn("ben", "hana@harbour.example");
    await link(hana, "Users").click();
    await link(hana, "Ole Jansen").click();
    await hana.getByLabel("Active").uncheck();
    await button(hana, "Save").click();
    await hana.getByText("Saved.").waitFor();
    await root.bringToFront();
    await root.waitForURL(`${office.url}/login`);
    await expectText(banner(root)).toContain("Robin Root no longer acts for Ole Jansen.");
    await button(root, "Return to your account").click();
    await heading(root, "Ole Jansen").waitFor();
    await root.getByLabel("Reason").fill(REASON);
    await button(root, "Act for Ole Jansen").click();
    await root.getByText("This user is disabled, or the company is suspended.").waitFor();
    await hana.getByLabel("Active").check();
    await button(hana, "Save").click();
    await eventually(() => hana.getByLabel("Active").isChecked()).toBe(true);
    await hana.getByText("Saved.").waitFor();
  });
  it("the page for a failed request names the user whom the administrator acts for, and has a button that stops acting", async () => {
    const root = await openUser(office, "Alpine Supplies", "Ben Moser");
    await actFor(root, "Ben Moser");
    // Do not open the page with `office.visit`, because a test fails if such a page logs an error.
    const failing = await root.context().newPage();
    const database = new DatabaseSync(join(office.folder, "back-office.db"));
    try {
      database.exec("ALTER TABLE items RENAME TO hidden_items");
      await failing.goto(office.url);
      await heading(failing, "This did not work").waitFor();
      await expectText(banner(failing)).toContain("You act for Ben Moser");
      await expectText(banner(failing)).toContain(REASON);
    } finally {
      database.exec("ALTER TABLE hidden_items RENAME TO items");
      database.close();
    }
    await button(failing, "Stop").click();
    await heading(failing, "Ben Moser").waitFor();
    expect(await banner(failing).count()).toBe(0);
  });
}
