import { XSRF_NAMES } from "coatcheck/client";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { startElsewhere } from "./elsewhere.ts";
import { address, logIn, setStage, show } from "./stage.ts";

/** What the page's copy of the token is. */
const held = (page: Page) => page.evaluate(() => window.client.$csrfToken.get());
const order = (page: Page) =>
  page.evaluate(async () => (await window.client.fetch("/orders", { method: "POST" })).status);

describeWithProgram("chromium", "the CSRF token, in Chromium", () => {
  const stage = setStage();

  const cookie = async () =>
    (await stage.context.cookies(stage.site.origin)).find(({ name }) => name === "csrf_token")?.value ?? null;

  /** No page that is opened from now on can read its cookies. */
  const blind = (page: Page) =>
    page.addInitScript(() => Object.defineProperty(document, "cookie", { value: "" }));

  it("is the cookie's as soon as the page is there, and asked for only where there is none", async () => {
    const page = await stage.open("/?silent");
    expect(await page.evaluate(() => window.client.synchronizeTokenFromCookie())).toBe(false);
    expect(await page.evaluate(() => window.client.initSession())).toBe(true);
    expect(await held(page)).toBe(await cookie());
    expect(await page.evaluate(() => window.client.$session.get().status)).toBe("anonymous");
    await page.reload();
    expect(await held(page)).toBe(await cookie());
    expect(await order(page)).toBe(200);
    expect(stage.site.seen.map(({ line }) => line)).toEqual(["POST /session/init", "POST /orders"]);
  });

  it("is new after a log-in, and good at once, here and in a tab that heard of nothing", async () => {
    const deaf = address({ revalidate: { crossTab: false, focus: false } });
    const page = await stage.open("/", "none");
    await page.evaluate(() => window.client.initSession());
    const other = await stage.open(deaf, "anonymous");
    const before = await cookie();
    await logIn(page);
    expect(await held(page)).toBe(await cookie());
    expect(await held(page)).not.toBe(before);
    expect(await held(other)).toBe(before);
    expect([await order(page), await order(other)]).toEqual([200, 200]);
    expect(stage.site.count("POST /orders")).toBe(2);
    expect(await held(other)).toBe(await cookie());
  });

  it("stays the same for ten requests at once, which all have it", async () => {
    const page = await stage.open("/?silent");
    await logIn(page);
    const statuses = await page.evaluate(() => {
      const post = async () => (await window.client.fetch("/orders", { method: "POST" })).status;
      return Promise.all(Array.from({ length: 10 }, post));
    });
    expect(statuses).toEqual(Array(10).fill(200));
    const orders = stage.site.seen.filter(({ line }) => line === "POST /orders");
    expect(orders.map(({ token }) => token)).toEqual(Array(10).fill(await cookie()));
  });

  it("goes by the names and the encoding of Laravel and Angular where the page says so", async () => {
    await stage.context.addCookies([{ name: "XSRF-TOKEN", value: "a%3Db", url: stage.site.origin }]);
    const page = await stage.open(address({ csrf: XSRF_NAMES }, "silent"));
    expect(await order(page)).toBe(200);
    expect(stage.site.seen).toEqual([{ line: "POST /orders", token: "a=b" }]);
  });

  it("is read again when the page is shown", async () => {
    const page = await stage.open("/?silent");
    await stage.context.addCookies([{ name: "csrf_token", value: "newer", url: stage.site.origin }]);
    await show(page);
    expect(await held(page)).toBe("newer");
    expect(stage.site.count("POST /session/init")).toBe(0);
  });

  it("comes with the answer where the page cannot read the cookie", async () => {
    const page = await stage.open("/bare");
    await blind(page);
    await page.goto(`${stage.site.origin}/?silent`);
    await logIn(page);
    expect(await held(page)).toBe(await cookie());
    expect(await order(page)).toBe(200);
    expect(stage.site.count("POST /orders")).toBe(1);
  });

  it("that no server accepts is given up after one recovery, and the page hears so once", async () => {
    const page = await stage.open("/?silent");
    await logIn(page);
    const told = await page.evaluate(async () => {
      const codes: string[] = [];
      window.client.createCsrfErrorListener(({ code }) => codes.push(code));
      return [(await window.client.fetch("/stubborn", { method: "POST" })).status, ...codes];
    });
    expect(told).toEqual([403, "CSRF_INVALID"]);
    expect(stage.site.count("POST /stubborn")).toBe(2);
    expect(stage.site.count("POST /session/init")).toBe(1);
  });

  describe("lost by ten requests at once", () => {
    const post = (page: Page) =>
      page.evaluate(async () => {
        const posts = Array.from({ length: 10 }, () =>
          window.client.fetch("/orders", { method: "POST", body: "taco" }),
        );
        return (await Promise.all(posts)).map((response) => response.status);
      });

    it("is taken over from the cookie that came with the rejection", async () => {
      const page = await stage.open("/", "none");
      await logIn(page);
      await stage.context.clearCookies({ name: "csrf_token" });
      await page.goto(`${stage.site.origin}/?silent`);
      expect(await post(page)).toEqual(Array(10).fill(200));
      expect(stage.site.count("POST /session/init")).toBe(0);
      expect(stage.site.count("POST /orders")).toBeLessThanOrEqual(20);
    });

    it("is asked for once, by all together, where the page cannot read the cookie", async () => {
      const page = await stage.open("/", "none");
      await logIn(page);
      await blind(page);
      await page.goto(`${stage.site.origin}/?silent`);
      expect(await post(page)).toEqual(Array(10).fill(200));
      expect(stage.site.count("POST /session/init")).toBe(1);
      expect(stage.site.count("POST /orders")).toBeLessThanOrEqual(20);
    });
  });

  it("never goes to another origin: not by address, not by redirect", async () => {
    const elsewhere = await startElsewhere();
    try {
      stage.site.redirectTo(elsewhere.origin);
      const page = await stage.open("/", "none");
      await logIn(page);
      const outcomes = await page.evaluate(async (other) => {
        const post = (url: string) =>
          window.client.fetch(url, { method: "POST" }).then(
            ({ status }) => status,
            () => "refused",
          );
        return [
          await post(`${other}/orders`),
          await post(`${other.replace("http:", "")}/orders`),
          await post("/to-elsewhere"),
          await post("/to-orders"),
          await post(`${location.origin}/orders`),
        ];
      }, elsewhere.origin);
      expect(outcomes).toEqual([200, 200, "refused", 200, 200]);
      expect(elsewhere.lines).toEqual(["POST /orders", "POST /orders"]);
      expect(elsewhere.headers.map((headers) => headers["x-csrf-token"])).toEqual([undefined, undefined]);
      expect(await page.evaluate(() => window.client.$csrfToken.get())).not.toBe("planted");
    } finally {
      elsewhere.close();
    }
  });
});
