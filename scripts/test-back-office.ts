/**
 * `npm run test:back-office`: runs every test of the back office in Chromium. `npm test` leaves out the administration,
 * the forms that add entries, binding, accessibility and PostgreSQL, because they take longer than all that remains.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "./documents.ts";

const vitest = [join(root, "node_modules/vitest/vitest.mjs"), "run", "e2e/back-office", "--maxWorkers=1"];
const { status } = spawnSync(process.execPath, vitest, {
  cwd: root,
  env: { ...process.env, BACK_OFFICE_TESTS: "all" },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
