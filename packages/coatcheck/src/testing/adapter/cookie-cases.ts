import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { type AdapterCases, count, login, logout, show, showSession } from "./case.ts";
import type { Rig } from "./rig.ts";

/** What a cookie may be worth, and what becomes of one that is worth nothing. */
export const cookieCases: AdapterCases = {
  "a token that opens nothing is refused with the right code and costs the browser nothing": {
    routes: { "/login": login, "/show": show, "/guarded": { ...show, guard: "session" } },
    async check(rig) {
      const browser = rig.browser();
      await browser.send("/login");
      const token = String(browser.token);
      const rows = await rig.stored();
      const { reads } = rig.store;
      const nothing = [
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
      for (const value of nothing) {
        const answer = await rig.send("/guarded", { headers: { cookie: `__Host-sid=${value}` } });
        assert.deepEqual([answer.status, answer.code], [401, "SESSION_REQUIRED"], value.slice(0, 60));
        assert.deepEqual(answer.cookies, []);
      }
      assert.equal(rig.store.reads, reads, "the seal turns them away before any look-up");
      assert.equal(await rig.stored(), rows);
    },
  },
  "random tokens and logouts with them leave no row and no cookie": {
    routes: { "/logout": logout },
    async check(rig) {
      for (let round = 0; round < 50; round++) {
        const cookie = `__Host-sid=${randomBytes(38).toString("base64url").slice(0, 50)}`;
        const answer = await rig.send("/logout", { method: "POST", headers: { cookie } });
        assert.deepEqual([answer.status, answer.cookies], [200, []]);
      }
      assert.deepEqual([await rig.stored(), rig.store.reads, rig.store.writes], [0, 0, 0]);
    },
  },
  "an expired token is refused as expired, by either timeout": {
    policy: { idleTimeout: 1000, absoluteTimeout: 1500 },
    routes: { "/login": login, "/show": { ...show, guard: "session" } },
    async check(rig) {
      const browser = rig.browser();
      await browser.send("/login");
      rig.pass(900);
      assert.equal((await browser.send("/show")).status, 200);
      rig.pass(700);
      const answer = await browser.send("/show");
      assert.deepEqual([answer.status, answer.code, answer.cookies], [401, "SESSION_EXPIRED", []]);
    },
  },
  "a token of another session's secret is refused": {
    routes: { "/login": login, "/show": { ...show, guard: "session" } },
    async check(rig) {
      const victim = rig.browser();
      await victim.send("/login");
      const thief = rig.browser();
      await thief.send("/login");
      const forged = String(victim.token).slice(0, 22) + String(thief.token).slice(22);
      const answer = await rig.send("/show", { headers: { cookie: `__Host-sid=${forged}` } });
      assert.deepEqual([answer.status, answer.code], [401, "SESSION_REQUIRED"]);
    },
  },
  "a superseded request gets no session and touches no cookie, whatever it tries": {
    routes: {
      "/login": login,
      "/show": show,
      "/count": count,
      "/logout": logout,
      "/guarded": { ...show, guard: "session" },
    },
    async check(rig) {
      const browser = rig.browser();
      await browser.send("/count");
      const headers = { cookie: `__Host-sid=${browser.token}` };
      await browser.send("/login");
      for (const [path, status] of [
        ["/show", 200],
        ["/count", 409],
        ["/login", 409],
        ["/guarded", 409],
        ["/logout", 200],
      ] as const) {
        const answer = await rig.send(path, { headers });
        assert.equal(answer.status, status, path);
        assert.deepEqual(answer.cookies, [], path);
        assert.equal(answer.headers["clear-site-data"], undefined);
        if (status === 409) assert.equal(answer.code, "CONFLICT", path);
      }
      assert.equal((await browser.send("/guarded")).status, 200, "the new token still opens");
      assert.equal(await rig.stored(), 1);
    },
  },
  "periodic rotation hands the same successor to every request that still carries the old token": {
    policy: { rotateEvery: 1000, rotationGrace: 500 },
    routes: { "/login": login, "/show": show },
    async check(rig) {
      const browser = rig.browser();
      await browser.send("/login");
      const headers = { cookie: `__Host-sid=${browser.token}` };
      rig.pass(1000);
      const rotated = await rig.send("/show", { headers });
      const again = await rig.send("/show", { headers });
      assert.equal(rotated.cookies.length, 1);
      assert.deepEqual(again.cookies, rotated.cookies);
    },
  },
  "of several cookies the one that opens counts, and with the prefix there is nothing to clear": {
    routes: { "/login": login, "/show": show },
    async check(rig) {
      const browser = rig.browser();
      await browser.send("/login");
      for (const cookie of [
        `__Host-sid=garbage; __Host-sid=${browser.token}`,
        `__Host-sid=${browser.token}; a=b; __Host-sid=${"A".repeat(50)}`,
      ]) {
        const answer = await rig.send("/show", { headers: { cookie } });
        assert.equal(JSON.parse(answer.body).subject, "ann");
        assert.deepEqual(answer.cookies, []);
      }
    },
  },
  "of several cookies without the prefix the losers are cleared and the winner stays": {
    http: { cookie: { prefix: "", name: "session_id" } },
    routes: { "/login": login, "/show": show },
    async check(rig) {
      const browser = rig.browser();
      await browser.send("/login");
      const token = browser.cookies.get("session_id");
      const headers = { host: "www.shop.example", cookie: `session_id=garbage; session_id=${token}` };
      const { body, cookies } = await rig.send("/show", { headers });
      assert.equal(JSON.parse(body).subject, "ann");
      const places = cookies.slice(0, -1).map((line) => {
        assert.match(line, /^session_id=; Max-Age=0; /);
        return line.match(/(Domain=[^;]+; )?Path=[^;]+/)?.[0];
      });
      assert.deepEqual(places, [
        "Domain=www.shop.example; Path=/",
        "Domain=shop.example; Path=/",
        "Path=/show",
      ]);
      assert.equal(cookies.at(-1), `session_id=${token}; Path=/; HttpOnly; Secure; SameSite=Lax`);
    },
  },
  "a superseded token among several cookies still means hands off": {
    routes: { "/count": count, "/login": login },
    async check(rig) {
      const browser = rig.browser();
      await browser.send("/count");
      const cookie = `__Host-sid=garbage; __Host-sid=${browser.token}; __Host-sid=x`;
      await browser.send("/login");
      const answer = await rig.send("/count", { headers: { cookie } });
      assert.deepEqual([answer.status, answer.cookies], [409, []]);
    },
  },
  "a cookie's name cannot be smuggled in": {
    routes: { "/login": login, "/show": show },
    async check(rig) {
      const browser = rig.browser();
      await browser.send("/login");
      for (const cookie of [
        `=__Host-sid=${browser.token}`,
        `\u00a0__Host-sid=${browser.token}`,
        `a=b, __Host-sid=${browser.token}`,
        `__host-sid=${browser.token}`,
      ]) {
        await expectStranger(rig, cookie);
      }
    },
  },
  "a CSRF token is no session token": {
    http: { csrf: { token: "offered" } },
    routes: { "/login": login, "/show": show },
    async check(rig) {
      const browser = rig.browser();
      await browser.send("/login");
      await expectStranger(rig, `__Host-sid=${browser.cookies.get("csrf_token")}`);
      await expectStranger(rig, `__Host-sid=${browser.cookies.get("csrf_token")}A`.padEnd(61, "A"));
    },
  },
  "a session id in query or header opens nothing": {
    routes: { "/login": login, "/show": { handle: showSession } },
    async check(rig) {
      const browser = rig.browser();
      const { id } = JSON.parse((await browser.send("/login")).body);
      const headers = { "x-session-id": id, "x-session-token": String(browser.token) };
      const answer = await rig.send(`/show?sid=${browser.token}&sessionId=${id}`, { headers });
      assert.equal(JSON.parse(answer.body).isNew, true);
    },
  },
};

async function expectStranger(rig: Rig, cookie: string): Promise<void> {
  const answer = await rig.send("/show", { headers: { cookie } });
  assert.deepEqual([JSON.parse(answer.body).subject, answer.cookies], [null, []], cookie);
}
