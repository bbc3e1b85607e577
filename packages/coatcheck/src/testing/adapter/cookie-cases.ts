import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { type AdapterCases, countRoute, loginRoute, logoutRoute, showRoute, showSession } from "./case.ts";
import type { AdapterFixture } from "./fixtures.ts";

/** Session tokens in cookies: valid, invalid, expired, older and duplicate ones. */
export const cookieCases: AdapterCases = {
  "an invalid token is rejected with SESSION_REQUIRED, sets no cookie and causes no store access": {
    routes: { "/login": loginRoute, "/show": showRoute, "/guarded": { ...showRoute, guard: "session" } },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/login");
      const token = String(browser.token);
      const rows = await fixture.countStoredSessions();
      const { reads } = fixture.store;
      const invalid = [
        "",
        "x",
        token.slice(0, -1),
        `${token}A`,
        `${token.slice(0, 30)}${token[30] === "A" ? "B" : "A"}${token.slice(31)}`,
        `"${token}"`,
        "A".repeat(50),
        "x".repeat(8000),
        encodeURIComponent("../../etc/passwd"),
        "__proto__",
      ];
      for (const value of invalid) {
        const response = await fixture.send("/guarded", { headers: { cookie: `__Host-sid=${value}` } });
        assert.deepEqual([response.status, response.code], [401, "SESSION_REQUIRED"], value.slice(0, 60));
        assert.deepEqual(response.cookies, []);
      }
      assert.equal(fixture.store.reads, reads, "the seal rejects them before any lookup");
      assert.equal(await fixture.countStoredSessions(), rows);
    },
  },
  "a logout with a random token reads and stores nothing, and clears the cookie": {
    routes: { "/logout": logoutRoute },
    async check(fixture) {
      for (let round = 0; round < 50; round++) {
        const cookie = `__Host-sid=${randomBytes(38).toString("base64url").slice(0, 50)}`;
        const response = await fixture.send("/logout", { method: "POST", headers: { cookie } });
        assert.deepEqual([response.status, response.cookies.length], [200, 1]);
        assert.match(String(response.cookies[0]), /^__Host-sid=; Max-Age=0; /);
      }
      assert.deepEqual(
        [await fixture.countStoredSessions(), fixture.store.reads, fixture.store.writes],
        [0, 0, 0],
      );
    },
  },
  "a token is rejected with SESSION_EXPIRED after the absolute timeout, even if it was in use": {
    policy: { idleTimeout: 1000, absoluteTimeout: 1500 },
    routes: { "/login": loginRoute, "/show": { ...showRoute, guard: "session" } },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/login");
      fixture.advance(900);
      assert.equal((await browser.send("/show")).status, 200);
      fixture.advance(700);
      const response = await browser.send("/show");
      assert.deepEqual([response.status, response.code, response.cookies], [401, "SESSION_EXPIRED", []]);
    },
  },
  "a token with the secret of another session is rejected": {
    routes: { "/login": loginRoute, "/show": { ...showRoute, guard: "session" } },
    async check(fixture) {
      const victim = fixture.openBrowser();
      await victim.send("/login");
      const attacker = fixture.openBrowser();
      await attacker.send("/login");
      const forged = String(victim.token).slice(0, 22) + String(attacker.token).slice(22);
      const response = await fixture.send("/show", { headers: { cookie: `__Host-sid=${forged}` } });
      assert.deepEqual([response.status, response.code], [401, "SESSION_REQUIRED"]);
    },
  },
  "a request with a token from before the login gets no session and sets no cookie": {
    routes: {
      "/login": loginRoute,
      "/show": showRoute,
      "/count": countRoute,
      "/guarded": { ...showRoute, guard: "session" },
    },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/count");
      const headers = { cookie: `__Host-sid=${browser.token}` };
      await browser.send("/login");
      for (const [path, status] of [
        ["/show", 200],
        ["/count", 409],
        ["/guarded", 409],
      ] as const) {
        const response = await fixture.send(path, { headers });
        assert.equal(response.status, status, path);
        assert.deepEqual(response.cookies, [], path);
        assert.equal(response.headers["clear-site-data"], undefined);
        if (status === 409) assert.equal(response.code, "CONFLICT", path);
      }
      assert.equal((await browser.send("/guarded")).status, 200, "the new token still opens the session");
      assert.equal(await fixture.countStoredSessions(), 1);
    },
  },
  "a login repeated with the token from before the first login receives the same new token": {
    routes: { "/count": countRoute, "/login": loginRoute, "/show": { ...showRoute, guard: "subject" } },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/count");
      const headers = { cookie: `__Host-sid=${browser.token}` };
      const [first, again] = [
        await fixture.send("/login", { headers }),
        await fixture.send("/login", { headers }),
      ];
      assert.deepEqual([first.status, again.status], [200, 200]);
      assert.deepEqual(again.cookies, first.cookies);
      assert.equal(JSON.parse(again.body).data.count, 1);
      assert.equal(await fixture.countStoredSessions(), 1);
    },
  },
  "a logout with the token from before a login ends the session of that login and clears the cookie": {
    routes: {
      "/count": countRoute,
      "/login": loginRoute,
      "/logout": logoutRoute,
      "/show": { ...showRoute, guard: "subject" },
    },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/count");
      const headers = { cookie: `__Host-sid=${browser.token}` };
      await browser.send("/login");
      const response = await fixture.send("/logout", { method: "POST", headers });
      assert.match(String(response.cookies[0]), /^__Host-sid=; Max-Age=0;/);
      assert.equal((await browser.send("/show")).code, "SESSION_REVOKED");
    },
  },
  "a periodic rotation gives every request with the old token the same new token": {
    policy: { rotateEvery: 1000, tokenOverlap: 500 },
    routes: { "/login": loginRoute, "/show": showRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/login");
      const headers = { cookie: `__Host-sid=${browser.token}` };
      fixture.advance(1000);
      const rotated = await fixture.send("/show", { headers });
      const again = await fixture.send("/show", { headers });
      assert.equal(rotated.cookies.length, 1);
      assert.deepEqual(again.cookies, rotated.cookies);
    },
  },
  "duplicate __Host- cookies: the valid one opens its session, and no cookie is set": {
    routes: { "/login": loginRoute, "/show": showRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/login");
      for (const cookie of [
        `__Host-sid=garbage; __Host-sid=${browser.token}`,
        `__Host-sid=${browser.token}; a=b; __Host-sid=${"A".repeat(50)}`,
      ]) {
        const response = await fixture.send("/show", { headers: { cookie } });
        assert.equal(JSON.parse(response.body).subject, "ann");
        assert.deepEqual(response.cookies, []);
      }
    },
  },
  "duplicate unprefixed cookies: reads and writes set no cookie, and a login clears the duplicates": {
    http: { cookie: { prefix: "", name: "session_id" } },
    routes: { "/login": loginRoute, "/show": showRoute, "/count": countRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/login");
      const token = browser.cookies.get("session_id");
      const headers = { host: "www.shop.example", cookie: `session_id=garbage; session_id=${token}` };
      for (const path of ["/show", "/count"]) {
        const { body, cookies } = await fixture.send(path, { headers });
        assert.deepEqual([JSON.parse(body).subject, cookies], ["ann", []], path);
      }
      const { cookies } = await fixture.send("/login", { headers });
      const cleared = cookies.slice(0, -1).map((line) => {
        assert.match(line, /^session_id=; Max-Age=0; /);
        return line.match(/(Domain=[^;]+; )?Path=[^;]+/)?.[0];
      });
      assert.deepEqual(cleared, [
        "Domain=www.shop.example; Path=/",
        "Domain=shop.example; Path=/",
        "Path=/login",
      ]);
      assert.match(
        String(cookies.at(-1)),
        /^session_id=[\w-]{50}; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Lax/,
      );
    },
  },
  "the session of a planted cookie is not set as the visitor's own cookie": {
    http: { cookie: { prefix: "", name: "session_id" } },
    routes: { "/login": loginRoute, "/show": showRoute, "/count": countRoute },
    async check(fixture) {
      const visitor = fixture.openBrowser();
      await visitor.send("/login");
      const planted = await fixture.manager.create();
      const cookie = `session_id=${planted.token}; session_id=${visitor.cookies.get("session_id")}`;
      for (const path of ["/show", "/count"]) {
        assert.deepEqual((await fixture.send(path, { headers: { cookie } })).cookies, [], path);
      }
    },
  },
  "a periodic rotation sets no cookie while a planted cookie is sent beside the visitor's own": {
    http: { cookie: { prefix: "", name: "session_id" } },
    policy: { rotateEvery: 1000, tokenOverlap: 500 },
    routes: { "/login": loginRoute, "/show": showRoute, "/count": countRoute },
    async check(fixture) {
      const visitor = fixture.openBrowser();
      await visitor.send("/login");
      const planted = await fixture.manager.create();
      const own = `session_id=${visitor.cookies.get("session_id")}`;
      const both = { cookie: `session_id=${planted.token}; ${own}` };
      const single = { cookie: `session_id=${planted.token}` };
      fixture.advance(1000);
      for (const path of ["/show", "/count"]) {
        assert.deepEqual((await fixture.send(path, { headers: both })).cookies, [], path);
      }
      // The attacker's own request rotates the planted session. The planted cookie is now an older token. A response to
      // a request with this cookie alone sets the newer token.
      assert.equal((await fixture.send("/show", { headers: single })).cookies.length, 1);
      for (const path of ["/show", "/count"]) {
        const { status, cookies } = await fixture.send(path, { headers: both });
        assert.deepEqual([status, cookies], [200, []], path);
      }
      assert.equal((await fixture.send("/show", { headers: { cookie: own } })).cookies.length, 1);
    },
  },
  "the visitor's cookie is found behind many planted ones": {
    http: { cookie: { prefix: "", name: "session_id" } },
    routes: { "/login": loginRoute, "/show": showRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/login");
      const forged = Array.from({ length: 150 }, () => randomBytes(38).toString("base64url").slice(0, 50));
      const ended = await Promise.all(Array.from({ length: 9 }, () => fixture.manager.create()));
      for (const { record } of ended) await fixture.manager.revoke({ session: record.id });
      for (const junk of [forged, ended.map(({ token }) => token), Array(150).fill("x")]) {
        const values = [...junk, browser.cookies.get("session_id")];
        const cookie = values.map((value) => `session_id=${value}`).join("; ");
        assert.equal(JSON.parse((await fixture.send("/show", { headers: { cookie } })).body).subject, "ann");
      }
    },
  },
  "a write with an older token among duplicate cookies fails with CONFLICT and sets no cookie": {
    routes: { "/count": countRoute, "/login": loginRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/count");
      const cookie = `__Host-sid=garbage; __Host-sid=${browser.token}; __Host-sid=x`;
      await browser.send("/login");
      const response = await fixture.send("/count", { headers: { cookie } });
      assert.deepEqual([response.status, response.cookies], [409, []]);
    },
  },
  "a cookie whose name only resembles the session cookie is ignored": {
    routes: { "/login": loginRoute, "/show": showRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/login");
      for (const cookie of [
        `=__Host-sid=${browser.token}`,
        `\u00a0__Host-sid=${browser.token}`,
        `a=b, __Host-sid=${browser.token}`,
        `__host-sid=${browser.token}`,
      ]) {
        await expectAnonymous(fixture, cookie);
      }
    },
  },
  "a CSRF token is rejected as a session token": {
    http: { csrf: { token: "offered" } },
    routes: { "/login": loginRoute, "/show": showRoute },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/login");
      await expectAnonymous(fixture, `__Host-sid=${browser.cookies.get("csrf_token")}`);
      await expectAnonymous(fixture, `__Host-sid=${browser.cookies.get("csrf_token")}A`.padEnd(61, "A"));
    },
  },
  "a session id or token in the query or in another header is ignored": {
    routes: { "/login": loginRoute, "/show": { handle: showSession } },
    async check(fixture) {
      const browser = fixture.openBrowser();
      const { id } = JSON.parse((await browser.send("/login")).body);
      const headers = { "x-session-id": id, "x-session-token": String(browser.token) };
      const response = await fixture.send(`/show?sid=${browser.token}&sessionId=${id}`, { headers });
      assert.equal(JSON.parse(response.body).isNew, true);
    },
  },
};

async function expectAnonymous(fixture: AdapterFixture, cookie: string): Promise<void> {
  const response = await fixture.send("/show", { headers: { cookie } });
  assert.deepEqual([JSON.parse(response.body).subject, response.cookies], [null, []], cookie);
}
