import { describe, expect, it } from "vitest";
import { defineContext, loader } from "../../src/context/index.ts";
import { isLive } from "../../src/session/record.ts";
import { MINUTE, Site } from "./fixtures.ts";

describe("the session of a JWT", () => {
  it("is the session for which the JWT was issued, and each process reads it only once", async () => {
    const site = new Site();
    const { session, token } = await site.logIn();
    await session.patch({ theme: "dark" });
    const other = new Site({ store: site.countingStore.store });
    expect((await other.openSession(token)).data).toEqual({ theme: "dark" });
    const { reads } = other.countingStore;
    // The store was read once for the denial and once for the session.
    expect(reads).toBe(2);
    for (let request = 0; request < 50; request++)
      expect((await other.openSession(token)).id).toBe(session.id);
    expect(other.countingStore.reads).toBe(reads);
  });

  it("can store data, but issues no session token to a client with a JWT", async () => {
    const site = new Site();
    const { session, token } = await site.logIn();
    await session.elevate("payment", MINUTE);
    const opened = await site.openSession(token);
    await opened.patch({ theme: "dark" });
    expect((await site.openSession(token)).data).toEqual({ theme: "dark" });
    expect(opened.isElevated("payment")).toBe(false);
    for (const act of [
      () => opened.rotate(),
      () => opened.elevate("payment", MINUTE),
      () => opened.authenticate("ada"),
      () => opened.authenticate("eve"),
    ]) {
      await expect(act()).rejects.toMatchObject({ code: "CONFLICT" });
    }
    expect((await opened.commit()).token).toBeNull();
  });

  it("cannot be an impersonation, because the JWT would not name the actor", async () => {
    const site = new Site();
    const { session } = await site.logIn("clerk");
    await session.impersonate("ada", { reason: "ticket 4711" });
    await expect(site.jwts.issue(session)).rejects.toMatchObject({ code: "FORBIDDEN" });
  });

  it("does not expire as long as requests with the JWT arrive", async () => {
    const site = new Site();
    const { session, token } = await site.logIn();
    for (let minute = 0; minute < 8; minute++) {
      site.clock.pass(MINUTE);
      expect((await site.openSession(token)).id).toBe(session.id);
    }
  });

  it("accepts no JWT of the former tenant after the user has logged in to another tenant", async () => {
    const site = new Site();
    const { session, token } = await site.logIn("ada");
    await site.jwts.verify(token);
    await session.authenticate("ada", { tenant: "other" });
    await expect(site.jwts.verify(token)).rejects.toMatchObject({ code: "SESSION_REVOKED" });
    expect((await site.jwts.verify((await site.jwts.issue(session)).token)).tenant).toBe("other");
  });

  it("accepts none of its earlier JWTs after another subject has logged in to it", async () => {
    const site = new Site();
    const { session, token } = await site.logIn("ada");
    await session.authenticate("eve");
    await expect(site.jwts.verify(token)).rejects.toMatchObject({ code: "SESSION_REVOKED" });
    const { token: ofEve } = await site.jwts.issue(session);
    expect((await site.openSession(ofEve)).subject).toBe("eve");
  });
});

describe("a valid JWT whose session has expired", () => {
  it("opens a new session with the same subject, tenant and data", async () => {
    const site = new Site();
    const { session, token } = await site.logIn();
    await session.patch({ theme: "dark" });
    site.clock.pass(3 * MINUTE);
    const continued = await site.openSession(token);
    expect(continued.id).not.toBe(session.id);
    expect(continued).toMatchObject({ subject: "ada", tenant: "acme", data: { theme: "dark" } });
    expect(continued.record?.expiresAt).toBe(session.record?.expiresAt);
    site.clock.pass(3 * MINUTE);
    const again = await site.openSession(token);
    expect([session.id, continued.id]).not.toContain(again.id);
    expect(again.data).toEqual({ theme: "dark" });
  });

  it("opens the same new session for concurrent requests on every node", async () => {
    const site = new Site();
    const { token } = await site.logIn();
    const nodes = [
      site,
      new Site({ store: site.countingStore.store }),
      new Site({ store: site.countingStore.store }),
    ];
    for (const node of nodes) node.clock.pass(3 * MINUTE);
    const opened = await Promise.all([...nodes, ...nodes].map((node) => node.openSession(token)));
    expect(new Set(opened.map(({ id }) => id)).size).toBe(1);
    expect((await site.manager.stats()).total).toBe(2);
  });

  it("causes no reads of the store after the new session was opened", async () => {
    const site = new Site();
    const { token } = await site.logIn();
    site.clock.pass(3 * MINUTE);
    await site.openSession(token);
    const { reads } = site.countingStore;
    for (let request = 0; request < 20; request++) await site.openSession(token);
    expect(site.countingStore.reads).toBe(reads);
  });

  it("opens a new session, whose context comes from the cache without a query", async () => {
    const site = new Site();
    let queries = 0;
    const user = loader({
      reference: ({ subject }) => subject,
      load: (id: string) => {
        queries++;
        return { id };
      },
    });
    const context = defineContext({ user }, { cache: site.cache, clock: site.clock });
    const { token } = await site.logIn();
    expect((await context.of(await site.openSession(token)).user())?.id).toBe("ada");
    site.clock.pass(3 * MINUTE);
    expect((await context.of(await site.openSession(token)).user())?.id).toBe("ada");
    expect(queries).toBe(1);
  });

  it("opens no session if the expired session was logged out or revoked, whether before or after its expiry", async () => {
    for (const when of ["before", "after", "continued"] as const) {
      const site = new Site();
      const { session, token } = await site.logIn();
      const sibling = (await site.jwts.issue(session)).token;
      if (when === "before") await session.revoke();
      site.clock.pass(3 * MINUTE);
      if (when === "after") await site.manager.revoke({ subject: "ada" }, "admin");
      if (when === "continued") await (await site.openSession(token)).revoke();
      for (const each of [token, sibling]) {
        await expect(site.openSession(each), when).rejects.toThrow(/revoked/);
      }
      const live = await site.manager.list({ liveAt: site.clock.now() }, { limit: 10 });
      expect(live.records.filter((record) => isLive(record, site.clock.now()))).toEqual([]);
    }
  });

  it("opens no session if a sweep has deleted the expired session, because that session may have been logged out", async () => {
    const site = new Site({ lifetime: 60 * MINUTE });
    const { session, token } = await site.logIn();
    await session.revoke();
    site.clock.pass(30 * MINUTE);
    await site.countingStore.store.sweep(Date.now() + MINUTE, 100);
    const other = new Site({ store: site.countingStore.store, lifetime: 60 * MINUTE });
    expect(await other.manager.find(session.id)).toBeNull();
    await expect(other.openSession(token)).rejects.toMatchObject({ code: "SESSION_REVOKED" });
  });

  it("opens no session after the absolute timeout of the session that the user logged in to", async () => {
    const site = new Site({ clockTolerance: 60_000 });
    const { session, token } = await site.logIn();
    const end = session.record?.expiresAt ?? 0;
    for (let round = 0; round < 6; round++) site.clock.pass(MINUTE);
    await site.openSession(token);
    // Issue the JWT shortly before the absolute timeout, so that it is still valid at the timeout.
    const late = new Site({ store: site.countingStore.store, clockTolerance: 60_000 });
    late.clock.set(end - MINUTE);
    const { token: last } = await late.jwts.issue({ record: session.record });
    late.clock.set(end + 30_000);
    await expect(late.openSession(last)).rejects.toThrow("expired");
  });
});

describe("refresh()", () => {
  it("issues another JWT with a new lifetime while the session is active", async () => {
    const site = new Site();
    const { session, token } = await site.logIn();
    site.clock.pass(MINUTE);
    const next = await site.jwts.refresh(await site.openSession(token));
    expect(next.token).not.toBe(token);
    expect(next.expiresAt).toBe(Math.floor(site.clock.now() / 1000) * 1000 + 10 * MINUTE);
    expect((await site.openSession(next.token)).id).toBe(session.id);
  });

  it("rejects a session that has expired, is missing, or has another subject", async () => {
    const site = new Site();
    const { session } = await site.logIn();
    const { record, id } = session;
    await session.authenticate("eve");
    await expect(site.jwts.refresh({ record, id })).rejects.toMatchObject({ code: "CONFLICT" });
    site.clock.pass(61 * MINUTE);
    await expect(site.jwts.refresh(session)).rejects.toMatchObject({ code: "SESSION_EXPIRED" });
    const unknown = "0b7f7a56-6a0f-4c4f-9d8e-1a2b3c4d5e6f";
    await expect(site.jwts.refresh({ record, id: unknown })).rejects.toMatchObject({
      code: "SESSION_REQUIRED",
    });
  });
});

describe("a login", () => {
  it("changes the token, keeps the visitor's data, and replaces the visitor's context with the user's context", async () => {
    const site = new Site();
    const user = loader({ reference: ({ subject }) => subject, load: (id: string) => ({ id }) });
    const context = defineContext({ user }, { cache: site.cache, clock: site.clock });
    const session = site.manager.begin();
    await session.patch({ theme: "dark" });
    const before = session.record?.secretHash;
    expect(await context.of(session).user()).toBeNull();
    await session.authenticate("ada");
    expect((await context.of(session).user())?.id).toBe("ada");
    expect(session.record?.secretHash).not.toBe(before);
    expect(session.data).toEqual({ theme: "dark" });
    await session.authenticate("eve");
    expect((await context.of(session).user())?.id).toBe("eve");
    expect(session.data).toEqual({});
  });
});
