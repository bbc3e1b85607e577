import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

const conditions = ["coatcheck-source", ...defaultServerConditions];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["packages/*/test/**/*.test.{ts,tsx}", "examples/*/test/**/*.test.{ts,tsx}", "e2e/**/*.test.ts"],
    globalSetup: ["packages/coatcheck/test/servers/global-setup.ts"],
    pool: "forks",
    maxWorkers: 2,
    execArgv: ["--conditions=coatcheck-source"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
