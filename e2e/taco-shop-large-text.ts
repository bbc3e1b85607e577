import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import {
  button,
  dialog,
  dialogBody,
  findAccountButton,
  placeThroughApi,
  signUp,
  type TacoShop,
} from "./taco-shop-fixtures.ts";

const SMALL_PHONE = { width: 320, height: 640 };

/** Runs `task` with the text size that a user has selected in the browser's settings, in pixels. The default is 16. */
async function withTextSize(page: Page, size: number, task: () => Promise<void>): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const setTextSize = (standard: number) =>
    devtools.send("Page.setFontSizes", { fontSizes: { standard, fixed: standard } });
  await setTextSize(size);
  try {
    await task();
  } finally {
    await setTextSize(16);
    await devtools.detach();
  }
}

/** Expects that nothing in the open dialog, or in the page's header, is wider than the space for it. */
async function expectToFit(page: Page, what: string): Promise<void> {
  const wide = await page.evaluate(() => {
    const root = document.querySelector("dialog[open]") ?? document.querySelector("header");
    return [...(root?.querySelectorAll("*") ?? [])]
      .filter((element) => !element.closest("svg, .unseen, :is(input, select)"))
      .filter((element) => {
        const { right, left, width } = element.getBoundingClientRect();
        const isText = element.childElementCount === 0 && element.clientWidth > 2;
        const isClipped = isText && element.scrollWidth > element.clientWidth + 1;
        return width > 2 && (left < 0 || right > innerWidth || isClipped);
      })
      .map((element) => `${element.tagName} ${element.className} ${element.textContent}`);
  });
  expect([what, wide]).toEqual([what, []]);
}

/** Defines tests at a width of 320 px and a text size of 200 %. */
export function testLargeText(shop: TacoShop): void {
  it("the dialogs for placing and sharing an order fit the width, and are open at the top", async () => {
    const page = await shop.visit("alice", "/", SMALL_PHONE);
    await withTextSize(page, 32, async () => {
      await button(page, "DE Deutsch").click();
      await page.locator(".card .add").first().click();
      await dialogBody(page).locator(".meats .stepper button:last-child").first().click();
      await dialogBody(page).locator(".dialog-foot .main").click();
      await dialog(page).waitFor({ state: "detached" });
      await page.locator(".basket-bar").click();
      await dialogBody(page).locator(".line").first().waitFor();
      await expectToFit(page, "basket");
      await dialogBody(page).locator(".main").click();
      await dialogBody(page).locator(".checkout").waitFor();
      await expectToFit(page, "checkout");
      await dialogBody(page).getByLabel("Name").fill("Anne-Sophie Müller-Lüdenscheidt");
      await dialogBody(page).locator("[type=tel]").fill("+41791234567");
      await dialogBody(page).locator(".choice").last().click();
      await dialogBody(page).locator(".dialog-foot .main").click();
      await dialogBody(page).locator(".thanks").waitFor();
      await expectToFit(page, "confirmation");
      await page.keyboard.press("Escape");
      await dialog(page).waitFor({ state: "detached" });
      await page.locator(".basket-bar").click();
      await dialogBody(page).locator(".share").click();
      await dialogBody(page).locator(".sharing .main").click();
      await dialogBody(page).locator(".link button").waitFor();
      await expectToFit(page, "sharing");
      await page.keyboard.press("Escape");
      await dialogBody(page).locator(".sharing").waitFor({ state: "detached" });
      // Closing the dialog has brought back the basket, which is a dialog too.
      await page.keyboard.press("Escape");
      await dialog(page).waitFor({ state: "detached" });
      await page.locator(".sessions-button").click();
      await dialogBody(page).locator("a").first().waitFor();
      // A dialog opens at its beginning, even if its first control is at its end.
      expect(await page.evaluate(() => document.querySelector("dialog")?.scrollTop)).toBe(0);
      await expectToFit(page, "sessions");
      await page.keyboard.press("Escape");
      await dialog(page).waitFor({ state: "detached" });
    });
  });

  it("the taco editor, the account menu and the past orders fit the width in each language", async () => {
    const page = await shop.visit("alice", "/", SMALL_PHONE);
    await signUp(page, "Anne-Sophie Müller-Lüdenscheidt", "anne-sophie@example.ch");
    await placeThroughApi(page, 1);
    await withTextSize(page, 32, async () => {
      for (const language of ["DE Deutsch", "FR Français", "EN English"]) {
        await button(page, language).click();
        await page.locator(".card .add").first().click();
        await expectToFit(page, `taco editor, ${language}`);
        await page.keyboard.press("Escape");
        await dialog(page).waitFor({ state: "detached" });
        await findAccountButton(page).click();
        await expectToFit(page, `account menu, ${language}`);
        await page.locator(".account-menu button").first().click();
        await dialogBody(page).locator("summary").first().click();
        await expectToFit(page, `past orders, ${language}`);
        await page.keyboard.press("Escape");
        await dialog(page).waitFor({ state: "detached" });
      }
    });
  });
}
