import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { findViolations } from "./back-office-accessibility.ts";
import { type BackOffice, button, eventually, heading, link } from "./back-office-fixtures.ts";

const OTHER_BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";

/** Defines tests of a session that is used by another browser or from another network. */
export function testBinding(office: BackOffice): void {
  /** Requests a page with the cookies of a browser, like a thief who has copied the cookies. */
  async function withStolenCookie(page: Page, headers: Readonly<Record<string, string>>): Promise<string> {
    const cookies = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`);
    const response = await fetch(office.url, {
      headers: { cookie: cookies.join("; "), connection: "close", ...headers },
      redirect: "manual",
    });
    return response.headers.get("location") ?? (await response.text());
  }

  it("a cookie used in another browser shows no stock, and makes the user's next click ask for the password", async () => {
    const ada = await office.logIn("ada");
    await heading(ada, "Zurich North").waitFor();
    const stolen = await withStolenCookie(ada, { "user-agent": OTHER_BROWSER });
    expect(stolen).not.toContain("Zurich North");
    await eventually(() => Promise.resolve(office.output())).toContain("client-changed");
    // The page is still open, and its buttons no longer change anything.
    const plus = button(ada, "Add one: Hex key set");
    await plus.click();
    await heading(ada, "Enter your password").waitFor();
    expect(await findViolations(ada)).toEqual([]);
    await ada.getByLabel("Password").fill("wrong password");
    await button(ada, "Confirm").click();
    await ada.getByText("This is not your present password.").waitFor();
    await ada.getByLabel("Password").fill("password123");
    await button(ada, "Confirm").click();
    await heading(ada, "Zurich North").waitFor();
    await link(ada, "Users").click();
    await heading(ada, "Users").waitFor();
    expect(await withStolenCookie(ada, { "user-agent": OTHER_BROWSER })).not.toContain("Zurich North");
  });
}
