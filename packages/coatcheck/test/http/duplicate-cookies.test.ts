import { describe, expect, it } from "vitest";
import { HttpSessions } from "../../src/http/http-sessions.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { ObservedStore } from "../../src/testing/adapter/fixtures.ts";

describe("a logout with several session cookies", () => {
  it("ends the session of each valid token", async () => {
    const { manager, open } = setUp();
    const issued = [await manager.create({ subject: "ann" }), await manager.create({ subject: "bob" })];
    const tokens = issued.map(({ token }) => token);
    const session = await open(tokens).load();
    expect(session.subject).toBe("ann");
    expect(await session.revoke()).toBe(true);
    for (const { record } of issued)
      expect(await manager.find(record.id)).toMatchObject({ state: "revoked", reason: "logout" });
    expect((await open(tokens).load()).record).toBeNull();
  });

  it("ends the valid session even if the first cookie belongs to a deleted session, and returns true", async () => {
    const { manager, open } = setUp();
    const [swept, live] = [await manager.create(), await manager.create({ subject: "ann" })];
    await manager.revoke({ session: swept.record.id });
    await manager.sweep(0);
    const session = await open([swept.token, live.token, swept.token]).load();
    expect(await session.revoke()).toBe(true);
    expect((await manager.find(live.record.id))?.state).toBe("revoked");
  });

  it("does not end the session of a token that was replaced by a newer token long ago", async () => {
    const { manager, open, advance } = setUp();
    const [own, other] = [await manager.create({ subject: "ann" }), await manager.create({ subject: "ann" })];
    const renewed = await manager.rotate(other.record.id);
    await open([renewed.token]).load();
    advance(60_000);
    await (await open([own.token, other.token]).load()).revoke();
    expect((await manager.find(own.record.id))?.state).toBe("revoked");
    expect((await manager.find(other.record.id))?.state).toBe("active");
  });

  it("looks up at most 32 tokens, and no value with an invalid signature", async () => {
    const { manager, store, open } = setUp();
    const { token } = await manager.create({ subject: "ann" });
    const readsOf = async (others: string[]) => {
      const session = await open([token, ...others]).load();
      const before = store.reads;
      await session.revoke().catch(() => {});
      return store.reads - before;
    };
    const victims = await Promise.all([manager.create(), manager.create()]);
    // The last part of a token is its seal.
    const forged = victims.map((issued) => `${issued.token.slice(0, 44)}AAAAAA`);
    expect(await readsOf([...forged, "x", ""])).toBe(1);
    for (const { record } of victims) expect((await manager.find(record.id))?.state).toBe("active");
    const planted = await Promise.all(Array.from({ length: 100 }, () => manager.create()));
    expect(await readsOf(planted.map((issued) => issued.token))).toBeLessThanOrEqual(32);
  });

  it("keeps the request's own session if another session cannot be ended, so that the logout can be repeated", async () => {
    const { manager, store, open } = setUp();
    const issued = [await manager.create({ subject: "ann" }), await manager.create({ subject: "bob" })];
    const session = await open(issued.map(({ token }) => token)).load();
    store.isDown = true;
    await expect(session.revoke()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    store.isDown = false;
    expect(await session.revoke()).toBe(true);
    expect((await manager.stats()).active).toBe(0);
  });
});

/** Creates a manager whose store counts calls. `open` opens a request with several session cookies. */
function setUp() {
  let time = Date.UTC(2026, 0, 1);
  const clock = { now: () => time };
  const store = new ObservedStore(memoryStore({ clock }));
  const manager = new SessionManager({ store, secrets: ["the secret of these tests"], clock });
  const http = new HttpSessions(manager, { cookie: { prefix: "__Secure-", domain: "shop.example" } });
  const open = (tokens: readonly string[]) => {
    const headers: Record<string, string> = {
      cookie: tokens.map((token) => `__Secure-sid=${token}`).join("; "),
      host: "shop.example",
    };
    return http.open({
      method: "DELETE",
      url: "/",
      address: "203.0.113.5",
      encrypted: true,
      header: (name) => headers[name],
    });
  };
  const advance = (milliseconds: number) => {
    time += milliseconds;
  };
  return { manager, store, open, advance };
}
