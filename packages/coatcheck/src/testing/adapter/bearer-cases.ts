import assert from "node:assert/strict";
import { type AdapterCases, loginRoute, logoutRoute, showRoute } from "./case.ts";

/** Session tokens in the `Authorization` header, for clients that keep no cookies. */
export const bearerCases: AdapterCases = {
  "a bearer token opens its session and is never set as a cookie": {
    routes: { "/show": showRoute, "/login": loginRoute },
    async check(fixture) {
      const { token, record } = await fixture.manager.create({ subject: "ann" });
      const headers = { authorization: `Bearer ${token}` };
      const response = await fixture.send("/show", { headers });
      assert.equal(JSON.parse(response.body).id, record.id);
      assert.deepEqual(response.cookies, []);
      assert.equal(response.headers.vary, "Cookie, Authorization");
    },
  },
  "a login with a bearer token returns the new token in X-Session-Token and forbids caching": {
    routes: { "/show": { ...showRoute, guard: "subject" }, "/login": loginRoute },
    async check(fixture) {
      const { token } = await fixture.manager.create();
      const response = await fixture.send("/login", {
        method: "POST",
        headers: { authorization: `bearer ${token}` },
      });
      assert.deepEqual(response.cookies, []);
      assert.equal(response.headers["cache-control"], "private, no-store");
      const next = { authorization: `Bearer ${response.headers["x-session-token"]}` };
      assert.equal((await fixture.send("/show", { headers: next })).status, 200);
    },
  },
  "a bearer token takes precedence over cookies": {
    routes: { "/show": showRoute, "/login": loginRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/login");
      const { token, record } = await fixture.manager.create({ subject: "bob" });
      const response = await browser.send("/show", { headers: { authorization: `Bearer ${token}` } });
      assert.equal(JSON.parse(response.body).id, record.id);
    },
  },
  "an invalid bearer token is rejected without falling back to the cookie": {
    routes: { "/show": { ...showRoute, guard: "session" }, "/login": loginRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/login");
      const headers = { authorization: `Bearer ${"A".repeat(50)}` };
      const response = await browser.send("/show", { headers });
      assert.deepEqual([response.status, response.code], [401, "SESSION_REQUIRED"]);
    },
  },
  "an Authorization value that is not a session token is ignored": {
    routes: { "/show": showRoute, "/login": loginRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/login");
      for (const authorization of ["Bearer a.jwt.token", "Basic dXNlcjpwYXNz", "Bearer", ""]) {
        const response = await browser.send("/show", { headers: { authorization } });
        assert.equal(JSON.parse(response.body).subject, "ann", authorization);
      }
    },
  },
  "a logout with a bearer token sets no cookie": {
    routes: { "/show": { ...showRoute, guard: "session" }, "/logout": logoutRoute },
    async check(fixture) {
      const { token } = await fixture.manager.create({ subject: "ann" });
      const headers = { authorization: `Bearer ${token}` };
      assert.deepEqual((await fixture.send("/logout", { method: "POST", headers })).cookies, []);
      assert.equal((await fixture.send("/show", { headers })).code, "SESSION_REVOKED");
    },
  },
};
