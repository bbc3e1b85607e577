import { expect, it } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { openBrowser } from "./chromium.ts";
import { clickAndWait, readSummary, startFormSite } from "./form-site-fixtures.ts";

describeWithProgram("after a restart of Chromium", "chromium", () => {
  it("a restarted browser keeps an anonymous session and a login, but not a login with `rememberMe: false`", async () => {
    const site = await startFormSite();
    const browser = await openBrowser();
    /** Opens the shop under another host name, which has separate cookies. */
    const open = async (host: string) => {
      const page = await browser.context.newPage();
      await page.goto(site.originOf(host));
      return page;
    };
    try {
      await clickAndWait(await open("anonymous.test"), "Add salsa");
      await clickAndWait(await open("default.test"), "Log in");
      await clickAndWait(await open("temporary.test"), "Log in for now");
      await browser.restart();
      expect(await readSummary(await open("anonymous.test"))).toBe("anonymous: salsa");
      expect(await readSummary(await open("default.test"))).toBe("ada: ");
      expect(await readSummary(await open("temporary.test"))).toBe("anonymous: ");
    } finally {
      await browser.close();
      await site.close();
    }
  });
});
