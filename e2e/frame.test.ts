import type { Frame, Page } from "playwright-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { NO_THIRD_PARTY_COOKIES, THIRD_PARTY_COOKIES } from "./chromium.ts";
import { type Front, startFront } from "./front.ts";
import type { SiteOptions } from "./site.ts";
import { eventually, setStage } from "./stage.ts";

const https = { trustProxy: 1, csrf: { token: "required" } } as const;
const PARTITIONED: SiteOptions = {
  http: { ...https, cookie: { sameSite: "none", partitioned: true } },
};
const SHARED: SiteOptions = { http: { ...https, cookie: { sameSite: "none" } } };
const DEFAULT: SiteOptions = { http: https };

/** A page of the shop: alone, or in a frame. */
type Place = Page | Frame;

const shows = (place: Place, wanted: string) =>
  eventually(() => place.evaluate(() => document.body.dataset.user || document.body.dataset.status)).toBe(
    wanted,
  );
const logIn = (place: Place, name: string) =>
  place.evaluate((name) => window.client.createSession(name, "secret"), name);
const logOut = (place: Place) => place.evaluate(() => window.client.logout());
const order = (place: Place) =>
  place.evaluate(async () => {
    const response = await window.client.fetch("/orders", { method: "POST" });
    return [response.status, (await response.json()).data.subject];
  });
const ask = (place: Place) =>
  place.evaluate(() => window.client.getSession({ fresh: true }).catch(({ code }) => code));

/** Tests of a shop under https, which other sites embed. */
function setFrames(options: SiteOptions, preferences?: Parameters<typeof setStage>[1]) {
  const stage = setStage(options, preferences);
  let front: Front;
  beforeEach(async () => {
    front = await startFront(stage.site.origin);
  });
  afterEach(() => front.close());

  const open = async (address: string): Promise<Page> => {
    const page = await stage.context.newPage();
    await page.goto(address);
    return page;
  };
  return {
    stage,
    alone: () => open(front.at("shop.test")),
    /** The shop in a frame of a page of another site. */
    async within(host: string, sandbox = false): Promise<Frame> {
      const query = new URLSearchParams({
        src: `${front.at("shop.test")}/`,
        ...(sandbox && { sandbox: "" }),
      });
      const page = await open(`${front.at(host)}/around?${query}`);
      const frame = page.frames().find((frame) => frame.parentFrame());
      if (!frame) throw new Error("There is no frame.");
      await frame.waitForFunction(() => "client" in window);
      return frame;
    },
  };
}

describeWithProgram("chromium", "a site in other sites' frames, in Chromium", () => {
  describe("with a partitioned cookie, where third parties get none", () => {
    const { stage, alone, within } = setFrames(PARTITIONED, NO_THIRD_PARTY_COOKIES);

    it("has a session in the frame, of its own for each site around it", async () => {
      const blog = await within("blog.test");
      await shows(blog, "none");
      await logIn(blog, "ada");
      expect(await order(blog)).toEqual([200, "ada"]);
      expect(stage.site.count("POST /orders")).toBe(1);
      const [news, shop] = [await within("news.test"), await alone()];
      await shows(news, "none");
      await shows(shop, "none");

      await logIn(news, "eve");
      const again = await within("blog.test");
      await shows(again, "ada");
      await shows(await within("news.test"), "eve");
      const cookies = await stage.context.cookies();
      const parts = cookies
        .filter(({ name }) => name === "__Host-sid")
        .map(({ partitionKey }) => partitionKey);
      expect(parts.sort()).toEqual(["https://blog.test", "https://news.test"]);

      // Nor do the tabs around one site hear of those around another.
      await news.evaluate(() => {
        new BroadcastChannel("word").onmessage = ({ data }) => {
          document.body.dataset.word = `${document.body.dataset.word ?? ""}${data}`;
        };
      });
      await blog.evaluate(() => new BroadcastChannel("word").postMessage("of the blog"));
      await (await within("news.test")).evaluate(() =>
        new BroadcastChannel("word").postMessage("of the news"),
      );
      await eventually(() => news.evaluate(() => document.body.dataset.word)).toBe("of the news");

      await logOut(blog);
      await shows(again, "none");
      expect(await order(news)).toEqual([200, "eve"]);
      await shows(await within("blog.test"), "none");
    });
  });

  describe("with one cookie for all, where third parties get none", () => {
    const { stage, alone, within } = setFrames(SHARED, NO_THIRD_PARTY_COOKIES);

    it("is nobody in the frame, asks once, and forgets a log-in with the next question", async () => {
      const shop = await alone();
      await shows(shop, "none");
      await logIn(shop, "ada");
      const asked = stage.site.count("GET /session");
      const blog = await within("blog.test");
      await shows(blog, "none");
      expect(stage.site.count("GET /session")).toBe(asked + 1);
      expect(await order(blog)).toEqual([200, null]);
      expect(stage.site.count("POST /session/init")).toBe(0);
      await logIn(blog, "eve");
      expect(await ask(blog)).toBe(null);
      await shows(blog, "none");
      expect(stage.site.count("GET /session")).toBe(asked + 2);
      expect(await order(shop)).toEqual([200, "ada"]);
    });
  });

  describe("with one cookie for all, where third parties get them", () => {
    const { alone, within } = setFrames(SHARED, THIRD_PARTY_COOKIES);

    it("is in every frame who it is alone", async () => {
      const shop = await alone();
      await shows(shop, "none");
      await logIn(shop, "ada");
      await shows(await within("blog.test"), "ada");
    });
  });

  describe("with the cookie as it is unless said otherwise", () => {
    const { stage, alone, within } = setFrames(DEFAULT, THIRD_PARTY_COOKIES);

    it("is nobody in the frame, though third parties get cookies", async () => {
      const shop = await alone();
      await shows(shop, "none");
      await logIn(shop, "ada");
      const asked = stage.site.count("GET /session");
      await shows(await within("blog.test"), "none");
      expect(stage.site.count("GET /session")).toBe(asked + 1);
      expect(await order(shop)).toEqual([200, "ada"]);
    });

    it("leaves open who it is in a sandbox, which has no origin, cookies, storage or locks", async () => {
      const frame = await within("blog.test", true);
      expect(await frame.evaluate(() => origin)).toBe("null");
      expect(await ask(frame)).toBe("NETWORK");
      await shows(frame, "pending");
      expect(await frame.evaluate(() => window.client.synchronizeTokenFromCookie())).toBe(false);
      expect(
        await frame.evaluate(() => window.client.createSession("a", "b").catch(({ code }) => code)),
      ).toBe("NETWORK");
      expect(await frame.evaluate(() => window.client.getMetrics().fetches)).toBe(2);
    });
  });
});
