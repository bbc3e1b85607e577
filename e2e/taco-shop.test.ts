import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readConfig } from "coatcheck-server";
import { pino } from "pino";
import type { Locator, Page, Route } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type RunningShop, startShop } from "../examples/taco-shop/src/main.ts";
import { CHROMIUM, openBrowser } from "./chromium.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

type Browser = Awaited<ReturnType<typeof openBrowser>>;

const button = (where: Page | Locator, name: string | RegExp) =>
  where.getByRole("button", { name, exact: true });
const basket = (page: Page) => page.getByRole("complementary");
const dialog = (page: Page) => page.getByRole("dialog");
const sheet = (page: Page) => dialog(page).locator(".dialog-sheet");
const tab = (page: Page, name: string) => page.getByRole("tab", { name });
const lines = (page: Page) => basket(page).locator(".line h3");
const total = (page: Page) => basket(page).locator(".total strong");

/** What each test waits for: the text, as it comes to be. */
const becomes = (locator: Locator, text: string | RegExp) =>
  expect.poll(() => locator.textContent(), { timeout: 5000 }).toMatch(text);

describe.skipIf(!CHROMIUM)("the taco shop, in Chromium", () => {
  let folder: string;
  let shop: RunningShop;
  let alice: Browser;
  let bruno: Browser;
  const problems: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "coatcheck-tacos-"));
    // As it is served: under the tests' own NODE_ENV it would be built for development.
    const env = { ...process.env, NODE_ENV: "production" };
    execFileSync("npm", ["run", "build", "--workspace", "taco-shop"], { cwd: ROOT, env, stdio: "pipe" });
    const config = readConfig({
      HOST: "127.0.0.1",
      PORT: "0",
      DATABASE_URL: `sqlite:${join(folder, "coatcheck.db")}`,
      LOG_LEVEL: "silent",
    });
    shop = await startShop({
      config,
      log: pino({ level: "silent" }),
      port: 0,
      backendPort: 0,
      backendKind: "typescript",
      backendData: join(folder, "backend"),
    });
    [alice, bruno] = await Promise.all([openBrowser(), openBrowser()]);
    for (const { context } of [alice, bruno]) {
      context.setDefaultTimeout(8000);
      context.on("weberror", (error) => problems.push(error.error().message));
    }
  });

  afterAll(async () => {
    await Promise.all([alice?.close(), bruno?.close()]);
    await shop?.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  beforeEach(() => {
    problems.length = 0;
  });
  afterEach(async () => {
    for (const { context } of [alice, bruno]) {
      for (const page of context.pages().slice(1)) await page.close();
      await context.clearCookies();
    }
    expect(problems).toEqual([]);
  });

  /** The shop in a new window of somebody's browser, in English. */
  async function visit({ context }: Browser, path = "/", size = { width: 1440, height: 900 }): Promise<Page> {
    const page = await context.newPage();
    await page.setViewportSize(size);
    await page.addInitScript(() => {
      if (!localStorage.getItem("taco-shop.language")) localStorage.setItem("taco-shop.language", "en");
    });
    await page.goto(new URL(path, shop.url).href);
    await page.locator(".card").first().waitFor();
    return page;
  }

  async function open(page: Page, name: string): Promise<void> {
    await button(page, "New order").click();
    await dialog(page).getByLabel("Who is it for?").fill(name);
    await button(page, "Open the order").click();
    await page.getByRole("tab", { name, selected: true }).waitFor();
  }

  async function compose(page: Page, size: string, ...meats: string[]): Promise<void> {
    await button(page, `Compose: ${size}`).click();
    for (const meat of meats) await button(dialog(page), `More: ${meat}`).click();
    await button(dialog(page), /^Add to the order/).click();
    await dialog(page).waitFor({ state: "detached" });
  }

  it("stores nothing for a visitor who only looks", async () => {
    const page = await visit(alice);
    await page.getByRole("link", { name: "Desserts" }).click();
    expect(await page.context().cookies()).toEqual([]);
    expect(await page.getByRole("tab").count()).toBe(0);
  });

  it("fills three orders side by side, each with a basket of its own, which a reload brings back", async () => {
    const page = await visit(alice);
    for (const [name, size, drink] of [
      ["Alice", "Tacos XL", "Ayran 25 cl"],
      ["Office", "Tacos L", "Coca-Cola 50 cl"],
      ["Home", "Bowl", "Still water 50 cl"],
    ] as const) {
      await open(page, name);
      await compose(page, size, "Minced beef");
      await button(page, `Add: ${drink}`).click();
      await expect.poll(() => lines(page).allTextContents()).toEqual([size, drink]);
    }
    await page.reload();
    await becomes(tab(page, "Alice").locator(".count"), /^2$/);
    for (const [name, size, sum] of [
      ["Alice", "Tacos XL", "CHF 20.90"],
      ["Office", "Tacos L", "CHF 16.90"],
      ["Home", "Bowl", "CHF 18.90"],
    ] as const) {
      await tab(page, name).click();
      await becomes(lines(page).first(), size);
      await becomes(total(page), sum);
    }
  });

  it("changes a taco, counts, and removes", async () => {
    const page = await visit(alice);
    await compose(page, "Tacos L", "Kebab");
    await becomes(total(page), "CHF 13.90");

    await button(basket(page), "Change: Tacos L").click();
    await dialog(page).getByText("Tacos XXL").click();
    await button(dialog(page), "More: Falafel")
      .or(button(dialog(page), "More: Vegetarian falafel"))
      .click();
    await dialog(page).getByText("Raclette cheese").click();
    await button(dialog(page), /^Save/).click();
    await becomes(lines(page), "Tacos XXL");
    await becomes(basket(page).locator(".line-text"), /Kebab, Vegetarian falafel.*Raclette cheese/);
    await becomes(total(page), "CHF 25.40");

    // Faster than the shop answers: each step shows at once, and none overtakes the one before.
    const held = Promise.withResolvers<void>();
    const hold = (route: Route) => held.promise.then(() => route.continue());
    await page.route("**/quantity", hold, { times: 1 });
    for (let step = 0; step < 3; step++) await button(basket(page), "More: Tacos XXL").click();
    await becomes(total(page), "CHF 101.60");
    const last = page.waitForResponse((answer) => answer.request().postDataJSON()?.quantity === 4);
    held.resolve();
    await last;
    await page.reload();
    await becomes(total(page), "CHF 101.60");

    await button(page, "Add: Baklava").click();
    await button(page, "Add: Baklava").click();
    await becomes(total(page), "CHF 109.60");

    await button(basket(page), "Remove: Tacos XXL").click();
    await becomes(total(page), "CHF 8.00");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("basket-title");
    await page.reload();
    await becomes(total(page), "CHF 8.00");
  });

  it("takes no more meat than a size holds, and drops what a smaller one does not", async () => {
    const page = await visit(alice);
    await button(page, "Compose: Tacos L mixed").click();
    await button(dialog(page), /^Add to the order/).click();
    await becomes(sheet(page).getByRole("alert"), "Choose at least one meat.");
    // The third is one too many, and does nothing.
    for (let step = 0; step < 3; step++) await button(dialog(page), "More: Merguez").click({ force: true });
    await becomes(dialog(page).getByRole("group", { name: "Meats" }).locator("legend"), "2 of 2 chosen");
    await dialog(page)
      .getByRole("radio", { name: /^Tacos L 12/ })
      .check({ force: true });
    await becomes(dialog(page).getByRole("group", { name: "Meats" }).locator("legend"), "1 of 1 chosen");
  });

  it("says at each field what is wrong with it, places the order, and keeps it in the history", async () => {
    const page = await visit(alice);
    await open(page, "Alice");
    await button(page, "Add: French fries").click();
    await button(basket(page), "Check out").click();
    const form = dialog(page);
    await form.getByLabel("Telephone").fill("12");
    await button(form, /^Place the order/).click();
    const phone = form.getByLabel("Telephone");
    await expect.poll(() => phone.getAttribute("aria-invalid")).toBe("true");
    expect(await form.getByLabel("Name").getAttribute("aria-invalid")).toBe("false");
    await form.getByText("This is no telephone number: 9 to 15 digits.").waitFor();
    await form.getByText("Where shall we bring it?").waitFor();
    await expect.poll(() => phone.evaluate((input) => input === document.activeElement)).toBe(true);

    await phone.fill("+41 79 123 45 67");
    await form.getByLabel("Address").fill("Rue de Lausanne 1");
    await button(form, /^Place the order/).click();
    await becomes(sheet(page).getByRole("status"), /^Order no. \d+ will be with you at \d\d:\d\d\.$/);
    await button(dialog(page), "Back to the menu").click();
    await basket(page).getByText("Nothing in it yet.").waitFor();
    await basket(page).locator("summary").click();
    await becomes(basket(page).locator("details li"), "1 × French fries");
  });

  it("says what is sold out, though it was there when it was chosen", async () => {
    const page = await visit(alice);
    await button(page, "Add: Daim cake").click();
    await becomes(total(page), "CHF 5.00");
    const left = await page.evaluate(async () => {
      const ask = async (path: string, body?: object, headers = {}) => {
        const how = body ? { method: "POST", body: JSON.stringify(body), headers } : {};
        return (await (await fetch(`/api/v1${path}`, how)).json()).data;
      };
      const stock = async () => (await ask("/resources/stock")).desserts.tarte_daim;
      const { sessionId } = await ask("/sessions", {});
      for (let left = await stock(); left > 0; left = await stock()) {
        const cake = { product: "tarte_daim", quantity: Math.min(left, 20) };
        await ask(`/sessions/${sessionId}/cart/desserts`, cake);
        const customer = { name: "Hungry", phone: "+41791234567" };
        const delivery = { type: "emporter", requestedFor: "15:00" };
        const key = { "idempotency-key": `cake-${left}` };
        await ask(`/sessions/${sessionId}/orders`, { customer, delivery }, key);
      }
      return stock();
    });
    expect(left).toBe(0);
    await button(basket(page), "Check out").click();
    await dialog(page).getByText("Take-away").click();
    await dialog(page).getByLabel("Name").fill("Alice");
    await dialog(page).getByLabel("Telephone").fill("079 123 45 67");
    await button(dialog(page), /^Place the order/).click();
    await becomes(sheet(page).getByRole("alert"), "Not enough left: Daim cake.");
    await page.keyboard.press("Escape");
    const add = button(page, "Add: Daim cake");
    await becomes(add, "Sold out");
    expect(await add.isDisabled()).toBe(true);
  });

  it("makes one order of two attempts when the first answer is lost", async () => {
    const page = await visit(alice);
    await button(page, "Add: Tiramisu").click();
    await button(basket(page), "Check out").click();
    const form = dialog(page);
    await form.getByText("Take-away").click();
    await form.getByLabel("Name").fill("Alice");
    await form.getByLabel("Telephone").fill("079 123 45 67");
    await page.route(
      "**/orders",
      async (route) => {
        await route.fetch();
        await route.abort();
      },
      { times: 1 },
    );
    await button(form, /^Place the order/).click();
    await form.getByText("The shop cannot be reached.").waitFor();
    await button(form, /^Place the order/).click();
    await becomes(sheet(page).getByRole("status"), "will be ready at");
    await button(dialog(page), "Back to the menu").click();
    expect(await basket(page).locator("summary").count()).toBe(1);
  });

  it("shows a shared order live in both browsers, until the link is revoked", async () => {
    const owner = await visit(alice);
    await open(owner, "Alice");
    await compose(owner, "Tacos XL", "Minced beef");
    await button(basket(owner), "Share").click();
    await button(dialog(owner), "Make a link").click();
    const link = await dialog(owner).getByLabel("Link", { exact: true }).inputValue();
    await owner.keyboard.press("Escape");

    const guest = await visit(bruno, `/${new URL(link).hash}`);
    expect(new URL(guest.url()).hash).toBe("");
    await dialog(guest).getByLabel("Name").fill("Bruno");
    await button(dialog(guest), "Come in").click();
    await becomes(lines(guest), "Tacos XL");
    await becomes(basket(guest).locator("h2"), "For Alice");
    await becomes(basket(owner).locator(".share"), "2 people are in");

    await button(guest, "Add: Ayran 25 cl").click();
    await becomes(total(owner), "CHF 20.90");
    await owner.getByText("Bruno added a drink").waitFor();
    await button(basket(owner), "Remove: Ayran 25 cl").click();
    await becomes(total(guest), "CHF 17.90");

    // Both change the same taco: who comes second is told, and decides.
    await button(basket(guest), "Change: Tacos XL").click();
    await button(basket(owner), "Change: Tacos XL").click();
    await dialog(owner).getByText("Tacos Giga").click();
    await dialog(guest).getByText("Harissa").click();
    await button(dialog(owner), /^Save/).click();
    await becomes(total(owner), "CHF 28.90");
    await button(dialog(guest), /^Save/).click();
    await becomes(sheet(guest).getByRole("alert"), "Somebody has changed this taco meanwhile.");
    await becomes(total(owner), "CHF 28.90");
    await button(dialog(guest), /^Save/).click();
    await becomes(lines(owner), "Tacos XL");
    await becomes(basket(owner).locator(".line-text"), "Harissa");

    await button(basket(owner), /people are in/).click();
    await becomes(dialog(owner).locator(".happenings li").first(), "Bruno changed a taco");
    await button(dialog(owner), "Revoke the link (May edit)").click();
    await guest.getByText("You are not part of this order any more.").waitFor();
    expect(await guest.getByRole("tab").count()).toBe(0);
  });

  it("closes a tab whose order was ended elsewhere, though the page had not begun to follow it", async () => {
    const page = await visit(alice);
    const held = Promise.withResolvers<void>();
    await page.route("**/events", (route) => held.promise.then(() => route.continue()), { times: 1 });
    await open(page, "Alice");
    const id = (await tab(page, "Alice").getAttribute("id"))?.slice("tab-".length);
    const ended = await page.request.delete(new URL(`/api/v1/sessions/${id}`, shop.url).href);
    expect(ended.status()).toBe(200);
    held.resolve();
    await page.getByText("This order is closed.").waitFor();
    expect(await page.getByRole("tab").count()).toBe(0);
    await button(page, "Add: Baklava").click();
    await becomes(total(page), "CHF 4.00");
  });

  it("asks before it closes an order with something in it", async () => {
    const page = await visit(alice);
    await open(page, "Alice");
    await button(page, "Add: Baklava").click();
    await becomes(total(page), "CHF 4.00");
    const end = () => button(basket(page), "Close this order").click();
    await end();
    await button(dialog(page), "Cancel").click();
    await becomes(total(page), "CHF 4.00");
    await end();
    await button(dialog(page), "Close this order").click();
    await expect.poll(() => page.getByRole("tab").count()).toBe(0);
    await page.reload();
    await page.locator(".card").first().waitFor();
    expect(await page.getByRole("tab").count()).toBe(0);
  });

  it("lets whoever may only look do no more than that", async () => {
    const owner = await visit(alice);
    await button(owner, "Add: Baklava").click();
    await button(basket(owner), "Share").click();
    await dialog(owner).getByText("May only look").click();
    await button(dialog(owner), "Make a link").click();
    const link = new URL(await dialog(owner).getByLabel("Link", { exact: true }).inputValue());
    const guest = await visit(bruno, `/${link.hash}`);
    await button(dialog(guest), "Come in").click();
    await becomes(lines(guest), "Baklava");
    expect(await button(guest, "Add: Baklava").isDisabled()).toBe(true);
    expect(await button(basket(guest), /^(Remove|Check out)/).count()).toBe(0);
  });

  it("can be ordered from with the keyboard alone", async () => {
    const page = await visit(alice);
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    const focused = () =>
      page.evaluate(() => {
        const element = document.activeElement;
        return element?.getAttribute("aria-label") ?? element?.textContent ?? "";
      });
    /** Goes on by Tab, as somebody would who cannot see the page: by what each control is called. */
    const tabTo = async (name: string) => {
      for (let step = 0; step < 80; step++) {
        if ((await focused()).startsWith(name)) return;
        await press("Tab");
      }
      throw new Error(`Tab does not come to “${name}”.`);
    };

    await tabTo("Compose: Tacos L mixed");
    const outline = await page.evaluate(
      () => document.activeElement && getComputedStyle(document.activeElement).outlineStyle,
    );
    expect(outline).toBe("solid");
    await press("Enter");
    await tabTo("More: Curry chicken");
    await press("Space", "Space");
    await tabTo("Add to the order");
    await press("Enter");
    await dialog(page).waitFor({ state: "detached" });
    expect(await focused()).toBe("Compose: Tacos L mixed");
    await becomes(total(page), "CHF 13.90");

    await tabTo("Check out");
    await press("Enter");
    await dialog(page).waitFor();
    await press("ArrowRight", "Tab");
    await page.keyboard.type("Alice");
    await press("Tab");
    await page.keyboard.type("+41791234567");
    await press("Enter");
    await becomes(sheet(page).getByRole("status"), "will be ready at");
    expect(await focused()).toBe("Back to the menu");
    await press("Escape");
    await dialog(page).waitFor({ state: "detached" });

    await tabTo("New order");
    await press("Enter");
    await page.keyboard.type("Office");
    await press("Enter");
    await page.getByRole("tab", { name: "Office", selected: true }).waitFor();
    await tabTo("Office");
    await press("ArrowLeft");
    expect(await tab(page, "Order 1").getAttribute("aria-selected")).toBe("true");
  });

  it("speaks French, German and English, and remembers which", async () => {
    const page = await visit(alice);
    const heading = () => page.locator("#desserts h2, #drinks h2").first();
    await button(page, "Deutsch").click();
    await becomes(heading(), "Getränke");
    expect(await page.getAttribute("html", "lang")).toBe("de");
    await button(page, "Français").click();
    await becomes(heading(), "Boissons");
    await page.reload();
    await becomes(heading(), "Boissons");
    expect(await page.getAttribute("html", "lang")).toBe("fr");
    await button(page, "Ajouter\u00a0: Thé froid pêche 50 cl").click();
    await becomes(total(page), "CHF 4.00");
    await button(page, "Commander").click();
    await button(dialog(page), /^Passer la commande/).click();
    await dialog(page).getByText("Ce n’est pas un numéro de téléphone").waitFor();
    await page.keyboard.press("Escape");
    await button(page, "English").click();
    await becomes(lines(page), "Peach iced tea");
  });

  it("fits a telephone: nothing sticks out, and the basket opens from below", async () => {
    const page = await visit(alice, "/", { width: 390, height: 844 });
    for (const language of ["Deutsch", "Français", "English"]) {
      await button(page, language).click();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
      const wide = await page.evaluate(
        () =>
          [...document.querySelectorAll(".card")].filter((card) => card.scrollWidth > card.clientWidth)
            .length,
      );
      expect(wide).toBe(0);
    }
    await button(page, "Add: Baklava").click();
    await button(page, /^Basket · 1/).click();
    await becomes(dialog(page).locator(".line h3"), "Baklava");
    await button(dialog(page), "More: Baklava").click();
    await becomes(dialog(page).locator(".total strong"), "CHF 8.00");

    await page.route("**/quantity", (route) => route.abort(), { times: 1 });
    await button(dialog(page), "More: Baklava").click();
    await dialog(page).getByText("The shop cannot be reached.").waitFor();
    await becomes(dialog(page).locator(".total strong"), "CHF 8.00");
    await button(dialog(page), "Dismiss").click();
    await page.keyboard.press("Escape");
    await button(page, /^Basket · 2/).waitFor();
  });
});
