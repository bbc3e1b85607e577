/**
 * `npm run test:long`: runs the tests that `npm test` leaves out because they take long: all pages and the API of the
 * back office, the pages of the taco shop that few customers need, the taco shop under load, 500,000 events in an
 * outage, the context of 10,000 sessions, and the recount of a month of visits for each order in which its events can
 * arrive. `npm run test:long -- e2e/back-office` runs the tests of some files.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "./documents.ts";
import { installPrograms } from "./test-programs/install.ts";
import { TEST_PROGRAMS } from "./test-programs/programs.ts";

const LONG_TESTS = [
  "e2e/back-office",
  "e2e/taco-shop",
  "examples/taco-shop/test/backend-load",
  "examples/taco-shop/test/shop-load",
  "packages/coatcheck/test/context/databases",
  "packages/coatcheck/test/visit/ingest/outage",
  "packages/coatcheck/test/visit/recount",
];

installPrograms([
  TEST_PROGRAMS.chromium,
  TEST_PROGRAMS.headlessShell,
  TEST_PROGRAMS.postgres,
  TEST_PROGRAMS.php,
]);
const filters = process.argv.slice(2);
// One worker, because several files build the same application.
const vitest = [join(root, "node_modules/vitest/vitest.mjs"), "run", "--maxWorkers=1"];
const { status } = spawnSync(process.execPath, [...vitest, ...(filters.length > 0 ? filters : LONG_TESTS)], {
  cwd: root,
  env: { ...process.env, LONG_TESTS: "1" },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
