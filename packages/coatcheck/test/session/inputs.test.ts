import { describe, expect, it } from "vitest";
import { SessionManager } from "../../src/session/manager.ts";
import type { SessionLimit } from "../../src/session/policy.ts";
import { SecretRing } from "../../src/session/token.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { createFixture } from "./fixtures.ts";

/** Values that JavaScript code may take from `process.env` or a form, or may calculate from undefined. */
const INVALID_DURATIONS = [
  0,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.MAX_SAFE_INTEGER,
  "60000",
  // This is a point in time, not a duration.
  Date.now() + 60_000,
  null,
];

const validationErrorAt = (path: string) => ({
  code: "VALIDATION_FAILED",
  faults: [expect.objectContaining({ path })],
});

it("the SessionManager constructor rejects a missing store and a promise of a store", () => {
  const secrets = ["a secret for these tests"];
  for (const store of [undefined, null, {}, Promise.resolve(memoryStore())]) {
    expect(() => Reflect.construct(SessionManager, [{ store, secrets }])).toThrow(
      expect.objectContaining(validationErrorAt("store")),
    );
  }
});

describe("an invalid duration", () => {
  for (const duration of INVALID_DURATIONS) {
    it(`is rejected with the name of its option: ${JSON.stringify(duration)} (${typeof duration})`, async () => {
      const { manager } = createFixture();
      const { record } = await manager.create({ subject: "alice" });
      await expect(
        Reflect.apply(manager.elevate, manager, [record.id, "pay", duration]),
      ).rejects.toMatchObject(validationErrorAt("maxAge"));
      expect((await manager.find(record.id))?.elevations).toEqual({});
      for (const name of ["idleTimeout", "absoluteTimeout"]) {
        const creating = Reflect.apply(manager.create, manager, [{ [name]: duration }]);
        await expect(creating).rejects.toMatchObject(validationErrorAt(name));
        expect(() => createFixture({ policy: { [name]: duration } })).toThrow(
          expect.objectContaining(validationErrorAt(name)),
        );
      }
      expect((await manager.stats()).total).toBe(1);
    });
  }
});

it("a session limit with an unknown action is rejected", () => {
  const sessionLimit = { max: 2, onExceeded: "evict-newest" as string } as SessionLimit;
  expect(() => createFixture({ policy: { sessionLimit } })).toThrow(
    expect.objectContaining(validationErrorAt("sessionLimit.onExceeded")),
  );
});

it("a duration of 25 years is accepted", async () => {
  const { manager } = createFixture();
  const absoluteTimeout = 25 * 365 * 24 * 60 * 60 * 1000;
  expect((await manager.create({ absoluteTimeout })).record.expiresAt).toBeGreaterThan(absoluteTimeout);
});

it("elevate() rejects an empty scope", async () => {
  const { manager } = createFixture();
  const { record } = await manager.create({ subject: "alice" });
  await expect(manager.elevate(record.id, "", 1000)).rejects.toMatchObject(validationErrorAt("scope"));
});

it("resume() refuses a value that is not a string, as it refuses a missing or malformed token", () => {
  const { manager } = createFixture();
  const resumed = [undefined, null, 7, { length: 50 }, ["a"]].map((token) =>
    Reflect.apply(manager.resume, manager, [token]),
  );
  expect(resumed.map(({ refusal }) => refusal)).toEqual([
    "missing",
    "missing",
    "malformed",
    "malformed",
    "malformed",
  ]);
});

it("session.data throws VALIDATION_FAILED for an assignment to __proto__", async () => {
  const { manager } = createFixture();
  const session = manager.begin();
  const refused = expect.objectContaining({ status: 400, ...validationErrorAt("__proto__") });
  expect(() => Reflect.set(session.data, "__proto__", { admin: true })).toThrow(refused);
  expect(() => Object.assign(session.data, JSON.parse('{ "__proto__": { "admin": true } }'))).toThrow(
    refused,
  );
  expect(session.commit()).toMatchObject({ state: "unchanged" });
});

describe("the message of a validation error", () => {
  const messageOf = async (act: () => unknown): Promise<string> => {
    try {
      await act();
    } catch (error) {
      return error instanceof Error ? error.message : "";
    }
    return "";
  };

  it("names the first fault, with the requirement and the value", async () => {
    const { manager } = createFixture();
    const { record } = await manager.create({ subject: "alice" });
    const milliseconds = "must be a positive whole number of milliseconds, at most 25 years";
    const messages = await Promise.all(
      [
        () => createFixture({ policy: { idleTimeout: "30m" as never } }),
        () => manager.elevate(record.id, "pay", Number.NaN),
        () => manager.authenticate(record.id, ""),
        () => new SecretRing(["long enough to be one", "short"]),
        () => new SecretRing([process.env.SECRET_THAT_IS_NOT_SET as string]),
        () => Reflect.construct(SessionManager, [{ secrets: ["a secret for these tests"] }]),
        () => manager.patch(record.id, { list: [new Date(0) as never] }),
        () => manager.create({ metadata: { text: "x".repeat(5000) } }),
      ].map(messageOf),
    );
    expect(messages).toEqual([
      `Invalid session policy: idleTimeout ${milliseconds} (got "30m").`,
      `Invalid duration: maxAge ${milliseconds} (got NaN).`,
      "Invalid session field: subject must be a non-empty string.",
      "Invalid session secrets: secrets.1 must have at least 16 characters.",
      "Invalid session secrets: secrets.0 must have at least 16 characters (got undefined).",
      "Invalid session manager options: store must be a session store (got undefined).",
      "Invalid session JSON: data.list.0 must be plain JSON (got an instance of Date).",
      "Session too large: metadata must be at most 4096 bytes of JSON (got 5011).",
    ]);
  });

  it("does not contain a long string, which may be a token", async () => {
    const { manager } = createFixture();
    const { record, token } = await manager.create({ subject: "alice" });
    const message = await messageOf(() => manager.elevate(record.id, "pay", token as never));
    expect(message).toContain("(got string)");
    expect(message).not.toContain(token);
  });
});
