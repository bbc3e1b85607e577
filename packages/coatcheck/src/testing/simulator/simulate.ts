import * as fc from "fast-check";
import type { Tier } from "../../session/reader.ts";
import { type Scenario, scenarios } from "./scenario.ts";
import { honest } from "./subjects.ts";
import { type MakeSubject, type Outcome, World } from "./world.ts";

/** What to simulate. */
export interface SimulationOptions {
  readonly runs: number;
  /** The same seed plays the same scenarios; drawn at random unless given. */
  readonly seed?: number;
  /** The core under test; the published one unless given. */
  readonly subject?: MakeSubject;
  /** Milliseconds; 1000 unless given. */
  readonly bound?: number;
}

/** What many runs came to. */
export interface SimulationReport {
  readonly seed: number;
  /** Scenarios played; fewer than asked for when one of them failed. */
  readonly runs: number;
  readonly accepted: Readonly<Record<Tier, number>>;
  /** Milliseconds; see {@link Outcome}. */
  readonly worstStaleness: number;
  /** The first broken promise, as small as it could be made; null when all were kept. */
  readonly failure: { readonly scenario: Scenario; readonly violations: readonly string[] } | null;
}

/** Plays one scenario. */
export function play(scenario: Scenario, subject: MakeSubject = honest, bound = 1000): Outcome {
  return new World(scenario, subject, bound).play(scenario.steps);
}

/**
 * Plays generated scenarios against a leased cache: partitions, pauses with any order of what piled up, slow, lost and
 * reordered messages, clocks that drift, jump and freeze, a shared tier that loses its newest writes, restarts.
 *
 * @example
 * const report = simulate({ runs: 3000 });
 * if (report.failure) throw new Error(`seed ${report.seed}: ${report.failure.violations[0]}`);
 */
export function simulate({
  runs,
  seed,
  subject = honest,
  bound = 1000,
}: SimulationOptions): SimulationReport {
  const accepted = { local: 0, shared: 0, store: 0 };
  let worstStaleness = 0;
  let hasFailed = false;
  const property = fc.property(scenarios, (scenario) => {
    const outcome = play(scenario, subject, bound);
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
    failure: scenario && { scenario, violations: play(scenario, subject, bound).violations },
  };
}
