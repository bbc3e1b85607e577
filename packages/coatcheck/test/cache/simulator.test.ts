import { describe, expect, test } from "vitest";
import { mutants, simulate } from "../../src/testing/simulator/index.ts";

describe("the leased cache, simulated", () => {
  test("keeps its bound through 3,000 scenarios of failures", { timeout: 60_000 }, () => {
    const report = simulate({ runs: 3000 });
    console.log(
      `seed ${report.seed}: worst staleness ${Math.round(report.worstStaleness)} ms of 1000; answered`,
      report.accepted,
    );
    expect(report.failure, `seed ${report.seed}`).toBeNull();
    // The scenarios must be harsh enough to come near the bound, and kind enough that the caches answer at all.
    expect(report.worstStaleness).toBeGreaterThan(800);
    expect(report.accepted.local).toBeGreaterThan(report.accepted.store);
    expect(report.accepted.shared).toBeGreaterThan(1000);
  });

  test.each(Object.entries(mutants))("catches a core with %s", { timeout: 60_000 }, (_name, subject) => {
    const report = simulate({ runs: 10_000, subject });
    expect(report.failure?.violations.length, `seed ${report.seed}`).toBeGreaterThan(0);
  });
});
