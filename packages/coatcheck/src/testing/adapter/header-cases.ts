import assert from "node:assert/strict";
import { type AdapterCases, countRoute, loginRoute, showRoute } from "./case.ts";
import type { Exchange, Route } from "./exchange.ts";

/** Creates a route that changes the session's data before it responds, so that the response must wait for the save. */
function createSavingRoute(respond: (exchange: Exchange) => unknown): Route {
  return {
    async handle(exchange) {
      const session = await exchange.session.load();
      session.data.saved = true;
      return respond(exchange);
    },
  };
}

/** Response headers other than the cookie, and the moment at which the headers are sent. */
export const headerCases: AdapterCases = {
  "a response that loaded the session has Cache-Control: private, no-store and Vary: Cookie": {
    routes: { "/show": showRoute },
    async check(fixture) {
      for (const method of ["GET", "HEAD", "POST"]) {
        const { headers } = await fixture.send("/show", { method });
        assert.equal(headers["cache-control"], "private, no-store", method);
        assert.equal(headers.vary, "Cookie", method);
      }
    },
  },
  "a route can set Cache-Control itself, and its Vary is kept": {
    routes: {
      "/public": {
        async handle(exchange) {
          await exchange.session.load();
          return exchange.reply(200, { "cache-control": "max-age=60", vary: "Accept-Language" }, "text");
        },
      },
      "/varied": {
        async handle(exchange) {
          await exchange.session.load();
          return exchange.reply(200, { vary: "accept, COOKIE" }, "text");
        },
      },
    },
    async check(fixture) {
      const { headers } = await fixture.send("/public");
      assert.equal(headers["cache-control"], "max-age=60");
      assert.equal(headers.vary, "Accept-Language, Cookie");
      assert.equal((await fixture.send("/varied")).headers.vary, "accept, COOKIE");
    },
  },
  "a response that sets a token is private, even if the route allows caching": {
    routes: {
      "/public": {
        async handle(exchange) {
          const session = await exchange.session.load();
          await session.authenticate("ann");
          return exchange.reply(200, { "cache-control": "public, max-age=60" }, "text");
        },
      },
    },
    async check(fixture) {
      const { headers, cookies } = await fixture.send("/public");
      assert.equal(cookies.length, 1);
      assert.equal(headers["cache-control"], "private, no-store");
    },
  },
  "a logout and a response that sets a CSRF token are private, even if the route allows caching": {
    http: { csrf: { token: "offered" } },
    routes: {
      "/login": loginRoute,
      "/public": {
        async handle(exchange) {
          await exchange.session.load();
          return exchange.reply(200, { "cache-control": "public, max-age=60" }, "text");
        },
      },
      "/leave": {
        async handle(exchange) {
          const session = await exchange.session.load();
          await session.revoke();
          return exchange.reply(200, { "cache-control": "public, max-age=60" }, "text");
        },
      },
    },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/login");
      const headers = { cookie: `__Host-sid=${browser.token}` };
      const offered = await fixture.send("/public", { headers });
      assert.match(String(offered.cookies[0]), /^csrf_token=/);
      assert.equal(offered.headers["cache-control"], "private, no-store");
      const logoutResponse = await browser.send("/leave", { method: "POST" });
      assert.equal(logoutResponse.cookies.length, 2);
      assert.equal(logoutResponse.headers["cache-control"], "private, no-store");
    },
  },
  "cookies that the route sets are kept": {
    routes: {
      "/both": createSavingRoute((exchange) => exchange.reply(200, { "set-cookie": "theme=dark" }, "text")),
    },
    async check(fixture) {
      const { cookies } = await fixture.send("/both");
      assert.equal(cookies.length, 2);
      assert.equal(cookies[0], "theme=dark");
      assert.match(String(cookies[1]), /^__Host-sid=/);
    },
  },
  "a response is not sent before the session that it depends on is stored": {
    routes: {
      "/text": createSavingRoute((exchange) => exchange.reply(200, {}, "text")),
      "/empty": createSavingRoute((exchange) => exchange.reply(204, {})),
      "/redirect": createSavingRoute((exchange) => exchange.reply(303, { location: "/next" })),
      "/stream": createSavingRoute((exchange) => exchange.stream(["a", "b", "c"])),
    },
    async check(fixture) {
      for (const method of ["GET", "HEAD", "POST"]) {
        for (const path of ["/text", "/empty", "/redirect", "/stream"]) {
          const writing = fixture.store.holdWrites();
          let isReceived = false;
          const response = fixture.send(path, { method }).finally(() => {
            isReceived = true;
          });
          await writing.arrived;
          await fixture.send("/nowhere");
          assert.equal(isReceived, false, `${method} ${path} was sent early`);
          writing.release();
          assert.match(String((await response).cookies[0]), /^__Host-sid=/, `${method} ${path}`);
        }
      }
      assert.equal(await fixture.countStoredSessions(), 12);
    },
  },
  "a streamed response arrives complete": {
    routes: {
      "/stream": createSavingRoute((exchange) => exchange.stream(Array(50).fill("x".repeat(20_000)))),
    },
    async check(fixture) {
      const response = await fixture.send("/stream");
      assert.equal(response.body.length, 1_000_000);
      assert.equal(response.cookies.length, 1);
    },
  },
  "HEAD has the same status and headers as GET": {
    routes: { "/show": showRoute, "/login": loginRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/login");
      const get = await browser.send("/show");
      const head = await browser.send("/show", { method: "HEAD" });
      for (const name of ["cache-control", "vary", "content-type"]) {
        assert.equal(head.headers[name], get.headers[name], name);
      }
      assert.deepEqual([head.status, head.cookies], [get.status, get.cookies]);
      assert.equal(head.body, "");
    },
  },
  "Server-Timing reports where the session was found, when enabled": {
    http: { serverTiming: true },
    routes: { "/count": countRoute, "/show": showRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      assert.match(String((await browser.send("/count")).headers["server-timing"]), /^session;dur=\d/);
      assert.match(
        String((await browser.send("/show")).headers["server-timing"]),
        /^session;desc="(local|store)";dur=\d+\.\d\d$/,
      );
    },
  },
  "the client's address, protocol and host come from forwarding headers behind a trusted proxy": {
    http: { trustProxy: 1 },
    routes: {
      "/client": {
        handle: (exchange) => exchange.reply(200, {}, JSON.stringify(exchange.session.client)),
      },
    },
    async check(fixture) {
      const forwarded = {
        host: "inner:3000",
        "x-forwarded-for": "6.6.6.6, 203.0.113.5",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "shop.example",
      };
      const { body } = await fixture.send("/client", { headers: forwarded });
      assert.deepEqual(JSON.parse(body), { address: "203.0.113.5", protocol: "https", host: "shop.example" });
    },
  },
  "forwarding headers are ignored when no proxy is trusted": {
    routes: {
      "/client": {
        handle: (exchange) => exchange.reply(200, {}, JSON.stringify(exchange.session.client)),
      },
    },
    async check(fixture) {
      const headers = { host: "shop.example", "x-forwarded-for": "6.6.6.6", "x-forwarded-proto": "https" };
      const { body } = await fixture.send("/client", { headers });
      assert.deepEqual(JSON.parse(body), { address: "127.0.0.1", protocol: "http", host: "shop.example" });
    },
  },
};
