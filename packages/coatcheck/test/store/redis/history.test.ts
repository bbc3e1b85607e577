import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SessionRecord } from "../../../src/session/record.ts";
import type { PutOptions, RevocationScope, SessionFilter, SessionStore } from "../../../src/session/store.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { connectRedis, redisStore } from "../../../src/store/redis/store.ts";
import { fakeClock } from "../../../src/testing/clock.ts";
import { makeRecord } from "../../../src/testing/records.ts";
import { createTemporaryPrefix, describeWithServer } from "../../servers/fixtures.ts";

const IDS = Array.from({ length: 6 }, () => makeRecord().id);
const SECOND = 1000;

type Step =
  | {
      do: "put";
      session: number;
      subject: string | null;
      tenant: string | null;
      isStale: boolean;
      most: number;
    }
  | { do: "touch"; sessions: number[]; ago: number }
  | { do: "revoke"; scope: RevocationScope }
  | { do: "list"; filter: SessionFilter }
  | { do: "sweep"; ago: number }
  | { do: "pass"; time: number };

const arbitrarySession = fc.nat(IDS.length - 1);
const arbitrarySubject = fc.constantFrom("ada", "grace");
const arbitraryTenant = fc.constantFrom("acme", "taco");
const pickId = (index: number): string => IDS[index] ?? "";

const arbitraryScope: fc.Arbitrary<RevocationScope> = fc.oneof(
  fc.record({ session: arbitrarySession.map(pickId) }),
  fc.record({ subject: arbitrarySubject }),
  fc.record({ subject: arbitrarySubject, except: arbitrarySession.map(pickId) }),
  fc.record({ tenant: arbitraryTenant }),
  fc.constant({ everyone: true } as const),
);

const arbitraryFilter: fc.Arbitrary<SessionFilter> = fc.constantFrom(
  {},
  { subject: "ada" },
  { tenant: "acme", state: "active" },
  { state: "revoked" },
  { type: "anonymous", tenant: "taco" },
);

const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("put"),
      session: arbitrarySession,
      subject: fc.option(arbitrarySubject),
      tenant: fc.option(arbitraryTenant),
      isStale: fc.nat(9).map((dice) => dice === 0),
      most: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("touch"), sessions: fc.array(arbitrarySession), ago: fc.nat(9) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("revoke"), scope: arbitraryScope }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("list"), filter: arbitraryFilter }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("sweep"), ago: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("pass"), time: fc.nat(20) }) },
);

/** Creates the arguments of a `put` call: the record and the options. Both stores receive the same arguments. */
async function createPutArguments(
  store: SessionStore,
  put: Extract<Step, { do: "put" }>,
  now: number,
): Promise<[SessionRecord, PutOptions]> {
  const id = pickId(put.session);
  const stored = (await store.get(id))?.record;
  const expectedVersion = (stored?.version ?? 0) + (put.isStale ? 1 : 0);
  const record = makeRecord({
    id,
    subject: put.subject,
    tenant: put.tenant,
    version: expectedVersion + 1,
    createdAt: stored?.createdAt ?? now,
    lastSeenAt: now,
    expiresAt: now + 90 * SECOND,
    idleTimeout: 30 * SECOND,
  });
  return [record, { expectedVersion, change: "data", sessionLimit: { max: put.most, now } }];
}

async function readEverything(store: SessionStore, now: number): Promise<unknown> {
  const found = await Promise.all(IDS.map(async (id) => (await store.get(id))?.record ?? null));
  const live = await store.list({ liveAt: now }, { limit: 1000 });
  return { found, live, stats: await store.stats(now) };
}

await describeWithServer("redisStore", "redis", (url) => {
  describe("after any sequence of calls", () => {
    it("redisStore returns the same results as memoryStore, and leaves no keys behind", {
      timeout: 60_000,
    }, async () => {
      const redis = await connectRedis(url, { deadline: 5000 });
      const run = async (steps: readonly Step[]) => {
        const clock = fakeClock();
        const prefix = createTemporaryPrefix();
        const stores = [redisStore(redis, { prefix, clock }), memoryStore({ clock })] as const;
        const both = async (call: (store: SessionStore) => Promise<unknown>) => {
          const [actual, expected] = await Promise.all(stores.map(call));
          expect(actual).toEqual(expected);
        };
        for (const current of steps) {
          const now = clock.now();
          switch (current.do) {
            case "put": {
              const [record, options] = await createPutArguments(stores[1], current, now);
              await both((store) => store.put(record, options));
              break;
            }
            case "touch": {
              const lastSeenAt = now - current.ago * SECOND;
              const touches = current.sessions.map((index) => ({ id: pickId(index), lastSeenAt }));
              await both((store) => store.touch(touches));
              break;
            }
            case "revoke":
              await both((store) => store.revoke(current.scope, "admin"));
              break;
            case "list":
              await both((store) => store.list(current.filter, { limit: 3 }));
              break;
            case "sweep":
              await both((store) => store.sweep(now - current.ago * SECOND, 100));
              break;
            case "pass":
              clock.pass(current.time * SECOND);
          }
          await both((store) => readEverything(store, now));
        }
        clock.pass(1_000 * SECOND);
        await both((store) => store.sweep(clock.now(), 100));
        const remainingKeys = (await redis.exec(["KEYS", `{${prefix}}*`])) as string[];
        await redis.exec(["UNLINK", "nothing", ...remainingKeys]);
        const logAndHead = ["log", "head"].map((name) => `{${prefix}}:${name}`);
        expect(remainingKeys.filter((key) => !logAndHead.includes(key))).toEqual([]);
      };
      const steps = fc.array(arbitraryStep, { minLength: 20, maxLength: 50 });
      await fc.assert(fc.asyncProperty(steps, run), { numRuns: 25 });
      await redis.close();
    });
  });
});
