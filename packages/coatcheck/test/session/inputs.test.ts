import { describe, expect, it } from "vitest";
import { SessionManager } from "../../src/session/manager.ts";
import type { SessionLimit } from "../../src/session/policy.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { harness } from "./harness.ts";

/** What comes out of `process.env`, a form, or a sum with something missing, where the types were not asked. */
const NO_DURATIONS = [
  0,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.MAX_SAFE_INTEGER,
  "60000",
  null,
];

const refused = (path: string) => ({
  code: "VALIDATION_FAILED",
  faults: [expect.objectContaining({ path })],
});

it("a store that is none, or not yet one, is refused when the manager is made", () => {
  const secrets = ["a secret for these tests"];
  for (const store of [undefined, null, {}, Promise.resolve(memoryStore())]) {
    expect(() => Reflect.construct(SessionManager, [{ store, secrets }])).toThrow(
      expect.objectContaining(refused("store")),
    );
  }
});

describe("durations that are none", () => {
  for (const duration of NO_DURATIONS) {
    it(`are refused, by name: ${JSON.stringify(duration)} (${typeof duration})`, async () => {
      const { manager } = harness();
      const { record } = await manager.create({ subject: "alice" });
      await expect(
        Reflect.apply(manager.elevate, manager, [record.id, "pay", duration]),
      ).rejects.toMatchObject(refused("maxAge"));
      expect((await manager.find(record.id))?.elevations).toEqual({});
      for (const name of ["idleTimeout", "absoluteTimeout"]) {
        const creating = Reflect.apply(manager.create, manager, [{ [name]: duration }]);
        await expect(creating).rejects.toMatchObject(refused(name));
        expect(() => harness({ policy: { [name]: duration } })).toThrow(
          expect.objectContaining(refused(name)),
        );
      }
      expect((await manager.stats()).total).toBe(1);
    });
  }

  it("but a hundred years are one", async () => {
    const { manager } = harness();
    const absoluteTimeout = 100 * 365 * 24 * 60 * 60 * 1000;
    expect((await manager.create({ absoluteTimeout })).record.expiresAt).toBeGreaterThan(absoluteTimeout);
  });
});

it("a limit that does not say what gives way is refused, for it would end sessions", () => {
  const limit = { most: 2, when: "evict-newest" as string } as SessionLimit;
  expect(() => harness({ policy: { limit } })).toThrow(expect.objectContaining(refused("limit.when")));
});

it("a scope without a name is refused", async () => {
  const { manager } = harness();
  const { record } = await manager.create({ subject: "alice" });
  await expect(manager.elevate(record.id, "", 1000)).rejects.toMatchObject(refused("scope"));
});

it("a token that is no text opens nothing, like one that is missing or malformed", () => {
  const { manager } = harness();
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

it("data takes no member that would become its prototype", async () => {
  const { manager } = harness();
  const session = manager.begin();
  expect(Reflect.set(session.data, "__proto__", { admin: true })).toBe(false);
  expect(() => Object.assign(session.data, JSON.parse('{ "__proto__": { "admin": true } }'))).toThrow(
    TypeError,
  );
  expect(session.commit()).toMatchObject({ state: "unchanged" });
});
