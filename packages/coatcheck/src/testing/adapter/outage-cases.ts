import assert from "node:assert/strict";
import { type AdapterCases, count, show, showSession, still } from "./case.ts";
import type { Rig } from "./rig.ts";

/** The store does not answer. Whatever the policy, nobody is logged out by it. */
export const outageCases: AdapterCases = {
  "closed: 503, and the cookie is left alone": {
    routes: { "/show": show, "/still": still, "/guarded": { ...show, guard: "session" } },
    async check(rig) {
      const headers = await loggedIn(rig);
      rig.store.isDown = true;
      for (const path of ["/show", "/guarded"]) {
        const answer = await rig.send(path, { headers });
        assert.deepEqual([answer.status, answer.code], [503, "STORE_UNAVAILABLE"], path);
        assert.deepEqual(answer.cookies, []);
        assert.match(String(answer.headers["cache-control"]), /no-store/);
      }
      assert.equal((await rig.send("/still", { headers })).status, 200, "what needs no session goes on");
      rig.store.isDown = false;
      assert.equal((await rig.send("/guarded", { headers })).status, 200);
    },
  },
  "anonymous: the request goes on as a stranger's, stores nothing and sets no cookie": {
    http: { outage: "anonymous" },
    routes: { "/show": show, "/count": count, "/guarded": { ...show, guard: "session" } },
    async check(rig) {
      const headers = await loggedIn(rig);
      rig.store.isDown = true;
      for (const path of ["/show", "/count"]) {
        const answer = await rig.send(path, { headers });
        assert.deepEqual([answer.status, answer.cookies], [200, []], path);
        assert.equal(JSON.parse(answer.body).subject, null);
      }
      const guarded = await rig.send("/guarded", { headers });
      assert.deepEqual([guarded.status, guarded.code], [503, "STORE_UNAVAILABLE"], "no log-out in disguise");
      rig.store.isDown = false;
      assert.equal(JSON.parse((await rig.send("/show", { headers })).body).subject, "ann");
      assert.equal(await rig.stored(), 1);
    },
  },
  "a route may choose for itself": {
    routes: {
      "/page": {
        async handle(exchange) {
          await exchange.session.load({ outage: "anonymous" });
          return showSession(exchange);
        },
      },
    },
    async check(rig) {
      const headers = await loggedIn(rig);
      rig.store.isDown = true;
      assert.equal((await rig.send("/page", { headers })).status, 200);
    },
  },
  "an outage at the commit replaces the answer and sets no cookie": {
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
    async check(rig) {
      const writing = rig.store.hold();
      const sent = rig.send("/break");
      await writing.arrived;
      rig.store.isDown = true;
      writing.release();
      const answer = await sent;
      assert.deepEqual([answer.status, answer.code], [503, "STORE_UNAVAILABLE"]);
      assert.deepEqual(answer.cookies, []);
      assert.equal(answer.headers.etag, undefined);
      assert.equal(answer.headers["access-control-allow-origin"], "*", "or scripts could not read the error");
      assert.doesNotMatch(answer.body, /made to fail/);
    },
  },
};

/** The cookie header of a browser that is logged in, with nothing held in a cache. */
async function loggedIn(rig: Rig): Promise<{ cookie: string }> {
  const { record, token } = await rig.manager.create({ subject: "ann" });
  rig.forget(record.id);
  return { cookie: `__Host-sid=${token}` };
}
