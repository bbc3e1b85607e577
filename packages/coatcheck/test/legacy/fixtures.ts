import { onTestFinished } from "vitest";
import {
  type LegacyReader,
  type MigrateOptions,
  type MigrationOutcome,
  migrate,
} from "../../src/legacy/index.ts";
import { SessionManager, type SessionManagerOptions } from "../../src/session/manager.ts";
import type { SessionPolicy } from "../../src/session/policy.ts";
import type { SessionStore } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { type Data, type Site, type StartSite, startExpress } from "./site-fixtures.ts";

/** Options of {@link openSite}. */
export interface SiteOptions<Found>
  extends Partial<Omit<MigrateOptions<Found, Data>, "manager" | "readers" | "validate">> {
  readonly start?: StartSite;
  readonly store?: SessionStore;
  readonly secrets?: readonly string[];
  readonly policy?: Partial<SessionPolicy>;
}

/** A running site that migrates legacy sessions, and the outcomes that its migration has reported. */
export interface RunningSite {
  readonly site: Site;
  readonly manager: SessionManager<Data>;
  /** The outcome of each request with a legacy cookie. */
  readonly outcomes: MigrationOutcome[];
  /** Advances the clock. */
  advance(milliseconds: number): void;
  /** Runs the timers, so that the manager writes pending activity updates (touches) to the store. */
  runTimers(): Promise<void>;
}

/** Starts a site that migrates legacy sessions, and closes it after the test. */
export async function openSite<Found>(
  readers: readonly LegacyReader<Found>[],
  validate: MigrateOptions<Found, Data>["validate"],
  options: SiteOptions<Found> = {},
): Promise<RunningSite> {
  const { start = startExpress, store = memoryStore(), secrets, policy = {}, ...rest } = options;
  let now = Date.now();
  const timers = new Set<() => unknown>();
  const managerOptions: SessionManagerOptions<Data> = {
    store,
    secrets: secrets ?? ["a secret of the new site"],
    clock: { now: () => now },
    schedule: (_delay, task) => {
      timers.add(task);
      return () => timers.delete(task);
    },
    policy,
  };
  const manager = new SessionManager<Data>(managerOptions);
  const outcomes: MigrationOutcome[] = [];
  const observe = (outcome: MigrationOutcome) => outcomes.push(outcome);
  const migration = migrate<Found, Data>({ manager, readers, validate, observe, ...rest });
  const site = await start(migration, manager, rest.http);
  onTestFinished(() => manager.close());
  onTestFinished(site.close);
  return {
    site,
    manager,
    outcomes,
    advance: (milliseconds) => {
      now += milliseconds;
    },
    runTimers: async () => {
      for (const task of timers) await task();
    },
  };
}

/** Accepts every legacy session except those of the user `deleted`. */
export function validate(found: { user?: string; sub?: string }) {
  const subject = found.user ?? found.sub ?? "";
  return subject === "" || subject === "deleted" ? null : { subject };
}
