/**
 * A simulator that plays generated failures against the leased cache in simulated time, and reports how long a revoked
 * session was served.
 *
 * @example
 * import { simulate } from "coatcheck/testing/simulator";
 *
 * const report = simulate({ runs: 100 });
 * if (report.failure) throw new Error(`seed ${report.seed}: ${report.failure.violations[0]}`);
 * console.log(`worst staleness: ${report.worstStaleness} ms`);
 *
 * @module
 */

export { mutantCaches, publishedCore } from "./cores.ts";
export type { CoreUnderTest, NodeTime } from "./node.ts";
export type { NodeClocks, Remote, Scenario, Step } from "./scenario.ts";
export { scenarios } from "./scenario.ts";
export { runScenario, type SimulationOptions, type SimulationReport, simulate } from "./simulate.ts";
export type { CoreUnderTestOptions, CreateCore, ScenarioResult } from "./simulation.ts";
