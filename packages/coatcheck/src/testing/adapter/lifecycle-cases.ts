import assert from "node:assert/strict";
import {
  type AdapterCases,
  countRoute,
  loginRoute,
  loginWithoutRememberMeRoute,
  loginWithRememberMeRoute,
  logoutRoute,
  sessionlessRoute,
  showRoute,
  showSession,
} from "./case.ts";

const DAY_SECONDS = 24 * 60 * 60;

/** The life of a session, from the first visit to logout: what is stored, and which cookies are set. */
export const lifecycleCases: AdapterCases = {
  "a response that does not load the session causes no store access and sets no headers": {
    routes: { "/count": countRoute, "/sessionless": sessionlessRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/count");
      const { reads, writes } = fixture.store;
      const response = await browser.send("/sessionless");
      assert.equal(response.body, "sessionless");
      assert.equal(response.headers["cache-control"], undefined);
      assert.equal(response.headers.vary, undefined);
      assert.deepEqual(response.cookies, []);
      assert.deepEqual([fixture.store.reads, fixture.store.writes], [reads, writes]);
    },
  },
  "an unchanged anonymous session is not stored and sets no cookie": {
    routes: { "/show": showRoute },
    async check(fixture) {
      const response = await fixture.send("/show");
      assert.equal(JSON.parse(response.body).isNew, true);
      assert.deepEqual(response.cookies, []);
      assert.equal(await fixture.countStoredSessions(), 0);
    },
  },
  "the first assignment to data stores the session and sets the cookie once": {
    routes: { "/count": countRoute, "/show": showRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      const first = await browser.send("/count");
      assert.equal(first.cookies.length, 1);
      assert.match(
        String(first.cookies[0]),
        /^__Host-sid=[\w-]{50}; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      );
      const second = await browser.send("/count");
      assert.deepEqual(second.cookies, []);
      const third = await browser.send("/show");
      assert.equal(JSON.parse(third.body).data.count, 2);
      assert.equal(await fixture.countStoredSessions(), 1);
    },
  },
  "reading the session writes nothing": {
    routes: { "/count": countRoute, "/show": showRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/count");
      const { writes } = fixture.store;
      const response = await browser.send("/show");
      assert.deepEqual(response.cookies, []);
      assert.equal(fixture.store.writes, writes);
    },
  },
  "parallel requests that write different fields lose no update": {
    routes: {
      "/own": {
        async handle(exchange) {
          const session = await exchange.session.load();
          const field = exchange.session.client.host?.split(":")[0] ?? "";
          session.data[field] = true;
          return exchange.reply(204, {});
        },
      },
      "/count": countRoute,
      "/show": showRoute,
    },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/count");
      const fields = Array.from({ length: 20 }, (_, index) => `field${index}`);
      await Promise.all(fields.map((host) => browser.send("/own", { headers: { host } })));
      const { data } = JSON.parse((await browser.send("/show")).body);
      assert.deepEqual(Object.keys(data).sort(), ["count", ...fields].sort());
    },
  },
  "a login keeps id and data, sets a new token and invalidates the old one": {
    routes: { "/count": countRoute, "/login": loginRoute, "/show": showRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      const before = JSON.parse((await browser.send("/count")).body);
      const oldToken = browser.token;
      const response = await browser.send("/login");
      assert.notEqual(browser.token, oldToken);
      const after = JSON.parse(response.body);
      assert.deepEqual([after.id, after.subject, after.data.count], [before.id, "ann", 1]);
      const fixed = await fixture.send("/show", { headers: { cookie: `__Host-sid=${oldToken}` } });
      assert.deepEqual(JSON.parse(fixed.body).refusal, "superseded");
    },
  },
  "a cookie lasts until the absolute timeout, except after a login with rememberMe: false": {
    policy: { absoluteTimeout: 1000 * DAY_SECONDS },
    routes: {
      "/count": countRoute,
      "/login": loginRoute,
      "/remember": loginWithRememberMeRoute,
      "/forget": loginWithoutRememberMeRoute,
    },
    async check(fixture) {
      const maxAge = async (path: string) =>
        /; Max-Age=(\d+);/.exec(String((await fixture.send(path)).cookies[0]))?.[1];
      assert.equal(await maxAge("/count"), String(DAY_SECONDS));
      assert.equal(await maxAge("/login"), String(DAY_SECONDS));
      assert.equal(await maxAge("/remember"), String(30 * DAY_SECONDS));
      assert.equal(await maxAge("/forget"), undefined);
    },
  },
  "a policy without persistent cookies makes cookies that end with the browser": {
    policy: { persistentCookie: false },
    routes: { "/count": countRoute, "/remember": loginWithRememberMeRoute },
    async check(fixture) {
      assert.doesNotMatch(String((await fixture.send("/count")).cookies[0]), /Max-Age|Expires/);
      assert.match(String((await fixture.send("/remember")).cookies[0]), /; Max-Age=2592000;/);
    },
  },
  "a slow write that started before a logout does not restore the session": {
    routes: { "/count": countRoute, "/logout": logoutRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/count");
      const cookie = `__Host-sid=${browser.token}`;
      const writing = fixture.store.holdWrites();
      const slow = fixture.send("/count", { headers: { cookie } });
      await writing.arrived;
      assert.equal((await fixture.send("/logout", { headers: { cookie } })).status, 200);
      writing.release();
      const late = await slow;
      assert.deepEqual([late.status, late.code], [401, "SESSION_REVOKED"]);
      assert.deepEqual(late.cookies, []);
      assert.equal((await fixture.manager.stats()).active, 0);
    },
  },
  "a flash message is readable once": {
    routes: {
      "/leave": {
        async handle(exchange) {
          (await exchange.session.load()).flash("notice", "saved");
          return exchange.reply(302, { location: "/take" });
        },
      },
      "/take": {
        async handle(exchange) {
          const message = await (await exchange.session.load()).takeFlash("notice");
          return exchange.reply(200, {}, String(message));
        },
      },
    },
    async check(fixture) {
      const browser = fixture.openBrowser();
      const redirect = await browser.send("/leave");
      assert.deepEqual([redirect.status, redirect.headers.location], [302, "/take"]);
      assert.equal((await browser.send("/take")).body, "saved");
      assert.equal((await browser.send("/take")).body, "undefined");
    },
  },
  "the prefetch of a logout link logs no one out": {
    routes: { "/login": loginRoute, "/logout": logoutRoute, "/show": showRoute },
    async check(rig) {
      const browser = rig.openBrowser();
      await browser.send("/login");
      for (const name of ["sec-purpose", "purpose", "x-moz"]) {
        const { status, cookies } = await browser.send("/logout", {
          headers: { [name]: "prefetch;prerender" },
        });
        assert.deepEqual([status, cookies], [409, []]);
      }
      assert.equal(JSON.parse((await browser.send("/show")).body).subject, "ann");
      assert.equal((await browser.send("/logout")).status, 200);
    },
  },
  "OPTIONS, HEAD and a health check that do not load the session read nothing and set nothing": {
    routes: { "/still": sessionlessRoute, "/count": countRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/count");
      const { reads, writes } = fixture.store;
      for (const method of ["OPTIONS", "HEAD", "GET"]) {
        for (const sender of [browser, fixture]) {
          const { cookies, headers } = await sender.send("/still", { method });
          assert.deepEqual(
            [cookies, headers.vary, headers["cache-control"]],
            [[], undefined, undefined],
            method,
          );
        }
      }
      assert.deepEqual(
        [fixture.store.reads, fixture.store.writes, await fixture.countStoredSessions()],
        [reads, writes, 1],
      );
    },
  },
  "guards reject with SESSION_REQUIRED or REAUTHENTICATION_REQUIRED": {
    routes: {
      "/login": loginRoute,
      "/count": countRoute,
      "/session": { ...showRoute, guard: "session" },
      "/subject": { ...showRoute, guard: "subject" },
      "/sudo": { ...showRoute, guard: { elevated: "payment" } },
      "/elevate": {
        async handle(exchange) {
          const session = await exchange.session.load();
          await session.elevate("payment", 60_000);
          return showSession(exchange);
        },
      },
    },
    async check(fixture) {
      const browser = fixture.openBrowser();
      const outcome = async (path: string) => {
        const { status, code } = await browser.send(path);
        return code === null ? status : `${status} ${code}`;
      };
      assert.equal(await outcome("/session"), "401 SESSION_REQUIRED");
      await browser.send("/count");
      assert.equal(await outcome("/session"), 200);
      assert.equal(await outcome("/subject"), "401 SESSION_REQUIRED");
      await browser.send("/login");
      assert.equal(await outcome("/subject"), 200);
      assert.equal(await outcome("/sudo"), "403 REAUTHENTICATION_REQUIRED");
      await browser.send("/elevate");
      assert.equal(await outcome("/sudo"), 200);
      fixture.advance(60_000);
      assert.equal(await outcome("/sudo"), "403 REAUTHENTICATION_REQUIRED");
    },
  },
  "a handler that throws gets the framework's error response, and its assignments are saved": {
    routes: {
      "/throw": {
        async handle(exchange) {
          const session = await exchange.session.load();
          session.data.count = 7;
          throw new Error("thrown by the handler");
        },
      },
      "/show": showRoute,
    },
    async check(fixture) {
      const browser = fixture.openBrowser();
      const response = await browser.send("/throw");
      assert.equal(response.status, 500);
      assert.equal(JSON.parse((await browser.send("/show")).body).data.count, 7);
    },
  },
  "data above the size limit is rejected with 413, stores nothing and sets no cookie": {
    policy: { maxDataBytes: 100 },
    routes: {
      "/large": {
        async handle(exchange) {
          (await exchange.session.load()).data.text = "x".repeat(1000);
          return exchange.reply(200, {}, "done");
        },
      },
    },
    async check(fixture) {
      const response = await fixture.send("/large");
      assert.deepEqual([response.status, response.code], [413, "PAYLOAD_TOO_LARGE"]);
      assert.deepEqual(response.cookies, []);
      assert.equal(await fixture.countStoredSessions(), 0);
    },
  },
};
