import assert from "node:assert/strict";
import { type AdapterCases, count, login, show } from "./case.ts";
import type { Exchange, Route } from "./exchange.ts";

function answering(answer: (exchange: Exchange) => unknown): Route {
  return {
    async handle(exchange) {
      const session = await exchange.session.load();
      session.data.saved = true;
      return answer(exchange);
    },
  };
}

/** What the response says besides its cookie, and when it may leave. */
export const headerCases: AdapterCases = {
  "whatever read a session is private": {
    routes: { "/show": show },
    async check(rig) {
      for (const method of ["GET", "HEAD", "POST"]) {
        const { headers } = await rig.send("/show", { method });
        assert.equal(headers["cache-control"], "private, no-store", method);
        assert.equal(headers.vary, "Cookie", method);
      }
    },
  },
  "a route may say otherwise, and its Vary is kept": {
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
    async check(rig) {
      const { headers } = await rig.send("/public");
      assert.equal(headers["cache-control"], "max-age=60");
      assert.equal(headers.vary, "Accept-Language, Cookie");
      assert.equal((await rig.send("/varied")).headers.vary, "accept, COOKIE");
    },
  },
  "a response that hands out a token is private whatever the route says": {
    routes: {
      "/public": {
        async handle(exchange) {
          const session = await exchange.session.load();
          await session.authenticate("ann");
          return exchange.reply(200, { "cache-control": "public, max-age=60" }, "text");
        },
      },
    },
    async check(rig) {
      const { headers, cookies } = await rig.send("/public");
      assert.equal(cookies.length, 1);
      assert.equal(headers["cache-control"], "private, no-store");
    },
  },
  "no cache keeps a logout or another browser's CSRF token, not even of a public route": {
    http: { csrf: { token: "offered" } },
    routes: {
      "/login": login,
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
    async check(rig) {
      const browser = rig.browser();
      await browser.send("/login");
      const headers = { cookie: `__Host-sid=${browser.token}` };
      const offered = await rig.send("/public", { headers });
      assert.match(String(offered.cookies[0]), /^csrf_token=/);
      assert.equal(offered.headers["cache-control"], "private, no-store");
      const left = await browser.send("/leave", { method: "POST" });
      assert.equal(left.cookies.length, 2);
      assert.equal(left.headers["cache-control"], "private, no-store");
    },
  },
  "cookies of the route stay beside the session's": {
    routes: { "/both": answering((exchange) => exchange.reply(200, { "set-cookie": "theme=dark" }, "text")) },
    async check(rig) {
      const { cookies } = await rig.send("/both");
      assert.equal(cookies.length, 2);
      assert.equal(cookies[0], "theme=dark");
      assert.match(String(cookies[1]), /^__Host-sid=/);
    },
  },
  "no answer leaves before what it depends on is stored": {
    routes: {
      "/text": answering((exchange) => exchange.reply(200, {}, "text")),
      "/empty": answering((exchange) => exchange.reply(204, {})),
      "/redirect": answering((exchange) => exchange.reply(303, { location: "/next" })),
      "/stream": answering((exchange) => exchange.stream(["a", "b", "c"])),
    },
    async check(rig) {
      for (const method of ["GET", "HEAD", "POST"]) {
        for (const path of ["/text", "/empty", "/redirect", "/stream"]) {
          const writing = rig.store.hold();
          let hasLeft = false;
          const answer = rig.send(path, { method }).finally(() => {
            hasLeft = true;
          });
          await writing.arrived;
          await rig.send("/nowhere");
          assert.equal(hasLeft, false, `${method} ${path} left early`);
          writing.release();
          assert.match(String((await answer).cookies[0]), /^__Host-sid=/, `${method} ${path}`);
        }
      }
      assert.equal(await rig.stored(), 12);
    },
  },
  "a stream arrives whole": {
    routes: { "/stream": answering((exchange) => exchange.stream(Array(50).fill("x".repeat(20_000)))) },
    async check(rig) {
      const answer = await rig.send("/stream");
      assert.equal(answer.body.length, 1_000_000);
      assert.equal(answer.cookies.length, 1);
    },
  },
  "HEAD says what GET says": {
    routes: { "/show": show, "/login": login },
    async check(rig) {
      const browser = rig.browser();
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
  "Server-Timing says where the session came from, when enabled": {
    http: { serverTiming: true },
    routes: { "/count": count, "/show": show },
    async check(rig) {
      const browser = rig.browser();
      assert.match(String((await browser.send("/count")).headers["server-timing"]), /^session;dur=\d/);
      assert.match(
        String((await browser.send("/show")).headers["server-timing"]),
        /^session;desc="(local|store)";dur=\d+\.\d\d$/,
      );
    },
  },
  "the client is found behind trusted proxies only": {
    http: { trustProxy: 1 },
    routes: {
      "/client": {
        handle: (exchange) => exchange.reply(200, {}, JSON.stringify(exchange.session.client)),
      },
    },
    async check(rig) {
      const forwarded = {
        host: "inner:3000",
        "x-forwarded-for": "6.6.6.6, 203.0.113.5",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "shop.example",
      };
      const { body } = await rig.send("/client", { headers: forwarded });
      assert.deepEqual(JSON.parse(body), { address: "203.0.113.5", protocol: "https", host: "shop.example" });
    },
  },
  "forwarding headers are ignored where no proxy is trusted": {
    routes: {
      "/client": {
        handle: (exchange) => exchange.reply(200, {}, JSON.stringify(exchange.session.client)),
      },
    },
    async check(rig) {
      const headers = { host: "shop.example", "x-forwarded-for": "6.6.6.6", "x-forwarded-proto": "https" };
      const { body } = await rig.send("/client", { headers });
      assert.deepEqual(JSON.parse(body), { address: "127.0.0.1", protocol: "http", host: "shop.example" });
    },
  },
};
