import assert from "node:assert/strict";
import { type AdapterCases, countRoute, loginRoute, logoutRoute, showRoute } from "./case.ts";
import type { AdapterFixture } from "./fixtures.ts";

const TRUSTED_ORIGIN = "https://appleid.example";
const csrfOptions = { trustedOrigins: [TRUSTED_ORIGIN] };

const formPost = {
  method: "POST",
  headers: {
    origin: TRUSTED_ORIGIN,
    "sec-fetch-site": "cross-site",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
  },
};
const { origin: _none, ...navigation } = formPost.headers;
const linkRequest = { headers: navigation };
const imageRequest = {
  headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" },
};

/** Requests that other sites cause. Because of `SameSite`, the browser may send them without its cookie. */
export const crossSiteCases: AdapterCases = {
  "a form of a trusted site, sent without the cookie, can log in but not start an anonymous session": {
    http: { csrf: csrfOptions },
    routes: { "/count": countRoute, "/login": loginRoute, "/show": showRoute, "/logout": logoutRoute },
    async check(fixture) {
      await expectConflict(fixture, "/count", formPost);
      await expectConflict(fixture, "/logout", formPost);
      const read = await fixture.send("/show", formPost);
      assert.deepEqual([read.status, read.cookies, JSON.parse(read.body).refusal], [200, [], "withheld"]);
      const response = await fixture.send("/login", formPost);
      assert.deepEqual([response.status, response.cookies.length], [200, 1]);
      assert.equal(await fixture.countStoredSessions(), 1);
    },
  },
  "without Sec-Fetch-Site, Origin decides whether the browser may have withheld the cookie": {
    http: { csrf: csrfOptions },
    routes: { "/count": countRoute },
    async check(fixture) {
      await expectConflict(fixture, "/count", { method: "POST", headers: { origin: TRUSTED_ORIGIN } });
      const { origin } = new URL(fixture.url);
      assert.equal((await fixture.send("/count", { method: "POST", headers: { origin } })).status, 200);
      assert.equal((await fixture.send("/count", { method: "POST" })).status, 200, "not a browser");
    },
  },
  "with Lax, a link from another site can start a session, and an embedded image cannot": {
    routes: { "/count": countRoute },
    async check(fixture) {
      await expectConflict(fixture, "/count", imageRequest);
      assert.equal((await fixture.send("/count", linkRequest)).cookies.length, 1);
    },
  },
  "with Strict, a link from another site cannot start a session": {
    http: { cookie: { sameSite: "strict" } },
    routes: { "/count": countRoute, "/show": showRoute },
    async check(fixture) {
      await expectConflict(fixture, "/count", linkRequest);
      assert.equal((await fixture.send("/show", linkRequest)).status, 200);
      const { headers } = linkRequest;
      for (const site of ["same-site", "same-origin", "none"]) {
        const sent = await fixture.send("/count", { headers: { ...headers, "sec-fetch-site": site } });
        assert.deepEqual([sent.status, sent.cookies.length], [200, 1], site);
      }
    },
  },
  "with SameSite=None, a cross-site request without a cookie can start a session": {
    http: { csrf: csrfOptions, cookie: { sameSite: "none" } },
    routes: { "/count": countRoute },
    async check(fixture) {
      assert.equal((await fixture.send("/count", formPost)).cookies.length, 1);
      assert.equal((await fixture.send("/count", imageRequest)).cookies.length, 1);
    },
  },
  "a cross-site request that carries a cookie or bearer token uses its session as always": {
    http: { csrf: csrfOptions },
    routes: { "/count": countRoute, "/logout": logoutRoute },
    async check(fixture) {
      const { token } = await fixture.manager.create();
      const cookie = await fixture.send("/count", {
        ...formPost,
        headers: { ...formPost.headers, cookie: `__Host-sid=${token}` },
      });
      assert.equal(JSON.parse(cookie.body).data.count, 1);
      const bearer = { ...formPost, headers: { ...formPost.headers, authorization: `Bearer ${token}` } };
      assert.equal(JSON.parse((await fixture.send("/count", bearer)).body).data.count, 2);
      const expired = { ...formPost, headers: { ...formPost.headers, cookie: "__Host-sid=gone" } };
      assert.equal((await fixture.send("/count", expired)).cookies.length, 1);
    },
  },
};

/** Expects that a request is refused, stores nothing and leaves the browser's cookie alone. */
async function expectConflict(
  fixture: AdapterFixture,
  path: string,
  options: Parameters<AdapterFixture["send"]>[1],
): Promise<void> {
  const response = await fixture.send(path, options);
  assert.deepEqual([response.status, response.code, response.cookies], [409, "CONFLICT", []]);
  assert.match(response.body, /docs\/http\.md/);
  assert.equal(response.headers["clear-site-data"], undefined);
  assert.equal(await fixture.countStoredSessions(), 0);
}
