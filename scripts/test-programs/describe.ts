import { describe } from "vitest";
import { findProgram, TEST_PROGRAMS, type TestProgramName } from "./programs.ts";

declare module "vitest" {
  interface TaskMeta {
    /** The program that this machine lacks, so that the suite is skipped. */
    missingProgram?: TestProgramName;
  }
}

/**
 * Describes tests that require a program. If this machine does not have the program, the tests are skipped and listed
 * at the end of the run. With `CI=true`, skipped tests fail the run.
 *
 * @example
 * describeWithProgram("the taco shop in Chromium", "chromium", () => { test("…", …); });
 */
export function describeWithProgram(title: string, program: TestProgramName, body: () => void): void {
  if (findProgram(TEST_PROGRAMS[program])) describe(title, body);
  else describeWithout(title, program, body);
}

/** Describes tests that are skipped because this machine lacks the program. */
export function describeWithout(title: string, program: TestProgramName, body: () => void): void {
  describe.skip(title, { meta: { missingProgram: program } }, body);
}
