/**
 * `npm run test:next`: builds the application e2e/next-app with every build variant of Next.js, and runs the tests of
 * `coatcheck/next` on each build. `npm test` tests only one variant.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { BuildVariant } from "../e2e/next-build.ts";
import { root } from "./documents.ts";

const BUILD_VARIANTS: readonly BuildVariant[] = [
  { cacheComponents: true, bundler: "turbopack", installed: true },
  { cacheComponents: false, bundler: "turbopack", installed: true },
  { cacheComponents: true, bundler: "webpack", installed: true },
  { cacheComponents: false, bundler: "webpack", installed: true },
  { cacheComponents: true, bundler: "turbopack" },
  { cacheComponents: false, bundler: "turbopack", dev: true },
];

const failedVariants = BUILD_VARIANTS.filter((variant) => {
  const vitest = [join(root, "node_modules/vitest/vitest.mjs"), "run", "e2e/next.test.ts", "--maxWorkers=1"];
  const { status } = spawnSync(process.execPath, vitest, {
    cwd: root,
    env: { ...process.env, NEXT_VARIANT: JSON.stringify(variant) },
    stdio: "inherit",
  });
  return status !== 0;
});
for (const variant of failedVariants) console.error(`failed: ${JSON.stringify(variant)}`);
if (failedVariants.length > 0) process.exitCode = 1;
