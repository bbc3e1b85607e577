import type { Reporter, TestCase, TestModule, Vitest } from "vitest/node";
import type {} from "./describe.ts";
import { installHint, TEST_PROGRAMS, type TestProgramName } from "./programs.ts";

const SKIPPED_IN_CODE = "nothing: marked as skipped in the code";

/**
 * At the end of a run, prints how many tests were skipped, which programs they need and how to install these programs.
 * With `CI=true`, a skipped test fails the run.
 */
export class SkipReport implements Reporter {
  #isFiltered = false;

  onInit(vitest: Vitest): void {
    this.#isFiltered = vitest.config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    // Do not report tests that a name filter has skipped.
    if (this.#isFiltered) return;
    const counts = new Map<string, number>();
    const results = { passed: 0, failed: 0, skipped: 0 };
    for (const test of modules.flatMap((module) => [...module.children.allTests()])) {
      const { state } = test.result();
      if (state === "pending") continue;
      results[state]++;
      if (state === "skipped") {
        const reason = missingProgram(test) ?? SKIPPED_IN_CODE;
        counts.set(reason, (counts.get(reason) ?? 0) + 1);
      }
    }
    if (counts.size > 0) {
      console.log(skipTable(counts));
      if (process.env.CI === "true") {
        console.error("With CI=true, skipped tests fail the run: see the table above.");
        process.exitCode = 1;
      }
    }
    console.log(`Tests: ${results.passed} passed, ${results.failed} failed, ${results.skipped} skipped`);
  }
}

function missingProgram(test: TestCase): TestProgramName | undefined {
  for (let task: TestCase["parent"] | TestCase = test; task.type !== "module"; task = task.parent) {
    const { missingProgram } = task.meta();
    if (missingProgram) return missingProgram;
  }
  return undefined;
}

/**
 * Returns a table with one row per missing program: the number of skipped tests and the command that installs the
 * program.
 */
export function skipTable(counts: ReadonlyMap<string, number>): string {
  const rows = [...counts].map(([reason, count]) => {
    const program = reason in TEST_PROGRAMS ? TEST_PROGRAMS[reason as TestProgramName] : null;
    return [program?.title ?? reason, String(count), program ? installHint(program) : ""];
  });
  const columns = [["missing", "skipped tests", "to run them"], ...rows];
  const widths = [0, 1].map((column) => Math.max(...columns.map((row) => row[column]?.length ?? 0)));
  return columns
    .map(
      ([reason = "", count = "", hint = ""]) =>
        `${reason.padEnd(widths[0] ?? 0)}  ${count.padEnd(widths[1] ?? 0)}  ${hint}`,
    )
    .join("\n");
}
