import { describe } from "vitest";
import { findProgram, TEST_PROGRAMS, type TestProgramName } from "./programs.ts";

declare module "vitest" {
  interface TaskMeta {
    /** Why a suite is skipped: the program that this machine does not have. */
    missingProgram?: TestProgramName;
  }
}

/**
 * Describes tests that need a program. Without it they are skipped, counted in the table at the end of the run, and a
 * failure under `CI=true`.
 *
 * @example
 * describeWithProgram("chromium", "the taco shop in Chromium", () => { test("…", …); });
 */
export function describeWithProgram(program: TestProgramName, title: string, body: () => void): void {
  if (findProgram(TEST_PROGRAMS[program])) describe(title, body);
  else describeWithout(program, title, body);
}

/** Describes tests that are skipped because this machine lacks the program. */
export function describeWithout(program: TestProgramName, title: string, body: () => void): void {
  describe.skip(title, { meta: { missingProgram: program } }, body);
}
