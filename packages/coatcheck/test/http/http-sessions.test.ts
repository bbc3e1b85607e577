import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createCache } from "../../src/cache/cache.ts";
import { HttpSessions } from "../../src/http/http-sessions.ts";
import type { HttpRequest } from "../../src/http/message.ts";
import type { HttpOptions } from "../../src/http/options.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { Session } from "../../src/session/session.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { ObservedStore } from "../../src/testing/adapter/fixtures.ts";

describe("HttpSessions", () => {
  const manager = new SessionManager({ store: memoryStore(), secrets: ["the secret of these tests"] });

  it.each([
    { secure: false, name: "csrf_token" },
    { prefix: "", name: "csrf_token" },
  ] as const)("refuses a session cookie with the name of the CSRF token's cookie: %o", (cookie) => {
    expect(() => new HttpSessions(manager, { cookie, csrf: { token: "required" } })).toThrow(
      expect.objectContaining({
        code: "VALIDATION_FAILED",
        message: `Invalid cookie options: name must not be "csrf_token", which is the name of the CSRF token's cookie.`,
      }),
    );
  });

  it("accepts the same name for the session cookie and the CSRF cookie if a prefix makes them differ", () => {
    expect(new HttpSessions(manager, { cookie: { name: "csrf_token" } }).cookie.name).toBe(
      "__Host-csrf_token",
    );
  });
});

describe("RequestSession", () => {
  it("loads and commits a cached session synchronously, without a promise", async () => {
    const { manager, open } = setUp();
    const { token } = await manager.create({ subject: "ann" });
    await open(`__Host-sid=${token}`).load();
    const session = open(`__Host-sid=${token}`);
    expect(session.checkCsrf()).toBeUndefined();
    const loaded = session.load();
    expect(loaded).toBeInstanceOf(Session);
    expect(session.requireSubject()).toBe(loaded);
    const headers = new Headers();
    expect(session.commit(headers)).toBeUndefined();
    expect(Object.fromEntries(headers)).toEqual({ "cache-control": "private, no-store", vary: "Cookie" });
  });

  it("reports SESSION_EXPIRED only if the expired session was logged in", async () => {
    const { manager, open } = setUp();
    const code = async (token: string, guard: "requireSession" | "requireSubject") => {
      const error = await Promise.resolve(open(`__Host-sid=${token}`)[guard]()).catch((thrown) => thrown);
      return error.code;
    };
    const login = await manager.create({ subject: "ann", absoluteTimeout: 1 });
    const anonymous = await manager.create({ absoluteTimeout: 1 });
    await expect.poll(() => code(anonymous.token, "requireSession")).toBe("SESSION_NOT_FOUND");
    expect(await code(anonymous.token, "requireSubject")).toBe("SESSION_REQUIRED");
    expect(await code(login.token, "requireSession")).toBe("SESSION_EXPIRED");
    expect(await code(login.token, "requireSubject")).toBe("SESSION_EXPIRED");
  });

  it("neither reads nor writes the store for 10,000 random tokens", async () => {
    const { manager, store, open } = setUp();
    for (let round = 0; round < 10_000; round++) {
      const token = randomBytes(38).toString("base64url").slice(0, 50);
      const session = open(`__Host-sid=${token}`);
      expect((await session.load()).record).toBeNull();
      const headers = new Headers();
      await session.commit(headers);
      expect(headers.getSetCookie()).toEqual([]);
    }
    expect(store.reads).toBe(0);
    expect((await manager.stats()).total).toBe(0);
  });

  it("looks up at most 32 cookies with the name of the session cookie", async () => {
    const { store, manager, open } = setUp();
    const { token, record } = await manager.create();
    const revoked = await Promise.all(Array.from({ length: 100 }, () => manager.create()));
    for (const { record } of revoked) await manager.revoke({ session: record.id });
    const cookies = (count: number) =>
      [...revoked.slice(0, count).map((issued) => issued.token), token].map((value) => `__Host-sid=${value}`);
    expect((await open(cookies(31).join("; ")).load()).id).toBe(record.id);
    const { reads } = store;
    expect((await open(cookies(100).join("; ")).load()).record).toBeNull();
    expect(store.reads - reads).toBeLessThanOrEqual(32);
    const repeated = [...Array(1000).fill(`__Host-sid=${revoked[0]?.token}`), `__Host-sid=${token}`];
    expect((await open(repeated.join("; ")).load()).id).toBe(record.id);
  });

  it("load() returns the same session on every call", async () => {
    const { manager, open } = setUp();
    const { token } = await manager.create();
    const session = open(`__Host-sid=${token}`);
    expect(await session.load()).toBe(await session.load({ activity: "none" }));
  });

  it("commit() sets headers only once", async () => {
    const { manager, open } = setUp();
    const { token } = await manager.create();
    const session = open(`__Host-sid=${token}`);
    await (await session.load()).authenticate("ann");
    const headers = new Headers();
    await session.commit(headers);
    await session.commit(headers);
    expect(headers.getSetCookie()).toHaveLength(1);
  });

  it("replaces Cache-Control when it sets a cookie, unless the header already forbids storing", async () => {
    for (const [before, after] of [
      ["public, max-age=60", "private, no-store"],
      ["private, no-store, no-transform", "private, no-store, no-transform"],
    ] as const) {
      const session = setUp().open("");
      await (await session.load()).patch({});
      const headers = new Headers({ "cache-control": before });
      await session.commit(headers);
      expect(headers.getSetCookie()).toHaveLength(1);
      expect(headers.get("cache-control")).toBe(after);
    }
  });

  it("does not change a Vary header that already covers Cookie", async () => {
    for (const vary of ["*", "Origin, cookie"]) {
      const session = setUp().open("");
      await session.load();
      const headers = new Headers({ vary });
      await session.commit(headers);
      expect(headers.get("vary")).toBe(vary);
    }
  });

  it("calls `onCommitFailure` when a commit fails", async () => {
    const reported: unknown[] = [];
    const { store, open } = setUp({ onCommitFailure: (error) => reported.push(error) });
    const session = open("");
    (await session.load()).data.count = 1;
    store.isDown = true;
    const failure = await Promise.resolve(session.commit(new Headers())).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(session.failed(failure).status).toBe(503);
    expect(reported).toEqual([failure]);
  });

  it("calls the option `newSession` only when it creates a session", async () => {
    let calls = 0;
    const { open } = setUp({
      newSession: (client) => {
        calls++;
        return { metadata: { from: client.address } };
      },
    });
    const session = await open("").load();
    expect(calls).toBe(0);
    session.data.count = 1;
    await session.save();
    expect(session.record?.metadata).toEqual({ from: "203.0.113.5" });
  });
});

/** Creates a manager with a cache and a store that counts calls. `open` opens the session for a `Cookie` header. */
function setUp(options: HttpOptions = {}) {
  const store = new ObservedStore(memoryStore());
  const manager = new SessionManager<Record<string, unknown>>({
    store,
    secrets: ["the secret of these tests"],
    cache: createCache({ store, singleProcess: true }),
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
