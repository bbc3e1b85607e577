import assert from "node:assert/strict";
import { type AdapterCases, count, login, logout, show, still } from "./case.ts";
import type { Browser } from "./rig.ts";

const CROSS_SITE = { "sec-fetch-site": "cross-site", origin: "https://attacker.example" };

/** Requests that another site made a browser send. */
export const csrfCases: AdapterCases = {
  "a write from another site is refused before the handler": {
    routes: { "/count": count, "/show": show },
    async check(rig) {
      const browser = rig.browser();
      await browser.send("/count");
      for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
        for (const headers of [
          CROSS_SITE,
          { "sec-fetch-site": "same-site" },
          { origin: "https://attacker.example" },
          { origin: "null" },
        ]) {
          const answer = await browser.send("/count", { method, headers });
          assert.deepEqual([answer.status, answer.code], [403, "FORBIDDEN"], JSON.stringify(headers));
          assert.deepEqual(answer.cookies, []);
        }
      }
      assert.equal(JSON.parse((await browser.send("/show")).body).data.count, 1);
    },
  },
  "a write from the site itself, or from no browser, passes": {
    routes: { "/still": still },
    async check(rig) {
      const { host, origin } = new URL(rig.url);
      for (const headers of [
        { "sec-fetch-site": "same-origin", origin: "https://elsewhere.example" },
        { "sec-fetch-site": "none" },
        { host, origin },
        {},
      ]) {
        assert.equal((await rig.send("/still", { method: "POST", headers })).status, 200);
      }
    },
  },
  "a read from another site passes": {
    routes: { "/still": still },
    async check(rig) {
      assert.equal((await rig.send("/still", { headers: CROSS_SITE })).status, 200);
    },
  },
  "a trusted origin may post": {
    http: { csrf: { trustedOrigins: ["https://pay.example"] } },
    routes: { "/still": still },
    async check(rig) {
      const post = (origin: string) =>
        rig.send("/still", { method: "POST", headers: { "sec-fetch-site": "cross-site", origin } });
      assert.equal((await post("https://pay.example")).status, 200);
      assert.equal((await post("https://pay.example.attacker.example")).status, 403);
    },
  },
  "behind a trusted proxy the origin is compared with the host that the browser asked": {
    http: { trustProxy: 1 },
    routes: { "/still": still },
    async check(rig) {
      const headers = {
        host: "inner:3000",
        "x-forwarded-host": "shop.example",
        origin: "https://shop.example",
      };
      assert.equal((await rig.send("/still", { method: "POST", headers })).status, 200);
    },
  },
  "bearer requests pass: no browser adds the token by itself": {
    routes: { "/still": still },
    async check(rig) {
      const { token } = await rig.manager.create();
      const headers = { ...CROSS_SITE, authorization: `Bearer ${token}` };
      assert.equal((await rig.send("/still", { method: "POST", headers })).status, 200);
    },
  },
  "the check can be turned off where no browser comes": {
    http: { csrf: false },
    routes: { "/still": still },
    async check(rig) {
      assert.equal((await rig.send("/still", { method: "POST", headers: CROSS_SITE })).status, 200);
    },
  },
  "the readable token is offered with the session, stays within it and is replaced at login": {
    http: { csrf: { token: "offered" } },
    routes: { "/show": show, "/count": count, "/login": login, "/logout": logout },
    async check(rig) {
      const browser = rig.browser();
      assert.deepEqual((await browser.send("/show")).cookies, [], "none without a session");
      const first = await browser.send("/count");
      assert.match(
        String(first.cookies[1]),
        /^csrf_token=[\w-]{43}; Path=\/; Secure; SameSite=Lax$/,
        "scripts may read it",
      );
      assert.deepEqual((await browser.send("/count")).cookies, []);
      const anonymous = browser.cookies.get("csrf_token");
      await browser.send("/login");
      assert.notEqual(browser.cookies.get("csrf_token"), anonymous);
      const stale = await browser.send("/count", post(String(anonymous)));
      assert.deepEqual([stale.status, stale.code], [403, "CSRF_INVALID"]);
      assert.equal((await browser.send("/count", post(tokenOf(browser)))).status, 200);
      assert.equal((await browser.send("/count", { method: "POST" })).status, 200, "offered, not required");
      await browser.send("/logout", { method: "POST" });
      assert.equal(browser.cookies.has("csrf_token"), false);
    },
  },
  "a required token is demanded of writes under a session": {
    http: { csrf: { token: "required" } },
    routes: { "/count": count, "/login": login, "/show": show },
    async check(rig) {
      const browser = rig.browser();
      assert.equal((await browser.send("/login", { method: "POST" })).status, 200, "nothing to protect yet");
      const missing = await browser.send("/count", { method: "POST" });
      assert.deepEqual([missing.status, missing.code], [403, "CSRF_MISSING"]);
      const other = rig.browser();
      await other.send("/login", { method: "POST" });
      const foreign = await browser.send("/count", post(tokenOf(other)));
      assert.deepEqual([foreign.status, foreign.code], [403, "CSRF_INVALID"]);
      const { data } = JSON.parse((await browser.send("/show")).body);
      assert.deepEqual(data, {}, "no handler ran");
      assert.equal((await browser.send("/count", post(tokenOf(browser)))).status, 200);
    },
  },
  "the token survives a periodic rotation": {
    http: { csrf: { token: "required" } },
    policy: { rotateEvery: 1000 },
    routes: { "/count": count, "/login": login, "/show": show },
    async check(rig) {
      const browser = rig.browser();
      await browser.send("/login", { method: "POST" });
      const [session, csrf] = [browser.token, tokenOf(browser)];
      rig.pass(1000);
      await browser.send("/show");
      assert.notEqual(browser.token, session);
      assert.equal((await browser.send("/count", post(csrf))).status, 200);
    },
  },
};

function tokenOf(browser: Browser): string {
  return String(browser.cookies.get("csrf_token"));
}

function post(token: string) {
  return { method: "POST", headers: { "x-csrf-token": token } };
}
