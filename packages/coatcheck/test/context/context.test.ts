import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createCache } from "../../src/cache/index.ts";
import { defineContext, loader } from "../../src/context/index.ts";
import { SessionManager } from "../../src/index.ts";
import { CoatcheckError } from "../../src/session/errors.ts";
import type { SessionStore } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { FaultyStore, untilIdle } from "../cache/fixtures.ts";
import { createLoaders, createSession, createUser, Database, Site } from "./fixtures.ts";

function createSingleProcessCache() {
  return createCache({ store: memoryStore(), singleProcess: true });
}

async function catchError(call: Promise<unknown>): Promise<unknown> {
  return await call.then(
    () => "no error",
    (error) => error,
  );
}

describe("context.of(session)", () => {
  it("loads an entity once for all sessions that refer to it", async () => {
    const site = new Site();
    const { context } = await site.startNode();
    for (let request = 0; request < 50; request++) {
      const of = context.of(createSession());
      expect((await of.user())?.name).toBe("Ada");
      expect((await of.company())?.name).toBe("Acme");
    }
    expect(site.database.queries).toBe(2);
    expect(context.metrics()).toMatchObject({ entries: 2, loads: 2 });
  });

  it("loads an entity once even if the first read comes before the process has read the invalidation log", async () => {
    const site = new Site();
    const slow = new FaultyStore(site.cluster.store);
    const first = Promise.withResolvers<void>();
    const changes: SessionStore["changes"] = async (cursor) => {
      await first.promise;
      return await slow.changes(cursor);
    };
    const { clock, monotonic, schedule } = site.time;
    const cache = createCache({ store: { ...slow.completeStore, changes }, clock, monotonic, schedule });
    const context = site.defineContextOn(cache);
    const read = context.of(createSession()).user();
    await untilIdle();
    first.resolve();
    await read;
    await site.time.advance(1000);
    await context.of(createSession()).user();
    expect(site.database.queries).toBe(1);
  });

  it("returns the same frozen object to all requests", async () => {
    const site = new Site();
    const { context } = await site.startNode();
    const session = createSession();
    const [first, second] = await Promise.all([context.of(session).user(), context.of(session).user()]);
    expect(first).toBe(second);
    expect(await context.of(createSession()).user()).toBe(first);
    expect(Object.isFrozen(first?.role.permissions)).toBe(true);
    expect(() => Object.assign(first ?? {}, { name: "Eve" })).toThrow(TypeError);
    expect(Object.isFrozen(site.database.users.get("ada"))).toBe(false);
  });

  it("returns the same object within one request even while the store is down and the cache may not be used", async () => {
    const site = new Site();
    const { context, faultyStore } = await site.startNode();
    faultyStore.state = "down";
    await site.time.advance(10_000);
    const of = context.of(createSession());
    const [first, second] = await Promise.all([of.user(), of.user()]);
    expect(second).toBe(first);
    expect(await of.user()).toBe(first);
    expect(await context.of(createSession()).user()).not.toBe(first);
  });

  it("returns null without a loader call for an anonymous session", async () => {
    const site = new Site();
    const { context } = await site.startNode();
    const of = context.of(createSession(null));
    expect(await of.user()).toBeNull();
    expect(await of.company()).toBeNull();
    expect(site.database.queries).toBe(0);
  });

  it("shares one load between concurrent requests", async () => {
    const site = new Site();
    const { context } = await site.startNode();
    const release = site.database.holdQueries();
    const reads = Array.from({ length: 100 }, () => context.of(createSession()).user());
    await untilIdle();
    release();
    expect(new Set(await Promise.all(reads)).size).toBe(1);
    expect(site.database.queries).toBe(1);
  });

  it("caches the absence of a missing entity only for a short time", async () => {
    const site = new Site();
    const { context } = await site.startNode();
    for (let request = 0; request < 5; request++) {
      expect(await context.of(createSession("eve")).user()).toBeNull();
    }
    expect(site.database.queries).toBe(1);
    site.database.users.set("eve", createUser("Eve", { id: "eve" }));
    await site.time.advance(5001);
    expect((await context.of(createSession("eve")).user())?.name).toBe("Eve");
  });

  it("loads an entity again after its time to live", async () => {
    const site = new Site();
    const { context } = await site.startNode();
    await context.of(createSession()).user();
    site.database.users.set("ada", createUser("Ada L."));
    await site.time.advance(5 * 60_000 - 1);
    expect((await context.of(createSession()).user())?.name).toBe("Ada");
    await site.time.advance(2);
    expect((await context.of(createSession()).user())?.name).toBe("Ada L.");
  });

  it("returns the new user after a login within the same request", async () => {
    const site = new Site();
    site.database.users.set("bob", createUser("Bob", { id: "bob" }));
    const { context } = await site.startNode();
    const manager = new SessionManager({ store: memoryStore(), secrets: ["a secret of sixteen"] });
    const session = manager.begin(() => ({}));
    expect(await context.of(session).user()).toBeNull();
    await session.authenticate("ada");
    expect((await context.of(session).user())?.name).toBe("Ada");
    await session.authenticate("bob");
    expect((await context.of(session).user())?.name).toBe("Bob");
    await session.revoke();
    expect(await context.of(session).user()).toBeNull();
  });

  it("evicts the least recently used entities above its limits", async () => {
    const site = new Site();
    const { context } = await site.startNode({ maxEntities: 2 });
    for (const id of ["a", "b", "c"]) {
      site.database.users.set(id, createUser(id, { id }));
      await context.of(createSession(id)).user();
    }
    expect(context.metrics().entries).toBe(2);
    await context.of(createSession("c")).user();
    expect(site.database.queries).toBe(3);
    await context.of(createSession("a")).user();
    expect(site.database.queries).toBe(4);
  });

  it("returns the same company to users and visitors if reference() always returns the same id", async () => {
    const database = new Database();
    const company = loader({
      reference: () => "acme",
      load: (id) => database.find<{ name: string }>(database.companies, id),
    });
    const context = defineContext({ company }, { cache: createSingleProcessCache() });
    expect((await context.of(createSession(null)).company())?.name).toBe("Acme");
    expect((await context.of(createSession("ada")).company())?.name).toBe("Acme");
    expect(database.queries).toBe(1);
  });

  it("returns null for a subject for which reference() returns null", async () => {
    const database = new Database();
    database.users.set("root", { id: "root", isSuperAdmin: true });
    const superAdmin = loader({
      reference: ({ subject }) => (subject?.startsWith("root") ? subject : null),
      load: (id) => database.find<{ id: string }>(database.users, id),
    });
    const context = defineContext(
      { ...createLoaders(database), superAdmin },
      { cache: createSingleProcessCache() },
    );
    expect(await context.of(createSession("root")).superAdmin()).toEqual({ id: "root", isSuperAdmin: true });
    expect(await context.of(createSession("ada")).superAdmin()).toBeNull();
  });
});

describe("context.of(session) with a failing loader", () => {
  it("throws an error with the loader's name instead of returning null, and calls the loader again at the next read", async () => {
    const site = new Site();
    const { context } = await site.startNode();
    site.database.state = "down";
    const error = await catchError(context.of(createSession()).company());
    expect(error).toBeInstanceOf(CoatcheckError);
    expect(error).toMatchObject({
      code: "CONTEXT_UNAVAILABLE",
      status: 503,
      message: 'The loader of "user" failed; try again shortly.',
      cause: new Error("The database is down."),
    });
    site.database.state = "up";
    expect((await context.of(createSession()).company())?.name).toBe("Acme");
  });

  it("throws after the loader's timeout, and aborts the query", async () => {
    const site = new Site();
    const { context } = await site.startNode();
    site.database.state = "hung";
    const read = catchError(context.of(createSession()).user());
    await site.time.advance(1999);
    expect(site.database.lastSignal?.aborted).toBe(false);
    await site.time.advance(2);
    expect(await read).toMatchObject({
      code: "CONTEXT_UNAVAILABLE",
      message: 'The loader of "user" did not return within 2000 ms; try again shortly.',
    });
    expect(site.database.lastSignal?.aborted).toBe(true);
  });

  it("returns the cached copy while the database is down", async () => {
    const site = new Site();
    const { context } = await site.startNode();
    await context.of(createSession()).user();
    site.database.state = "down";
    expect((await context.of(createSession()).user())?.name).toBe("Ada");
  });

  it("throws an error with the path of the first fault if the loader's result does not fit the schema, and caches nothing", async () => {
    let row: unknown = { id: "ada", role: { name: 7 } };
    const schema = z.object({ id: z.string(), role: z.object({ name: z.string() }) });
    const user = loader({ reference: ({ subject }) => subject, load: () => row, schema });
    const context = defineContext({ user }, { cache: createSingleProcessCache() });
    const error = await catchError(context.of(createSession()).user());
    expect(error).toMatchObject({
      code: "CONTEXT_UNAVAILABLE",
      message: 'The loader of "user" returned an invalid value at user.role.name; try again shortly.',
      cause: { faults: [{ path: "user.role.name" }] },
    });
    for (const garbage of ["<html>", 7, [], { id: null }]) {
      row = garbage;
      expect(await catchError(context.of(createSession()).user())).toMatchObject({
        code: "CONTEXT_UNAVAILABLE",
      });
    }
    row = { id: "ada", role: { name: "admin" }, passwordHash: "x" };
    expect(await context.of(createSession()).user()).toEqual({ id: "ada", role: { name: "admin" } });
  });

  it("throws if the loader returns undefined or a value that cannot be copied", async () => {
    let row: unknown;
    const user = loader({ reference: () => "ada", load: () => row });
    const context = defineContext({ user }, { cache: createSingleProcessCache() });
    expect(await catchError(context.of(createSession()).user())).toMatchObject({
      message: 'The loader of "user" returned undefined instead of an entity or null; try again shortly.',
    });
    row = { id: "ada", save() {} };
    expect(await catchError(context.of(createSession()).user())).toMatchObject({
      message: 'The loader of "user" returned a value that cannot be cached; try again shortly.',
    });
  });

  it("rejects with the error of the first dependency that fails, and handles the rejection of a second dependency", async () => {
    const failure = Promise.withResolvers<never>();
    const slow = loader({ reference: () => "1", load: () => failure.promise });
    const invalid = loader({ reference: () => Number.NaN, load: () => 1 });
    const report = loader({ from: { slow, invalid }, reference: () => "1", load: () => 1 });
    const context = defineContext({ slow, invalid, report }, { cache: createSingleProcessCache() });
    await expect(context.of(createSession()).report()).rejects.toThrow('of the loader "invalid" must return');
    failure.reject(new Error("The database is down."));
    // Vitest fails the test file if the rejection of the slow loader is unhandled.
    await untilIdle();
  });

  it("throws if reference() returns a value that is not an id", async () => {
    for (const id of ["", Number.NaN, 1.5, {}, true]) {
      const user = loader({ reference: () => id as string, load: () => ({}) });
      const context = defineContext({ user }, { cache: createSingleProcessCache() });
      await expect(context.of(createSession()).user()).rejects.toThrow(TypeError);
    }
    const long = loader({ reference: () => "i".repeat(401), load: () => ({}) });
    const context = defineContext({ long }, { cache: createSingleProcessCache() });
    await expect(context.of(createSession()).long()).rejects.toMatchObject({ code: "VALIDATION_FAILED" });
  });
});
