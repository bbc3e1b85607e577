import { expect, it } from "vitest";
import { coatcheck } from "../../src/http/hono.ts";
import { HttpSessions } from "../../src/http/http-sessions.ts";
import { sessionOf } from "../../src/http/session-of.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { memoryStore } from "../../src/store/memory.ts";

/** Passes a value of the wrong type, as JavaScript code can. */
const untyped = (value: unknown) => value as never;

const createManager = () =>
  new SessionManager({ store: memoryStore(), secrets: ["a secret for these tests"] });

it("revoke() rejects a token in place of the session's id, and its error does not contain the token", async () => {
  const manager = createManager();
  const { record, token } = await manager.create();
  const error = await manager.revoke({ session: token }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "VALIDATION_FAILED", status: 400 });
  expect(String(error)).not.toContain(token);
  expect(await manager.revoke({ session: "x".repeat(50) })).toBe(0);
  expect(await manager.revoke({ session: record.id })).toBe(1);
});

it("create() rejects an idle timeout longer than its absolute timeout, and client fields that are no strings", async () => {
  const manager = createManager();
  await expect(manager.create({ idleTimeout: 90_000, absoluteTimeout: 60_000 })).rejects.toThrow(
    "Invalid options of create(): idleTimeout must be at most absoluteTimeout, 60000 (got 90000).",
  );
  await expect(manager.create({ client: untyped({ address: 7 }) })).rejects.toThrow(
    "Invalid fields of a new session: client.address must be a string or null (got 7).",
  );
  await manager.create({ client: untyped({ address: null, userAgent: "curl" }) });
  expect((await manager.stats()).total).toBe(1);
});

it("createDerived() accepts an idle timeout longer than the absolute timeout", async () => {
  const options = { idleTimeout: 90_000, absoluteTimeout: 60_000 };
  expect(await createManager().createDerived("a legacy session", options)).toMatchObject({ isLive: true });
});

it("ring.sign() rejects a missing text, whose signature would be the same for everyone", () => {
  const { ring } = createManager();
  expect(() => ring.sign("payment", untyped(undefined))).toThrow(
    "Invalid call of sign(): text must be a string (got undefined).",
  );
});

it.each(["data", "subject"])(
  "reading `%s` of a request handle throws, and says to load the session",
  (name) => {
    const request = { method: "GET", url: "/", address: undefined, encrypted: true, header: () => undefined };
    const handle = new HttpSessions(createManager(), {}).open(request);
    expect(() => Reflect.get(handle, name)).toThrow("load the session first: await request.session.load()");
  },
);

it("sessionOf() without a request throws an error that says to mount coatcheck()", () => {
  expect(() => sessionOf(untyped(undefined))).toThrow("This request has no session: mount coatcheck()");
});

it("coatcheck() for Hono rejects an option `addressOf` that is not a function", () => {
  expect(() => coatcheck(createManager(), { addressOf: untyped(true) })).toThrow(
    "Invalid options of coatcheck(): addressOf must be a function (got boolean).",
  );
});
