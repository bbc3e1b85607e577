import { defineConfig } from "vitest/config";

const conditions = ["coatcheck-source"];

export default defineConfig({
  resolve: { conditions: [...conditions, "module", "node", "import", "default"] },
  ssr: { resolve: { conditions: [...conditions, "node", "import", "default"] } },
  test: {
    include: ["packages/*/test/**/*.test.{ts,tsx}", "examples/*/test/**/*.test.{ts,tsx}", "e2e/**/*.test.ts"],
    pool: "forks",
    execArgv: ["--conditions=coatcheck-source"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
