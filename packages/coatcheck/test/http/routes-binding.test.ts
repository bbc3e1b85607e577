import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBinding } from "../../src/device/index.ts";
import type { Device } from "../../src/wire.ts";
import type { Browser } from "./routes-browser.ts";
import {
  IPHONE_USER_AGENT,
  type Site,
  startExpress,
  startFastify,
  startHono,
  startSite,
} from "./routes-fixtures.ts";

const FRAMEWORKS = Object.entries({ Express: startExpress, Fastify: startFastify, Hono: startHono });

describe.each(FRAMEWORKS)("the session endpoints on %s, with the option `binding`,", (_name, start) => {
  let site: Site;
  let browser: Browser;
  let stranger: Browser;

  const startWith = async (userAgent: "step-up" | "revoke") => {
    site = await startSite(start, { http: { binding: createBinding({ userAgent }) } });
    browser = site.browser();
    await browser.logIn("ada");
    await site.browser().logIn("ada");
    stranger = site.browser(IPHONE_USER_AGENT);
    for (const [name, value] of browser.cookies) stranger.cookies.set(name, value);
  };
  afterEach(() => site.close());

  describe("after another browser has used a session with the policy `step-up`,", () => {
    beforeEach(() => startWith("step-up"));

    it("return `needsProof` in the session until the user elevates it", async () => {
      expect((await browser.send("GET /session")).data.session).not.toHaveProperty("needsProof");
      expect((await stranger.send("GET /session")).data.session).toMatchObject({ needsProof: true });
      expect((await browser.send("GET /session")).data.session).toMatchObject({ needsProof: true });
      const { data } = await browser.send("POST /session/elevate", { email: "ada", password: "secret" });
      expect(data.session).not.toHaveProperty("needsProof");
    });

    it("refuse to end other devices until the user elevates the session, although the login is recent", async () => {
      expect((await stranger.send("GET /session")).code).toBeNull();
      expect((await browser.send("DELETE /session/devices?others")).code).toBe("REAUTHENTICATION_REQUIRED");
      expect((await browser.send("DELETE /session?everywhere")).code).toBe("REAUTHENTICATION_REQUIRED");
      await browser.send("POST /session/elevate", { email: "ada", password: "secret" });
      const { data } = await browser.send<{ ended: number }>("DELETE /session/devices?others");
      expect(data.ended).toBe(1);
    });
  });

  describe("after another browser has used a session with the policy `revoke`,", () => {
    beforeEach(() => startWith("revoke"));

    it("report the session as revoked, and keep the subject's session on another device", async () => {
      expect((await stranger.send("GET /session")).data).toMatchObject({
        status: "none",
        reason: "revoked",
      });
      expect((await browser.send("GET /session")).data).toMatchObject({
        status: "none",
        reason: "revoked",
      });
      await browser.logIn("ada");
      expect((await browser.send<Device[]>("GET /session/devices")).data).toHaveLength(2);
    });
  });
});
