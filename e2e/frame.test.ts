import type { Frame, Page } from "playwright-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { NO_THIRD_PARTY_COOKIES, type Preferences, THIRD_PARTY_COOKIES } from "./chromium.ts";
import { eventually, setUpFixture } from "./fixtures.ts";
import type { SiteOptions } from "./site-fixtures.ts";
import { startTlsProxy, type TlsProxy } from "./tls-proxy-fixtures.ts";

const https = { trustProxy: 1, csrf: { token: "required" } } as const;
const PARTITIONED_COOKIE: SiteOptions = {
  http: { ...https, cookie: { sameSite: "none", partitioned: true } },
};
const UNPARTITIONED_COOKIE: SiteOptions = { http: { ...https, cookie: { sameSite: "none" } } };
const DEFAULT_COOKIE: SiteOptions = { http: https };

/** The shop as a top-level page or in a frame. */
type ShopView = Page | Frame;

const waitUntilShown = (view: ShopView, expected: string) =>
  eventually(() => view.evaluate(() => document.body.dataset.user || document.body.dataset.status)).toBe(
    expected,
  );
const logIn = (view: ShopView, name: string) =>
  view.evaluate((name) => window.client.createSession(name, "secret"), name);
const logOut = (view: ShopView) => view.evaluate(() => window.client.logout());
const placeOrder = (view: ShopView) =>
  view.evaluate(async () => {
    const response = await window.client.fetch("/orders", { method: "POST" });
    return [response.status, (await response.json()).data.subject];
  });
const refresh = (view: ShopView) =>
  view.evaluate(() => window.client.getSession({ fresh: true }).catch(({ code }) => code));

/** Starts the shop under https, and allows pages of other sites to embed the shop. */
function setUpFrames(options: SiteOptions, preferences: Preferences) {
  const fixture = setUpFixture(options, { preferences });
  let proxy: TlsProxy;
  beforeEach(async () => {
    proxy = await startTlsProxy(fixture.site.origin);
  });
  afterEach(() => proxy.close());

  const open = async (address: string): Promise<Page> => {
    const page = await fixture.context.newPage();
    await page.goto(address);
    return page;
  };
  return {
    fixture,
    /** Opens the shop as a top-level page. */
    openTopLevel: () => open(proxy.originOf("shop.test")),
    /** Opens the shop in a frame on a page of another site. */
    async embedIn(host: string, sandbox = false): Promise<Frame> {
      const query = new URLSearchParams({
        src: `${proxy.originOf("shop.test")}/`,
        ...(sandbox && { sandbox: "" }),
      });
      const page = await open(`${proxy.originOf(host)}/around?${query}`);
      const frame = page.frames().find((frame) => frame.parentFrame());
      if (!frame) throw new Error("The page has no frame.");
      await frame.waitForFunction(() => "client" in window);
      return frame;
    },
  };
}

describeWithProgram("a site in the frames of other sites, in Chromium", "chromium", () => {
  describe("with a partitioned cookie and third-party cookies blocked", () => {
    const { fixture, openTopLevel, embedIn } = setUpFrames(PARTITIONED_COOKIE, NO_THIRD_PARTY_COOKIES);

    it("each embedding site has its own session", async () => {
      const blog = await embedIn("blog.test");
      await waitUntilShown(blog, "none");
      await logIn(blog, "ada");
      expect(await placeOrder(blog)).toEqual([200, "ada"]);
      expect(fixture.site.count("POST /orders")).toBe(1);
      const [news, shop] = [await embedIn("news.test"), await openTopLevel()];
      await waitUntilShown(news, "none");
      await waitUntilShown(shop, "none");

      await logIn(news, "eve");
      const again = await embedIn("blog.test");
      await waitUntilShown(again, "ada");
      await waitUntilShown(await embedIn("news.test"), "eve");
      const cookies = await fixture.context.cookies();
      const parts = cookies
        .filter(({ name }) => name === "__Host-sid")
        .map(({ partitionKey }) => partitionKey);
      expect(parts.sort()).toEqual(["https://blog.test", "https://news.test"]);

      // The browser also partitions BroadcastChannel, so a frame on one site receives no messages from a frame on
      // another site.
      await news.evaluate(() => {
        new BroadcastChannel("partition").onmessage = ({ data }) => {
          document.body.dataset.messages = `${document.body.dataset.messages ?? ""}${data}`;
        };
      });
      await blog.evaluate(() => new BroadcastChannel("partition").postMessage("from the blog"));
      await (await embedIn("news.test")).evaluate(() =>
        new BroadcastChannel("partition").postMessage("from the news"),
      );
      await eventually(() => news.evaluate(() => document.body.dataset.messages)).toBe("from the news");

      await logOut(blog);
      await waitUntilShown(again, "none");
      expect(await placeOrder(news)).toEqual([200, "eve"]);
      await waitUntilShown(await embedIn("blog.test"), "none");
    });
  });

  describe("with an unpartitioned cookie and third-party cookies blocked", () => {
    const { fixture, openTopLevel, embedIn } = setUpFrames(UNPARTITIONED_COOKIE, NO_THIRD_PARTY_COOKIES);

    it("a frame has no session, and a login in the frame lasts until the next request", async () => {
      const shop = await openTopLevel();
      await waitUntilShown(shop, "none");
      await logIn(shop, "ada");
      const requests = fixture.site.count("GET /session");
      const blog = await embedIn("blog.test");
      await waitUntilShown(blog, "none");
      expect(fixture.site.count("GET /session")).toBe(requests + 1);
      expect(await placeOrder(blog)).toEqual([200, null]);
      expect(fixture.site.count("POST /session/init")).toBe(0);
      await logIn(blog, "eve");
      expect(await refresh(blog)).toBe(null);
      await waitUntilShown(blog, "none");
      expect(fixture.site.count("GET /session")).toBe(requests + 2);
      expect(await placeOrder(shop)).toEqual([200, "ada"]);
    });
  });

  describe("with an unpartitioned cookie and third-party cookies allowed", () => {
    const { openTopLevel, embedIn } = setUpFrames(UNPARTITIONED_COOKIE, THIRD_PARTY_COOKIES);

    it("a frame has the same session as a top-level page", async () => {
      const shop = await openTopLevel();
      await waitUntilShown(shop, "none");
      await logIn(shop, "ada");
      await waitUntilShown(await embedIn("blog.test"), "ada");
    });
  });

  describe("with the default cookie and third-party cookies allowed", () => {
    const { fixture, openTopLevel, embedIn } = setUpFrames(DEFAULT_COOKIE, THIRD_PARTY_COOKIES);

    it("a frame has no session", async () => {
      const shop = await openTopLevel();
      await waitUntilShown(shop, "none");
      await logIn(shop, "ada");
      const requests = fixture.site.count("GET /session");
      await waitUntilShown(await embedIn("blog.test"), "none");
      expect(fixture.site.count("GET /session")).toBe(requests + 1);
      expect(await placeOrder(shop)).toEqual([200, "ada"]);
    });

    it("the client stays `pending` in a sandboxed frame, which has no origin, cookies, storage or locks", async () => {
      const frame = await embedIn("blog.test", true);
      expect(await frame.evaluate(() => origin)).toBe("null");
      expect(await refresh(frame)).toBe("NETWORK");
      await waitUntilShown(frame, "pending");
      expect(await frame.evaluate(() => window.client.synchronizeTokenFromCookie())).toBe(false);
      expect(
        await frame.evaluate(() => window.client.createSession("a", "b").catch(({ code }) => code)),
      ).toBe("NETWORK");
      expect(await frame.evaluate(() => window.client.getMetrics().fetches)).toBe(2);
    });
  });
});
