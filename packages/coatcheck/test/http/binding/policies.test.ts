import { describe, expect, it } from "vitest";
import { requireRecentProof } from "../../../src/http/recent-proof.ts";
import { AWAY_ADDRESS, CHROME, FIREFOX, MINUTE, NEWER_FIREFOX, Site } from "./fixtures.ts";

describe("the policy `revoke`", () => {
  const binding = { userAgent: "revoke", address: "revoke" } as const;

  it("revokes the session when another browser uses its token, and treats that request as anonymous", async () => {
    const site = new Site({ binding });
    const [token, other] = [await site.logIn(), await site.logIn()];
    const { id } = await site.loadSession({ token });
    const revoked: unknown[] = [];
    site.manager.events.on("revoked", (event) => revoked.push(event));
    const stranger = await site.loadSession({ token, userAgent: CHROME });
    expect([stranger.record, stranger.subject, stranger.refusal]).toEqual([null, null, "client-changed"]);
    expect((await stranger.commit()).state).toBe("unchanged");
    expect(await site.manager.find(id)).toMatchObject({ state: "revoked", reason: "client-changed" });
    expect(revoked).toEqual([{ scope: { session: id }, reason: "client-changed", count: 1 }]);
    expect(site.clientChanges).toEqual([
      {
        action: "revoke",
        userAgent: { before: "Firefox on Linux", now: "Chrome on Windows" },
        address: null,
      },
    ]);
    // The server cannot tell which of the two browsers is the user's, so both must log in again.
    expect(await site.findRefusalCode({ token })).toBe("SESSION_REVOKED");
    expect(await site.findRefusalCode({ token: other })).toBeNull();
    expect(site.clientChanges).toHaveLength(1);
  });

  it("refuses the request with SESSION_REVOKED and a message with the reason", async () => {
    const site = new Site({ binding });
    const token = await site.logIn();
    const guard = Promise.resolve(site.request({ token, address: AWAY_ADDRESS }).requireSubject());
    await expect(guard).rejects.toMatchObject({
      code: "SESSION_REVOKED",
      status: 401,
      message:
        "The session was used by another browser or from another network, so it was ended; log in again.",
    });
  });

  it("keeps the session if the browser was updated or if its address changes within the same network", async () => {
    const site = new Site({ binding });
    const token = await site.logIn();
    expect(
      await site.findRefusalCode({ token, userAgent: NEWER_FIREFOX, address: "203.0.113.200" }),
    ).toBeNull();
    const v6 = await site.logIn({ address: "2001:db8:7:1::1" });
    expect(await site.findRefusalCode({ token: v6, address: "2001:db8:7:ffff:1:2:3:4" })).toBeNull();
    expect(site.clientChanges).toEqual([]);
    expect(await site.findRefusalCode({ token: v6, address: "2001:db8:8:1::1" })).toBe("SESSION_REVOKED");
  });

  it("treats a request without a User-Agent header as another browser", async () => {
    const site = new Site({ binding });
    const token = await site.logIn();
    expect(await site.findRefusalCode({ token, userAgent: null })).toBe("SESSION_REVOKED");
    const tool = await site.logIn({ userAgent: "okhttp/4.12.0" });
    expect(await site.findRefusalCode({ token: tool, userAgent: "okhttp/5.0.1" })).toBeNull();
    expect(await site.findRefusalCode({ token: tool, userAgent: "curl/8.5.0" })).toBe("SESSION_REVOKED");
  });

  it("ends an impersonation together with the administrator's own session", async () => {
    const site = new Site({ binding });
    const own = await site.logIn({ subject: "clerk" });
    const acting = await site.changeSession({ token: own }, (session) =>
      session.impersonate("ann", { reason: "ticket 4711" }),
    );
    expect((await site.loadSession({ token: acting })).actor).toMatchObject({ subject: "clerk" });
    const stranger = await site.loadSession({ token: acting, userAgent: CHROME });
    expect([stranger.refusal, stranger.impersonation]).toEqual(["client-changed", null]);
    expect(await site.findRefusalCode({ token: own })).toBe("SESSION_REVOKED");
  });
});

describe("the policy `step-up`", () => {
  const binding = { userAgent: "step-up", address: "off" } as const;
  const recentProof = async (site: Site, token: string, userAgent = FIREFOX) => {
    const session = await site.loadSession({ token, userAgent });
    try {
      requireRecentProof(session, site.clock.now());
      return null;
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  it("ends elevations, and requires a new elevation from every browser with the token, but keeps the login", async () => {
    const site = new Site({ binding });
    const token = await site.elevate({ token: await site.logIn() });
    expect([await site.findRefusalCode({ token }, "payment"), await recentProof(site, token)]).toEqual([
      null,
      null,
    ]);
    const stranger = { token, userAgent: CHROME };
    expect(await site.findRefusalCode(stranger, "payment")).toBe("REAUTHENTICATION_REQUIRED");
    expect(await site.findRefusalCode(stranger)).toBeNull();
    expect(await site.findRefusalCode({ token }, "payment")).toBe("REAUTHENTICATION_REQUIRED");
    expect(await recentProof(site, token)).toBe("REAUTHENTICATION_REQUIRED");
    const session = await site.loadSession({ token });
    expect([session.subject, session.needsProof, session.record?.elevations]).toEqual(["ann", true, {}]);
    expect(site.clientChanges.map(({ action }) => action)).toEqual(["step-up"]);
  });

  it("writes to the store once for five successive requests of another browser", async () => {
    const site = new Site({ binding });
    const token = await site.logIn();
    await site.loadSession({ token });
    const before = site.store.writes;
    for (let count = 0; count < 5; count++) await site.loadSession({ token, userAgent: CHROME });
    expect([site.store.writes - before, site.clientChanges.length]).toEqual([1, 1]);
  });

  it("writes to the store once for concurrent requests of another browser", async () => {
    const site = new Site({ binding });
    const token = await site.logIn();
    await site.loadSession({ token });
    const before = site.store.writes;
    const sessions = await Promise.all(
      [1, 2, 3, 4].map(() => site.loadSession({ token, userAgent: CHROME })),
    );
    expect(sessions.map(({ needsProof }) => needsProof)).toEqual([true, true, true, true]);
    expect([site.store.writes - before, site.clientChanges.length]).toEqual([1, 1]);
  });

  it("binds the session to the browser that elevates, and requires a step-up when the first browser returns", async () => {
    const site = new Site({ binding });
    const token = await site.logIn();
    await site.loadSession({ token, userAgent: CHROME });
    const proved = await site.elevate({ token, userAgent: CHROME });
    const session = await site.loadSession({ token: proved, userAgent: CHROME });
    expect([session.needsProof, session.isElevated("payment")]).toEqual([false, true]);
    expect(await recentProof(site, proved, CHROME)).toBeNull();
    expect(site.clientChanges).toHaveLength(1);
    expect(await site.findRefusalCode({ token: proved }, "payment")).toBe("REAUTHENTICATION_REQUIRED");
    expect(site.clientChanges).toHaveLength(2);
  });

  it("requires no step-up after a new login, which binds the session to the browser of that login", async () => {
    const site = new Site({ binding });
    const token = await site.logIn();
    await site.loadSession({ token, userAgent: CHROME });
    const renewed = await site.logIn({ token, userAgent: CHROME });
    const session = await site.loadSession({ token: renewed, userAgent: CHROME });
    expect([session.needsProof, session.record?.binding?.userAgent]).toEqual([false, "Chrome on Windows"]);
  });

  it("requires no step-up after manager.elevate(), which removes the binding", async () => {
    const site = new Site({ binding });
    const token = await site.logIn();
    const { id } = await site.loadSession({ token, userAgent: CHROME });
    const issued = await site.manager.elevate(id, "payment", MINUTE);
    for (const userAgent of [CHROME, FIREFOX]) {
      const session = await site.loadSession({ token: issued.token, userAgent });
      expect([session.isElevated("payment"), session.needsProof]).toEqual([true, false]);
      expect(session.record?.binding).toBeNull();
    }
  });

  it("adds the change to the log, so that other nodes learn that the elevations have ended", async () => {
    const site = new Site({ binding });
    const token = await site.elevate({ token: await site.logIn() });
    await site.loadSession({ token });
    const { cursor } = await site.store.changes(null);
    const { id } = await site.loadSession({ token, userAgent: CHROME });
    const { items } = await site.store.changes(cursor);
    expect(items).toEqual([expect.objectContaining({ session: id })]);
  });

  it("opens no session for another browser's request if a different user logs in to the session during that request", async () => {
    const site = new Site({ binding });
    const token = await site.logIn();
    await site.loadSession({ token });
    const hold = site.store.holdWrites();
    const login = site.logIn({ token, subject: "bob" });
    await hold.arrived;
    const stranger = site.loadSession({ token, userAgent: CHROME });
    hold.release();
    await login;
    const { record, refusal } = await stranger;
    expect([record, refusal]).toEqual([null, "superseded"]);
  });
});

describe("the policy `log`", () => {
  it("is the default, continues the session and emits one event for each changed client", async () => {
    const site = new Site();
    const token = await site.logIn();
    for (const sent of [
      { userAgent: CHROME },
      { userAgent: CHROME },
      { address: AWAY_ADDRESS },
      { address: AWAY_ADDRESS },
    ]) {
      expect(await site.findRefusalCode({ token, ...sent })).toBeNull();
    }
    expect(site.clientChanges).toEqual([
      { action: "log", userAgent: { before: "Firefox on Linux", now: "Chrome on Windows" }, address: null },
      { action: "log", userAgent: null, address: { before: "203.0.113.0", now: "198.51.100.0" } },
    ]);
  });

  it("gives way to a stricter policy if both the browser and the network have changed, and each has its own policy", async () => {
    const site = new Site({ binding: { userAgent: "step-up", address: "log" } });
    const token = await site.logIn();
    await site.loadSession({ token, userAgent: CHROME, address: AWAY_ADDRESS });
    expect(site.clientChanges).toMatchObject([{ action: "step-up", address: { now: "198.51.100.0" } }]);
  });
});
