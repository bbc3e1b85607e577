import { afterEach } from "vitest";
import { type LegacyReader, type MigrateOptions, migrate, type Outcome } from "../../src/legacy/index.ts";
import { SessionManager, type SessionManagerOptions } from "../../src/session/manager.ts";
import type { SessionPolicy } from "../../src/session/policy.ts";
import type { SessionStore } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { type Data, type Site, type StartSite, startExpress } from "./site.ts";

/** What a test may say of a site. */
export interface RigOptions<Found>
  extends Partial<Omit<MigrateOptions<Found, Data>, "manager" | "madeOf" | "readers" | "validate">> {
  readonly start?: StartSite;
  readonly store?: SessionStore;
  readonly secrets?: readonly string[];
  readonly policy?: Partial<SessionPolicy>;
}

/** A site with the migration, and what it did. */
export interface Rig {
  readonly site: Site;
  readonly manager: SessionManager<Data>;
  /** What became of each request with an older cookie. */
  readonly outcomes: Outcome[];
  /** Lets milliseconds pass. */
  pass(milliseconds: number): void;
  /** Writes the activity that waits. */
  flush(): Promise<void>;
}

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Something to be let go after the test. */
export function afterwards(close: () => Promise<void>): void {
  closing.push(close);
}

/** Starts a site of the tests; it is ended after the test. */
export async function openSite<Found>(
  readers: readonly LegacyReader<Found>[],
  validate: MigrateOptions<Found, Data>["validate"],
  options: RigOptions<Found> = {},
): Promise<Rig> {
  const { start = startExpress, store = memoryStore(), secrets, policy = {}, ...rest } = options;
  let now = Date.now();
  const timers = new Set<() => unknown>();
  const madeOf: SessionManagerOptions<Data> = {
    store,
    secrets: secrets ?? ["a secret of the new site"],
    clock: { now: () => now },
    schedule: (_delay, task) => {
      timers.add(task);
      return () => timers.delete(task);
    },
    policy,
  };
  const manager = new SessionManager<Data>(madeOf);
  const outcomes: Outcome[] = [];
  const observe = (outcome: Outcome) => outcomes.push(outcome);
  const migration = migrate<Found, Data>({ manager, madeOf, readers, validate, observe, ...rest });
  const site = await start(migration, manager, rest.http);
  afterwards(() => manager.close());
  afterwards(site.close);
  return {
    site,
    manager,
    outcomes,
    pass: (milliseconds) => {
      now += milliseconds;
    },
    flush: async () => {
      for (const task of timers) await task();
    },
  };
}

/** Whoever is not `deleted` may come in. */
export function validate(found: { user?: string; sub?: string }) {
  const subject = found.user ?? found.sub ?? "";
  return subject === "" || subject === "deleted" ? null : { subject };
}
