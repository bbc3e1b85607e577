import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { SessionRecord } from "../../src/session/record.ts";
import { compactId } from "../../src/session/token.ts";
import { nextVersion } from "../../src/testing/records.ts";
import { Cluster, idle, SharedInMemory } from "./harness.ts";

/*
 * The simulator drives the core alone. This drives whole caches, with their loads, hints, breakers and dead ids, through
 * generated faults in fake time.
 */

const BOUND = 1000;
const SESSIONS = 3;

type Step = {
  readonly wait: number;
  readonly node: number;
  readonly session: number;
  readonly act:
    | "check"
    | "revoke"
    | "log out everywhere"
    | "privilege"
    | "data"
    | "slow store"
    | "quick store"
    | "store away"
    | "store back"
    | "shared away"
    | "shared back"
    | "shared rolled back"
    | "pause";
};

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    wait: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 400 })),
    node: fc.nat({ max: 1 }),
    session: fc.nat({ max: SESSIONS - 1 }),
    act: fc.constantFrom<Step["act"][]>(
      "check",
      "revoke",
      "log out everywhere",
      "privilege",
      "data",
      "slow store",
      "quick store",
      "store away",
      "store back",
      "shared away",
      "shared back",
      "shared rolled back",
      "pause",
    ),
  }),
  { minLength: 1, maxLength: 40 },
);

/** Plays the steps, with checks of everything in between; returns what was answered against a promise. */
async function play(
  script: readonly Step[],
  withShared: boolean,
): Promise<{ faults: string[]; fromLocal: number }> {
  const cluster = new Cluster();
  const { time, store } = cluster;
  const shared = new SharedInMemory();
  // Copies live long and answers may be very late, so that only lease and log can keep the promise.
  const options = {
    stalenessBound: BOUND,
    local: { ttl: Number.POSITIVE_INFINITY },
    deadlines: { store: 5000, shared: 50 },
    ...(withShared ? { shared } : {}),
  };
  const nodes = [await cluster.node(options), await cluster.node(options)] as const;
  const release: [() => void, () => void] = [() => {}, () => {}];
  const live: SessionRecord[] = [];
  const everyId = new Set<string>();
  let before = new Map(shared.copies);

  const invalidAt = new Map<string, number>();
  const ownLeast = [new Map<string, number>(), new Map<string, number>()] as const;
  const faults: string[] = [];

  const check = async (index: 0 | 1, id: string) => {
    const startedAt = time.elapsed;
    const least = ownLeast[index].get(id) ?? 0;
    const { cache } = nodes[index];
    const held = cache.peek(compactId(id)) ?? (await cache.read(id).catch(() => null))?.held;
    if (held?.record.state !== "active") return;
    const { version } = held.record;
    if (version < least) faults.push(`process ${index} did not see its own write ${least}, but ${version}`);
    const since = invalidAt.get(`${id} ${version}`);
    if (since !== undefined && startedAt - since > BOUND) faults.push(`${startedAt - since} ms stale`);
  };
  const invalidate = (index: 0 | 1, record: SessionRecord) => {
    for (let version = 1; version <= record.version; version++) {
      const name = `${record.id} ${version}`;
      if (!invalidAt.has(name)) invalidAt.set(name, time.elapsed);
    }
    ownLeast[index].set(record.id, record.version + 1);
  };
  const replace = async (place: number) => {
    const record = await cluster.session({ subject: `subject ${place % 2}` });
    live[place] = record;
    everyId.add(record.id);
  };
  for (let place = 0; place < SESSIONS; place++) await replace(place);

  const take = async ({ act, node, session }: Step) => {
    const index = node === 0 ? 0 : 1;
    const { cache, way } = nodes[index];
    const record = live[session] as SessionRecord;
    switch (act) {
      case "check":
        void check(index, record.id);
        break;
      case "revoke":
        await store.revoke({ session: record.id }, "logout");
        cache.revoked({ session: record.id });
        invalidate(index, record);
        await replace(session);
        break;
      case "log out everywhere":
        await store.revoke({ subject: `subject ${session % 2}` }, "logout");
        cache.revoked({ subject: `subject ${session % 2}` });
        for (const [place, each] of live.entries()) {
          if (each.subject !== `subject ${session % 2}`) continue;
          invalidate(index, each);
          await replace(place);
        }
        break;
      case "privilege":
      case "data": {
        const position = cache.position();
        const next = nextVersion(record);
        await store.put(next, { expectedVersion: record.version, change: act });
        cache.wrote(next, position);
        if (act === "privilege") invalidate(index, record);
        else ownLeast[index].set(record.id, next.version);
        live[session] = next;
        break;
      }
      case "slow store":
        release[index] = way.slowDown();
        break;
      case "quick store":
        release[index]();
        break;
      case "store away":
        way.state = "hung";
        break;
      case "store back":
        way.state = "up";
        break;
      case "shared away":
        shared.state = "hung";
        break;
      case "shared back":
        shared.state = "up";
        break;
      case "shared rolled back":
        for (const [key, copy] of before) shared.copies.set(key, copy);
        before = new Map(shared.copies);
        break;
      case "pause":
        time.leap(700);
    }
  };

  for (const step of script) {
    await time.pass(step.wait);
    await take(step);
    await idle();
    for (const index of [0, 1] as const) for (const id of everyId) void check(index, id);
    await idle();
  }
  for (const index of [0, 1] as const) release[index]();
  await time.pass(3 * BOUND);
  const fromLocal = nodes.reduce((hits, { cache }) => hits + cache.metrics().local.hits, 0);
  for (const { cache } of nodes) await cache.close();
  return { faults, fromLocal };
}

test.each([
  ["with a shared tier", true],
  ["without a shared tier", false],
])(
  "whole caches keep their promises through generated faults, %s",
  { timeout: 60_000 },
  async (_name, withShared) => {
    let fromLocal = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const outcome = await play(script, withShared);
        fromLocal += outcome.fromLocal;
        expect(outcome.faults).toEqual([]);
      }),
      { numRuns: 60 },
    );
    expect(fromLocal).toBeGreaterThan(500);
  },
);
