import { XSRF_NAMES } from "coatcheck/client";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { logIn, pageUrl, setUpFixture, showPage } from "./fixtures.ts";
import { startOtherOrigin } from "./other-origin-fixtures.ts";

/** Returns the CSRF token that the page stores in memory. */
const readPageToken = (page: Page) => page.evaluate(() => window.client.$csrfToken.get());
const placeOrder = (page: Page) =>
  page.evaluate(async () => (await window.client.fetch("/orders", { method: "POST" })).status);

describeWithProgram("the CSRF token, in Chromium", "chromium", () => {
  const fixture = setUpFixture();

  const cookie = async () =>
    (await fixture.context.cookies(fixture.site.origin)).find(({ name }) => name === "csrf_token")?.value ??
    null;

  /** Makes `document.cookie` empty in all documents that the page loads from now on. */
  const hideCookies = (page: Page) =>
    page.addInitScript(() => Object.defineProperty(document, "cookie", { value: "" }));

  it("the client reads the token from the cookie, and requests a token only if there is no cookie", async () => {
    const page = await fixture.open("/?silent");
    expect(await page.evaluate(() => window.client.synchronizeTokenFromCookie())).toBe(false);
    expect(await page.evaluate(() => window.client.initSession())).toBe(true);
    expect(await readPageToken(page)).toBe(await cookie());
    expect(await page.evaluate(() => window.client.$session.get().status)).toBe("anonymous");
    await page.reload();
    expect(await readPageToken(page)).toBe(await cookie());
    expect(await placeOrder(page)).toBe(200);
    expect(fixture.site.received.map(({ line }) => line)).toEqual(["POST /session/init", "POST /orders"]);
  });

  it("a login replaces the token, and all tabs can send requests immediately", async () => {
    const unnotified = pageUrl({ revalidate: { crossTab: false, focus: false } });
    const page = await fixture.open("/", "none");
    await page.evaluate(() => window.client.initSession());
    const other = await fixture.open(unnotified, "anonymous");
    const before = await cookie();
    await logIn(page);
    expect(await readPageToken(page)).toBe(await cookie());
    expect(await readPageToken(page)).not.toBe(before);
    expect(await readPageToken(other)).toBe(before);
    expect([await placeOrder(page), await placeOrder(other)]).toEqual([200, 200]);
    expect(fixture.site.count("POST /orders")).toBe(2);
    expect(await readPageToken(other)).toBe(await cookie());
  });

  it("ten concurrent requests send the same token", async () => {
    const page = await fixture.open("/?silent");
    await logIn(page);
    const statuses = await page.evaluate(() => {
      const post = async () => (await window.client.fetch("/orders", { method: "POST" })).status;
      return Promise.all(Array.from({ length: 10 }, post));
    });
    expect(statuses).toEqual(Array(10).fill(200));
    const orders = fixture.site.received.filter(({ line }) => line === "POST /orders");
    expect(orders.map(({ token }) => token)).toEqual(Array(10).fill(await cookie()));
  });

  it("XSRF_NAMES uses the cookie and header names of Laravel and Angular", async () => {
    await fixture.context.addCookies([{ name: "XSRF-TOKEN", value: "a%3Db", url: fixture.site.origin }]);
    const page = await fixture.open(pageUrl({ csrf: XSRF_NAMES }, "silent"));
    expect(await placeOrder(page)).toBe(200);
    expect(fixture.site.received).toEqual([{ line: "POST /orders", token: "a=b" }]);
  });

  it("the client reads the token from the cookie again when a hidden page becomes visible", async () => {
    const page = await fixture.open("/?silent");
    await fixture.context.addCookies([{ name: "csrf_token", value: "newer", url: fixture.site.origin }]);
    await showPage(page);
    expect(await readPageToken(page)).toBe("newer");
    expect(fixture.site.count("POST /session/init")).toBe(0);
  });

  it("the client uses the token in the response if the page cannot read the cookie", async () => {
    const page = await fixture.open("/bare");
    await hideCookies(page);
    await page.goto(`${fixture.site.origin}/?silent`);
    await logIn(page);
    expect(await readPageToken(page)).toBe(await cookie());
    expect(await placeOrder(page)).toBe(200);
    expect(fixture.site.count("POST /orders")).toBe(1);
  });

  it("the client calls the error listener once if the server rejects the token twice", async () => {
    const page = await fixture.open("/?silent");
    await logIn(page);
    const reported = await page.evaluate(async () => {
      const codes: string[] = [];
      window.client.createCsrfErrorListener(({ code }) => codes.push(code));
      return [(await window.client.fetch("/reject-token", { method: "POST" })).status, ...codes];
    });
    expect(reported).toEqual([403, "CSRF_INVALID"]);
    expect(fixture.site.count("POST /reject-token")).toBe(2);
    expect(fixture.site.count("POST /session/init")).toBe(1);
  });

  describe("ten concurrent requests without a token", () => {
    const post = (page: Page) =>
      page.evaluate(async () => {
        const posts = Array.from({ length: 10 }, () =>
          window.client.fetch("/orders", { method: "POST", body: "taco" }),
        );
        return (await Promise.all(posts)).map((response) => response.status);
      });

    it("the client reads the new token from the cookie that the rejection sets", async () => {
      const page = await fixture.open("/", "none");
      await logIn(page);
      await fixture.context.clearCookies({ name: "csrf_token" });
      await page.goto(`${fixture.site.origin}/?silent`);
      expect(await post(page)).toEqual(Array(10).fill(200));
      expect(fixture.site.count("POST /session/init")).toBe(0);
      expect(fixture.site.count("POST /orders")).toBeLessThanOrEqual(20);
    });

    it("the client requests one new token if the page cannot read the cookie", async () => {
      const page = await fixture.open("/", "none");
      await logIn(page);
      await hideCookies(page);
      await page.goto(`${fixture.site.origin}/?silent`);
      expect(await post(page)).toEqual(Array(10).fill(200));
      expect(fixture.site.count("POST /session/init")).toBe(1);
      expect(fixture.site.count("POST /orders")).toBeLessThanOrEqual(20);
    });
  });

  it("the client never sends the token to another origin, neither directly nor after a redirect", async () => {
    const otherOrigin = await startOtherOrigin();
    try {
      fixture.site.redirectTo(otherOrigin.origin);
      const page = await fixture.open("/", "none");
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
          await post("/to-other-origin"),
          await post("/to-orders"),
          await post(`${location.origin}/orders`),
        ];
      }, otherOrigin.origin);
      expect(outcomes).toEqual([200, 200, "refused", 200, 200]);
      expect(otherOrigin.lines).toEqual(["POST /orders", "POST /orders"]);
      expect(otherOrigin.headers.map((headers) => headers["x-csrf-token"])).toEqual([undefined, undefined]);
      expect(await page.evaluate(() => window.client.$csrfToken.get())).not.toBe("planted");
    } finally {
      otherOrigin.close();
    }
  });
});
