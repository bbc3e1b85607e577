import { describe, expect, it } from "vitest";
import { createCache } from "../../src/cache/index.ts";
import { createJwts } from "../../src/jwt/index.ts";
import { AUDIENCE, ISSUER, SITE_KEY, Site } from "./fixtures.ts";

describe("JWTs after a logout or a denial", () => {
  it("are all rejected immediately by the process that has ended their session", async () => {
    const site = new Site();
    const { session, token } = await site.logIn();
    const second = (await site.jwts.refresh(session)).token;
    const { id, record } = session;
    await session.revoke();
    for (const each of [token, second]) {
      await expect(site.jwts.verify(each)).rejects.toMatchObject({ code: "SESSION_REVOKED", status: 401 });
    }
    // This stands for a concurrent request that has loaded the session before the logout.
    await expect(site.jwts.refresh({ id, record })).rejects.toMatchObject({ code: "SESSION_REVOKED" });
    await expect(site.jwts.refresh(session)).rejects.toMatchObject({ code: "SESSION_REQUIRED" });
  });

  it("remain valid if only another JWT of the same session was denied", async () => {
    const site = new Site();
    const { session, token } = await site.logIn();
    const second = (await site.jwts.issue(session)).token;
    await site.jwts.verify(token);
    await site.jwts.deny(await site.jwts.verify(token));
    await expect(site.jwts.verify(token)).rejects.toMatchObject({ code: "SESSION_REVOKED" });
    expect((await site.openSession(second)).id).toBe(session.id);
    // Denying a JWT that has already expired has no effect.
    await site.jwts.deny({ jti: (await site.jwts.verify(second)).jti, expiresAt: 0 });
    expect((await site.openSession(second)).id).toBe(session.id);
    expect((await site.manager.stats()).active).toBe(1);
  });

  it("are rejected by another process that has read the log, without a read of the store for each request", async () => {
    const site = new Site();
    const store = site.countingStore.store;
    // The test starts the polls itself, so that no poll happens while it counts reads.
    const polls: (() => void)[] = [];
    const cache = createCache({
      store,
      maxStaleness: 2000,
      clock: site.clock,
      monotonic: () => site.clock.now(),
      schedule: (_delay, task) => {
        polls.push(task);
        return () => polls.splice(polls.indexOf(task), 1);
      },
    });
    const jwts = createJwts({
      manager: site.manager,
      cache,
      clock: site.clock,
      issuer: ISSUER,
      audience: AUDIENCE,
      keys: [SITE_KEY],
    });
    const poll = async () => {
      for (const task of polls.splice(0)) task();
      await cache.invalidations.renewLease();
      await new Promise(setImmediate);
    };
    await poll();
    await poll();
    const { token } = await site.logIn();
    const identity = await jwts.verify(token);
    const { reads } = site.countingStore;
    for (let request = 0; request < 20; request++) await jwts.verify(token);
    expect(site.countingStore.reads).toBe(reads);
    await site.jwts.deny(identity);
    site.clock.pass(500);
    await poll();
    await expect(jwts.verify(token)).rejects.toMatchObject({ code: "SESSION_REVOKED" });
    await cache.close();
  });

  it("are rejected even by a process that has not seen them before, for example after a restart", async () => {
    const site = new Site();
    const { token } = await site.logIn();
    await site.jwts.deny(await site.jwts.verify(token));
    const restarted = new Site({ store: site.countingStore.store });
    await expect(restarted.jwts.verify(token)).rejects.toMatchObject({ code: "SESSION_REVOKED" });
  });

  it("are rejected when a password change has ended all other sessions", async () => {
    const site = new Site();
    const [here, elsewhere] = [await site.logIn(), await site.logIn()];
    expect(await here.session.revokeOthers("credentials-changed")).toBe(1);
    await expect(site.jwts.verify(elsewhere.token)).rejects.toMatchObject({ code: "SESSION_REVOKED" });
    expect((await site.openSession(here.token)).id).toBe(here.session.id);
  });

  it("are rejected during an outage, as is every JWT that cannot be checked", async () => {
    const site = new Site();
    const { token } = await site.logIn();
    await site.countingStore.store.close();
    const other = new Site({ store: site.countingStore.store });
    await expect(other.jwts.verify(token)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", status: 503 });
  });
});
