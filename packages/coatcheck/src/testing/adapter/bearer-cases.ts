import assert from "node:assert/strict";
import { type AdapterCases, login, logout, show } from "./case.ts";

/** The token in `Authorization`, for clients that keep no cookies. */
export const bearerCases: AdapterCases = {
  "a bearer token opens its session and never becomes a cookie": {
    routes: { "/show": show, "/login": login },
    async check(rig) {
      const { token, record } = await rig.manager.create({ subject: "ann" });
      const headers = { authorization: `Bearer ${token}` };
      const answer = await rig.send("/show", { headers });
      assert.equal(JSON.parse(answer.body).id, record.id);
      assert.deepEqual(answer.cookies, []);
      assert.equal(answer.headers.vary, "Cookie, Authorization");
    },
  },
  "the token that follows a change of privilege comes in a header, kept from caches": {
    routes: { "/show": { ...show, guard: "subject" }, "/login": login },
    async check(rig) {
      const { token } = await rig.manager.create();
      const answer = await rig.send("/login", {
        method: "POST",
        headers: { authorization: `bearer ${token}` },
      });
      assert.deepEqual(answer.cookies, []);
      assert.equal(answer.headers["cache-control"], "private, no-store");
      const next = { authorization: `Bearer ${answer.headers["x-session-token"]}` };
      assert.equal((await rig.send("/show", { headers: next })).status, 200);
    },
  },
  "a bearer token outweighs cookies": {
    routes: { "/show": show, "/login": login },
    async check(rig) {
      const browser = rig.browser();
      await browser.send("/login");
      const { token, record } = await rig.manager.create({ subject: "bob" });
      const answer = await browser.send("/show", { headers: { authorization: `Bearer ${token}` } });
      assert.equal(JSON.parse(answer.body).id, record.id);
    },
  },
  "a bearer token that opens nothing does not fall back to the cookie": {
    routes: { "/show": { ...show, guard: "session" }, "/login": login },
    async check(rig) {
      const browser = rig.browser();
      await browser.send("/login");
      const headers = { authorization: `Bearer ${"A".repeat(50)}` };
      const answer = await browser.send("/show", { headers });
      assert.deepEqual([answer.status, answer.code], [401, "SESSION_REQUIRED"]);
    },
  },
  "what else stands in Authorization is the application's own": {
    routes: { "/show": show, "/login": login },
    async check(rig) {
      const browser = rig.browser();
      await browser.send("/login");
      for (const authorization of ["Bearer a.jwt.token", "Basic dXNlcjpwYXNz", "Bearer", ""]) {
        const answer = await browser.send("/show", { headers: { authorization } });
        assert.equal(JSON.parse(answer.body).subject, "ann", authorization);
      }
    },
  },
  "logout with a bearer token sets no cookie": {
    routes: { "/show": { ...show, guard: "session" }, "/logout": logout },
    async check(rig) {
      const { token } = await rig.manager.create({ subject: "ann" });
      const headers = { authorization: `Bearer ${token}` };
      assert.deepEqual((await rig.send("/logout", { method: "POST", headers })).cookies, []);
      assert.equal((await rig.send("/show", { headers })).code, "SESSION_REVOKED");
    },
  },
};
