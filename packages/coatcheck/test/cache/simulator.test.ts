import { describe, expect, test } from "vitest";
import { mutantCaches, simulate } from "../../src/testing/simulator/index.ts";

describe("the leased cache", () => {
  test("keeps its staleness bound in 1,000 simulated scenarios of failures", { timeout: 60_000 }, () => {
    const report = simulate({ runs: 1000 });
    console.log(
      `seed ${report.seed}: worst staleness ${Math.round(report.worstStaleness)} ms (bound: 1000 ms); served`,
      report.accepted,
    );
    expect(report.failure, `seed ${report.seed}`).toBeNull();
    // The faults must be so severe that the staleness comes near the bound, and so rare that the caches still serve
    // copies.
    expect(report.worstStaleness).toBeGreaterThan(800);
    expect(report.accepted.local).toBeGreaterThan(report.accepted.store);
    expect(report.accepted.shared).toBeGreaterThan(1000);
  });

  test.each(Object.entries(mutantCaches))(
    "violates a guarantee if its core has a bug: %s",
    { timeout: 60_000 },
    (_name, createCore) => {
      const report = simulate({ runs: 10_000, createCore });
      expect(report.failure?.violations.length, `seed ${report.seed}`).toBeGreaterThan(0);
    },
  );
});
