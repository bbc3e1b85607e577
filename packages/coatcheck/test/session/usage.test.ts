import { expect, it } from "vitest";
import { createCache } from "../../src/cache/index.ts";
import { HttpSessions } from "../../src/http/http-sessions.ts";
import { SessionRoutes } from "../../src/http/routes/index.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { createFixture } from "./fixtures.ts";

/** Passes an argument of the wrong type, as JavaScript code can. */
const untyped = (value: unknown) => value as never;

it("a missing argument, or an argument of the wrong type, throws a TypeError that names the argument", async () => {
  const { manager, open } = createFixture();
  const { record, token } = await manager.create({ subject: "ada" });
  const session = await open(token);
  const calls: [message: string, call: () => unknown][] = [
    ["session field: subject must be a non-empty string (got 7)", () => session.authenticate(untyped(7))],
    [
      "session field: subject must be a non-empty string (got undefined)",
      () => session.authenticate(untyped(undefined)),
    ],
    [
      "session field: subject must be a non-empty string (got object)",
      () => manager.authenticate(record.id, untyped({})),
    ],
    [
      "session field: tenant must be a non-empty string (got 7)",
      () => session.authenticate("ada", { tenant: untyped(7) }),
    ],
    [
      "session field: scope must be a non-empty string (got undefined)",
      () => session.elevate(untyped(undefined), 1000),
    ],
    [
      "duration: maxAge must be a positive whole number of milliseconds, at most 25 years (got undefined)",
      () => session.elevate("pay", untyped(undefined)),
    ],
    [
      "session field: scope must be a non-empty string (got undefined)",
      () => session.requireElevated(untyped(undefined)),
    ],
    [
      "session field: scope must be a non-empty string (got undefined)",
      () => session.isElevated(untyped(undefined)),
    ],
    [
      "session field: name must be a non-empty string (got object)",
      () => session.flash(untyped({ text: "Saved." }), "notice"),
    ],
    [
      "call of flash(): message must be a JSON value (got undefined)",
      () => session.flash("notice", untyped(undefined)),
    ],
    [
      "call of save(): takes no arguments (got function); await the promise that it returns",
      () => Reflect.apply(session.save, session, [() => {}]),
    ],
    ["call of update(): change must be a function (got undefined)", () => session.update(untyped(undefined))],
    [
      "call of update(): change must be a function (got object)",
      () => manager.update(record.id, untyped({ a: 1 })),
    ],
    [
      "call of update(): change must return the new data as an object (got undefined)",
      () => session.update(untyped(() => {})),
    ],
    [
      "call of update(): change must return the new data as an object (got array)",
      () =>
        manager.update(
          record.id,
          untyped(async () => [1]),
        ),
    ],
    [
      "sweep: retention must be a number of milliseconds, from 0 to 25 years (got 1796083200000)",
      () => manager.sweep(1_796_083_200_000),
    ],
    [
      'listener: the event must be one of created, authenticated, elevated, rotated, impersonation-started, impersonation-stopped, changed, revoked, token-reuse, client-changed, new-device, new-country, refused, request-rejected, failed (got "revokd")',
      () => Reflect.apply(manager.events.on, manager.events, ["revokd", () => {}]),
    ],
    ["page request: must be an object (got undefined)", () => manager.list({}, untyped(undefined))],
    [
      "session filter: must be an object (got undefined)",
      () => manager.list(untyped(undefined), { limit: 1 }),
    ],
    ["revocation scope: must be an object (got string)", () => manager.revoke(untyped(record.id))],
    [
      "sweep: retention must be a number of milliseconds, from 0 to 25 years (got undefined)",
      () => manager.sweep(untyped(undefined)),
    ],
    ["sweep: limit must be a whole number, 1 or more (got 0)", () => manager.sweep(0, 0)],
    ["sweep: limit must be a whole number, 1 or more (got NaN)", () => manager.sweep(0, Number.NaN)],
    ['sweep: limit must be a whole number, 1 or more (got "10")', () => manager.sweep(0, untyped("10"))],
    [
      'sweep: retention must be a number of milliseconds, from 0 to 25 years (got "10")',
      () => manager.sweep(untyped("10")),
    ],
    [
      'call of resume(): activity must be one of user, background, none (got "backgroud")',
      () => manager.resume("x", untyped("backgroud")),
    ],
    [
      'call of open(): activity must be one of user, background, none (got "User")',
      () => manager.open(record.id, "ada", untyped("User")),
    ],
    [
      "session field: name must be a non-empty string (got undefined)",
      () => session.takeFlash(untyped(undefined)),
    ],
    [
      "call of coatcheck(manager, options): manager must be a SessionManager (got undefined)",
      () => Reflect.construct(HttpSessions, []),
    ],
    [
      "call of coatcheck(manager, options): manager must be a SessionManager (got object)",
      () => Reflect.construct(HttpSessions, [{ store: {} }]),
    ],
    [
      "call of sessionRoutes(manager, options): manager must be a SessionManager (got undefined)",
      () => Reflect.construct(SessionRoutes, []),
    ],
    [
      "options of sessionRoutes(): authenticate must be a function (got undefined)",
      () => Reflect.construct(SessionRoutes, [manager, {}]),
    ],
  ];
  for (const [message, call] of calls) {
    const error = await (async () => call())().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ name: "UsageError", message: `Invalid ${message}.` });
    expect(error).not.toHaveProperty("status");
  }
  expect(await manager.find(record.id)).toEqual(record);
});

it("list() and revoke() throw for an undefined subject, and revoke no session", async () => {
  const { manager, emitted } = createFixture();
  await manager.create({ subject: "ada" });
  const visitor = manager.begin();
  const subject = untyped(visitor.subject ?? undefined);
  const refused = { code: "VALIDATION_FAILED", faults: [{ path: "subject" }] };
  await expect(manager.list({ subject }, { limit: 10 })).rejects.toMatchObject(refused);
  await expect(manager.revoke({ subject })).rejects.toMatchObject(refused);
  await expect(manager.revoke({ subject: "" })).rejects.toMatchObject(refused);
  await expect(manager.revoke(untyped({}))).rejects.toThrow(
    "Invalid revocation scope: must have exactly one of session, subject, tenant and everyone.",
  );
  expect((await manager.stats()).active).toBe(1);
  expect(emitted).toEqual(["created"]);
});

it("update() throws if its callback writes to the same session, instead of waiting forever", async () => {
  const { manager, open } = createFixture();
  const { token } = await manager.create({ subject: "ada" });
  const session = await open(token);
  const nested = session.update(async (data) => {
    await session.patch({ inner: true });
    return data;
  });
  await expect(nested).rejects.toThrow("change must not write to the session that it changes");
  let later: Promise<void> | undefined;
  await session.update(async (data) => {
    later = new Promise((resolve) => setImmediate(resolve)).then(() => session.patch({ later: true }));
    return { ...data, outer: true };
  });
  await later;
  await Promise.all([session.update((data) => ({ ...data, both: 1 })), session.patch({ parallel: true })]);
  expect(session.data).toEqual({ outer: true, later: true, both: 1, parallel: true });
});

it("commit() throws in the callback of update(), instead of waiting forever", async () => {
  const { manager, open } = createFixture();
  const { token } = await manager.create({ subject: "ada" });
  const session = await open(token);
  for (const change of [
    async () => {
      await session.commit();
      return {};
    },
    () => {
      void session.commit();
      return {};
    },
  ])
    await expect(session.update(change)).rejects.toThrow(
      "change must not commit the session that it changes: commit() would wait for update() to end",
    );
  await session.update((data) => ({ ...data, views: 1 }));
  expect(await session.commit()).toMatchObject({ state: "changed", record: { data: { views: 1 } } });
});

it("create() throws if `parentId` is not a session id, or if that session does not exist or has ended", async () => {
  const { manager, emitted } = createFixture();
  for (const parentId of ["nope", "", untyped(7), untyped(null)]) {
    const message = /^Invalid session field: parentId must be /;
    await expect(manager.create({ parentId })).rejects.toMatchObject({ code: "VALIDATION_FAILED", message });
  }
  const parent = await manager.create();
  const isEnded = { code: "SESSION_REVOKED", message: "The parent session has ended; log in again." };
  await expect(manager.create({ parentId: crypto.randomUUID() })).rejects.toMatchObject(isEnded);
  const begun = manager.begin(() => ({ parentId: parent.record.id }));
  await manager.create({ parentId: parent.record.id });
  await manager.revoke({ session: parent.record.id });
  await expect(manager.create({ parentId: parent.record.id })).rejects.toMatchObject(isEnded);
  await expect(begun.patch({ views: 1 })).rejects.toMatchObject(isEnded);
  expect((await manager.stats()).total).toBe(2);
  expect(emitted).toEqual(["created", "created", "revoked"]);
});

it("create() throws a UsageError for data that is not JSON, and an error with status 400 for NaN", async () => {
  const { manager } = createFixture();
  for (const value of [new Date(), new Map(), () => 1, Symbol("x"), 1n, [undefined], { inner: new Date() }]) {
    const error = await manager
      .create({ data: { value: untyped(value) } })
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      name: "UsageError",
      faults: [{ path: expect.stringMatching(/^data\.value/) }],
    });
  }
  await expect(manager.create({ data: { value: Number.NaN } })).rejects.toMatchObject({ status: 400 });
});

it("sweep() without a retention deletes nothing", async () => {
  const { manager } = createFixture();
  await manager.create();
  await expect(Reflect.apply(manager.sweep, manager, [])).rejects.toThrow(TypeError);
  expect((await manager.stats()).total).toBe(1);
});

it("commit() throws for an unknown field of the new session", async () => {
  const { manager } = createFixture();
  const session = manager.begin(() => untyped({ subjct: "ada" }));
  session.data.theme = "dark";
  await expect(session.commit()).rejects.toThrow('unknown option "subjct"; did you mean "subject"?');
});

it("new SessionManager() refuses a cache of another store", async () => {
  const secrets = ["the secret of this test"];
  const store = memoryStore();
  const cache = createCache({ store: memoryStore(), singleProcess: true });
  expect(() => new SessionManager({ store, cache, secrets })).toThrow(
    "Invalid session manager options: cache must be created with the manager's store: pass the same object to createCache() and to the manager.",
  );
  await cache.close();
});
