import { defaultServerConditions } from "vite";
import { configDefaults, defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { SkipReport } from "./scripts/test-programs/skip-report.ts";

const conditions = ["coatcheck-source", ...defaultServerConditions];

/** Runs the browser tests first, because they take longest. */
class BrowserFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { browser = [], other = [] } = Object.groupBy(await super.sort(files), ({ moduleId }) =>
      moduleId.includes("/e2e/") ? "browser" : "other",
    );
    return [...browser.reverse(), ...other];
  }
}

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      "packages/*/test/**/*.test.{ts,tsx}",
      "examples/*/test/**/*.test.{ts,tsx}",
      "e2e/**/*.test.ts",
      "scripts/**/*.test.ts",
    ],
    // `npm run test:long` runs the tests that take long.
    exclude: [...configDefaults.exclude, ...(process.env.LONG_TESTS ? [] : ["**/*.long.test.ts"])],
    reporters: ["default", new SkipReport()],
    globalSetup: ["packages/coatcheck/test/servers/global-setup.ts"],
    pool: "forks",
    // Twice as many workers as cores, because tests mostly wait for a browser, a server or a socket.
    maxWorkers: 4,
    // Files share processes: starting a process takes longer than most files, and no test changes global state.
    isolate: false,
    sequence: { sequencer: BrowserFirst },
    execArgv: ["--conditions=coatcheck-source"],
    testTimeout: 40_000,
    hookTimeout: 60_000,
  },
});
