import { format, plugins } from "pretty-format";
import { expect, it } from "vitest";
import { CoatcheckError } from "../../src/session/errors.ts";
import { Session } from "../../src/session/session.ts";
import { createManager } from "./fixtures.ts";

const DATA = { cart: { apple: 1, boxes: [{ size: 2 }] }, theme: "dark" };

async function openSession() {
  const manager = createManager();
  const { record, token } = await manager.create({ subject: "ada", data: DATA });
  const session = await manager.resume(token);
  if (!(session instanceof Session)) throw new Error("The token was refused.");
  return { session, record };
}

/** Returns Vitest's output for a failed assertion: the message and both sides of the diff. */
async function captureFailure(assertion: () => void): Promise<string> {
  try {
    assertion();
  } catch (error) {
    const { message, actual, expected } = error as { message: string; actual: unknown; expected: unknown };
    return [message, format(actual, PRINT_OPTIONS), format(expected, PRINT_OPTIONS)].join("\n");
  }
  throw new Error("The assertion passed.");
}

/** The plugins that Jest and Vitest use to print session values. */
const PRINT_OPTIONS = { plugins: [plugins.AsymmetricMatcher, plugins.Immutable] };

it("`toEqual` and `toMatchObject` compare session data like a plain object, whether it is the actual or the expected value", async () => {
  const { session } = await openSession();
  expect(session.data).toEqual(DATA);
  expect(DATA).toEqual(session.data);
  expect(session.data).toMatchObject({ cart: { apple: 1 } });
  expect(session.data).toEqual({ cart: expect.objectContaining({ apple: 1 }), theme: expect.any(String) });
  expect(session.data).not.toEqual({ ...DATA, theme: "light" });
  session.data.theme = "light";
  expect(session.data).toEqual({ ...DATA, theme: "light" });
  expect(session.toJSON().data).toStrictEqual({ ...DATA, theme: "light" });
});

it("a failed assertion about session data prints the members of the data", async () => {
  const { session } = await openSession();
  const failure = await captureFailure(() => expect(session.data).toEqual({ theme: "light" }));
  expect(failure).toContain('"theme": "dark"');
  expect(failure).toContain('"apple": 1');
});

it("a failed assertion about a session prints its subject and data, but no hash", async () => {
  const { session, record } = await openSession();
  const failure = await captureFailure(() => expect(session).toEqual({ subject: "eve" }));
  expect(failure).toContain('"subject": "ada"');
  expect(failure).toContain('"theme": "dark"');
  expect(failure).not.toContain(record.secretHash);
});

it("Jest's snapshot format prints session data, sessions and errors", async () => {
  const { session } = await openSession();
  const snapshot = { ...PRINT_OPTIONS, printBasicPrototype: false, escapeString: false };
  expect(format(session.data, snapshot)).toBe(format(DATA, snapshot));
  expect(format(session, snapshot)).toBe(format(session.toJSON(), snapshot));
  expect(format(new CoatcheckError("CONFLICT", "again"), snapshot)).toBe("[CoatcheckError: again]");
});

it("`toThrow` and `rejects` match an error by message, class and fields", async () => {
  const error = new CoatcheckError("CONFLICT", "again");
  await expect(Promise.reject(error)).rejects.toThrow("again");
  await expect(Promise.reject(error)).rejects.toThrow(CoatcheckError);
  await expect(Promise.reject(error)).rejects.toMatchObject({ code: "CONFLICT", statusCode: 409 });
  expect(new CoatcheckError("CONFLICT", "again")).toEqual(error);
  expect(new CoatcheckError("FORBIDDEN", "again")).not.toEqual(error);
});
