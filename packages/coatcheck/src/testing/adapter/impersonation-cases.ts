import assert from "node:assert/strict";
import { type AdapterCases, loginRoute, logoutRoute, showRoute, showSession } from "./case.ts";
import type { Route, Routes } from "./exchange.ts";
import type { AdapterFixture, Browser } from "./fixtures.ts";

const DAY_SECONDS = 24 * 60 * 60;
const HOUR = 3_600_000;

/** Starts to act as `bob`. */
const impersonateRoute: Route = {
  async handle(exchange) {
    const session = await exchange.session.load();
    await session.impersonate("bob", { reason: "ticket 4711", maxAge: HOUR });
    return showSession(exchange);
  },
};

const stopRoute: Route = {
  async handle(exchange) {
    const session = await exchange.session.load();
    await session.stopImpersonating();
    return showSession(exchange);
  },
};

const routes: Routes = {
  "/login": loginRoute,
  "/impersonate": impersonateRoute,
  "/stop": stopRoute,
  "/logout": logoutRoute,
  "/show": showRoute,
};

const subjectOf = async (browser: Browser) => JSON.parse((await browser.send("/show")).body).subject;

/** Logs `ann` in. Returns her browser, and the token of her own session as `own`. */
async function logIn(fixture: AdapterFixture): Promise<{ browser: Browser; ownToken: string | undefined }> {
  const browser = fixture.openBrowser();
  await browser.send("/login");
  return { browser, ownToken: browser.token };
}

/** The cookies that are set when an administrator starts and stops acting as another subject. */
export const impersonationCases: AdapterCases = {
  "an impersonation sets a cookie with the actor's lifetime, and stopping restores the actor's cookie": {
    routes,
    async check(fixture) {
      const { browser, ownToken } = await logIn(fixture);
      fixture.advance(HOUR);
      const begun = await browser.send("/impersonate");
      assert.equal(begun.cookies.length, 1);
      assert.match(String(begun.cookies[0]), new RegExp(`Max-Age=${30 * DAY_SECONDS - 3600};`));
      assert.notEqual(browser.token, ownToken);
      assert.equal(await subjectOf(browser), "bob");
      const stopped = await browser.send("/stop");
      assert.equal(stopped.cookies.length, 1);
      assert.deepEqual([browser.token, await subjectOf(browser)], [ownToken, "ann"]);
    },
  },
  "an impersonation that has expired keeps its cookie and can still be stopped": {
    routes,
    async check(fixture) {
      const { browser, ownToken } = await logIn(fixture);
      await browser.send("/impersonate");
      fixture.advance(HOUR);
      const ended = await browser.send("/show");
      assert.deepEqual([JSON.parse(ended.body).refusal, ended.cookies], ["expired", []]);
      await browser.send("/stop");
      assert.deepEqual([browser.token, await subjectOf(browser)], [ownToken, "ann"]);
    },
  },
  "stopping an impersonation can be repeated with its token if the response was lost": {
    routes,
    async check(fixture) {
      const { browser, ownToken } = await logIn(fixture);
      await browser.send("/impersonate");
      const cookie = `__Host-sid=${browser.token}`;
      await fixture.send("/stop", { headers: { cookie } });
      await browser.send("/stop");
      assert.deepEqual([browser.token, await subjectOf(browser)], [ownToken, "ann"]);
    },
  },
  "a logout while impersonating clears the cookie and ends the actor's session too": {
    routes,
    async check(fixture) {
      const { browser, ownToken } = await logIn(fixture);
      await browser.send("/impersonate");
      await browser.send("/logout", { method: "POST" });
      assert.equal(browser.token, undefined);
      const headers = { cookie: `__Host-sid=${ownToken}` };
      assert.equal(JSON.parse((await fixture.send("/show", { headers })).body).refusal, "revoked");
    },
  },
};
