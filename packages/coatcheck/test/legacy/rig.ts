import { afterEach } from "vitest";
import { type LegacyReader, type MigrateOptions, migrate, type Outcome } from "../../src/legacy/index.ts";
import { SessionManager, type SessionManagerOptions } from "../../src/session/manager.ts";
import type { SessionPolicy } from "../../src/session/policy.ts";
import type { SessionStore } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { type Data, type Site, type StartSite, startExpress } from "./site.ts";

/** Options of {@link openSite}. */
export interface RigOptions<Found>
  extends Partial<Omit<MigrateOptions<Found, Data>, "manager" | "madeOf" | "readers" | "validate">> {
  readonly start?: StartSite;
  readonly store?: SessionStore;
  readonly secrets?: readonly string[];
  readonly policy?: Partial<SessionPolicy>;
}

/** A running site with the migration, and the outcomes that the migration reported. */
export interface Rig {
  readonly site: Site;
  readonly manager: SessionManager<Data>;
  /** The outcome of each request with a legacy cookie. */
  readonly outcomes: Outcome[];
  /** Advances the clock. */
  pass(milliseconds: number): void;
  /** Writes the pending touches. */
  flush(): Promise<void>;
}

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Registers a function to call after the test. */
export function afterwards(close: () => Promise<void>): void {
  closing.push(close);
}

/** Starts a site with a migration, and closes it after the test. */
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

/** Accepts every user except `deleted`. */
export function validate(found: { user?: string; sub?: string }) {
  const subject = found.user ?? found.sub ?? "";
  return subject === "" || subject === "deleted" ? null : { subject };
}
