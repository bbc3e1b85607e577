import assert from "node:assert/strict";
import { type AdapterCases, loginRoute, logoutRoute, showRoute } from "./case.ts";

/** A logout: which session it ends, and which cookies and stored data the browser deletes. */
export const logoutCases: AdapterCases = {
  "a logout revokes the session, clears the cookie and sends Clear-Site-Data": {
    routes: { "/login": loginRoute, "/logout": logoutRoute, "/show": { ...showRoute, guard: "session" } },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/login");
      const token = browser.token;
      const response = await browser.send("/logout", { method: "POST" });
      assert.equal(response.headers["clear-site-data"], '"cache", "storage"');
      assert.match(String(response.cookies[0]), /^__Host-sid=; Max-Age=0; Path=\/; Expires=Thu, 01 Jan 1970/);
      assert.equal(browser.token, undefined);
      const replayed = await fixture.send("/show", { headers: { cookie: `__Host-sid=${token}` } });
      assert.deepEqual([replayed.status, replayed.code], [401, "SESSION_REVOKED"]);
      assert.deepEqual(replayed.cookies, []);
    },
  },
  "a logout of a session that has already ended clears the cookies and sends Clear-Site-Data": {
    http: { csrf: { token: "offered" } },
    routes: { "/logout": logoutRoute },
    async check(fixture) {
      const ends: Readonly<Record<string, (id: string, headers: object) => Promise<unknown>>> = {
        "the response to a first logout was lost": (_id, headers) =>
          fixture.send("/logout", { method: "POST", headers: { ...headers } }),
        "revoked elsewhere": (session) => fixture.manager.revoke({ session }, "admin"),
        expired: async () => fixture.advance(fixture.manager.policy.absoluteTimeout),
      };
      for (const [reason, end] of Object.entries(ends)) {
        const { record, token } = await fixture.manager.create({ subject: "ada" });
        const headers = { cookie: `__Host-sid=${token}` };
        await end(record.id, headers);
        const response = await fixture.send("/logout", { method: "POST", headers });
        assert.equal(response.status, 200, reason);
        assert.deepEqual(
          response.cookies.map((cookie) => cookie.split(";", 2).join(";")),
          ["__Host-sid=; Max-Age=0", "csrf_token=; Max-Age=0"],
          reason,
        );
        assert.equal(response.headers["clear-site-data"], '"cache", "storage"', reason);
      }
    },
  },
  "a logout without a session cookie sets no cookie": {
    routes: { "/logout": logoutRoute },
    async check(fixture) {
      for (const cookie of ["theme=dark", "__Host-sid=of-another-application"]) {
        const response = await fixture.send("/logout", { method: "POST", headers: { cookie } });
        assert.deepEqual([response.status, response.cookies], [200, []], cookie);
        assert.equal(response.headers["clear-site-data"], undefined);
      }
    },
  },
};
