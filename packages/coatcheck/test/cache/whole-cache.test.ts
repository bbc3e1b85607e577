import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { SessionCache } from "../../src/cache/index.ts";
import type { SessionRecord } from "../../src/session/record.ts";
import { compactId } from "../../src/session/token.ts";
import { nextVersion } from "../../src/testing/records.ts";
import { Cluster, type FaultyStore, InMemorySharedTier, untilIdle } from "./fixtures.ts";

/*
 * The simulator only covers the core. These tests cover the complete cache, with its loads, hints, circuit breakers and
 * negative cache, under generated faults in fake time.
 */

const STALENESS_BOUND = 1000;
const SESSION_COUNT = 3;

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

const arbitrarySteps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    wait: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 400 })),
    node: fc.nat({ max: 1 }),
    session: fc.nat({ max: SESSION_COUNT - 1 }),
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

type NodeIndex = 0 | 1;

/** One process: its cache and its connection to the store. */
interface CacheNode {
  readonly cache: SessionCache;
  readonly faultyStore: FaultyStore;
}

/** Two nodes with one store. Records when each copy became invalid, and checks that no cache serves it for too long. */
class Scenario {
  readonly violations: string[] = [];
  readonly #cluster = new Cluster();
  readonly #shared = new InMemorySharedTier();
  readonly #nodes: CacheNode[] = [];
  readonly #release = [() => {}, () => {}];
  readonly #liveRecords: SessionRecord[] = [];
  readonly #everyId = new Set<string>();
  /** `id version` → elapsed time at which that version became invalid. */
  readonly #invalidatedAt = new Map<string, number>();
  /** For each node: session id → version of the node's own newest write. The node must not serve a lower version. */
  readonly #ownVersions = [new Map<string, number>(), new Map<string, number>()] as const;
  #earlierCopies = new Map(this.#shared.copies);

  static async start(withShared: boolean): Promise<Scenario> {
    const run = new Scenario();
    // With a long TTL and late responses, only the lease and the log can keep the guarantees.
    const options = {
      maxStaleness: STALENESS_BOUND,
      local: { ttl: Number.POSITIVE_INFINITY },
      deadlines: { store: 5000, shared: 50 },
      ...(withShared ? { shared: run.#shared } : {}),
    };
    for (let count = 0; count < 2; count++) run.#nodes.push(await run.#cluster.startNode(options));
    for (let place = 0; place < SESSION_COUNT; place++) await run.#replace(place);
    return run;
  }

  /** Performs the steps, and checks every session after each step. `violations` then lists the broken guarantees. */
  async runSteps(script: readonly Step[]): Promise<void> {
    for (const step of script) {
      await this.#cluster.time.advance(step.wait);
      await this.#perform(step);
      await untilIdle();
      for (const index of [0, 1] as const) for (const id of this.#everyId) void this.#check(index, id);
      await untilIdle();
    }
    for (const release of this.#release) release();
    await this.#cluster.time.advance(3 * STALENESS_BOUND);
  }

  /** Number of reads that the local tiers served. */
  get localHits(): number {
    return this.#nodes.reduce((hits, { cache }) => hits + cache.metrics().local.hits, 0);
  }

  async close(): Promise<void> {
    for (const { cache } of this.#nodes) await cache.close();
  }

  async #perform({ act, node, session }: Step): Promise<void> {
    const index = node === 0 ? 0 : 1;
    const { faultyStore } = this.#node(index);
    switch (act) {
      case "check":
        void this.#check(index, (this.#liveRecords[session] as SessionRecord).id);
        break;
      case "revoke":
        await this.#revoke(index, session);
        break;
      case "log out everywhere":
        await this.#revokeSubject(index, `subject ${session % 2}`);
        break;
      case "privilege":
      case "data":
        await this.#write(index, session, act);
        break;
      case "slow store":
        this.#release[index] = faultyStore.holdReads();
        break;
      case "fast store":
        this.#release[index]?.();
        break;
      case "store hangs":
        faultyStore.state = "hung";
        break;
      case "store recovers":
        faultyStore.state = "up";
        break;
      case "shared hangs":
        this.#shared.state = "hung";
        break;
      case "shared recovers":
        this.#shared.state = "up";
        break;
      case "shared rolled back":
        for (const [key, copy] of this.#earlierCopies) this.#shared.copies.set(key, copy);
        this.#earlierCopies = new Map(this.#shared.copies);
        break;
      case "pause":
        this.#cluster.time.advanceWithoutTimers(700);
    }
  }

  async #check(index: NodeIndex, id: string): Promise<void> {
    const { time } = this.#cluster;
    const startedAt = time.elapsedTime;
    const ownVersion = this.#ownVersions[index].get(id) ?? 0;
    const { cache } = this.#node(index);
    const held = cache.getCached(compactId(id)) ?? (await cache.read(id).catch(() => null))?.cached;
    if (held?.record.state !== "active") return;
    const { version } = held.record;
    if (version < ownVersion) {
      this.violations.push(
        `process ${index} read version ${version} after its own write of version ${ownVersion}`,
      );
    }
    const since = this.#invalidatedAt.get(`${id} ${version}`);
    if (since !== undefined && startedAt - since > STALENESS_BOUND)
      this.violations.push(`${startedAt - since} ms stale`);
  }

  async #revoke(index: NodeIndex, recordIndex: number): Promise<void> {
    const record = this.#liveRecords[recordIndex] as SessionRecord;
    await this.#cluster.store.revoke({ session: record.id }, "logout");
    this.#node(index).cache.recordRevocation({ session: record.id });
    this.#invalidate(index, record);
    await this.#replace(recordIndex);
  }

  async #revokeSubject(index: NodeIndex, subject: string): Promise<void> {
    await this.#cluster.store.revoke({ subject }, "logout");
    this.#node(index).cache.recordRevocation({ subject });
    for (const [place, record] of this.#liveRecords.entries()) {
      if (record.subject !== subject) continue;
      this.#invalidate(index, record);
      await this.#replace(place);
    }
  }

  async #write(index: NodeIndex, recordIndex: number, change: "privilege" | "data"): Promise<void> {
    const record = this.#liveRecords[recordIndex] as SessionRecord;
    const { cache } = this.#node(index);
    const position = cache.position();
    const next = nextVersion(record);
    await this.#cluster.store.put(next, { expectedVersion: record.version, change });
    cache.recordWrite(next, position);
    if (change === "privilege") this.#invalidate(index, record);
    else this.#ownVersions[index].set(record.id, next.version);
    this.#liveRecords[recordIndex] = next;
  }

  #invalidate(index: NodeIndex, record: SessionRecord): void {
    for (let version = 1; version <= record.version; version++) {
      const name = `${record.id} ${version}`;
      if (!this.#invalidatedAt.has(name)) this.#invalidatedAt.set(name, this.#cluster.time.elapsedTime);
    }
    this.#ownVersions[index].set(record.id, record.version + 1);
  }

  async #replace(recordIndex: number): Promise<void> {
    const record = await this.#cluster.storeSession({ subject: `subject ${recordIndex % 2}` });
    this.#liveRecords[recordIndex] = record;
    this.#everyId.add(record.id);
  }

  #node(index: NodeIndex): CacheNode {
    return this.#nodes[index] as CacheNode;
  }
}

test.each([
  ["with a shared tier", true],
  ["without a shared tier", false],
])(
  "the caches of two nodes keep their guarantees through generated faults, %s",
  { timeout: 60_000 },
  async (_name, withShared) => {
    let localHits = 0;
    await fc.assert(
      fc.asyncProperty(arbitrarySteps, async (script) => {
        const run = await Scenario.start(withShared);
        await run.runSteps(script);
        localHits += run.localHits;
        await run.close();
        expect(run.violations).toEqual([]);
      }),
      { numRuns: 60 },
    );
    expect(localHits).toBeGreaterThan(500);
  },
);
