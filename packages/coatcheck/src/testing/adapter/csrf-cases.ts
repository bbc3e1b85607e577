import assert from "node:assert/strict";
import {
  type AdapterCases,
  countRoute,
  loginRoute,
  logoutRoute,
  sessionlessRoute,
  showRoute,
} from "./case.ts";
import type { Route } from "./exchange.ts";
import type { Browser } from "./fixtures.ts";

const CROSS_SITE_HEADERS = { "sec-fetch-site": "cross-site", origin: "https://attacker.example" };

/** Responds with the CSRF token, as a page with a form would. */
const tokenPageRoute: Route = {
  handle: async (exchange) => exchange.reply(200, {}, await exchange.session.csrfToken()),
};

/** Cross-site request forgery: requests that another site makes a browser send. */
export const csrfCases: AdapterCases = {
  "an unsafe request from another site is rejected before the handler runs": {
    routes: { "/count": countRoute, "/show": showRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/count");
      for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
        for (const headers of [
          CROSS_SITE_HEADERS,
          { "sec-fetch-site": "same-site" },
          { origin: "https://attacker.example" },
          { origin: "null" },
        ]) {
          const response = await browser.send("/count", { method, headers });
          assert.deepEqual([response.status, response.code], [403, "FORBIDDEN"], JSON.stringify(headers));
          assert.deepEqual(response.cookies, []);
        }
      }
      assert.equal(JSON.parse((await browser.send("/show")).body).data.count, 1);
    },
  },
  "an unsafe request from the same origin or from a non-browser client passes": {
    routes: { "/sessionless": sessionlessRoute },
    async check(fixture) {
      const { host, origin } = new URL(fixture.url);
      for (const headers of [
        { "sec-fetch-site": "same-origin", origin: "https://elsewhere.example" },
        { "sec-fetch-site": "none" },
        { host, origin },
        {},
      ]) {
        assert.equal((await fixture.send("/sessionless", { method: "POST", headers })).status, 200);
      }
    },
  },
  "a safe request from another site passes": {
    routes: { "/sessionless": sessionlessRoute },
    async check(fixture) {
      assert.equal((await fixture.send("/sessionless", { headers: CROSS_SITE_HEADERS })).status, 200);
    },
  },
  "an unsafe request from a trusted origin passes": {
    http: { csrf: { trustedOrigins: ["https://pay.example"] } },
    routes: { "/sessionless": sessionlessRoute },
    async check(fixture) {
      const post = (origin: string) =>
        fixture.send("/sessionless", { method: "POST", headers: { "sec-fetch-site": "cross-site", origin } });
      assert.equal((await post("https://pay.example")).status, 200);
      assert.equal((await post("https://pay.example.attacker.example")).status, 403);
    },
  },
  "behind a trusted proxy, Origin is compared with the forwarded host": {
    http: { trustProxy: 1 },
    routes: { "/sessionless": sessionlessRoute },
    async check(fixture) {
      const headers = {
        host: "inner:3000",
        "x-forwarded-host": "shop.example",
        origin: "https://shop.example",
      };
      assert.equal((await fixture.send("/sessionless", { method: "POST", headers })).status, 200);
    },
  },
  "a cross-site request with a bearer token passes, because browsers never add one by themselves": {
    routes: { "/sessionless": sessionlessRoute },
    async check(fixture) {
      const { token } = await fixture.manager.create();
      const headers = { ...CROSS_SITE_HEADERS, authorization: `Bearer ${token}` };
      assert.equal((await fixture.send("/sessionless", { method: "POST", headers })).status, 200);
    },
  },
  "a cross-site request passes when the check is turned off": {
    http: { csrf: false },
    routes: { "/sessionless": sessionlessRoute },
    async check(fixture) {
      assert.equal(
        (await fixture.send("/sessionless", { method: "POST", headers: CROSS_SITE_HEADERS })).status,
        200,
      );
    },
  },
  "an offered CSRF token is set with the session, replaced at login and cleared at logout": {
    http: { csrf: { token: "offered" } },
    routes: { "/show": showRoute, "/count": countRoute, "/login": loginRoute, "/logout": logoutRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      assert.deepEqual((await browser.send("/show")).cookies, [], "no token without a session");
      const first = await browser.send("/count");
      assert.match(
        String(first.cookies[1]),
        /^csrf_token=[\w-]{43}; Max-Age=\d+; Path=\/; Secure; SameSite=Lax$/,
        "the cookie is readable by scripts",
      );
      assert.deepEqual((await browser.send("/count")).cookies, []);
      const anonymous = browser.cookies.get("csrf_token");
      await browser.send("/login");
      assert.notEqual(browser.cookies.get("csrf_token"), anonymous);
      const stale = await browser.send("/count", post(String(anonymous)));
      assert.deepEqual([stale.status, stale.code], [403, "CSRF_INVALID"]);
      assert.equal((await browser.send("/count", post(tokenOf(browser)))).status, 200);
      assert.equal(
        (await browser.send("/count", { method: "POST" })).status,
        200,
        "the header may be omitted",
      );
      await browser.send("/logout", { method: "POST" });
      assert.equal(browser.cookies.has("csrf_token"), false);
    },
  },
  "an unsafe request with a session is rejected without a valid token when tokens are required": {
    http: { csrf: { token: "required" } },
    routes: { "/count": countRoute, "/login": loginRoute, "/show": showRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      assert.equal(
        (await browser.send("/login", { method: "POST" })).status,
        200,
        "a request without a session needs no token",
      );
      const missing = await browser.send("/count", { method: "POST" });
      assert.deepEqual([missing.status, missing.code], [403, "CSRF_MISSING"]);
      const other = fixture.openBrowser();
      await other.send("/login", { method: "POST" });
      const foreign = await browser.send("/count", post(tokenOf(other)));
      assert.deepEqual([foreign.status, foreign.code], [403, "CSRF_INVALID"]);
      const { data } = JSON.parse((await browser.send("/show")).body);
      assert.deepEqual(data, {}, "no handler has run");
      assert.equal((await browser.send("/count", post(tokenOf(browser)))).status, 200);
    },
  },
  "a form can send its CSRF token in the field csrf_token": {
    http: { csrf: { token: "required" } },
    routes: { "/count": countRoute, "/login": loginRoute, "/token": tokenPageRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/login", { method: "POST" });
      const csrf_token = (await browser.send("/token")).body;
      assert.equal(csrf_token, tokenOf(browser));
      const sent = await browser.send("/count", { method: "POST", form: { csrf_token } });
      assert.deepEqual([sent.status, sent.code], [200, null]);
      const missing = await browser.send("/count", { method: "POST", form: { other: csrf_token } });
      assert.deepEqual([missing.status, missing.code], [403, "CSRF_MISSING"]);
      const other = fixture.openBrowser();
      await other.send("/login", { method: "POST" });
      const form = { csrf_token: (await other.send("/token")).body };
      const foreign = await browser.send("/count", { method: "POST", form });
      assert.deepEqual([foreign.status, foreign.code], [403, "CSRF_INVALID"]);
    },
  },
  "an offered CSRF token in a form is verified": {
    http: { csrf: { token: "offered" } },
    routes: { "/count": countRoute, "/login": loginRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/login", { method: "POST" });
      const outcome = async (form: Record<string, string>) =>
        (await browser.send("/count", { method: "POST", form })).status;
      assert.equal(await outcome({ csrf_token: "x" }), 403);
      assert.equal(await outcome({ csrf_token: tokenOf(browser) }), 200);
      assert.equal(await outcome({ size: "XL" }), 200);
    },
  },
  "the CSRF token of a page whose handler is the first to store the session is valid": {
    http: { csrf: { token: "required" } },
    routes: {
      "/count": countRoute,
      "/page": {
        async handle(exchange) {
          const token = await exchange.session.csrfToken();
          (await exchange.session.load()).data.seen = true;
          return exchange.reply(200, {}, token);
        },
      },
    },
    async check(fixture) {
      const browser = fixture.openBrowser();
      const csrf_token = (await browser.send("/page")).body;
      assert.equal((await browser.send("/count", { method: "POST", form: { csrf_token } })).status, 200);
    },
  },
  "the form of a visitor without a session is accepted after another tab has stored one, until a login": {
    http: { csrf: { token: "required" } },
    routes: { "/count": countRoute, "/login": loginRoute, "/page": tokenPageRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      const page = await browser.send("/page");
      assert.deepEqual(page.cookies, []);
      await browser.send("/count");
      const form = { csrf_token: page.body };
      const outcome = async (headers: Record<string, string>) => {
        const { status, code } = await browser.send("/count", { method: "POST", form, headers });
        return [status, code];
      };
      assert.deepEqual(await outcome({ "sec-fetch-site": "same-origin" }), [200, null]);
      assert.deepEqual(await outcome({}), [403, "CSRF_INVALID"], "an older browser sends no Sec-Fetch-Site");
      assert.deepEqual(await outcome({ "sec-fetch-site": "none" }), [403, "CSRF_INVALID"]);
      await browser.send("/login", post(tokenOf(browser)));
      assert.deepEqual(await outcome({ "sec-fetch-site": "same-origin" }), [403, "CSRF_INVALID"]);
    },
  },
  "a further login of the same subject keeps the CSRF token, so that forms in other tabs stay usable": {
    http: { csrf: { token: "required" } },
    routes: { "/count": countRoute, "/login": loginRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/login", { method: "POST" });
      const [session, csrf] = [browser.token, tokenOf(browser)];
      fixture.advance(1000);
      await browser.send("/login", post(csrf));
      assert.notEqual(browser.token, session);
      assert.equal((await browser.send("/count", post(csrf))).status, 200);
    },
  },
  "after a login in another tab, a login form is rejected with its old CSRF token and accepted without": {
    http: { csrf: { token: "offered" } },
    routes: { "/count": countRoute, "/login": loginRoute, "/show": showRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/count", { method: "POST" });
      const form = { csrf_token: tokenOf(browser) };
      const headers = { "sec-fetch-site": "same-origin" };
      const first = await browser.send("/login", { method: "POST", form, headers });
      const plain = await browser.send("/login", { method: "POST", form: {}, headers });
      assert.deepEqual([plain.status, plain.body], [200, first.body], "the same session, with its cart");
      const stale = await browser.send("/login", { method: "POST", form, headers });
      assert.deepEqual([stale.status, stale.code], [403, "CSRF_INVALID"]);
      const reloaded = { csrf_token: tokenOf(browser) };
      assert.equal((await browser.send("/login", { method: "POST", form: reloaded, headers })).status, 200);
      assert.equal((await browser.send("/show")).body, first.body);
    },
  },
  "a CSRF token stays valid after a periodic rotation": {
    http: { csrf: { token: "required" } },
    policy: { rotateEvery: 1000 },
    routes: { "/count": countRoute, "/login": loginRoute, "/show": showRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/login", { method: "POST" });
      const [session, csrf] = [browser.token, tokenOf(browser)];
      fixture.advance(1000);
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
