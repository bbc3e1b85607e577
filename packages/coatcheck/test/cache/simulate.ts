/**
 * Simulates many scenarios against the leased cache and prints the result. Exits with 1 if a scenario fails.
 *
 *   node --conditions=coatcheck-source packages/coatcheck/test/cache/simulate.ts [runs] [seed]
 */
import { simulate } from "../../src/testing/simulator/index.ts";

const [runs = "25000", seed] = process.argv.slice(2);
const startedAt = performance.now();
const report = simulate({ runs: Number(runs), ...(seed === undefined ? {} : { seed: Number(seed) }) });
const seconds = Math.round((performance.now() - startedAt) / 1000);
const { local, shared, store } = report.accepted;

console.log(`seed ${report.seed}: ${report.runs} scenarios in ${seconds} s`);
console.log(`served: ${local} from the local tier, ${shared} from the shared tier, ${store} from the store`);
console.log(`worst staleness: ${report.worstStaleness.toFixed(0)} ms (bound: 1000 ms)`);
if (report.failure) {
  console.error(report.failure.violations.join("\n"));
  console.error(JSON.stringify(report.failure.scenario, null, 2));
  process.exitCode = 1;
}
