import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { SessionRecord } from "../../src/session/record.ts";
import { compactId } from "../../src/session/token.ts";
import { nextVersion } from "../../src/testing/records.ts";
import { Cluster, idle, SharedInMemory } from "./harness.ts";

/*
 * The simulator only covers the core. These tests cover whole caches, with their loads, hints, circuit breakers and
 * negative cache, under generated faults in fake time.
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
    | "fast store"
    | "store hangs"
    | "store recovers"
    | "shared hangs"
    | "shared recovers"
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
      "fast store",
      "store hangs",
      "store recovers",
      "shared hangs",
      "shared recovers",
      "shared rolled back",
      "pause",
    ),
  }),
  { minLength: 1, maxLength: 40 },
);

/** Plays the steps and checks every session after each one. `faults` describes the broken guarantees. */
async function play(
  script: readonly Step[],
  withShared: boolean,
): Promise<{ faults: string[]; fromLocal: number }> {
  const cluster = new Cluster();
  const { time, store } = cluster;
  const shared = new SharedInMemory();
  // With a long TTL and late responses, only the lease and the log can keep the guarantees.
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
  let earlierCopies = new Map(shared.copies);

  const invalidAt = new Map<string, number>();
  const ownVersions = [new Map<string, number>(), new Map<string, number>()] as const;
  const faults: string[] = [];

  const check = async (index: 0 | 1, id: string) => {
    const startedAt = time.elapsed;
    const ownVersion = ownVersions[index].get(id) ?? 0;
    const { cache } = nodes[index];
    const held = cache.peek(compactId(id)) ?? (await cache.read(id).catch(() => null))?.held;
    if (held?.record.state !== "active") return;
    const { version } = held.record;
    if (version < ownVersion)
      faults.push(
        `process ${index} did not see its own write of version ${ownVersion}, but version ${version}`,
      );
    const since = invalidAt.get(`${id} ${version}`);
    if (since !== undefined && startedAt - since > BOUND) faults.push(`${startedAt - since} ms stale`);
  };
  const invalidate = (index: 0 | 1, record: SessionRecord) => {
    for (let version = 1; version <= record.version; version++) {
      const name = `${record.id} ${version}`;
      if (!invalidAt.has(name)) invalidAt.set(name, time.elapsed);
    }
    ownVersions[index].set(record.id, record.version + 1);
  };
  const replace = async (place: number) => {
    const record = await cluster.session({ subject: `subject ${place % 2}` });
    live[place] = record;
    everyId.add(record.id);
  };
  for (let place = 0; place < SESSIONS; place++) await replace(place);

  const perform = async ({ act, node, session }: Step) => {
    const index = node === 0 ? 0 : 1;
    const { cache, faultyStore } = nodes[index];
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
        else ownVersions[index].set(record.id, next.version);
        live[session] = next;
        break;
      }
      case "slow store":
        release[index] = faultyStore.slowDown();
        break;
      case "fast store":
        release[index]();
        break;
      case "store hangs":
        faultyStore.state = "hung";
        break;
      case "store recovers":
        faultyStore.state = "up";
        break;
      case "shared hangs":
        shared.state = "hung";
        break;
      case "shared recovers":
        shared.state = "up";
        break;
      case "shared rolled back":
        for (const [key, copy] of earlierCopies) shared.copies.set(key, copy);
        earlierCopies = new Map(shared.copies);
        break;
      case "pause":
        time.leap(700);
    }
  };

  for (const step of script) {
    await time.pass(step.wait);
    await perform(step);
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
  "whole caches keep their guarantees through generated faults, %s",
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
