import * as fc from "fast-check";
import type { Tier } from "../../session/reader.ts";
import { publishedCore } from "./cores.ts";
import { type Scenario, scenarios } from "./scenario.ts";
import { type CreateCore, type ScenarioResult, Simulation } from "./simulation.ts";

/** Options of {@link simulate}. */
export interface SimulationOptions {
  /** Number of scenarios. */
  readonly runs: number;
  /** The same seed generates the same scenarios. Default: random. */
  readonly seed?: number;
  /** Creates the core under test. Default: the core that the package uses. */
  readonly createCore?: CreateCore;
  /** Staleness bound in milliseconds. Default: 1000. */
  readonly maxStaleness?: number;
}

/** The combined result of all runs. */
export interface SimulationReport {
  readonly seed: number;
  /** Scenarios played; fewer than requested if one of them failed. */
  readonly runs: number;
  /** Number of checks that returned a session, by tier. */
  readonly accepted: Readonly<Record<Tier, number>>;
  /** Milliseconds; see {@link ScenarioResult}. */
  readonly worstStaleness: number;
  /** The first failing scenario, shrunk by fast-check; null if every scenario passed. */
  readonly failure: { readonly scenario: Scenario; readonly violations: readonly string[] } | null;
}

/** Plays one scenario. `bound`: staleness bound in milliseconds. */
export function runScenario(
  scenario: Scenario,
  createCore: CreateCore = publishedCore,
  bound = 1000,
): ScenarioResult {
  return new Simulation(scenario, createCore, bound).run(scenario.steps);
}

/**
 * Plays generated scenarios against a leased cache. Faults are network partitions, pauses after which queued messages
 * are handled in any order, slow, lost and reordered messages, clocks that drift, jump and freeze, a shared tier that
 * loses its newest writes, and restarts.
 *
 * @example
 * const report = simulate({ runs: 3000 });
 * if (report.failure) throw new Error(`seed ${report.seed}: ${report.failure.violations[0]}`);
 */
export function simulate({
  runs,
  seed,
  createCore = publishedCore,
  maxStaleness = 1000,
}: SimulationOptions): SimulationReport {
  const accepted = { local: 0, shared: 0, store: 0 };
  let worstStaleness = 0;
  let hasFailed = false;
  const property = fc.property(scenarios, (scenario) => {
    const outcome = runScenario(scenario, createCore, maxStaleness);
    hasFailed ||= outcome.violations.length > 0;
    if (!hasFailed) {
      accepted.local += outcome.accepted.local;
      accepted.shared += outcome.accepted.shared;
      accepted.store += outcome.accepted.store;
      worstStaleness = Math.max(worstStaleness, outcome.worstStaleness);
    }
    return outcome.violations.length === 0;
  });
  const details = fc.check(property, { numRuns: runs, ...(seed === undefined ? {} : { seed }) });
  const scenario = details.counterexample?.[0] ?? null;
  return {
    seed: details.seed,
    runs: details.numRuns,
    accepted,
    worstStaleness,
    failure: scenario && { scenario, violations: runScenario(scenario, createCore, maxStaleness).violations },
  };
}
