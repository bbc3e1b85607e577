import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createCache } from "../../src/cache/cache.ts";
import { HttpSessions } from "../../src/http/core.ts";
import type { HttpRequest } from "../../src/http/message.ts";
import type { HttpOptions } from "../../src/http/options.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { Session } from "../../src/session/session.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { ObservedStore } from "../../src/testing/adapter/rig.ts";

describe("sessions over HTTP, without a server", () => {
  it("a local hit answers and commits without a promise", async () => {
    const { manager, open } = rig();
    const { token } = await manager.create({ subject: "ann" });
    await open(`__Host-sid=${token}`).load();
    const session = open(`__Host-sid=${token}`);
    expect(session.admit()).toBeUndefined();
    const loaded = session.load();
    expect(loaded).toBeInstanceOf(Session);
    expect(session.requireSubject()).toBe(loaded);
    const head = new Headers();
    expect(session.commit(head)).toBeUndefined();
    expect(Object.fromEntries(head)).toEqual({ "cache-control": "private, no-store", vary: "Cookie" });
  });

  it("10,000 random tokens leave no row and cause no read", async () => {
    const { manager, store, open } = rig();
    for (let round = 0; round < 10_000; round++) {
      const token = randomBytes(38).toString("base64url").slice(0, 50);
      const session = open(`__Host-sid=${token}`);
      expect((await session.load()).record).toBeNull();
      const head = new Headers();
      await session.commit(head);
      expect(head.getSetCookie()).toEqual([]);
    }
    expect(store.reads).toBe(0);
    expect((await manager.stats()).total).toBe(0);
  });

  it("looks at no more than eight cookies of the name", async () => {
    const { store, manager, open } = rig();
    const { token, record } = await manager.create();
    const dead = await manager.create();
    await manager.revoke({ session: dead.record.id });
    const cookies = (count: number) =>
      [...Array(count).fill(dead.token), token].map((value) => `__Host-sid=${value}`);
    expect((await open(cookies(7).join("; ")).load()).id).toBe(record.id);
    const { reads } = store;
    expect((await open(cookies(1000).join("; ")).load()).record).toBeNull();
    expect(store.reads - reads).toBeLessThanOrEqual(8);
  });

  it("asks once, however often it is asked", async () => {
    const { manager, open } = rig();
    const { token } = await manager.create();
    const session = open(`__Host-sid=${token}`);
    expect(await session.load()).toBe(await session.load({ activity: "none" }));
  });

  it("commits once, however often it is asked to", async () => {
    const { manager, open } = rig();
    const { token } = await manager.create();
    const session = open(`__Host-sid=${token}`);
    await (await session.load()).authenticate("ann");
    const head = new Headers();
    await session.commit(head);
    await session.commit(head);
    expect(head.getSetCookie()).toHaveLength(1);
  });

  it("a late request brings no cookie back that a login has replaced meanwhile", async () => {
    const { manager, open } = rig({ cookie: { secure: false } });
    const { record, token } = await manager.create();
    const ends = ["read", "write"].map(async (act) => {
      const request = open(`sid=${token.toUpperCase()}; sid=${token}`);
      const session = await request.load();
      await loggedIn;
      if (act === "write") session.data.late = true;
      const head = new Headers();
      await request.commit(head);
      return head.getSetCookie();
    });
    const loggedIn = manager.authenticate(record.id, "ann");
    expect(await Promise.all(ends)).toEqual([[], []]);
    expect((await manager.find(record.id))?.data).toEqual({ late: true });
  });

  it("with a cookie, what a route says is for no cache stays as it is said", async () => {
    for (const [said, left] of [
      ["public, max-age=60", "private, no-store"],
      ["private, no-store, no-transform", "private, no-store, no-transform"],
    ] as const) {
      const session = rig().open("");
      await (await session.load()).patch({});
      const head = new Headers({ "cache-control": said });
      await session.commit(head);
      expect(head.getSetCookie()).toHaveLength(1);
      expect(head.get("cache-control")).toBe(left);
    }
  });

  it("leaves a Vary alone that says enough", async () => {
    for (const vary of ["*", "Origin, cookie"]) {
      const session = rig().open("");
      await session.load();
      const head = new Headers({ vary });
      await session.commit(head);
      expect(head.get("vary")).toBe(vary);
    }
  });

  it("tells the log of a commit that failed", async () => {
    const told: unknown[] = [];
    const { store, open } = rig({ onCommitFailure: (error) => told.push(error) });
    const session = open("");
    (await session.load()).data.count = 1;
    store.isDown = true;
    const failure = await Promise.resolve(session.commit(new Headers())).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(session.failed(failure).status).toBe(503);
    expect(told).toEqual([failure]);
  });

  it("says of a new session what the application wants said, and asks for it when there is one", async () => {
    let asked = 0;
    const { open } = rig({
      birth: (client) => {
        asked++;
        return { metadata: { from: client.address } };
      },
    });
    const session = await open("").load();
    expect(asked).toBe(0);
    session.data.count = 1;
    await session.save();
    expect(session.record?.metadata).toEqual({ from: "203.0.113.5" });
  });
});

function rig(options: HttpOptions = {}) {
  const store = new ObservedStore(memoryStore());
  const manager = new SessionManager<Record<string, unknown>>({
    store,
    secrets: ["the secret of these tests"],
    cache: createCache({ store, single: true }),
  });
  const http = new HttpSessions(manager, options);
  const open = (cookie: string) => {
    const headers: Record<string, string> = { cookie, host: "shop.example" };
    const request: HttpRequest = {
      method: "GET",
      url: "/",
      address: "203.0.113.5",
      encrypted: true,
      header: (name) => headers[name],
    };
    return http.open(request);
  };
  return { store, manager, open };
}
