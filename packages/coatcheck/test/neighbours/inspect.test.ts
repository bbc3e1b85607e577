import { deepStrictEqual } from "node:assert";
import { inspect } from "node:util";
import { expect, it } from "vitest";
import { sessionOf } from "../../src/http/express.ts";
import { HttpSessions, type RequestSession } from "../../src/http/index.ts";
import { attachSession } from "../../src/http/session-of.ts";
import { CoatcheckError, invalidInputError, storeUnavailableError } from "../../src/session/errors.ts";
import { Session } from "../../src/session/session.ts";
import { cookieHeader, createManager, type Data } from "./fixtures.ts";

const DATA = { cart: { apple: 1, boxes: [{ size: 2 }] }, theme: "dark" };

/** Creates a session and loads it in a request. Also returns the strings that must stay secret. */
async function openSession() {
  const manager = createManager();
  const { record, token } = await manager.create({ subject: "ada", tenant: "acme", data: DATA });
  const found = await manager.resume(token);
  if (!(found instanceof Session)) throw new Error("The token was refused.");
  const request: RequestSession<Data> = new HttpSessions(manager).open({
    method: "GET",
    url: "/",
    address: undefined,
    encrypted: true,
    header: (name) => (name === "cookie" ? cookieHeader(token) : undefined),
  });
  const secrets = [token, token.slice(22, 44), record.secretHash];
  return { session: found, request, record, secrets };
}

it("util.inspect prints session data with unsaved assignments at every depth", async () => {
  const { session } = await openSession();
  const plain = { ...DATA, theme: "light" };
  Object.assign(session.data, { theme: "light" });
  expect(inspect(session.data, { depth: null })).toBe(inspect(plain, { depth: null }));
  expect(inspect(session.data.cart)).toBe(inspect(DATA.cart));
  expect(inspect({ nested: session.data }, { depth: 0 })).toBe("{ nested: [Object] }");
});

it("util.inspect prints id, state, subject and data of a session, and none of its secrets", async () => {
  const { session, record, secrets } = await openSession();
  const { id } = record;
  const shown = { id, state: "active", type: "authenticated", subject: "ada", tenant: "acme", data: DATA };
  expect(inspect(session, { depth: 9 })).toBe(`Session ${inspect(shown, { depth: 9 })}`);
  const everything = inspect(session, { depth: null, showHidden: true });
  for (const secret of secrets) expect(everything).not.toContain(secret);
});

it("util.inspect prints the state `new` for a new session and `revoked` for a revoked session", async () => {
  const { session } = await openSession();
  await session.revoke();
  expect(inspect(session)).toContain("state: 'revoked'");
  const visitor = createManager().begin();
  visitor.data.theme = "light";
  expect(inspect(visitor)).toContain("state: 'new'");
  expect(inspect(visitor)).toContain("theme: 'light'");
});

it("util.inspect prints the session of a request after the session has been loaded", async () => {
  const { request, record, secrets } = await openSession();
  expect(inspect(request)).toBe("RequestSession { session: null }");
  const message = {};
  attachSession(message, request);
  await sessionOf(message).load();
  expect(inspect(message, { depth: 9 })).toContain(record.id);
  for (const secret of secrets) expect(inspect(message, { depth: 9 })).not.toContain(secret);
});

it("util.inspect prints a session with a circular object in its data", async () => {
  const { session } = await openSession();
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  Object.assign(session.data, { circular });
  expect(inspect(session, { depth: 9 })).toContain("[Circular");
});

it("structuredClone clones the result of session.toJSON(), and rejects session.data", async () => {
  const { session, record } = await openSession();
  Object.assign(session.data.cart ?? {}, { pear: 3 });
  const expected = { ...DATA, cart: { ...DATA.cart, pear: 3 } };
  const clone = structuredClone(session.toJSON());
  expect(clone).toStrictEqual({
    id: record.id,
    state: "active",
    type: "authenticated",
    subject: "ada",
    tenant: "acme",
    data: expected,
  });
  expect(() => structuredClone(session.data)).toThrow("could not be cloned");
  Object.assign(session.toJSON().data.cart ?? {}, { pear: 4 });
  expect(session.data).toEqual(expected);
});

it("JSON.stringify omits the secrets of a session, and writes its data like a plain object", async () => {
  const { session, secrets } = await openSession();
  expect(JSON.parse(JSON.stringify(session))).toEqual(session.toJSON());
  expect(JSON.stringify(session.data)).toBe(JSON.stringify(DATA));
  for (const secret of secrets) expect(JSON.stringify(session)).not.toContain(secret);
});

it("assert.deepStrictEqual compares session data like a plain object", async () => {
  const { session } = await openSession();
  deepStrictEqual(session.data, DATA);
  expect(() => deepStrictEqual(session.data, { ...DATA, theme: "light" })).toThrow(/theme: 'dark'/);
});

it("String() and template literals accept session data", async () => {
  const { session } = await openSession();
  expect([String(session.data), `${session.data}`, Number(session.data)]).toEqual([
    "[object Object]",
    "[object Object]",
    Number.NaN,
  ]);
});

it("util.inspect prints an error with its code and status, and only the details that are set", () => {
  const properties = (error: Error) =>
    inspect(error)
      .replace(/^[\s\S]*\{\n/, "")
      .replaceAll(/[\n\s]+/g, " ");
  const error = new CoatcheckError("CONFLICT", "read it again");
  expect(inspect(error)).toMatch(/^CoatcheckError: read it again\n/);
  expect(properties(error)).toBe(" code: 'CONFLICT', status: 409, statusCode: 409, expose: true }");
  expect(properties(invalidInputError("data", [{ path: "size", message: "must be a number" }]))).toContain(
    "faults: [",
  );
  expect(inspect(new CoatcheckError("RATE_LIMITED", "slow down", { retryAfter: 3 }))).toContain(
    "retryAfter: 3",
  );
  expect(inspect(error)).not.toMatch(/faults|retryAfter/);
});

it("structuredClone keeps message, stack and cause of an error", () => {
  const error = storeUnavailableError(new TypeError("a driver's error"));
  const clone = structuredClone(error);
  expect(clone).toBeInstanceOf(Error);
  expect(clone).toMatchObject({ message: error.message, stack: error.stack });
  expect(clone.cause).toMatchObject({ name: "TypeError", message: "a driver's error" });
});
