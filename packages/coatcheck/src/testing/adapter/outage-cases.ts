import assert from "node:assert/strict";
import { type AdapterCases, countRoute, sessionlessRoute, showRoute, showSession } from "./case.ts";
import type { AdapterFixture } from "./fixtures.ts";

/** An outage of the store. No outage policy may log a user out. */
export const outageCases: AdapterCases = {
  "with the outage policy `closed`, the response is 503 and sets no cookie": {
    routes: {
      "/show": showRoute,
      "/sessionless": sessionlessRoute,
      "/guarded": { ...showRoute, guard: "session" },
    },
    async check(fixture) {
      const headers = await createCookieHeader(fixture);
      fixture.store.isDown = true;
      for (const path of ["/show", "/guarded"]) {
        const response = await fixture.send(path, { headers });
        assert.deepEqual([response.status, response.code], [503, "STORE_UNAVAILABLE"], path);
        assert.deepEqual(response.cookies, []);
        assert.match(String(response.headers["cache-control"]), /no-store/);
      }
      assert.equal(
        (await fixture.send("/sessionless", { headers })).status,
        200,
        "a route without a session still responds",
      );
      fixture.store.isDown = false;
      assert.equal((await fixture.send("/guarded", { headers })).status, 200);
    },
  },
  "with the outage policy `anonymous`, the request continues without a session and stores nothing": {
    http: { outage: "anonymous" },
    routes: { "/show": showRoute, "/count": countRoute, "/guarded": { ...showRoute, guard: "session" } },
    async check(fixture) {
      const headers = await createCookieHeader(fixture);
      fixture.store.isDown = true;
      for (const path of ["/show", "/count"]) {
        const response = await fixture.send(path, { headers });
        assert.deepEqual([response.status, response.cookies], [200, []], path);
        assert.equal(JSON.parse(response.body).subject, null);
      }
      const guarded = await fixture.send("/guarded", { headers });
      assert.deepEqual(
        [guarded.status, guarded.code],
        [503, "STORE_UNAVAILABLE"],
        "an outage must not look like a logout",
      );
      fixture.store.isDown = false;
      assert.equal(JSON.parse((await fixture.send("/show", { headers })).body).subject, "ann");
      assert.equal(await fixture.countStoredSessions(), 1);
    },
  },
  "a route can override the outage policy": {
    routes: {
      "/page": {
        async handle(exchange) {
          await exchange.session.load({ outage: "anonymous" });
          return showSession(exchange);
        },
      },
    },
    async check(fixture) {
      const headers = await createCookieHeader(fixture);
      fixture.store.isDown = true;
      assert.equal((await fixture.send("/page", { headers })).status, 200);
    },
  },
  "an outage during the commit replaces the response with 503 and sets no cookie": {
    routes: {
      "/break": {
        async handle(exchange) {
          const session = await exchange.session.load();
          session.data.count = 1;
          const headers = { "set-cookie": "order=1", etag: '"1"', "access-control-allow-origin": "*" };
          return exchange.reply(200, headers, "stored");
        },
      },
    },
    async check(fixture) {
      const writing = fixture.store.holdWrites();
      const sent = fixture.send("/break");
      await writing.arrived;
      fixture.store.isDown = true;
      writing.release();
      const response = await sent;
      assert.deepEqual([response.status, response.code], [503, "STORE_UNAVAILABLE"]);
      assert.deepEqual(response.cookies, []);
      assert.equal(response.headers.etag, undefined);
      assert.equal(
        response.headers["access-control-allow-origin"],
        "*",
        "CORS headers stay, so that scripts can read the error",
      );
      assert.doesNotMatch(response.body, /made to fail/);
    },
  },
};

/** Creates a session of `ann` that is not in the cache, and returns its cookie header. */
async function createCookieHeader(fixture: AdapterFixture): Promise<{ cookie: string }> {
  const { record, token } = await fixture.manager.create({ subject: "ann" });
  fixture.forget(record.id);
  return { cookie: `__Host-sid=${token}` };
}
