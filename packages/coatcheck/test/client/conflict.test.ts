import { describe, expect, it } from "vitest";
import { startSite } from "./conflict-fixtures.ts";
import { ORIGIN, until } from "./fixtures.ts";

const LOGIN = "POST /session";
const REFRESH = "GET /session";

/** Two tabs of a visitor who has an anonymous session. `left` logs in. */
async function twoTabs() {
  const site = await startSite();
  const [left, right] = [site.tab(), site.tab()];
  await left.client.initSession();
  await right.client.getSession();
  site.seen.length = 0;
  return { site, left, right };
}

type Site = Awaited<ReturnType<typeof startSite>>;
type Tab = ReturnType<Site["tab"]>;

/**
 * Sends a request of `tab` with the present cookie, which arrives at the server after the login of `left` and whose response
 * arrives before the login's. `task` is then at the pause before its repetition, or at its end.
 */
async function overtake(site: Site, left: Tab, line: string, task: () => Promise<unknown>) {
  const login = site.hold(LOGIN);
  const loggedIn = left.client.createSession("ada", "secret");
  await login.sent;
  const refused = site.hold(line);
  const pending = task();
  await refused.sent;
  return { login, loggedIn, refused, pending };
}

/** Runs the timers of a tab until `promise` settles. */
async function settled<Value>(tab: Tab, promise: Promise<Value>): Promise<Value> {
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

describe("a refresh with the cookie that another tab's login has replaced", () => {
  it("is repeated with the newer cookie, if the login's response arrives first", async () => {
    const { site, left, right } = await twoTabs();
    const { login, loggedIn, refused, pending } = await overtake(site, left, REFRESH, () =>
      right.client.getSession({ fresh: true }),
    );
    login.release();
    refused.release();
    await loggedIn;
    expect(await settled(right, pending)).toMatchObject({ subject: "ada" });
    expect(site.seen).toEqual([LOGIN, REFRESH, REFRESH]);
    expect(right.statuses).not.toContain("none");
  });

  it("is repeated with the newer cookie, if the login's response arrives second", async () => {
    const { site, left, right } = await twoTabs();
    const { login, loggedIn, refused, pending } = await overtake(site, left, REFRESH, () =>
      right.client.getSession({ fresh: true }),
    );
    refused.release();
    await right.refused;
    login.release();
    await loggedIn;
    expect(await settled(right, pending)).toMatchObject({ subject: "ada" });
    expect(right.client.$session.get().user).toEqual({ name: "ada" });
    expect(right.statuses).not.toContain("none");
  });

  it("keeps the session while the login's response is lost, and recovers by itself after the next login", async () => {
    const { site, left, right } = await twoTabs();
    site.lose(LOGIN);
    await expect(left.client.createSession("ada", "secret")).rejects.toMatchObject({ code: "NETWORK" });
    await settled(right, right.client.getSession({ fresh: true }));
    expect(right.client.$session.get().status).toBe("anonymous");
    expect(right.client.$meta.get()).toMatchObject({ stale: true, error: { code: "CONFLICT" } });
    expect(site.seen).toEqual([LOGIN, REFRESH, REFRESH]);

    expect(await left.client.createSession("ada", "secret")).toMatchObject({ subject: "ada" });
    const recovered = until(right.client.$session, ({ status }) => status === "authenticated");
    right.clock.advance(5000);
    await recovered;
    expect(right.statuses).toEqual(["pending", "anonymous", "authenticated"]);
  });

  it("shows pending until it has recovered, on a page that knows no session", async () => {
    const { site, left } = await twoTabs();
    const fresh = site.tab();
    const { login, loggedIn, refused, pending } = await overtake(site, left, REFRESH, () =>
      fresh.client.getSession(),
    );
    refused.release();
    login.release();
    await loggedIn;
    expect(await settled(fresh, pending)).toMatchObject({ subject: "ada" });
    expect(fresh.statuses).toEqual(["pending", "authenticated"]);
  });
});

describe("fetch() with the cookie that another tab's login has replaced", () => {
  const send = (tab: Tab, method: string) => () => tab.client.fetch(`${ORIGIN}/orders`, { method });

  it("repeats a GET once", async () => {
    const { site, left, right } = await twoTabs();
    const { login, loggedIn, refused, pending } = await overtake(
      site,
      left,
      "GET /orders",
      send(right, "GET"),
    );
    refused.release();
    login.release();
    await loggedIn;
    const response = (await settled(right, pending)) as Response;
    expect(await response.json()).toMatchObject({ data: { subject: "ada" } });
    expect(site.seen).toEqual([LOGIN, "GET /orders", "GET /orders"]);
  });

  it("repeats no POST, whose handler may have run; once it resolves, the caller's repetition succeeds", async () => {
    const { site, left, right } = await twoTabs();
    const { login, loggedIn, refused, pending } = await overtake(
      site,
      left,
      "POST /orders",
      send(right, "POST"),
    );
    refused.release();
    login.release();
    await loggedIn;
    const response = (await settled(right, pending)) as Response;
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ error: { code: "CONFLICT" } });
    expect(site.handled()).toBe(1);
    expect(right.client.$session.get().user).toEqual({ name: "ada" });
    expect((await send(right, "POST")()).status).toBe(200);
    expect(right.statuses).not.toContain("none");
  });
});

describe("a call of a session endpoint with the cookie that another tab's login has replaced", () => {
  it.each([
    [
      "logout({ everywhere: true })",
      "DELETE /session?everywhere",
      (tab: Tab) => tab.client.logout({ everywhere: true }),
    ],
    ["initSession()", "POST /session/init", (tab: Tab) => tab.client.initSession()],
    ["extend()", "GET /session?touch", (tab: Tab) => tab.client.extend()],
  ])("is repeated once: %s", async (_, line, call) => {
    const { site, left, right } = await twoTabs();
    const { login, loggedIn, refused, pending } = await overtake(site, left, line, () => call(right));
    refused.release();
    login.release();
    await loggedIn;
    await settled(right, pending);
    expect(site.seen.filter((each) => each === line)).toHaveLength(2);
    expect((await site.manager.stats()).active).toBe(line.startsWith("DELETE") ? 0 : 1);
  });

  it("logs the other tab in with its own credentials at the first attempt", async () => {
    const { site, left, right } = await twoTabs();
    const { login, loggedIn, refused, pending } = await overtake(site, left, LOGIN, () =>
      right.client.createSession("ada", "secret"),
    );
    refused.release();
    login.release();
    await loggedIn;
    expect(await pending).toMatchObject({ subject: "ada" });
    expect(site.attempts).toEqual(["ada", "ada"]);
    expect((await site.manager.stats()).active).toBe(1);
  });

  it("is not repeated if it has credentials, which the server may have checked", async () => {
    const { site, left, right } = await twoTabs();
    const elevate = (tab: Tab) => tab.client.elevate({ credentials: { email: "ada" } });
    const { login, loggedIn, refused, pending } = await overtake(site, left, "POST /session/elevate", () =>
      elevate(right),
    );
    pending.catch(() => {});
    refused.release();
    login.release();
    await loggedIn;
    await expect(settled(right, pending)).rejects.toMatchObject({ code: "CONFLICT", status: 409 });
    expect(await elevate(right)).toMatchObject({ subject: "ada" });
  });
});
