import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";

/** Debian asks this program whether a freshly installed service may start. */
const SERVICE_POLICY = "/usr/sbin/policy-rc.d";
const SERVICE_POLICY_TEXT = "#!/bin/sh\n# Coatcheck's tests start their own servers.\nexit 101\n";

/** How long another installation may hold the lock, in seconds: apt's, dpkg's, or that of another test run. */
const LOCK_TIMEOUT = 900;

const APT_OPTIONS = ["-o", `DPkg::Lock::Timeout=${LOCK_TIMEOUT}`, "-o", "Acquire::Retries=3", "-qq"];
const INSTALL_OPTIONS = ["install", "-y", "--no-install-recommends"];

/** Where apt works. Tests replace these; the defaults are the machine's. */
export interface AptSettings {
  readonly environment: NodeJS.ProcessEnv;
  /** Held while packages are installed, so that two concurrent test runs do not disturb each other. */
  readonly lockFile: string;
  readonly servicePolicy: string;
  log(line: string): void;
}

export const MACHINE_APT: AptSettings = {
  environment: process.env,
  lockFile: "/run/coatcheck-test-programs.lock",
  servicePolicy: SERVICE_POLICY,
  log: console.log,
};

/**
 * Installs Debian packages in one `apt-get` call.
 *
 * If that call fails, each package is tried by itself, so that a package which Debian does not have does not prevent
 * the others. Failures are logged with apt's own words; the caller finds out what is missing by looking for it.
 *
 * @param packages - asked for once the lock is held: another run may have installed them while this one waited.
 */
export function installDebianPackages(packages: () => readonly string[], settings: AptSettings): void {
  const lock = openSync(settings.lockFile, "a");
  try {
    // The lock belongs to our open file, so it outlives this call and ends with the file or with our process.
    execFileSync("flock", ["--timeout", String(LOCK_TIMEOUT), "3"], {
      stdio: ["ignore", "inherit", "inherit", lock],
    });
    const wanted = packages();
    if (wanted.length > 0) withoutServiceStart(settings, () => install(wanted, settings));
  } finally {
    closeSync(lock);
  }
}

function install(packages: readonly string[], settings: AptSettings): void {
  aptGet(["update"], settings);
  if (aptGet([...INSTALL_OPTIONS, ...packages], settings) || packages.length === 1) return;
  for (const each of packages) aptGet([...INSTALL_OPTIONS, each], settings);
}

/** Runs `apt-get` and logs how long it took; returns whether it succeeded. */
function aptGet(args: readonly string[], { environment, log }: AptSettings): boolean {
  const command = `apt-get ${args.filter((arg) => !arg.startsWith("-")).join(" ")}`;
  log(`$ ${command} …`);
  const startedAt = performance.now();
  const result = spawnSync("apt-get", [...APT_OPTIONS, ...args], {
    env: { ...environment, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const succeeded = result.status === 0;
  log(succeeded ? `  done in ${seconds} s` : `  failed after ${seconds} s: ${reasonOf(result)}`);
  return succeeded;
}

function reasonOf({
  error,
  stderr,
  status,
}: {
  error?: Error;
  stderr: string;
  status: number | null;
}): string {
  if (error) return error.message;
  const errors = stderr.split("\n").filter((line) => line.startsWith("E: "));
  return errors.length > 0 ? errors.join(" ") : `exit code ${status}`;
}

/** Keeps Debian from starting the servers that it installs. */
function withoutServiceStart({ servicePolicy }: AptSettings, action: () => void): void {
  const isCoatcheckError =
    !existsSync(servicePolicy) || readFileSync(servicePolicy, "utf8") === SERVICE_POLICY_TEXT;
  if (isCoatcheckError) writeFileSync(servicePolicy, SERVICE_POLICY_TEXT, { mode: 0o755 });
  try {
    action();
  } finally {
    if (isCoatcheckError) rmSync(servicePolicy, { force: true });
  }
}
