import { describe, expect, it } from "vitest";
import { startSite } from "./conflict-fixtures.ts";
import { SITE_ORIGIN, untilValue } from "./fixtures.ts";

const LOGIN_LINE = "POST /session";
const REFRESH_LINE = "GET /session";

/** Opens two tabs of a visitor with an anonymous session. The tests use the tab `left` to log in. */
async function openTwoTabs() {
  const site = await startSite();
  const [left, right] = [site.openTab(), site.openTab()];
  await left.client.initSession();
  await right.client.getSession();
  site.seen.length = 0;
  return { site, left, right };
}

type Site = Awaited<ReturnType<typeof startSite>>;
type Tab = ReturnType<Site["openTab"]>;

/**
 * Logs in on `left`, and calls `task`, which sends `line` with the cookie from before the login. The server refuses
 * that request. Both responses arrive only when the test calls `login.release()` and `refused.release()`.
 */
async function sendDuringLogin(site: Site, left: Tab, line: string, task: () => Promise<unknown>) {
  const login = site.holdResponse(LOGIN_LINE);
  const loggedIn = left.client.createSession("ada", "secret");
  await login.sent;
  const refused = site.holdResponse(line);
  const pending = task();
  await refused.sent;
  return { login, loggedIn, refused, pending };
}

/** Runs the timers of the tab until `promise` settles. Returns its result. */
async function runUntilSettled<Value>(tab: Tab, promise: Promise<Value>): Promise<Value> {
  let isSettled = false;
  const watched = promise.finally(() => {
    isSettled = true;
  });
  watched.catch(() => {});
  while (!isSettled) {
    tab.clock.advance(100);
    await new Promise(setImmediate);
  }
  return await watched;
}

describe("a refresh with an older cookie, after another tab has logged in", () => {
  it("is repeated with the newer cookie if the login's response arrives before the refresh's response", async () => {
    const { site, left, right } = await openTwoTabs();
    const { login, loggedIn, refused, pending } = await sendDuringLogin(site, left, REFRESH_LINE, () =>
      right.client.getSession({ fresh: true }),
    );
    login.release();
    refused.release();
    await loggedIn;
    expect(await runUntilSettled(right, pending)).toMatchObject({ subject: "ada" });
    expect(site.seen).toEqual([LOGIN_LINE, REFRESH_LINE, REFRESH_LINE]);
    expect(right.statuses).not.toContain("none");
  });

  it("is repeated with the newer cookie if the login's response arrives after the refresh's response", async () => {
    const { site, left, right } = await openTwoTabs();
    const { login, loggedIn, refused, pending } = await sendDuringLogin(site, left, REFRESH_LINE, () =>
      right.client.getSession({ fresh: true }),
    );
    refused.release();
    await right.refused;
    login.release();
    await loggedIn;
    expect(await runUntilSettled(right, pending)).toMatchObject({ subject: "ada" });
    expect(right.client.$session.get().user).toEqual({ name: "ada" });
    expect(right.statuses).not.toContain("none");
  });

  it("keeps the older session until the next login if the response to the other tab's login is lost", async () => {
    const { site, left, right } = await openTwoTabs();
    site.loseResponse(LOGIN_LINE);
    await expect(left.client.createSession("ada", "secret")).rejects.toMatchObject({ code: "NETWORK" });
    await runUntilSettled(right, right.client.getSession({ fresh: true }));
    expect(right.client.$session.get().status).toBe("anonymous");
    expect(right.client.$meta.get()).toMatchObject({ stale: true, error: { code: "CONFLICT" } });
    expect(site.seen).toEqual([LOGIN_LINE, REFRESH_LINE, REFRESH_LINE]);

    expect(await left.client.createSession("ada", "secret")).toMatchObject({ subject: "ada" });
    const recovered = untilValue(right.client.$session, ({ status }) => status === "authenticated");
    right.clock.advance(5000);
    await recovered;
    expect(right.statuses).toEqual(["pending", "anonymous", "authenticated"]);
  });

  it("leaves a new page in status `pending` until the repeated refresh succeeds", async () => {
    const { site, left } = await openTwoTabs();
    const fresh = site.openTab();
    const { login, loggedIn, refused, pending } = await sendDuringLogin(site, left, REFRESH_LINE, () =>
      fresh.client.getSession(),
    );
    refused.release();
    login.release();
    await loggedIn;
    expect(await runUntilSettled(fresh, pending)).toMatchObject({ subject: "ada" });
    expect(fresh.statuses).toEqual(["pending", "authenticated"]);
  });
});

describe("fetch() with an older cookie, after another tab has logged in", () => {
  const send = (tab: Tab, method: string) => () => tab.client.fetch(`${SITE_ORIGIN}/orders`, { method });

  it("repeats a GET request once", async () => {
    const { site, left, right } = await openTwoTabs();
    const { login, loggedIn, refused, pending } = await sendDuringLogin(
      site,
      left,
      "GET /orders",
      send(right, "GET"),
    );
    refused.release();
    login.release();
    await loggedIn;
    const response = (await runUntilSettled(right, pending)) as Response;
    expect(await response.json()).toMatchObject({ data: { subject: "ada" } });
    expect(site.seen).toEqual([LOGIN_LINE, "GET /orders", "GET /orders"]);
  });

  it("waits for the newer cookie after a refused POST request, but lets the caller repeat that request", async () => {
    const { site, left, right } = await openTwoTabs();
    const { login, loggedIn, refused, pending } = await sendDuringLogin(
      site,
      left,
      "POST /orders",
      send(right, "POST"),
    );
    refused.release();
    login.release();
    await loggedIn;
    const response = (await runUntilSettled(right, pending)) as Response;
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ error: { code: "CONFLICT" } });
    expect(site.handled()).toBe(1);
    expect(right.client.$session.get().user).toEqual({ name: "ada" });
    expect((await send(right, "POST")()).status).toBe(200);
    expect(right.statuses).not.toContain("none");
  });
});

describe("a call of a session endpoint with an older cookie, after another tab has logged in", () => {
  it.each([
    [
      "logout({ everywhere: true })",
      "DELETE /session?everywhere",
      (tab: Tab) => tab.client.logout({ everywhere: true }),
    ],
    ["initSession()", "POST /session/init", (tab: Tab) => tab.client.initSession()],
    ["extend()", "GET /session?touch", (tab: Tab) => tab.client.extend()],
  ])("is repeated once: %s", async (_, line, call) => {
    const { site, left, right } = await openTwoTabs();
    const { login, loggedIn, refused, pending } = await sendDuringLogin(site, left, line, () => call(right));
    refused.release();
    login.release();
    await loggedIn;
    await runUntilSettled(right, pending);
    expect(site.seen.filter((each) => each === line)).toHaveLength(2);
    expect((await site.manager.stats()).active).toBe(line.startsWith("DELETE") ? 0 : 1);
  });

  it("succeeds at the first attempt if the call is a login", async () => {
    const { site, left, right } = await openTwoTabs();
    const { login, loggedIn, refused, pending } = await sendDuringLogin(site, left, LOGIN_LINE, () =>
      right.client.createSession("ada", "secret"),
    );
    refused.release();
    login.release();
    await loggedIn;
    expect(await pending).toMatchObject({ subject: "ada" });
    expect(site.attempts).toEqual(["ada", "ada"]);
    expect((await site.manager.stats()).active).toBe(1);
  });

  it("is not repeated if it sends credentials", async () => {
    const { site, left, right } = await openTwoTabs();
    const elevate = (tab: Tab) => tab.client.elevate({ credentials: { email: "ada" } });
    const { login, loggedIn, refused, pending } = await sendDuringLogin(
      site,
      left,
      "POST /session/elevate",
      () => elevate(right),
    );
    pending.catch(() => {});
    refused.release();
    login.release();
    await loggedIn;
    await expect(runUntilSettled(right, pending)).rejects.toMatchObject({ code: "CONFLICT", status: 409 });
    expect(await elevate(right)).toMatchObject({ subject: "ada" });
  });
});
