import { expect, it } from "vitest";
import { HttpSessions } from "../../src/http/http-sessions.ts";
import { SessionRoutes } from "../../src/http/routes/index.ts";
import { createFixture } from "./fixtures.ts";

/** An argument as JavaScript passes it, without types. */
const untyped = (value: unknown) => value as never;

it("a missing argument, or one of the wrong type, throws a TypeError that names it", async () => {
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
    ["page request: must be an object (got undefined)", () => manager.list({}, untyped(undefined))],
    [
      "session filter: must be an object (got undefined)",
      () => manager.list(untyped(undefined), { limit: 1 }),
    ],
    ["revocation scope: must be an object (got string)", () => manager.revoke(untyped(record.id))],
    [
      "sweep: retention must be a number of milliseconds, 0 or more (got undefined)",
      () => manager.sweep(untyped(undefined)),
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

it("list() and revoke() refuse an undefined subject, and neither lists nor ends anything", async () => {
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

it("sweep() without a retention deletes nothing", async () => {
  const { manager } = createFixture();
  await manager.create();
  await expect(Reflect.apply(manager.sweep, manager, [])).rejects.toThrow(TypeError);
  expect((await manager.stats()).total).toBe(1);
});

it("the fields that a request gives to its new session are checked", async () => {
  const { manager } = createFixture();
  const session = manager.begin(() => untyped({ subjct: "ada" }));
  session.data.theme = "dark";
  await expect(session.commit()).rejects.toThrow('unknown option "subjct"; did you mean "subject"?');
});
